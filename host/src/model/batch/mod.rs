//! Kafka's RecordBatch v2 (KIP-98), the one format from disk to bucket to wire.
//!
//! ```text
//! base_offset i64 | length i32 | leader_epoch i32 | magic i8 = 2 | crc u32 | attributes i16 | last_offset_delta i32
//! base_timestamp i64 | max_timestamp i64 | producer_id i64 | producer_epoch i16 | base_sequence i32 | count i32 | records
//! record: length | attributes i8 | timestamp_delta | offset_delta | key | value | headers      (all others zigzag varints)
//! ```
//!
//! The CRC-32C covers everything from the attributes on, so that a batch can be encoded before its offset is known and
//! be given one later without a second pass.

pub(super) mod builder;
mod compression;
pub(super) mod records;
mod retain;
#[cfg(test)]
mod tests;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

pub use builder::{BatchBuilder, Producer};
pub use compression::Compression;
pub use records::Records;

pub const HEADER_BYTES: usize = 61;
const LENGTH_AT: usize = 8;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const LAST_OFFSET_DELTA_AT: usize = 23;
const BASE_TIMESTAMP_AT: usize = 27;
const MAX_TIMESTAMP_AT: usize = 35;
const PRODUCER_ID_AT: usize = 43;
const COUNT_AT: usize = 57;
/// What `length` does not count: the base offset and itself.
const PREFIX_BYTES: usize = 12;
const COMPRESSION_MASK: i16 = 0b111;
/// KIP-534: the base timestamp is the time from which on the batch's tombstones may be dropped.
const DELETE_HORIZON: i16 = 1 << 6;
const MAGIC: u8 = 2;
const NO_PRODUCER: i64 = -1;

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BatchError {
    #[error("the batch ends early: {0} bytes")]
    Truncated(usize),
    #[error("the batch says it has {said} bytes, and has {has}")]
    Length { said: i64, has: usize },
    #[error("magic byte {0} is not RecordBatch v2")]
    Magic(u8),
    #[error("the checksum is {computed:08x}, and the batch says {said:08x}")]
    Checksum { said: u32, computed: u32 },
    #[error("compression type {0} is not supported")]
    Compression(i16),
    #[error("the records cannot be decompressed: {0}")]
    Decompression(String),
    #[error("record {index} of {count} is malformed")]
    Record { index: usize, count: usize },
    #[error("the header counts {count} records with a last offset delta of {last_offset_delta}")]
    Count { count: i32, last_offset_delta: i32 },
    #[error("the offset {0} is negative")]
    Offset(i64),
    #[error("{0} bytes follow the last record")]
    Trailing(usize),
}

/// An encoded batch. Its header was checked when the value was made; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch(Bytes);

impl Batch {
    /// Takes bytes from outside: checks the checksum and every record.
    pub fn parse(bytes: Bytes) -> Result<Self, BatchError> {
        let batch = Self::from_store(bytes)?;
        let said = u32::from_be_bytes(array(&batch.0, CRC_AT));
        let computed = crc32c::crc32c(&batch.0[ATTRIBUTES_AT..]);
        if said != computed {
            return Err(BatchError::Checksum { said, computed });
        }
        for record in batch.plain()?.records() {
            record?;
        }
        Ok(batch)
    }

    /// The first batch of `bytes`, which hold several: checks its header only.
    pub fn take_first(bytes: &Bytes) -> Result<Self, BatchError> {
        let length = bytes.get(LENGTH_AT..LENGTH_AT + 4).ok_or(BatchError::Truncated(bytes.len()))?;
        let said = i64::from(i32::from_be_bytes(array(length, 0)));
        let end = usize::try_from(said).ok().and_then(|said| said.checked_add(PREFIX_BYTES));
        let end = end.filter(|end| *end <= bytes.len()).ok_or(BatchError::Length { said, has: bytes.len() })?;
        Self::from_store(bytes.slice(..end))
    }

