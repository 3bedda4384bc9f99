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

use bytes::{BufMut, Bytes, BytesMut};
use thiserror::Error;

use super::record::{Record, StoredHeaders, StoredRecord};
use super::varint;

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
        for record in batch.records() {
            record?;
        }
        Ok(batch)
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
        let attributes = i16::from_be_bytes(array(&bytes, ATTRIBUTES_AT));
        if attributes & COMPRESSION_MASK != 0 {
            return Err(BatchError::Compression(attributes & COMPRESSION_MASK));
        }
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

    /// The records in offset order. An error ends the iteration.
    pub fn records(&self) -> Records<'_> {
        Records {
            rest: &self.0[HEADER_BYTES..],
            base_offset: self.base_offset(),
            last_offset_delta: i64::from(u32::from_be_bytes(array(&self.0, LAST_OFFSET_DELTA_AT))),
            previous_offset_delta: -1,
            base_timestamp_ms: self.base_timestamp_ms(),
            index: 0,
            count: self.record_count(),
        }
    }
}

/// Iterates over the records of a batch, borrowing its bytes.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    base_offset: u64,
    last_offset_delta: i64,
    previous_offset_delta: i64,
    base_timestamp_ms: i64,
    index: usize,
    count: usize,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<StoredRecord<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.index == self.count {
            let trailing = std::mem::take(&mut self.rest).len();
            return (trailing > 0).then_some(Err(BatchError::Trailing(trailing)));
        }
        let record = self.take().ok_or(BatchError::Record { index: self.index, count: self.count });
        if record.is_ok() {
            self.index += 1;
        } else {
            self.index = self.count;
            self.rest = &[];
        }
        Some(record)
    }
}

impl<'a> Records<'a> {
    fn take(&mut self) -> Option<StoredRecord<'a>> {
        let mut body = take_slice(&mut self.rest)?;
        let (_attributes, after) = body.split_first()?;
        body = after;
        let timestamp_ms = self.base_timestamp_ms.checked_add(varint::take(&mut body)?)?;
        let offset_delta = varint::take(&mut body)?;
        if offset_delta <= self.previous_offset_delta || offset_delta > self.last_offset_delta {
            return None;
        }
        self.previous_offset_delta = offset_delta;
        let key = take_nullable(&mut body)?;
        let value = take_nullable(&mut body)?;
        let count = usize::try_from(varint::take(&mut body)?).ok()?;
        let headers = StoredHeaders { count, bytes: body };
        for _ in 0..count {
            read_header(&mut body).ok()?;
        }
        let offset = self.base_offset.checked_add(u64::try_from(offset_delta).ok()?)?;
        body.is_empty().then_some(StoredRecord { offset, timestamp_ms, key, value, headers })
    }
}

/// A header's name and value, off the front of `input`.
pub(super) fn read_header<'a>(input: &mut &'a [u8]) -> Result<(&'a [u8], Option<&'a [u8]>), ()> {
    let name = take_slice(input).ok_or(())?;
    let value = take_nullable(input).ok_or(())?;
    Ok((name, value))
}

fn take_slice<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint::take(input)?).ok()?;
    let (slice, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(slice)
}

#[expect(clippy::option_option, reason = "malformed, null and there are three things")]
fn take_nullable<'a>(input: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let mut ahead = *input;
    if varint::take(&mut ahead)? == -1 {
        *input = ahead;
        return Some(None);
    }
    take_slice(input).map(Some)
}

/// Encodes records into one batch. The first record's timestamp is the base.
#[derive(Debug)]
pub struct BatchBuilder {
    bytes: BytesMut,
    count: u32,
    base_timestamp_ms: i64,
    max_timestamp_ms: i64,
}

impl BatchBuilder {
    /// `capacity` is a guess at the encoded size of the records.
    pub fn with_capacity(capacity: usize) -> Self {
        let mut bytes = BytesMut::with_capacity(HEADER_BYTES + capacity);
        bytes.put_bytes(0, HEADER_BYTES);
        Self { bytes, count: 0, base_timestamp_ms: 0, max_timestamp_ms: i64::MIN }
    }

