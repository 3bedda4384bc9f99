//! What a topic is told when it is created, and what it is known by afterwards.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::batch::Compression;
use super::json_path::{JsonPath, key_of};
use super::record::Record;
use crate::error::{Error, Result};
use crate::limits::{
    SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, SEGMENT_MS_DEFAULT, SEGMENT_MS_MIN,
    TOMBSTONE_RETENTION_MS_DEFAULT, TOPIC_PARTITIONS_DEFAULT, TOPIC_PARTITIONS_MAX,
};

/// A topic's number in the store. Never used again after the topic is deleted, so that a row can never be taken for one
/// of a later topic of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicId(pub u32);

/// One partition of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId {
    pub topic: TopicId,
    pub partition: u32,
}

/// What happens to records in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum CleanupPolicy {
    /// The oldest go once they are too old or too many.
    #[default]
    #[serde(rename = "delete")]
    Delete,
    /// Of each key the latest value stays.
    #[serde(rename = "compact")]
    Compact,
    #[serde(rename = "compact,delete")]
    CompactAndDelete,
}

impl CleanupPolicy {
    pub fn compacts(self) -> bool {
        self != Self::Delete
    }

    pub fn deletes(self) -> bool {
        self != Self::Compact
    }
}

/// What can be set of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopicConfig {
    /// Only ever grows.
    pub partitions: u32,
    /// Records older than this go, a segment at a time; null keeps them for ever.
    pub retention_ms: Option<u64>,
    /// A partition over this, in all tiers together, loses its oldest segments; null is no bound.
    pub retention_bytes: Option<u64>,
    pub cleanup_policy: CleanupPolicy,
    /// How long compaction keeps the deletion of a key for readers to see.
    pub tombstone_retention_ms: u64,
    /// The field that is the key of a record that comes without one, as a dotted path.
    #[schema(value_type = Option<String>)]
    pub key_path: Option<JsonPath>,
    pub compression: Compression,
    /// The head of a partition becomes a segment at this size,
    pub segment_bytes: u64,
    /// or at this age.
    pub segment_ms: u64,
    /// Segments older than this go to the cold tier; null keeps them where they are.
    pub cold_after_ms: Option<u64>,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self {
            partitions: TOPIC_PARTITIONS_DEFAULT,
            retention_ms: None,
            retention_bytes: None,
            cleanup_policy: CleanupPolicy::default(),
            tombstone_retention_ms: TOMBSTONE_RETENTION_MS_DEFAULT,
            key_path: None,
            compression: Compression::default(),
            segment_bytes: SEGMENT_BYTES_DEFAULT,
            segment_ms: SEGMENT_MS_DEFAULT,
            cold_after_ms: None,
        }
    }
}

impl TopicConfig {
    pub fn check(&self) -> Result<()> {
        let between = |code, what: &str, value: u64, min: u64, max: u64| {
            if (min..=max).contains(&value) {
                return Ok(());
            }
            Err(Error::invalid(code, format!("{what} {value} is not between {min} and {max}")))
        };
        between("invalid-partitions", "partitions", self.partitions.into(), 1, TOPIC_PARTITIONS_MAX.into())?;
        between("invalid-topic", "segment_bytes", self.segment_bytes, SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX)?;
        let ms_max = i64::MAX.cast_unsigned();
        between("invalid-topic", "segment_ms", self.segment_ms, SEGMENT_MS_MIN, ms_max)?;
        between("invalid-topic", "retention_ms", self.retention_ms.unwrap_or(1), 1, ms_max)?;
        between("invalid-topic", "retention_bytes", self.retention_bytes.unwrap_or(1), 1, u64::MAX)?;
        between("invalid-topic", "cold_after_ms", self.cold_after_ms.unwrap_or(0), 0, ms_max)?;
        between("invalid-topic", "tombstone_retention_ms", self.tombstone_retention_ms, 0, ms_max)?;
        let retains = self.retention_ms.is_some() || self.retention_bytes.is_some();
        if retains && !self.cleanup_policy.deletes() {
            return Err(Error::invalid(
                "invalid-topic",
                "retention_ms and retention_bytes are for the cleanup policies delete and compact,delete; choose one of these, or keep the records for ever: both null",
            ));
        }
        Ok(())
    }

    /// Gives a record without a key the one that its value has at the key path; refuses a record that must have a key and
    /// has none.
    pub fn take_key(&self, record: &mut Record) -> Result<()> {
        if record.key.is_some() {
            return Ok(());
        }
        if let (Some(path), Some(value)) = (&self.key_path, &record.value)
            && let Ok(text) = std::str::from_utf8(value)
            && let Ok(Some(found)) = path.find(text)
        {
            record.key = key_of(found, value)?;
        }
        if record.key.is_none() && self.cleanup_policy.compacts() {
            return Err(Error::invalid(
                "key-required",
                match &self.key_path {
                    None => "the topic is compacted: of each key the latest value stays, and this record has no key; give it one".to_owned(),
                    Some(path) => format!("the topic is compacted, and this record has neither a key nor a field {path}; give it one"),
                },
            ));
        }
        Ok(())
    }

    /// The age at which a partition's head is sealed: what has outlived its retention cannot stay in the head for long.
    pub fn seal_after_ms(&self) -> u64 {
        self.segment_ms.min(self.retention_ms.filter(|_| self.cleanup_policy.deletes()).unwrap_or(u64::MAX))
    }
}
