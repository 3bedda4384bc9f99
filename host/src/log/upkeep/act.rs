//! What upkeep does to one partition's segments.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::compaction::{self, Latest};
use super::{Upkeep, placement, retention};
use crate::error::{Error, Result};
use crate::log::archive::{check_sent, verify};
use crate::log::read::blocking;
use crate::log::{Partition, unreadable};
use crate::model::batch::Batch;
use crate::model::segment::{Built, Place, Segment, SegmentBuilder};
use crate::model::topic::{PartitionId, TopicConfig};
use crate::store::Tables;
use crate::store::batches::Head;

impl Upkeep {
    /// Seals a partition's head, as far as it goes into one segment; answers how many bytes left the head.
    pub(in crate::log) async fn seal(&self, partition: &Arc<Partition>) -> Result<u64> {
        let id = partition.id();
        let segment_bytes = partition.config().segment_bytes;
        let high_watermark = partition.high_watermark();
        let store = Arc::clone(&self.log.store);
        let head = blocking(move || {
            let snapshot = store.snapshot()?;
            // The description of a topic comes before its segments: a restore takes none without, and believes what it says.
            if snapshot.is_unpublished(id.topic)? {
                return Ok(Head::default());
            }
            Ok(snapshot.head(id, segment_bytes, high_watermark)?)
        })
        .await?;
        let (Some(first), Some(last)) = (head.batches.first(), head.batches.last()) else { return Ok(0) };
        if let Some(gap) = head.batches.windows(2).find(|pair| pair[0].next_offset() != pair[1].base_offset()) {
            return Err(Error::internal(format!(
                "the head of topic {} goes from offset {} to {}; it is not sealed: restore the data folder",
                partition.topic(),
                gap[0].next_offset(),
                gap[1].base_offset()
            )));
        }
        let offsets = first.base_offset()..last.next_offset();
        let bytes: u64 = head.batches.iter().map(|batch| batch.bytes().len() as u64).sum();
        let (base_offset, until, max_timestamp_ms) = (offsets.start, offsets.end, head.max_timestamp_ms);
        let now_ms = self.clock.now_ms();
        let built = blocking(move || Ok(build(base_offset, until, &head.batches, now_ms))).await?;
        let target = Arc::clone(partition);
        let sealed = self
            .install(partition, built, offsets, self.log.archive.tiers().warm(), false, move |tables| {
                // The head is dropped only where it still begins with what was sealed.
                if target.is_deleted() || tables.head_base(id)? != Some(base_offset) {
                    return Ok(false);
                }
                tables.raise_end(id, until, max_timestamp_ms)?;
                tables.drop_batches_before(id, until)?;
                Ok(true)
            })
            .await?;
        if !sealed {
            return Ok(0);
        }
        self.log.metrics.segments_sealed.inc();
        self.log.metrics.sealed_bytes.inc_by(bytes);
        Ok(bytes)
    }

    /// Takes out what has had its time.
    pub(super) async fn retain(&self, partition: &Arc<Partition>, config: &TopicConfig) -> Result<()> {
        let segments = self.segments(partition.id()).await?;
        let now_ms = self.clock.now_ms();
        let Some(start) = retention::new_start(&segments, partition.head_bytes(), config, now_ms) else {
            return Ok(());
        };
        tracing::info!(topic = %partition.topic(), partition = partition.id().partition, start, "retention is over for what stands before");
        self.log.drop_before(partition, start).await
    }

    /// Moves segments to where they belong.
    pub(super) async fn move_segments(&self, partition: &Arc<Partition>, config: &TopicConfig) -> Result<()> {
        let id = partition.id();
        let tiers = self.log.archive.tiers();
        for segment in self.segments(id).await? {
            let wanted = placement::wanted(&segment, tiers.warm(), tiers.cold(), config, self.clock.now_ms());
            if wanted == segment.place {
                continue;
            }
            let path = segment.path(id);
            let from = tiers.at(segment.place)?;
            let bytes = from.get(&path).await?;
            verify(from, &path, &bytes, &segment)?;
            // Under a number of its own: a name that was used before may still be deleted by somebody who is late.
            let moved = self
                .announce(id, move |tables| {
                    Ok(Segment { number: tables.next_segment_number()?, place: wanted, ..segment })
                })
                .await?;
            self.send(id, &moved, bytes).await?;
            let installed = self
                .log
                .alter(move |tables| {
                    if tables.has_segment(id, &segment)? {
                        tables.drop_segment(id, &segment)?;
                        tables.put_segment(id, &moved)?;
                        // Whoever restores without this tier is to be told what is missing.
                        tables.put_unpublished(id.topic)?;
                        tables.drop_garbage(moved.place, &moved.path(id))?;
                    }
                    Ok(())
                })
                .await;
            self.sending.lock().remove(&moved.path(id));
            installed?;
        }
        Ok(())
    }