    pub fn encode(records: &[Record]) -> Option<Batch> {
        let guess = records.iter().map(|r| r.bytes() + 24).sum();
        let mut builder = Self::with_capacity(guess);
        for record in records {
            builder.push(record);
        }
        builder.finish(0)
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn count(&self) -> u32 {
        self.count
    }

    /// Encoded size so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn push(&mut self, record: &Record) {
        if self.count == 0 {
            self.base_timestamp_ms = record.timestamp_ms;
        }
        self.max_timestamp_ms = self.max_timestamp_ms.max(record.timestamp_ms);
        let timestamp_delta = record.timestamp_ms - self.base_timestamp_ms;
        let offset_delta = i64::from(self.count);
        let headers: usize = record
            .headers
            .iter()
            .map(|header| nullable_len(Some(&header.name)) + nullable_len(header.value.as_ref()))
            .sum();
        let length = 1
            + varint::len(timestamp_delta)
            + varint::len(offset_delta)
            + nullable_len(record.key.as_ref())
            + nullable_len(record.value.as_ref())
            + varint::len(signed(record.headers.len()))
            + headers;
        let out = &mut self.bytes;
        out.reserve(length + varint::BYTES_MAX);
        varint::put(out, signed(length));
        out.put_u8(0);
        varint::put(out, timestamp_delta);
        varint::put(out, offset_delta);
        put_nullable(out, record.key.as_ref());
        put_nullable(out, record.value.as_ref());
        varint::put(out, signed(record.headers.len()));
        for header in &record.headers {
            put_nullable(out, Some(&header.name));
            put_nullable(out, header.value.as_ref());
        }
        self.count += 1;
    }

    /// The batch at `base_offset`; `None` where nothing was pushed.
    pub fn finish(self, base_offset: u64) -> Option<Batch> {
        if self.count == 0 {
            return None;
        }
        let mut bytes = self.bytes;
        let length = bytes.len() - PREFIX_BYTES;
        let mut header = &mut bytes[..HEADER_BYTES];
        header.put_u64(base_offset);
        header.put_i32(i32::try_from(length).expect("a batch is bounded far below 2 GiB"));
        header.put_i32(0);
        header.put_u8(MAGIC);
        header.put_u32(0);
        header.put_i16(0);
        header.put_u32(self.count - 1);
        header.put_i64(self.base_timestamp_ms);
        header.put_i64(self.max_timestamp_ms);
        header.put_i64(NO_PRODUCER);
        header.put_i16(-1);
        header.put_i32(-1);
        header.put_u32(self.count);
        debug_assert!(header.is_empty() && PRODUCER_ID_AT == 43);
        let crc = crc32c::crc32c(&bytes[ATTRIBUTES_AT..]);
        bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
        Some(Batch(bytes.freeze()))
    }
}

fn nullable_len(bytes: Option<&Bytes>) -> usize {
    bytes.map_or(1, |bytes| varint::len(signed(bytes.len())) + bytes.len())
}

