//! A segment: sealed batches of one partition as one immutable object.
//!
//! ```text
//! batches   RecordBatch v2, one after the other, in offset order
//! index     an entry a block of batches: base_offset u64 | position u64 | max_timestamp_ms i64 | crc32c u32
//! footer    base_offset u64 | next_offset u64 | max_timestamp_ms i64 | sealed_ms i64 | records u64 | batches_bytes u64
//!           | index_entries u32 | index_crc32c u32 | footer_crc32c u32 | version u32 | magic "kafka.do"
//! ```
//!
//! Integers are big-endian. Every byte stands under a checksum: a block's under its entry's, the entries under the
//! footer's, the footer under its own. A tool that knows only RecordBatch reads a segment from its first byte on.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thiserror::Error;

use super::batch::{Batch, BatchError};
use super::topic::{PartitionId, TopicId};
use crate::limits::SEGMENT_BLOCK_BYTES;

const ENTRY_BYTES: usize = 28;
const FOOTER_BYTES: usize = 72;
/// The part of the footer that its own checksum covers.
const FOOTER_CHECKED_BYTES: usize = 56;
const VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"kafka.do";

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SegmentError {
    #[error("it ends early: {0} bytes")]
    Truncated(usize),
    #[error("it does not end like a segment")]
    Magic,
    #[error("it has version {found}, and this host reads version {VERSION}")]
    Version { found: u32 },
    #[error("the checksum of its {part} does not fit")]
    Checksum { part: &'static str },
    #[error("its index does not fit its batches")]
    Index,
    #[error("it is another segment than the one wanted")]
    Other,
    #[error(transparent)]
    Batch(#[from] BatchError),
}

/// Where a segment lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The folder beside the database.
    Folder,
    /// The tier that was named instead.
    Bucket,
    /// The tier for what is old.
    Cold,
}

/// What the manifest knows of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The segment stands for the offsets from here
    pub base_offset: u64,
    /// to here, this one excluded, though compaction may have taken records out at both ends.
    pub next_offset: u64,
    /// Given once: of two segments that stand for the same offsets, the one with the greater number is right.
    pub number: u64,
    pub place: Place,
    pub is_compacted: bool,
    /// Of the object, and of the batches in it.
    pub bytes: u64,
    pub batches_bytes: u64,
    pub records: u64,
    /// The greatest timestamp in it; `i64::MIN` where no record is left.
    pub max_timestamp_ms: i64,
    pub sealed_ms: i64,
    /// From this time on compaction may drop a tombstone that is in it; `i64::MAX` where there is none.
    pub tombstones_until_ms: i64,
}

impl Segment {
    /// The object's name. It tells all that a restore must know of a segment.
    pub fn path(&self, id: PartitionId) -> String {
        let Self { base_offset, next_offset, number, .. } = self;
        format!("{}{base_offset:020}-{next_offset:020}-{number:016}.segment", folder(id))
    }

    /// What a name tells; `None` where it is none of a segment.
    pub fn parse_path(path: &str) -> Option<(PartitionId, u64, u64, u64)> {
        let mut steps = path.strip_prefix("topics/")?.split('/');
        let (topic, partition, name) = (steps.next()?.parse().ok()?, steps.next()?.parse().ok()?, steps.next()?);
        if steps.next().is_some() {
            return None;
        }
        let mut numbers = name.strip_suffix(".segment")?.split('-').map(|number| number.parse().ok());
        let id = PartitionId { topic: TopicId(topic), partition };
        let (base, next, number) = (numbers.next()??, numbers.next()??, numbers.next()??);
        (numbers.next().is_none() && base < next).then_some((id, base, next, number))
    }
}

/// The folder of a partition's segments.
pub fn folder(id: PartitionId) -> String {
    format!("topics/{}/{}/", id.topic.0, id.partition)
}

/// A block of a segment: what one entry of the index tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// No record of this block or a later one stands before this offset.
    pub base_offset: u64,
    pub position: u64,
    pub bytes: u64,
    pub max_timestamp_ms: i64,
    crc: u32,
}

/// What the footer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footer {
    pub base_offset: u64,
    pub next_offset: u64,
    pub max_timestamp_ms: i64,
    pub sealed_ms: i64,
    pub records: u64,
    pub batches_bytes: u64,
    entries: u32,
    index_crc: u32,
}

impl Footer {
    /// How much of the object's end holds the footer, and how much the footer and the index.
    pub const BYTES: u64 = FOOTER_BYTES as u64;

