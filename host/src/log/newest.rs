//! The newest records of a topic by their time, over all its partitions: found from the end, as far back as the time index
//! says that there may be newer ones.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::{Log, Partition, Permit, Topic, unreadable};
use crate::error::{Error, Result};
use crate::limits::{FOLLOW_CHUNK_BYTES, NEWEST_BYTES_MAX, NEWEST_STEP_OFFSETS_MAX, NEWEST_STEP_OFFSETS_MIN};
use crate::model::record::{KeptRecord, StoredRecord};

/// What was found, and the room that it takes up.
#[derive(Debug)]
pub struct Newest {
    /// With the partition of each; in the order of time, records of the same time in that of partition and offset.
    pub records: Vec<(u32, KeptRecord)>,
    /// Where each partition ended when the search began: a reader goes on from here.
    pub ends: Vec<u64>,
    _room: Permit,
}

impl Log {
    /// The `count` newest records among those that are wanted. `room` is taken for what is kept.
    pub async fn newest(
        &self,
        topic: &Topic,
        count: usize,
        room: Permit,
        is_wanted: impl Fn(&StoredRecord<'_>) -> bool + Send + Sync,
    ) -> Result<Newest> {
        let partitions = topic.partitions();
        let ends: Vec<u64> = partitions.iter().map(|partition| partition.high_watermark()).collect();
        let mut best = Best { count, bytes: 0, found: BinaryHeap::new(), room, room_bytes: 0 };
        // From the last partition down: of records of the same time those of a higher one are newer, so they are met first.
        for (partition, end) in partitions.iter().zip(&ends).rev() {
            self.search(partition, *end, &mut best, &is_wanted).await?;
        }
        let mut found: Vec<Found> = best.found.into_iter().map(|Reverse(found)| found).collect();
        found.sort_unstable();
        let records = found.into_iter().map(|found| (found.place.partition, found.record)).collect();
        Ok(Newest { records, ends, _room: best.room })
    }

    /// Goes back from `end`, in steps that grow, while there may be records before that are newer than what was found.
    async fn search(
        &self,
        partition: &Arc<Partition>,
        mut end: u64,
        best: &mut Best,
        is_wanted: &(impl Fn(&StoredRecord<'_>) -> bool + Send + Sync),
    ) -> Result<()> {
        let mut step = (best.count as u64).max(NEWEST_STEP_OFFSETS_MIN);
        while end > partition.start_offset() {
            if let Some(time_ms) = best.needs_ms()
                && self.offset_at_time(partition, time_ms).await? >= end
            {
                return Ok(());
            }
            let begin = end.saturating_sub(step);
            self.search_between(partition, begin..end, best, is_wanted).await?;
            end = begin;
            step = (step * 2).min(NEWEST_STEP_OFFSETS_MAX);
        }
        Ok(())
    }

    async fn search_between(
        &self,
        partition: &Arc<Partition>,
        offsets: std::ops::Range<u64>,
        best: &mut Best,
        is_wanted: &(impl Fn(&StoredRecord<'_>) -> bool + Send + Sync),
    ) -> Result<()> {
        let number = partition.id().partition;
        let mut at = offsets.start;
        loop {
            // Old records may go while they are looked at.
            at = at.max(partition.start_offset());
            if at >= offsets.end {
                return Ok(());
            }
            let chunk = match self.read(partition, at, FOLLOW_CHUNK_BYTES).await {
                Err(_) if at < partition.start_offset() => continue,
                chunk => chunk?,
            };
            for batch in &chunk.batches {
                if best.oldest().is_some_and(|oldest| batch.max_timestamp_ms() < oldest.timestamp_ms) {
                    continue;
                }
                let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
                for record in plain.records() {
                    let record = record.map_err(|error| unreadable(batch, &error))?;
                    if record.offset >= offsets.end {
                        break;
                    }
                    let place = Place { timestamp_ms: record.timestamp_ms, partition: number, offset: record.offset };
                    if record.offset >= at && best.takes(place) && is_wanted(&record) {
                        best.keep(place, &record)?;
                    }
                }
            }
            at = chunk.next_offset;
            // A long search lets others work, and ends where nobody waits for it any more.
            tokio::task::yield_now().await;
        }
    }
}

/// The order of records over all partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    timestamp_ms: i64,
    partition: u32,
    offset: u64,
}

#[derive(Debug)]
struct Found {
    place: Place,
    record: KeptRecord,
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Found {}

/// The newest records so far; the oldest of them goes first.
#[derive(Debug)]
struct Best {
    count: usize,
    bytes: usize,
    found: BinaryHeap<Reverse<Found>>,
    room: Permit,
    room_bytes: usize,
}

impl Best {
    fn oldest(&self) -> Option<Place> {
        let is_full = self.found.len() >= self.count;
        self.found.peek().filter(|_| is_full).map(|Reverse(found)| found.place)
    }

    fn takes(&self, place: Place) -> bool {
        self.oldest().is_none_or(|oldest| place > oldest)
    }

    /// A record that stands before what was searched must be of this time or later to be taken; `None` where any will do. One
    /// of the same time as the oldest is older than it, for its partition or its offset is lower.
    fn needs_ms(&self) -> Option<i64> {
        Some(self.oldest()?.timestamp_ms.saturating_add(1))
    }

    fn keep(&mut self, place: Place, record: &StoredRecord<'_>) -> Result<()> {
        let record = KeptRecord::from(record);
        self.bytes += record.cost();
        self.found.push(Reverse(Found { place, record }));
        if self.found.len() > self.count
            && let Some(Reverse(gone)) = self.found.pop()
        {
            self.bytes -= gone.record.cost();
        }
        if self.bytes > NEWEST_BYTES_MAX {
            return Err(Error::too_large(
                "newest-too-large",
                format!(
                    "the newest {} records are over the {NEWEST_BYTES_MAX} bytes that one answer may have; ask for fewer, or read with from=",
                    self.count
                ),
            ));
        }
        if self.bytes > self.room_bytes {
            self.room.try_grow(self.bytes - self.room_bytes)?;
            self.room_bytes = self.bytes;
        }
        Ok(())
    }
}