fn put_nullable(out: &mut BytesMut, bytes: Option<&Bytes>) {
    match bytes {
        None => varint::put(out, -1),
        Some(bytes) => {
            varint::put(out, signed(bytes.len()));
            out.put_slice(bytes);
        }
    }
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::Header;
    use kafka_protocol::records::{
        Compression, Record as KafkaRecord, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
    };
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Bytes> {
        vec(any::<u8>(), 0..200).prop_map(Bytes::from)
    }

    fn records() -> impl Strategy<Value = Vec<Record>> {
        let header = ("[a-z]{0,8}", proptest::option::of(bytes()))
            .prop_map(|(name, value)| Header { name: Bytes::from(name), value });
        let record =
            (0i64..4_000_000_000_000, proptest::option::of(bytes()), proptest::option::of(bytes()), vec(header, 0..4))
                .prop_map(|(timestamp_ms, key, value, headers)| Record { timestamp_ms, key, value, headers });
        vec(record, 1..40)
    }

    fn decode(batch: &Batch) -> Vec<(u64, Record)> {
        let copy = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
        batch
            .records()
            .map(|record| {
                let record = record.unwrap();
                let headers = record
                    .headers
                    .iter()
                    .map(|(name, value)| Header { name: copy(name), value: value.map(copy) })
                    .collect();
                let owned = Record {
                    timestamp_ms: record.timestamp_ms,
                    key: record.key.map(copy),
                    value: record.value.map(copy),
                    headers,
                };
                (record.offset, owned)
            })
            .collect()
    }

    /// The same record as the independent implementation writes it.
    fn foreign(offset: usize, record: &Record) -> KafkaRecord {
        KafkaRecord {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: 0,
            producer_id: -1,
            producer_epoch: -1,
            timestamp_type: TimestampType::Creation,
            offset: i64::try_from(offset).unwrap(),
            sequence: i32::try_from(offset).unwrap() - 1,
            timestamp: record.timestamp_ms,
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record
                .headers
                .iter()
                .map(|h| (String::from_utf8(h.name.to_vec()).unwrap().into(), h.value.clone()))
                .collect(),
        }
    }

    proptest! {
        #[test]
        fn round_trips_at_any_offset(records in records(), base in 0u64..1 << 60) {
            let batch = BatchBuilder::encode(&records).unwrap().at_offset(base);
            let batch = Batch::parse(batch.bytes().clone()).unwrap();
            prop_assert_eq!(batch.base_offset(), base);
            prop_assert_eq!(batch.next_offset(), base + records.len() as u64);
            prop_assert_eq!(batch.max_timestamp_ms(), records.iter().map(|r| r.timestamp_ms).max().unwrap());
            let decoded = decode(&batch);
            for (index, (offset, record)) in decoded.iter().enumerate() {
                prop_assert_eq!(*offset, base + index as u64);
                prop_assert_eq!(record, &records[index]);
            }
            prop_assert_eq!(decoded.len(), records.len());
        }

        /// `kafka-protocol` shares no code with us: what we write it reads.
        #[test]
        fn an_independent_implementation_reads_ours(mut records in records()) {
            // It keeps headers in a map: names must differ for the comparison to be fair.
            for record in &mut records {
                record.headers.sort_by(|a, b| a.name.cmp(&b.name));
                record.headers.dedup_by(|a, b| a.name == b.name);
            }
            let mut ours = BatchBuilder::encode(&records).unwrap().bytes().clone();
            let read = RecordBatchDecoder::decode(&mut ours).unwrap().records;
            prop_assert_eq!(read.len(), records.len());
            for (index, (theirs, record)) in read.iter().zip(&records).enumerate() {
                prop_assert_eq!(theirs.offset, i64::try_from(index).unwrap());
                prop_assert_eq!(theirs.timestamp, record.timestamp_ms);
                prop_assert_eq!(&theirs.key, &record.key);
                prop_assert_eq!(&theirs.value, &record.value);
                prop_assert_eq!(theirs.headers.len(), record.headers.len());
                for header in &record.headers {
                    prop_assert_eq!(theirs.headers.get(&header.name[..]).unwrap(), &header.value);
                }
            }
        }

        /// And what it writes we read.
        #[test]
        fn we_read_an_independent_implementation(mut records in records()) {
            for record in &mut records {
                record.headers.sort_by(|a, b| a.name.cmp(&b.name));
                record.headers.dedup_by(|a, b| a.name == b.name);
            }
            let foreign: Vec<_> = records.iter().enumerate().map(|(i, r)| foreign(i, r)).collect();
            let mut out = BytesMut::new();
            let options = RecordEncodeOptions { version: 2, compression: Compression::None };
            RecordBatchEncoder::encode(&mut out, &foreign, &options).unwrap();
            let batch = Batch::parse(out.freeze()).unwrap();
            let decoded: Vec<_> = decode(&batch).into_iter().map(|(_, record)| record).collect();
            prop_assert_eq!(decoded, records);
        }

        /// Nothing that arrives from outside gets further than `parse`, and nothing makes it panic.
        #[test]
        fn a_changed_byte_is_noticed(records in records(), at: prop::sample::Index, flip in 1u8..) {
            let batch = BatchBuilder::encode(&records).unwrap();
            let mut bytes = batch.bytes().to_vec();
            // The base offset and the leader epoch are outside the checksum, as Kafka has it.
            let at = MAGIC_AT + at.index(bytes.len() - MAGIC_AT);
            bytes[at] ^= flip;
            prop_assert!(Batch::parse(Bytes::from(bytes)).is_err());
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(mut bytes in vec(any::<u8>(), 0..300), header: bool) {
            if header && bytes.len() >= HEADER_BYTES {
                let length = i32::try_from(bytes.len() - PREFIX_BYTES).unwrap();
                bytes[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&length.to_be_bytes());
                bytes[MAGIC_AT] = MAGIC;
                let crc = crc32c::crc32c(&bytes[ATTRIBUTES_AT..]);
                bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
            }
            let _ = Batch::parse(Bytes::from(bytes));
        }
    }

    #[test]
    fn an_empty_batch_does_not_exist() {
        assert!(BatchBuilder::encode(&[]).is_none());
    }
}