    pub fn index_bytes(&self) -> u64 {
        u64::from(self.entries) * ENTRY_BYTES as u64 + Self::BYTES
    }

    /// Reads the footer off the end of `bytes`.
    pub fn parse(bytes: &[u8]) -> Result<Self, SegmentError> {
        let at = bytes.len().checked_sub(FOOTER_BYTES).ok_or(SegmentError::Truncated(bytes.len()))?;
        let footer = &bytes[at..];
        if footer[FOOTER_BYTES - 8..] != MAGIC {
            return Err(SegmentError::Magic);
        }
        let mut rest = footer;
        let parsed = Self {
            base_offset: rest.get_u64(),
            next_offset: rest.get_u64(),
            max_timestamp_ms: rest.get_i64(),
            sealed_ms: rest.get_i64(),
            records: rest.get_u64(),
            batches_bytes: rest.get_u64(),
            entries: rest.get_u32(),
            index_crc: rest.get_u32(),
        };
        let crc = rest.get_u32();
        let found = rest.get_u32();
        if crc32c::crc32c(&footer[..FOOTER_CHECKED_BYTES]) != crc {
            return Err(SegmentError::Checksum { part: "footer" });
        }
        if found != VERSION {
            return Err(SegmentError::Version { found });
        }
        Ok(parsed)
    }
}

/// The index of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    blocks: Vec<Block>,
}

impl Index {
    /// Reads the index and the footer, which are all of `bytes`, and checks that they belong to `segment`.
    pub fn parse(bytes: &[u8], segment: &Segment) -> Result<Self, SegmentError> {
        let footer = Footer::parse(bytes)?;
        let fits = footer.base_offset == segment.base_offset
            && footer.next_offset == segment.next_offset
            && footer.batches_bytes == segment.batches_bytes
            && footer.records == segment.records;
        if !fits || footer.index_bytes() != bytes.len() as u64 {
            return Err(SegmentError::Other);
        }
        let mut rest = &bytes[..bytes.len() - FOOTER_BYTES];
        if crc32c::crc32c(rest) != footer.index_crc {
            return Err(SegmentError::Checksum { part: "index" });
        }
        let mut blocks: Vec<Block> = Vec::with_capacity(footer.entries as usize);
        while !rest.is_empty() {
            let block = Block {
                base_offset: rest.get_u64(),
                position: rest.get_u64(),
                max_timestamp_ms: rest.get_i64(),
                crc: rest.get_u32(),
                bytes: 0,
            };
            let follows = blocks.last().map_or(block.position == 0, |last| {
                last.position < block.position && last.base_offset < block.base_offset
            });
            if !follows || block.position >= footer.batches_bytes {
                return Err(SegmentError::Index);
            }
            if let Some(last) = blocks.last_mut() {
                last.bytes = block.position - last.position;
            }
            blocks.push(block);
        }
        match blocks.last_mut() {
            Some(last) => last.bytes = footer.batches_bytes - last.position,
            None if footer.batches_bytes > 0 => return Err(SegmentError::Index),
            None => {}
        }
        Ok(Self { blocks })
    }

    /// The block in which `offset` stands, or would stand; `None` where nothing of the segment is left at or after it.
    pub fn block_of(&self, offset: u64) -> Option<usize> {
        if self.blocks.is_empty() {
            return None;
        }
        Some(self.blocks.partition_point(|block| block.base_offset <= offset).saturating_sub(1))
    }

    pub fn block(&self, index: usize) -> Option<&Block> {
        self.blocks.get(index)
    }

    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// What the index takes up in memory.
    pub fn cost(&self) -> usize {
        self.blocks.len() * size_of::<Block>() + 64
    }
}

impl Block {
    /// Checks bytes that a tier gave for this block, and lays out the batches in them.
    pub fn batches(&self, bytes: &Bytes, segment: &Segment) -> Result<Vec<Batch>, SegmentError> {
        if bytes.len() as u64 != self.bytes {
            return Err(SegmentError::Truncated(bytes.len()));
        }
        if crc32c::crc32c(bytes) != self.crc {
            return Err(SegmentError::Checksum { part: "batches" });
        }
        let mut batches: Vec<Batch> = Vec::new();
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            let batch = Batch::take_first(&rest)?;
            rest.advance(batch.bytes().len());
            let follows = batches.last().is_none_or(|last| last.next_offset() <= batch.base_offset());
            if !follows || batch.base_offset() < segment.base_offset || batch.next_offset() > segment.next_offset {
                return Err(SegmentError::Index);
            }
            batches.push(batch);
        }
        Ok(batches)
    }
}

