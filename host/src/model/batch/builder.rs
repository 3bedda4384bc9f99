//! Records on their way into a batch.

use bytes::{BufMut, BytesMut};

use super::super::record::Record;
use super::super::varint;
use super::{
    ATTRIBUTES_AT, Batch, CRC_AT, Compression, DELETE_HORIZON, HEADER_BYTES, MAGIC, NO_PRODUCER, PREFIX_BYTES,
    PRODUCER_ID_AT,
};

/// Who sent a batch, and where it stands among the batches of that producer in the partition (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Producer {
    pub id: i64,
    pub epoch: i16,
    pub base_sequence: i32,
}

impl Producer {
    pub(super) const NONE: Self = Self { id: NO_PRODUCER, epoch: -1, base_sequence: -1 };
}

/// What stands in a batch's header beside what its records say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) base_offset: u64,
    pub(super) last_offset_delta: u32,
    pub(super) base_timestamp_ms: i64,
    pub(super) max_timestamp_ms: i64,
    pub(super) has_delete_horizon: bool,
    pub(super) producer: Producer,
    pub(super) count: u32,
}

/// Encodes records into one batch. The first record's timestamp is the base.
#[derive(Debug)]
pub struct BatchBuilder {
    bytes: BytesMut,
    compression: Compression,
    producer: Producer,
    count: u32,
    base_timestamp_ms: i64,
    max_timestamp_ms: i64,
}

impl BatchBuilder {
    /// `capacity` is a guess at the encoded size of the records.
    pub fn with_capacity(capacity: usize, compression: Compression) -> Self {
        Self {
            bytes: buffer(capacity),
            compression,
            producer: Producer::NONE,
            count: 0,
            base_timestamp_ms: 0,
            max_timestamp_ms: i64::MIN,
        }
    }

    pub fn encode(records: &[Record], compression: Compression, producer: Option<Producer>) -> Option<Batch> {
        let guess = records.iter().map(|r| r.bytes() + 24).sum();
        let mut builder = Self::with_capacity(guess, compression);
        builder.producer = producer.unwrap_or(Producer::NONE);
        for record in records {
            builder.push(record);
        }
        builder.finish(0)
    }

    pub fn count(&self) -> u32 {
        self.count
    }

    /// Encoded size so far, before compression.
    pub fn encoded_bytes(&self) -> usize {
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
            .map(|header| nullable_len(Some(&header.name)) + nullable_len(header.value.as_deref()))
            .sum();
        let start = Start {
            timestamp_delta,
            offset_delta,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            header_count: record.headers.len(),
        };
        start.put(&mut self.bytes, headers);
        put_headers(&mut self.bytes, &record.headers);
        self.count += 1;
    }

    /// The batch at `base_offset`; `None` where nothing was pushed.
    pub fn finish(self, base_offset: u64) -> Option<Batch> {
        let header = Header {
            base_offset,
            last_offset_delta: self.count.checked_sub(1)?,
            base_timestamp_ms: self.base_timestamp_ms,
            max_timestamp_ms: self.max_timestamp_ms,
            has_delete_horizon: false,
            producer: self.producer,
            count: self.count,
        };
        Some(seal(self.bytes, header, self.compression))
    }
}

/// Headers as a record has them behind their count.
pub(in super::super) fn put_headers(out: &mut BytesMut, headers: &[super::super::record::Header]) {
    for header in headers {
        put_nullable(out, Some(&header.name));
        put_nullable(out, header.value.as_deref());
    }
}

/// A record up to its headers.
pub(super) struct Start<'a> {
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i64,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) header_count: usize,
}

impl Start<'_> {
    /// Writes it; `headers` bytes of headers follow.
    pub(super) fn put(&self, out: &mut BytesMut, headers: usize) {
        let length = 1
            + varint::len(self.timestamp_delta)
            + varint::len(self.offset_delta)
            + nullable_len(self.key)
            + nullable_len(self.value)
            + varint::len(signed(self.header_count))
            + headers;
        out.reserve(length + varint::BYTES_MAX);
        varint::put(out, signed(length));
        out.put_u8(0);
        varint::put(out, self.timestamp_delta);
        varint::put(out, self.offset_delta);
        put_nullable(out, self.key);
        put_nullable(out, self.value);
        varint::put(out, signed(self.header_count));
    }
}

/// Room for a header and as many bytes of records.
pub(super) fn buffer(capacity: usize) -> BytesMut {
    let mut bytes = BytesMut::with_capacity(HEADER_BYTES + capacity);
    bytes.put_bytes(0, HEADER_BYTES);
    bytes
}

/// Compresses the records, which stand behind the room for the header, and fills the header in.
pub(super) fn seal(mut bytes: BytesMut, header: Header, compression: Compression) -> Batch {
    let mut attributes = if header.has_delete_horizon { DELETE_HORIZON } else { 0 };
    if let Some(compressed) = compression.compress(&bytes[HEADER_BYTES..]) {
        attributes |= compression.attributes();
        bytes.truncate(HEADER_BYTES);
        bytes.extend_from_slice(&compressed);
    }
    let length = bytes.len() - PREFIX_BYTES;
    let mut out = &mut bytes[..HEADER_BYTES];
    out.put_u64(header.base_offset);
    out.put_i32(i32::try_from(length).expect("a batch is bounded far below 2 GiB"));
    out.put_i32(0);
    out.put_u8(MAGIC);
    out.put_u32(0);
    out.put_i16(attributes);
    out.put_u32(header.last_offset_delta);
    out.put_i64(header.base_timestamp_ms);
    out.put_i64(header.max_timestamp_ms);
    debug_assert_eq!(HEADER_BYTES - out.len(), PRODUCER_ID_AT);
    out.put_i64(header.producer.id);
    out.put_i16(header.producer.epoch);
    out.put_i32(header.producer.base_sequence);
    out.put_u32(header.count);
    let crc = crc32c::crc32c(&bytes[ATTRIBUTES_AT..]);
    bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
    Batch(bytes.freeze())
}

fn nullable_len(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint::len(signed(bytes.len())) + bytes.len())
}

fn put_nullable(out: &mut BytesMut, bytes: Option<&[u8]>) {
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
