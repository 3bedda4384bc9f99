//! The archive: segments in their tiers, read a block at a time. What was read lately stays in a bounded cache, and the
//! blocks ahead of a reader are fetched while it is busy with what it has.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::error::{Error, Kind, Result};
use crate::limits::{READ_AHEAD_BLOCKS, SEGMENT_CACHE_BYTES_MAX};
use crate::model::batch::Batch;
use crate::model::segment::{Index, Segment, SegmentError};
use crate::model::topic::PartitionId;
use crate::telemetry::Metrics;
use crate::tier::{Tier, Tiers};

/// The cache divides itself by it: few parts, so that each has room for a block that is one large batch.
const CACHE_PARTS_EXPECTED: usize = 128;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    tiers: Arc<Tiers>,
    cache: Arc<Cache<Key, Part, Weight>>,
    metrics: Arc<Metrics>,
}

/// A segment's number, and which part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Index(u64),
    Block(u64, usize),
}

#[derive(Clone, Debug)]
enum Part {
    Index(Arc<Index>),
    Block(Arc<[Batch]>, usize),
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<Key, Part> for Weight {
    fn weight(&self, _: &Key, part: &Part) -> u64 {
        match part {
            Part::Index(index) => index.cost() as u64,
            Part::Block(_, bytes) => *bytes as u64 + 64,
        }
    }
}

/// What a segment has from an offset on.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) batches: Vec<Batch>,
    /// Where to go on: nothing stands between the last batch and this.
    pub(super) next_offset: u64,
}

impl Archive {
    pub(super) fn new(tiers: Arc<Tiers>, metrics: Arc<Metrics>) -> Self {
        let cache = Cache::with_weighter(CACHE_PARTS_EXPECTED, SEGMENT_CACHE_BYTES_MAX, Weight);
        Self { tiers, cache: Arc::new(cache), metrics }
    }

    pub(super) fn tiers(&self) -> &Tiers {
        &self.tiers
    }

    /// The batches of a segment from the one that holds `from` on, until `bytes_max` is passed.
    pub(super) async fn read(&self, id: PartitionId, segment: &Segment, from: u64, bytes_max: usize) -> Result<Found> {
        let index = self.index(id, segment).await?;
        let mut found = Found { batches: Vec::new(), next_offset: segment.next_offset };
        let mut bytes = 0;
        let Some(first) = index.block_of(from) else { return Ok(found) };
        for at in first..index.blocks().len() {
            let batches = self.block(id, segment, &index, at).await?;
            for batch in batches.iter().filter(|batch| batch.next_offset() > from) {
                bytes += batch.bytes().len();
                if !found.batches.is_empty() && bytes > bytes_max {
                    found.next_offset = found.batches.last().map_or(from, Batch::next_offset);
                    self.read_ahead(id, segment, &index, at);
                    return Ok(found);
                }
                found.batches.push(batch.clone());
            }
            if bytes >= bytes_max && at + 1 < index.blocks().len() {
                found.next_offset = found.batches.last().map_or(from, Batch::next_offset);
                self.read_ahead(id, segment, &index, at);
                return Ok(found);
            }
        }
        Ok(found)
    }

    /// The first offset from `from` on at which a record of this time or later stands, in this segment.
    pub(super) async fn offset_at_time(
        &self,
        id: PartitionId,
        segment: &Segment,
        from: u64,
        timestamp_ms: i64,
    ) -> Result<Option<u64>> {
        let index = self.index(id, segment).await?;
        let Some(first) = index.block_of(from) else { return Ok(None) };
        for at in first..index.blocks().len() {
            if index.block(at).is_some_and(|block| block.max_timestamp_ms < timestamp_ms) {
                continue;
            }
            for batch in self.block(id, segment, &index, at).await?.iter() {
                if let Some(offset) = super::read::first_at_time(batch, from, timestamp_ms)? {
                    return Ok(Some(offset));
                }
            }
        }
        Ok(None)
    }

    /// All batches of a segment, past the cache: for whoever reads it once.
    pub(super) async fn load(&self, id: PartitionId, segment: &Segment) -> Result<Vec<Batch>> {
        let tier = self.tiers.at(segment.place)?;
        let path = segment.path(id);
        let bytes = tier.get(&path).await?;
        self.count_read(bytes.len());
        verify(tier, &path, &bytes, segment)
    }