/// Puts batches together to a segment, in memory.
#[derive(Debug)]
pub struct SegmentBuilder {
    bytes: BytesMut,
    index: BytesMut,
    base_offset: u64,
    records: u64,
    max_timestamp_ms: i64,
    tombstones_until_ms: i64,
    block: Option<OpenBlock>,
}

impl Built {
    /// The segment that it is, once it has a number and a place.
    pub fn segment(&self, offsets: std::ops::Range<u64>, number: u64, place: Place) -> Segment {
        Segment {
            base_offset: offsets.start,
            next_offset: offsets.end,
            number,
            place,
            is_compacted: false,
            bytes: self.bytes.len() as u64,
            batches_bytes: self.batches_bytes,
            records: self.records,
            max_timestamp_ms: self.max_timestamp_ms,
            sealed_ms: self.sealed_ms,
            tombstones_until_ms: self.tombstones_until_ms,
        }
    }
}

#[derive(Debug)]
struct OpenBlock {
    base_offset: u64,
    position: usize,
    max_timestamp_ms: i64,
}

/// A whole segment, and what the manifest will know of it but for its number and place.
#[derive(Debug)]
pub struct Built {
    pub bytes: Bytes,
    pub batches_bytes: u64,
    pub records: u64,
    pub max_timestamp_ms: i64,
    pub sealed_ms: i64,
    pub tombstones_until_ms: i64,
}

impl SegmentBuilder {
    pub fn new(base_offset: u64, capacity: usize) -> Self {
        Self {
            bytes: BytesMut::with_capacity(capacity),
            index: BytesMut::new(),
            base_offset,
            records: 0,
            max_timestamp_ms: i64::MIN,
            tombstones_until_ms: i64::MAX,
            block: None,
        }
    }

    /// Adds a batch that stands behind those before it.
    pub fn push(&mut self, batch: &Batch) {
        let is_full = |block: &OpenBlock| self.bytes.len() - block.position + batch.bytes().len() > SEGMENT_BLOCK_BYTES;
        if self.block.as_ref().is_some_and(is_full) {
            self.close_block();
        }
        let block = self.block.get_or_insert(OpenBlock {
            base_offset: batch.base_offset(),
            position: self.bytes.len(),
            max_timestamp_ms: i64::MIN,
        });
        block.max_timestamp_ms = block.max_timestamp_ms.max(batch.max_timestamp_ms());
        self.max_timestamp_ms = self.max_timestamp_ms.max(batch.max_timestamp_ms());
        self.tombstones_until_ms = self.tombstones_until_ms.min(batch.delete_horizon_ms().unwrap_or(i64::MAX));
        self.records += batch.record_count() as u64;
        self.bytes.extend_from_slice(batch.bytes());
    }

    fn close_block(&mut self) {
        let Some(OpenBlock { base_offset, position, max_timestamp_ms }) = self.block.take() else { return };
        self.index.put_u64(base_offset);
        self.index.put_u64(position as u64);
        self.index.put_i64(max_timestamp_ms);
        self.index.put_u32(crc32c::crc32c(&self.bytes[position..]));
    }