    /// Rewrites segments so that of each key the latest record stays.
    pub(super) async fn compact(&self, partition: &Arc<Partition>, config: &TopicConfig) -> Result<()> {
        let id = partition.id();
        let segments = self.segments(id).await?;
        let Some(pass) = compaction::plan(&segments, config.segment_bytes, self.clock.now_ms()) else {
            return Ok(());
        };
        let mut current: Vec<Vec<Segment>> = pass.groups.iter().map(|group| segments[group.clone()].to_vec()).collect();
        for shard in 0..pass.shards {
            let mut latest = Latest::new(shard, pass.shards);
            for segment in &segments[pass.dirty.clone()] {
                // In a later shard the segment may be part of another one by now, which has all that matters of it.
                let now = current
                    .iter()
                    .flatten()
                    .find(|now| now.base_offset <= segment.base_offset && segment.next_offset <= now.next_offset);
                let batches = self.log.archive.load(id, now.unwrap_or(segment)).await?;
                latest = blocking(move || take_keys(latest, &batches)).await?;
            }
            let latest = Arc::new(latest);
            let is_last = shard + 1 == pass.shards;
            for group in &mut current {
                let Some(rewritten) = self.rewrite(partition, config, group, &latest, is_last).await? else {
                    // Retention or a deletion was quicker.
                    return Ok(());
                };
                *group = vec![rewritten];
            }
        }
        Ok(())
    }

    /// Makes one segment of a group, with the records that stay. `None` where the group is not there any more.
    async fn rewrite(
        &self,
        partition: &Arc<Partition>,
        config: &TopicConfig,
        group: &[Segment],
        latest: &Arc<Latest>,
        is_last: bool,
    ) -> Result<Option<Segment>> {
        let id = partition.id();
        let (Some(first), Some(last)) = (group.first().copied(), group.last().copied()) else { return Ok(None) };
        let mut batches = Vec::new();
        for segment in group {
            batches.extend(self.log.archive.load(id, segment).await?);
        }
        let now_ms = self.clock.now_ms();
        let horizon_ms = now_ms.saturating_add(i64::try_from(config.tombstone_retention_ms).unwrap_or(i64::MAX));
        let chosen = Arc::clone(latest);
        let (kept, changed) = blocking(move || keep(&chosen, &batches, horizon_ms, now_ms)).await?;
        let is_compacted = is_last || group.iter().all(|segment| segment.is_compacted);
        if !changed && group.len() == 1 {
            let compacted = Segment { is_compacted, ..first };
            if compacted != first {
                self.log
                    .alter(
                        move |tables| {
                            if tables.has_segment(id, &first)? { tables.put_segment(id, &compacted) } else { Ok(()) }
                        },
                    )
                    .await?;
            }
            return Ok(Some(compacted));
        }
        let offsets = first.base_offset..last.next_offset;
        let base_offset = offsets.start;
        let until = offsets.end;
        // It is as old as the newest of what it is made of.
        let sealed_ms = last.sealed_ms;
        let built = blocking(move || Ok(build(base_offset, until, &kept, sealed_ms))).await?;
        let inputs = group.to_vec();
        let target = Arc::clone(partition);
        let installed = self
            .install(partition, built, offsets, first.place, is_compacted, move |tables| {
                if target.is_deleted() {
                    return Ok(false);
                }
                for input in &inputs {
                    if !tables.has_segment(id, input)? {
                        return Ok(false);
                    }
                }
                for input in &inputs {
                    tables.drop_segment(id, input)?;
                }
                Ok(true)
            })
            .await?;
        if !installed {
            return Ok(None);
        }
        partition.mark_compacted(until);
        let now = self.segments(id).await?;
        Ok(now.into_iter().find(|segment| (segment.base_offset, segment.next_offset) == (base_offset, until)))
    }

