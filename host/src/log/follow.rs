//! Following: all partitions of a topic in turn, and on as records come.

use std::sync::Arc;

use super::{Chunk, Log, Partition, Topic};
use crate::error::Result;
use crate::limits::FOLLOW_CHUNK_BYTES;
use crate::shutdown::Shutdown;

/// What a fetch found.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Records before this offset are not asked for; the first batch may hold some.
    pub from: u64,
    pub chunk: Chunk,
}

struct Reading {
    partition: Arc<Partition>,
    next: u64,
    until: Option<u64>,
}

/// Reads all partitions in turn, and waits where there is nothing new.
pub struct Follower {
    log: Arc<Log>,
    topic: Arc<Topic>,
    activity: tokio::sync::watch::Receiver<u64>,
    reading: Vec<Reading>,
    turn: usize,
    endless: bool,
    serving: Shutdown,
}

impl Follower {
    /// Follows from the offsets in `begin`, one a partition; to where the topic ends now, unless it is endless.
    pub fn new(log: Arc<Log>, topic: Arc<Topic>, begin: &[u64], endless: bool, serving: Shutdown) -> Result<Self> {
        let mut reading = Vec::new();
        for (partition, next) in topic.partitions().into_iter().zip(begin) {
            partition.check_offset(*next)?;
            let until = if endless { None } else { Some(partition.high_watermark()) };
            reading.push(Reading { partition, next: *next, until });
        }
        let activity = topic.activity();
        Ok(Self { log, topic, activity, reading, turn: 0, endless, serving })
    }

    /// The next batches of one partition, and the offset that is wanted first; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<(Arc<Partition>, Fetched)>> {
        loop {
            // Marked as seen before looking: what comes after the look wakes the wait.
            self.activity.borrow_and_update();
            self.take_up_new_partitions();
            for _ in 0..self.reading.len() {
                let index = self.turn % self.reading.len();
                self.turn = self.turn.wrapping_add(1);
                let Reading { partition, next, until } = &self.reading[index];
                let end = until.unwrap_or_else(|| partition.high_watermark());
                if *next < end {
                    let partition = Arc::clone(partition);
                    let chunk = self.log.read(&partition, *next, FOLLOW_CHUNK_BYTES).await?;
                    return Ok(Some((partition, Fetched { from: *next, chunk })));
                }
                partition.check_exists()?;
            }
            if !self.endless {
                return Ok(None);
            }
            tokio::select! {
                changed = self.activity.changed() => if changed.is_err() { return Ok(None) },
                () = self.serving.begun() => return Ok(None),
            }
        }
    }

    /// Whether there is something to read without waiting.
    pub fn has_records(&self) -> bool {
        self.reading.iter().any(|reading| reading.next < reading.partition.high_watermark())
    }

    /// Makes an endless follower end where the topic ends now.
    pub fn end_here(&mut self) {
        self.take_up_new_partitions();
        self.endless = false;
        for reading in &mut self.reading {
            reading.until.get_or_insert_with(|| reading.partition.high_watermark());
        }
    }

    /// Tells the follower that the records before `next` were taken.
    pub fn took(&mut self, partition: u32, next: u64) {
        if let Some(reading) = self.reading.get_mut(partition as usize) {
            reading.next = next;
        }
    }

    /// Where an offset is too many: at the end of a follower that ends.
    pub fn until(&self, partition: u32) -> u64 {
        self.reading.get(partition as usize).and_then(|reading| reading.until).unwrap_or(u64::MAX)
    }

    /// The next offset of every partition, by number.
    pub fn positions(&self) -> impl Iterator<Item = u64> {
        self.reading.iter().map(|reading| reading.next)
    }

    fn take_up_new_partitions(&mut self) {
        if self.endless && (self.topic.config().partitions as usize) > self.reading.len() {
            for partition in self.topic.partitions().into_iter().skip(self.reading.len()) {
                let next = partition.start_offset();
                self.reading.push(Reading { partition, next, until: None });
            }
        }
    }
}