    /// Takes bytes that this host wrote and the store keeps: checks the header only.
    pub fn from_store(bytes: Bytes) -> Result<Self, BatchError> {
        if bytes.len() < HEADER_BYTES {
            return Err(BatchError::Truncated(bytes.len()));
        }
        let said = i64::from(i32::from_be_bytes(array(&bytes, LENGTH_AT)));
        if usize::try_from(said).ok().and_then(|said| said.checked_add(PREFIX_BYTES)) != Some(bytes.len()) {
            return Err(BatchError::Length { said, has: bytes.len() });
        }
        if bytes[MAGIC_AT] != MAGIC {
            return Err(BatchError::Magic(bytes[MAGIC_AT]));
        }
        Compression::of(i16::from_be_bytes(array(&bytes, ATTRIBUTES_AT)))?;
        let base_offset = i64::from_be_bytes(array(&bytes, 0));
        if base_offset < 0 {
            return Err(BatchError::Offset(base_offset));
        }
        let count = i32::from_be_bytes(array(&bytes, COUNT_AT));
        let last_offset_delta = i32::from_be_bytes(array(&bytes, LAST_OFFSET_DELTA_AT));
        // Compaction may leave fewer records than offsets, never more.
        if count < 1 || last_offset_delta < count - 1 {
            return Err(BatchError::Count { count, last_offset_delta });
        }
        Ok(Self(bytes))
    }

    pub fn base_offset(&self) -> u64 {
        u64::from_be_bytes(array(&self.0, 0))
    }

    /// The offset of the record that comes after this batch.
    pub fn next_offset(&self) -> u64 {
        self.base_offset() + u64::from(u32::from_be_bytes(array(&self.0, LAST_OFFSET_DELTA_AT))) + 1
    }

    /// Where a batch ends, told by its first bytes.
    pub fn next_offset_in(bytes: &[u8]) -> Result<u64, BatchError> {
        if bytes.len() < HEADER_BYTES {
            return Err(BatchError::Truncated(bytes.len()));
        }
        let base = u64::from_be_bytes(array(bytes, 0));
        let last = u64::from(u32::from_be_bytes(array(bytes, LAST_OFFSET_DELTA_AT)));
        base.checked_add(last + 1).ok_or(BatchError::Offset(base.cast_signed()))
    }

    pub fn base_timestamp_ms(&self) -> i64 {
        i64::from_be_bytes(array(&self.0, BASE_TIMESTAMP_AT))
    }

    pub fn max_timestamp_ms(&self) -> i64 {
        i64::from_be_bytes(array(&self.0, MAX_TIMESTAMP_AT))
    }

    pub fn record_count(&self) -> usize {
        u32::from_be_bytes(array(&self.0, COUNT_AT)) as usize
    }

    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The same batch at another offset; the records stay where they are.
    #[must_use]
    pub fn at_offset(self, base_offset: u64) -> Self {
        // The buffer has one owner on the way into the log, where this is called; a shared one is copied.
        let mut bytes = self.0.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        bytes[..8].copy_from_slice(&base_offset.to_be_bytes());
        Self(bytes.freeze())
    }

    fn attributes(&self) -> i16 {
        i16::from_be_bytes(array(&self.0, ATTRIBUTES_AT))
    }

    pub fn compression(&self) -> Compression {
        Compression::of(self.attributes()).unwrap_or_default()
    }

    /// The time from which on the batch's tombstones may be dropped, where it has been decided.
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        (self.attributes() & DELETE_HORIZON != 0).then(|| self.base_timestamp_ms())
    }

    /// The batch with its records laid open: as they are, or decompressed.
    pub fn plain(&self) -> Result<PlainBatch, BatchError> {
        let stored = self.0.slice(HEADER_BYTES..);
        let records = self.compression().decompress(stored)?;
        Ok(PlainBatch { batch: self.clone(), records })
    }
}

/// A batch whose records can be read; cheap to clone.
#[derive(Clone, Debug)]
pub struct PlainBatch {
    batch: Batch,
    records: Bytes,
}

impl PlainBatch {
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// What the records take up.
    pub fn bytes(&self) -> usize {
        self.records.len()
    }

    /// The records in offset order. An error ends the iteration.
    pub fn records(&self) -> Records<'_> {
        let batch = &self.batch;
        Records::new(
            &self.records,
            batch.base_offset(),
            i64::from(u32::from_be_bytes(array(&batch.0, LAST_OFFSET_DELTA_AT))),
            batch.base_timestamp_ms(),
            batch.record_count(),
        )
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}
