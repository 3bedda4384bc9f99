//! What a topic is told when it is created, and what it is known by afterwards.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::limits::{TOPIC_PARTITIONS_DEFAULT, TOPIC_PARTITIONS_MAX};

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

/// What can be set of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicConfig {
    pub partitions: u32,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self { partitions: TOPIC_PARTITIONS_DEFAULT }
    }
}

impl TopicConfig {
    pub fn check(&self) -> Result<()> {
        if (1..=TOPIC_PARTITIONS_MAX).contains(&self.partitions) {
            return Ok(());
        }
        Err(Error::invalid(
            "invalid-partitions",
            format!("{} partitions is not between 1 and {TOPIC_PARTITIONS_MAX}", self.partitions),
        ))
    }
}
