//! Reading: one offset space over the tail, the head and the segments. A reader holds no transaction: what it gets is its
//! own, and it never knows where that lay.

use std::sync::Arc;

use super::{Log, Partition};
use crate::error::{Error, Result};
use crate::model::batch::Batch;
use crate::model::segment::Segment;
use crate::model::topic::PartitionId;

/// Whole batches; the first may begin before the offset that was asked for. Compaction leaves holes between them.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub batches: Vec<Batch>,
    /// Where to go on: there is nothing between the last batch and this.
    pub next_offset: u64,
    /// The high watermark when the batches were taken.
    pub high_watermark: u64,
}

/// Where an offset lies.
enum Located {
    Head(Vec<Batch>),
    Segment(Segment),
}

/// Where a time lies.
enum LocatedTime {
    Segment(Segment),
    /// No segment has it; the head's batch up to which it may have come, if the head has it.
    Head(Option<u64>),
}

impl Log {
    /// What stands at `from` and after it, up to `bytes_max`, but at least one batch where there is one. Does not wait.
    pub async fn read(&self, partition: &Arc<Partition>, from: u64, bytes_max: usize) -> Result<Chunk> {
        partition.check_exists()?;
        partition.check_offset(from)?;
        let high_watermark = partition.high_watermark();
        let mut from = from;
        loop {
            let is_compacted = from < partition.compacted_until();
            let tail = if is_compacted { None } else { partition.tail.read().read(from, bytes_max) };
            let (mut batches, mut next_offset) = match tail {
                Some(batches) => {
                    let next = batches.last().map_or(from, Batch::next_offset);
                    (batches, next)
                }
                None => match self.locate(partition.id(), from, bytes_max).await? {
                    Located::Head(batches) => {
                        let next = batches.last().map_or(high_watermark, Batch::next_offset);
                        (batches, next)
                    }
                    Located::Segment(segment) => {
                        match self.archive.read(partition.id(), &segment, from, bytes_max).await {
                            Ok(found) => (found.batches, found.next_offset),
                            // It may have been moved, compacted or deleted since it was looked up.
                            Err(error) => match self.locate(partition.id(), from, bytes_max).await? {
                                Located::Segment(now) if now.number == segment.number && now.place == segment.place => {
                                    return Err(error);
                                }
                                _ => continue,
                            },
                        }
                    }
                },
            };
            // Records that were deleted while they were looked for are not skipped without a word.
            partition.check_offset(from)?;
            // The store may be a commit ahead of what readers are shown.
            batches.retain(|batch| batch.base_offset() < high_watermark);
            next_offset = next_offset.min(high_watermark);
            if batches.is_empty() && from < next_offset {
                from = next_offset;
                if from < high_watermark {
                    continue;
                }
            }
            return Ok(Chunk { batches, next_offset, high_watermark });
        }
    }

    async fn locate(&self, id: PartitionId, from: u64, bytes_max: usize) -> Result<Located> {
        let store = Arc::clone(&self.store);
        blocking(move || {
            // Both in one view: between two of them the batches could become a segment.
            let snapshot = store.snapshot()?;
            Ok(match snapshot.segment_at(id, from)? {
                Some(segment) => Located::Segment(segment),
                None => Located::Head(snapshot.batches(id, from, bytes_max)?),
            })
        })
        .await
    }

    /// The offset of the first record of this time or later; the high watermark where all are earlier.
    pub async fn offset_at_time(&self, partition: &Arc<Partition>, timestamp_ms: i64) -> Result<u64> {
        partition.check_exists()?;
        let high_watermark = partition.high_watermark();
        let id = partition.id();
        let mut from = partition.start_offset();
        let base = loop {
            let segment = match self.locate_time(id, from, timestamp_ms).await? {
                LocatedTime::Segment(segment) => segment,
                LocatedTime::Head(Some(base)) => break base,
                LocatedTime::Head(None) => return Ok(high_watermark),
            };
            match self.archive.offset_at_time(id, &segment, from, timestamp_ms).await {
                Ok(Some(offset)) => return Ok(offset.min(high_watermark)),
                Ok(None) => from = segment.next_offset,
                // It may have been moved, compacted or deleted since it was looked up.
                Err(error) => match self.locate_time(id, from, timestamp_ms).await? {
                    LocatedTime::Segment(now) if now == segment => return Err(error),
                    _ => {}
                },
            }
        };
        // What had the time may have been deleted from before the first batch that is left; a later one may have it too.
        let mut at = base.max(from).max(partition.start_offset());
        while at < high_watermark {
            let chunk = self.read(partition, at, crate::limits::SEGMENT_BLOCK_BYTES).await?;
            for batch in &chunk.batches {
                if let Some(offset) = first_at_time(batch, at, timestamp_ms)? {
                    return Ok(offset.min(high_watermark));
                }
            }
            at = chunk.next_offset;
        }
        Ok(high_watermark)
    }

    async fn locate_time(&self, id: PartitionId, from: u64, timestamp_ms: i64) -> Result<LocatedTime> {
        let store = Arc::clone(&self.store);
        blocking(move || {
            let snapshot = store.snapshot()?;
            Ok(match snapshot.segment_at_time(id, from, timestamp_ms)? {
                Some(segment) => LocatedTime::Segment(segment),
                None => LocatedTime::Head(snapshot.head_at_time(id, timestamp_ms)?),
            })
        })
        .await
    }
}

/// The first offset from `from` on in a batch at which a record of this time or later stands.
pub(super) fn first_at_time(batch: &Batch, from: u64, timestamp_ms: i64) -> Result<Option<u64>> {
    if batch.max_timestamp_ms() < timestamp_ms || batch.next_offset() <= from {
        return Ok(None);
    }
    let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
    for record in plain.records() {
        let record = record.map_err(|error| unreadable(batch, &error))?;
        if record.offset >= from && record.timestamp_ms >= timestamp_ms {
            return Ok(Some(record.offset));
        }
    }
    Ok(None)
}

/// A batch that passed its checksum and still cannot be read.
pub fn unreadable(batch: &Batch, error: &dyn std::fmt::Display) -> Error {
    Error::internal(format!("the batch at offset {}: {error}", batch.base_offset()))
}

/// Runs what waits for the disk where it holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(error.to_string()))?
}