    /// The segment, which stands for the offsets up to `next_offset`.
    pub fn finish(mut self, next_offset: u64, sealed_ms: i64) -> Built {
        self.close_block();
        let Self { mut bytes, index, base_offset, records, max_timestamp_ms, tombstones_until_ms, .. } = self;
        let batches_bytes = bytes.len() as u64;
        bytes.extend_from_slice(&index);
        let at = bytes.len();
        bytes.put_u64(base_offset);
        bytes.put_u64(next_offset);
        bytes.put_i64(max_timestamp_ms);
        bytes.put_i64(sealed_ms);
        bytes.put_u64(records);
        bytes.put_u64(batches_bytes);
        bytes.put_u32(u32::try_from(index.len() / ENTRY_BYTES).expect("a segment is bounded far below 2^32 blocks"));
        bytes.put_u32(crc32c::crc32c(&index));
        let crc = crc32c::crc32c(&bytes[at..]);
        bytes.put_u32(crc);
        bytes.put_u32(VERSION);
        bytes.extend_from_slice(&MAGIC);
        Built { bytes: bytes.freeze(), batches_bytes, records, max_timestamp_ms, sealed_ms, tombstones_until_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::batch::{BatchBuilder, Compression};
    use crate::model::record::Record;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const ID: PartitionId = PartitionId { topic: TopicId(3), partition: 7 };

    /// Batches of the sizes given, with a hole of so many offsets before each.
    fn build(batches: &[(usize, u64)]) -> (Vec<Batch>, Segment, Bytes) {
        let mut all = Vec::new();
        let mut builder = SegmentBuilder::new(100, 0);
        let mut offset = 100;
        for (time, (bytes, hole)) in (0..).zip(batches) {
            let record = Record { timestamp_ms: time, value: Some(vec![7; *bytes].into()), ..Record::default() };
            let batch = BatchBuilder::encode(&[record.clone(), record], Compression::None, None).unwrap();
            let batch = batch.at_offset(offset + hole);
            offset = batch.next_offset();
            builder.push(&batch);
            all.push(batch);
        }
        let built = builder.finish(offset + 5, 77);
        let segment = Segment {
            base_offset: 100,
            next_offset: offset + 5,
            number: 9,
            place: Place::Folder,
            is_compacted: false,
            bytes: built.bytes.len() as u64,
            batches_bytes: built.batches_bytes,
            records: built.records,
            max_timestamp_ms: built.max_timestamp_ms,
            sealed_ms: built.sealed_ms,
            tombstones_until_ms: built.tombstones_until_ms,
        };
        (all, segment, built.bytes)
    }

    fn read(bytes: &Bytes, segment: &Segment) -> Result<Vec<Batch>, SegmentError> {
        let end = usize::try_from(segment.batches_bytes).unwrap();
        let tail = bytes.get(end..).ok_or(SegmentError::Truncated(bytes.len()))?;
        let index = Index::parse(tail, segment)?;
        let mut all = Vec::new();
        for block in index.blocks() {
            let from = usize::try_from(block.position).unwrap();
            let to = from + usize::try_from(block.bytes).unwrap();
            all.extend(block.batches(&bytes.slice(from..to), segment)?);
        }
        Ok(all)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn round_trips(sizes in vec((0usize..200_000, 0u64..3), 0..20), wanted in 0u64..60) {
            let (batches, segment, bytes) = build(&sizes);
            prop_assert_eq!(&read(&bytes, &segment).unwrap(), &batches);
            prop_assert_eq!(segment.records, batches.len() as u64 * 2);
            let index = Index::parse(&bytes[usize::try_from(segment.batches_bytes).unwrap()..], &segment).unwrap();
            let offset = 100 + wanted;
            // From the block that is named, what is sought comes, and from no earlier one.
            let first = batches.iter().find(|batch| batch.next_offset() > offset);
            match index.block_of(offset) {
                None => prop_assert!(batches.is_empty()),
                Some(at) => {
                    let block = index.block(at).unwrap();
                    if let Some(first) = first {
                        prop_assert!(block.base_offset <= first.base_offset());
                    }
                    if let Some(next) = index.block(at + 1) {
                        prop_assert!(next.base_offset > offset);
                    }
                }
            }
        }

        #[test]
        fn a_changed_byte_is_noticed(sizes in vec((0usize..2_000, 0u64..3), 1..10), at: prop::sample::Index, flip in 1u8..) {
            let (_, segment, bytes) = build(&sizes);
            let mut changed = bytes.to_vec();
            let at = at.index(changed.len());
            changed[at] ^= flip;
            prop_assert!(read(&changed.into(), &segment).is_err());
        }

        #[test]
        fn a_part_is_noticed(sizes in vec((0usize..2_000, 0u64..3), 1..10), cut: prop::sample::Index) {
            let (_, segment, bytes) = build(&sizes);
            prop_assert!(read(&bytes.slice(..cut.index(bytes.len())), &segment).is_err());
        }

        #[test]
        fn names_round_trip(base in 0u64..1 << 60, records in 1u64..1 << 30, number: u64) {
            let (_, segment, _) = build(&[]);
            let segment = Segment { base_offset: base, next_offset: base + records, number, ..segment };
            prop_assert_eq!(Segment::parse_path(&segment.path(ID)), Some((ID, base, base + records, number)));
        }
    }

    #[test]
    fn other_names_are_none_of_a_segment() {
        for name in
            ["", "topics/1/topic.json", "topics/1/2/3.segment", "topics/1/2/3-2-1.segment", "topics/1/2/a-b-c.segment"]
        {
            assert_eq!(Segment::parse_path(name), None, "{name}");
        }
    }

    #[test]
    fn another_segment_is_not_taken_for_this_one() {
        let (_, segment, bytes) = build(&[(10, 0), (10, 0)]);
        let other = Segment { base_offset: 99, ..segment };
        assert_eq!(read(&bytes, &other), Err(SegmentError::Other));
    }
}