    async fn index(&self, id: PartitionId, segment: &Segment) -> Result<Arc<Index>> {
        let part = self.part(Key::Index(segment.number), || {
            let (archive, segment) = (self.clone(), *segment);
            async move {
                let tier = archive.tiers.at(segment.place)?;
                let path = segment.path(id);
                let bytes = tier.get_range(&path, segment.batches_bytes..segment.bytes).await?;
                archive.count_read(bytes.len());
                let index = Index::parse(&bytes, &segment).map_err(|error| damaged(tier, &path, &error))?;
                Ok(Part::Index(Arc::new(index)))
            }
            .boxed()
        });
        match part.await? {
            Part::Index(index) => Ok(index),
            Part::Block(..) => Err(Error::internal("a block stands in an index's place in the cache")),
        }
    }

    async fn block(&self, id: PartitionId, segment: &Segment, index: &Arc<Index>, at: usize) -> Result<Arc<[Batch]>> {
        let part = self.part(Key::Block(segment.number, at), || {
            let (archive, segment, index) = (self.clone(), *segment, Arc::clone(index));
            async move {
                let Some(block) = index.block(at) else { return Ok(Part::Block(Arc::new([]), 0)) };
                let tier = archive.tiers.at(segment.place)?;
                let path = segment.path(id);
                let bytes = tier.get_range(&path, block.position..block.position + block.bytes).await?;
                archive.count_read(bytes.len());
                let batches = block.batches(&bytes, &segment).map_err(|error| damaged(tier, &path, &error))?;
                Ok(Part::Block(batches.into(), bytes.len()))
            }
            .boxed()
        });
        match part.await? {
            Part::Block(batches, _) => Ok(batches),
            Part::Index(_) => Err(Error::internal("an index stands in a block's place in the cache")),
        }
    }

    /// From the cache, or loaded: by one where several want it.
    async fn part(&self, key: Key, load: impl FnOnce() -> BoxFuture<'static, Result<Part>>) -> Result<Part> {
        if let Some(part) = self.cache.get(&key) {
            self.metrics.segment_cache_hits.inc();
            return Ok(part);
        }
        let loading = async {
            self.metrics.segment_cache_misses.inc();
            load().await.inspect_err(|_| {
                self.metrics.tier_failures.inc();
            })
        };
        self.cache.get_or_insert_async(&key, loading).await
    }

    /// Fetches the next blocks while the reader is busy.
    fn read_ahead(&self, id: PartitionId, segment: &Segment, index: &Arc<Index>, at: usize) {
        for ahead in (at + 1..index.blocks().len()).take(READ_AHEAD_BLOCKS) {
            let key = Key::Block(segment.number, ahead);
            if self.cache.contains_key(&key) {
                continue;
            }
            let (archive, segment, index) = (self.clone(), *segment, Arc::clone(index));
            #[expect(clippy::disallowed_methods, reason = "nobody waits for it, and it changes nothing but the cache")]
            tokio::spawn(async move {
                // Whoever wants the block meets the same error, and reports it.
                drop(archive.block(id, &segment, &index, ahead).await);
            });
        }
    }

    fn count_read(&self, bytes: usize) {
        self.metrics.tier_reads.inc();
        self.metrics.tier_read_bytes.inc_by(bytes as u64);
    }
}

/// Checks a whole object, byte for byte, and lays out its batches.
pub(super) fn verify(tier: &Tier, path: &str, bytes: &bytes::Bytes, segment: &Segment) -> Result<Vec<Batch>> {
    let check = || -> Result<Vec<Batch>, SegmentError> {
        let index = usize::try_from(segment.batches_bytes).ok().and_then(|end| bytes.get(end..));
        let index = Index::parse(index.ok_or(SegmentError::Truncated(bytes.len()))?, segment)?;
        let mut batches = Vec::new();
        for block in index.blocks() {
            let range = usize::try_from(block.position).ok().zip(usize::try_from(block.position + block.bytes).ok());
            let (from, to) = range.ok_or(SegmentError::Index)?;
            batches.extend(block.batches(&bytes.slice(from..to), segment)?);
        }
        Ok(batches)
    };
    check().map_err(|error| damaged(tier, path, &error))
}

/// Reads the end of an object, and checks that it is the one that was sent there: its index has the checksums of the rest.
pub(super) async fn check_sent(tier: &Tier, path: &str, segment: &Segment, sent: &bytes::Bytes) -> Result<()> {
    let size = tier.size(path).await?;
    if size != segment.bytes {
        return Err(damaged(tier, path, &format!("it has {size} bytes, and {} were sent", segment.bytes)));
    }
    let found = tier.get_range(path, segment.batches_bytes..segment.bytes).await?;
    let sent = usize::try_from(segment.batches_bytes).ok().and_then(|end| sent.get(end..));
    if sent == Some(&found[..]) { Ok(()) } else { Err(damaged(tier, path, &SegmentError::Other)) }
}

pub(super) fn damaged(tier: &Tier, path: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        Kind::Internal,
        "tier-damaged",
        format!("{path} in {} is damaged: {error}; put the object back from a copy", tier.url()),
    )
}
