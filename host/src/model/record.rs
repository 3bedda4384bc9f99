//! Records: owned on their way in, borrowed from their batch on their way out.

use bytes::{Bytes, BytesMut};

use super::batch::builder::put_headers;
use crate::error::{Error, Kind, Result};
use crate::limits::{RECORD_BYTES_MAX, RECORD_COST_BYTES, RECORD_HEADERS_MAX, TIMESTAMP_MS_MAX};

/// A name may repeat, and order is kept. Kafka's headers: a `None` value is a null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: Bytes,
    pub value: Option<Bytes>,
}

/// A record on its way into a log. Its bytes are slices of the request they came in: nothing is copied before encoding.
/// A `None` value is a tombstone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub timestamp_ms: i64,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<Header>,
}

impl Record {
    /// Key, value and headers together: what the bounds count.
    pub fn bytes(&self) -> usize {
        let headers: usize =
            self.headers.iter().map(|h| h.name.len() + h.value.as_ref().map_or(0, Bytes::len) + 4).sum();
        self.key.as_ref().map_or(0, Bytes::len) + self.value.as_ref().map_or(0, Bytes::len) + headers
    }

    /// What the record takes up while it waits for the writer.
    pub fn cost(&self) -> usize {
        self.bytes() + RECORD_COST_BYTES
    }

    /// Checks the bounds that hold for every record, wherever it comes from.
    pub fn check(&self) -> Result<()> {
        let bytes = self.bytes();
        if bytes > RECORD_BYTES_MAX {
            return Err(Error::new(
                Kind::TooLarge,
                "record-too-large",
                format!(
                    "a record of {bytes} bytes is over the {RECORD_BYTES_MAX} bytes that key, value and headers may have together; split it, or store the value elsewhere and send its address"
                ),
            ));
        }
        if self.headers.len() > RECORD_HEADERS_MAX {
            return Err(Error::invalid(
                "too-many-headers",
                format!(
                    "a record with {} headers is over the {RECORD_HEADERS_MAX} that it may have",
                    self.headers.len()
                ),
            ));
        }
        if self.timestamp_ms.unsigned_abs() > TIMESTAMP_MS_MAX.unsigned_abs() {
            return Err(Error::invalid(
                "invalid-timestamp",
                format!(
                    "the timestamp {} is not milliseconds since 1970 (are these micro- or nanoseconds?)",
                    self.timestamp_ms
                ),
            ));
        }
        Ok(())
    }
}

/// A record that stands in a batch, borrowed from the batch's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredRecord<'a> {
    pub offset: u64,
    pub timestamp_ms: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: StoredHeaders<'a>,
}

/// The headers of a stored record: checked when the record was read, decoded when they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredHeaders<'a> {
    pub(super) count: usize,
    pub(super) bytes: &'a [u8],
}

/// A stored record that outlives its batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRecord {
    pub offset: u64,
    pub timestamp_ms: i64,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    headers: Bytes,
    headers_count: usize,
}

impl KeptRecord {
    /// The record as it would stand in a log.
    pub fn appended(offset: u64, record: Record) -> Self {
        let mut headers = BytesMut::new();
        put_headers(&mut headers, &record.headers);
        let Record { timestamp_ms, key, value, headers: list } = record;
        Self { offset, timestamp_ms, key, value, headers: headers.freeze(), headers_count: list.len() }
    }

    /// What the record takes up in memory.
    pub fn cost(&self) -> usize {
        let parts = [self.key.as_deref(), self.value.as_deref(), Some(&self.headers)];
        parts.into_iter().flatten().map(<[u8]>::len).sum::<usize>() + RECORD_COST_BYTES
    }

    pub fn lend(&self) -> StoredRecord<'_> {
        StoredRecord {
            offset: self.offset,
            timestamp_ms: self.timestamp_ms,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: StoredHeaders { count: self.headers_count, bytes: &self.headers },
        }
    }
}

impl From<&StoredRecord<'_>> for Record {
    fn from(record: &StoredRecord<'_>) -> Self {
        let copy = Bytes::copy_from_slice;
        let headers = record.headers.iter().map(|(name, value)| Header { name: copy(name), value: value.map(copy) });
        Self {
            timestamp_ms: record.timestamp_ms,
            key: record.key.map(copy),
            value: record.value.map(copy),
            headers: headers.collect(),
        }
    }
}

impl From<&StoredRecord<'_>> for KeptRecord {
    fn from(record: &StoredRecord<'_>) -> Self {
        let copy = Bytes::copy_from_slice;
        Self {
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            key: record.key.map(copy),
            value: record.value.map(copy),
            headers: copy(record.headers.bytes),
            headers_count: record.headers.count,
        }
    }
}

impl<'a> StoredHeaders<'a> {
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Encoded, as a batch has them behind their count.
    pub(super) fn encoded(self) -> &'a [u8] {
        self.bytes
    }

    pub fn len(&self) -> usize {
        self.count
    }

    /// Name and value, in order.
    pub fn iter(self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        let mut rest = self.bytes;
        (0..self.count).map_while(move |_| super::batch::records::read_header(&mut rest).ok())
    }
}
