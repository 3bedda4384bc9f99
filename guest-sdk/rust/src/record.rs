//! Records: [`Record`] is one that stands in a log, [`NewRecord`] one to append.

use crate::{Header, NewRecord, Record};

/// The same key, value, headers and event time, moved and not copied; topic and partition are left to the deployment.
impl From<Record> for NewRecord {
    fn from(record: Record) -> Self {
        Self {
            topic: None,
            partition: None,
            timestamp_ms: Some(record.timestamp_ms),
            key: record.key,
            value: record.value,
            headers: record.headers,
        }
    }
}

impl NewRecord {
    /// A record for the deployment's default output, with the time of the append.
    pub fn new(value: impl Into<Vec<u8>>) -> Self {
        Self { value: Some(value.into()), ..Self::tombstone() }
    }

    /// A record without a value: it deletes its key in a compacted topic.
    pub fn tombstone() -> Self {
        Self { topic: None, partition: None, timestamp_ms: None, key: None, value: None, headers: Vec::new() }
    }

    /// The key chooses the partition, unless one is named.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Event time in milliseconds since the Unix epoch.
    #[must_use]
    pub fn with_timestamp_ms(mut self, timestamp_ms: i64) -> Self {
        self.timestamp_ms = Some(timestamp_ms);
        self
    }

    /// Another topic than the deployment's default output; it must be one that the deployment is granted.
    #[must_use]
    pub fn with_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// Adds a header after those that are there.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push(Header { name: name.into(), value: value.into() });
        self
    }
}