    async fn segments(&self, id: PartitionId) -> Result<Vec<Segment>> {
        let store = Arc::clone(&self.log.store);
        blocking(move || Ok(store.snapshot()?.segments(id)?)).await
    }

    /// Sends a segment to its place and makes it part of the log, in the transaction in which `replace` takes out what it
    /// replaces. Where `replace` finds that that is not there any more, the segment is garbage, and the answer is no.
    async fn install(
        &self,
        partition: &Arc<Partition>,
        built: Built,
        offsets: Range<u64>,
        place: Place,
        is_compacted: bool,
        replace: impl FnOnce(&mut Tables<'_>) -> crate::store::Result<bool> + Send + 'static,
    ) -> Result<bool> {
        let id = partition.id();
        let bytes = built.bytes.clone();
        let segment = self
            .announce(id, move |tables| {
                let number = tables.next_segment_number()?;
                Ok(Segment { is_compacted, ..built.segment(offsets, number, place) })
            })
            .await?;
        self.send(id, &segment, bytes).await?;
        let installed = self
            .log
            .alter(move |tables| {
                let replaced = replace(tables)?;
                if replaced {
                    tables.put_segment(id, &segment)?;
                    tables.drop_garbage(segment.place, &segment.path(id))?;
                }
                Ok(replaced)
            })
            .await;
        self.sending.lock().remove(&segment.path(id));
        installed
    }

    /// Puts a segment that is about to be sent on record as garbage, until somebody makes it part of the log.
    async fn announce(
        &self,
        id: PartitionId,
        segment: impl FnOnce(&mut Tables<'_>) -> crate::store::Result<Segment> + Send + 'static,
    ) -> Result<Segment> {
        let sending = Arc::clone(&self.sending);
        self.log
            .alter(move |tables| {
                let segment = segment(tables)?;
                let path = segment.path(id);
                tables.put_garbage(segment.place, &path)?;
                // Before anybody can see it on record.
                sending.lock().insert(path);
                Ok(segment)
            })
            .await
    }

    /// Sends an object and looks whether it arrived.
    async fn send(&self, id: PartitionId, segment: &Segment, bytes: Bytes) -> Result<()> {
        let path = segment.path(id);
        let sent = async {
            let tier = self.log.archive.tiers().at(segment.place)?;
            // Its number is this host's alone: what is there already came from a try whose answer was lost.
            tier.create(&path, bytes.clone()).await?;
            check_sent(tier, &path, segment, &bytes).await
        }
        .await;
        if sent.is_err() {
            self.sending.lock().remove(&path);
        }
        sent
    }
}

fn build(base_offset: u64, next_offset: u64, batches: &[Batch], sealed_ms: i64) -> Built {
    let bytes: usize = batches.iter().map(|batch| batch.bytes().len()).sum();
    let mut builder = SegmentBuilder::new(base_offset, bytes + bytes / 64 + 4_096);
    for batch in batches {
        builder.push(batch);
    }
    builder.finish(next_offset, sealed_ms)
}

fn take_keys(mut latest: Latest, batches: &[Batch]) -> Result<Latest> {
    for batch in batches {
        let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
        for record in plain.records() {
            latest.take(&record.map_err(|error| unreadable(batch, &error))?);
        }
    }
    Ok(latest)
}

/// What stays of the batches, and whether that is less or other than what was there.
fn keep(latest: &Latest, batches: &[Batch], horizon_ms: i64, now_ms: i64) -> Result<(Vec<Batch>, bool), Error> {
    let mut kept = Vec::with_capacity(batches.len());
    let mut changed = false;
    for batch in batches {
        let horizon = batch.delete_horizon_ms();
        let retained = batch
            .retain(|record| latest.keeps(record, horizon, now_ms), horizon_ms)
            .map_err(|error| unreadable(batch, &error))?;
        changed |= retained.as_ref() != Some(batch);
        kept.extend(retained);
    }
    Ok((kept, changed))
}
