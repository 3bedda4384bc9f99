//! What the disk can do: a file that grows, and fdatasync after each block.
//!
//! It is the yardstick of a plain log, and no ceiling: a sync after overwriting space that a file already has writes no
//! metadata, and is several times as fast on some disks. So a store that reuses its space may come to a ratio over 1.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::clock;
use crate::quantile::quantile;

const LARGE: usize = 1 << 20;
const SMALL: usize = 4 << 10;

#[derive(Clone, Copy, Debug)]
pub(super) struct Disk {
    /// Append and fdatasync of 1 MiB blocks.
    pub(super) mib_per_s: f64,
    /// One fdatasync after an append of 4 KiB, in the middle.
    pub(super) fdatasync_us: f64,
}

impl Disk {
    /// Measures for the time given, half of it a block size.
    pub(super) fn measure(folder: &Path, time: Duration) -> Result<Self> {
        let large = append(folder, LARGE, time / 2)?;
        let small = append(folder, SMALL, time / 2)?;
        let mib = large.syncs_us.len() as f64 * (LARGE >> 20) as f64;
        Ok(Self { mib_per_s: mib / large.elapsed.as_secs_f64(), fdatasync_us: quantile(&small.syncs_us, 50) })
    }

    /// Between this and another look at the same disk.
    pub(super) fn mean(self, other: Self) -> Self {
        Self {
            mib_per_s: f64::midpoint(self.mib_per_s, other.mib_per_s),
            fdatasync_us: f64::midpoint(self.fdatasync_us, other.fdatasync_us),
        }
    }
}

struct Appended {
    elapsed: Duration,
    /// Each fdatasync, without its write.
    syncs_us: Vec<f64>,
}

fn append(folder: &Path, block_bytes: usize, time: Duration) -> Result<Appended> {
    let path = folder.join("disk");
    let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    // Not zeros, which some disks do not write.
    let block: Vec<u8> = (0..=250).cycle().take(block_bytes).collect();
    let mut syncs_us = Vec::new();
    let begun = clock::now();
    while begun.elapsed() < time {
        file.write_all(&block)?;
        let written = clock::now();
        file.sync_data()?;
        syncs_us.push(written.elapsed().as_secs_f64() * 1e6);
    }
    let elapsed = begun.elapsed();
    drop(file);
    std::fs::remove_file(&path)?;
    Ok(Appended { elapsed, syncs_us })
}
