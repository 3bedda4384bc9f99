//! A disk that fails: it drops what was not synced, tears pages, and fails to sync, as its seed has it.

use std::sync::Arc;

use parking_lot::Mutex;
use redb::{Database, StorageBackend};

use super::{Opener, Result};

const SECTOR_BYTES: usize = 512;

/// What is on the disk, and what is on its way there.
#[derive(Debug, Default)]
struct State {
    durable: Vec<u8>,
    /// As a reader of the file sees it.
    seen: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
    random: u64,
    /// Calls until one fails, where one will.
    fails_in: Option<u32>,
    /// After a failure, until the file is opened anew.
    is_broken: bool,
}

impl State {
    /// xorshift64*: enough to choose with.
    fn next(&mut self, below: u64) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) % below
    }

    fn fails(&mut self) -> Result<(), std::io::Error> {
        if self.is_broken {
            return Err(broken());
        }
        match &mut self.fails_in {
            Some(0) => {
                self.is_broken = true;
                Err(broken())
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Of what was not synced some sectors arrive, and others do not.
    fn lose(&mut self) {
        for (at, bytes) in std::mem::take(&mut self.unsynced) {
            for (index, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                if self.next(2) == 0 {
                    let from = at + index * SECTOR_BYTES;
                    if from + sector.len() > self.durable.len() {
                        self.durable.resize(from + sector.len(), 0);
                    }
                    self.durable[from..from + sector.len()].copy_from_slice(sector);
                }
            }
        }
        self.seen.clone_from(&self.durable);
        self.fails_in = None;
        self.is_broken = false;
    }
}

fn broken() -> std::io::Error {
    std::io::Error::other("the disk fails")
}

/// Cheap to clone: one disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultyDisk(Arc<Mutex<State>>);

impl FaultyDisk {
    pub(crate) fn new(seed: u64) -> Self {
        let disk = Self::default();
        disk.0.lock().random = seed | 1;
        disk
    }

    /// One of the next `calls` calls fails, and all after it until the file is opened anew.
    pub(crate) fn fail_within(&self, calls: u64) {
        let mut state = self.0.lock();
        let within = state.next(calls);
        state.fails_in = u32::try_from(within).ok();
    }

    /// The power goes: what was not synced is there in part.
    pub(crate) fn crash(&self) {
        self.0.lock().lose();
    }

    /// Opens a database on the disk; what is not synced by then is as after a crash, since a failed sync promises nothing.
    pub(crate) fn opener(&self) -> Opener {
        let disk = self.clone();
        Box::new(move |_| {
            disk.crash();
            Ok(Database::builder().create_with_backend(disk.clone())?)
        })
    }
}

impl StorageBackend for FaultyDisk {
    fn len(&self) -> Result<u64, std::io::Error> {
        Ok(self.0.lock().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        let state = self.0.lock();
        let from = usize::try_from(offset).unwrap();
        let bytes = state.seen.get(from..from + out.len()).ok_or_else(|| {
            std::io::Error::other(format!("read of {} at {from}, and there are {} bytes", out.len(), state.seen.len()))
        })?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        let mut state = self.0.lock();
        state.fails()?;
        let len = usize::try_from(len).unwrap();
        state.seen.resize(len, 0);
        // A longer file is there at once, as zeros; what is cut off is cut off with the next sync.
        if len > state.durable.len() {
            state.durable.resize(len, 0);
        }
        Ok(())
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        let mut state = self.0.lock();
        state.fails()?;
        state.durable = state.seen.clone();
        state.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        let mut state = self.0.lock();
        state.fails()?;
        let from = usize::try_from(offset).unwrap();
        if from + data.len() > state.seen.len() {
            return Err(broken());
        }
        state.seen[from..from + data.len()].copy_from_slice(data);
        state.unsynced.push((from, data.to_vec()));
        Ok(())
    }
}
