//! A consumer group as it is kept: what holds for all of it, and a row a member.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::name::{GroupName, InstanceId, TopicName};
use super::subscription::Subscription;
use super::topic::{PartitionId, TopicId};

/// How a group divides records among its members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Each partition has one reader at a time, and is read in order.
    #[default]
    Consumer,
    /// Many readers to a partition: each record is handed to one of them, by itself (KIP-932).
    Share,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Consumer => "consumer",
            Self::Share => "share",
        })
    }
}

/// Who decides which member reads which partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Assignor {
    /// Balanced, and of all balanced assignments one that moves the fewest partitions.
    #[default]
    Sticky,
    /// A run of each topic's partitions for each member: partitions of one number stay together over topics.
    Range,
    /// One after the other, in turn.
    RoundRobin,
}

/// A member's number, given by the host. Written in hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u64);

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for MemberId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_one = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if is_one { u64::from_str_radix(text, 16).map(Self).map_err(drop) } else { Err(()) }
    }
}

/// What a share group does with a record that it has handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareConfig {
    /// How long a member has for a record.
    pub lock_ms: u64,
    /// How often a record is handed out before it is a dead letter.
    pub deliveries_max: u16,
}

/// What is kept of a group beside its offsets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRow {
    pub mode: Mode,
    pub assignor: Assignor,
    /// Counts what the assignment has followed: joins, leaves, new partitions.
    pub epoch: u64,
    /// Counts the members that the group has had.
    pub serial: u32,
    pub created_ms: i64,
    /// Since when the group has no members.
    pub emptied_ms: Option<i64>,
    /// In share mode.
    pub share: Option<ShareConfig>,
}

impl GroupRow {
    pub fn new(mode: Mode, now_ms: i64) -> Self {
        Self {
            mode,
            assignor: Assignor::default(),
            epoch: 0,
            serial: 0,
            created_ms: now_ms,
            emptied_ms: Some(now_ms),
            share: None,
        }
    }
}

/// What is kept of a member, so that a restart of the host ends no session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberRow {
    /// The number of its join; stands in its tokens.
    pub serial: u32,
    /// Set for a static member.
    pub instance: Option<InstanceId>,
    pub subscription: Subscription,
    /// How long it may be silent.
    pub session_ms: u64,
    /// How long it may be without a poll or a commit.
    pub poll_interval_ms: u64,
    pub assignment: PartitionSet,
}

/// Partitions, by the number of their topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionSet(BTreeMap<u32, Vec<u32>>);

impl FromIterator<PartitionId> for PartitionSet {
    fn from_iter<I: IntoIterator<Item = PartitionId>>(partitions: I) -> Self {
        let mut set = Self::default();
        for id in partitions {
            set.0.entry(id.topic.0).or_default().push(id.partition);
        }
        set
    }
}

impl PartitionSet {
    pub fn iter(&self) -> impl Iterator<Item = PartitionId> {
        self.0.iter().flat_map(|(topic, partitions)| {
            partitions.iter().map(|partition| PartitionId { topic: TopicId(*topic), partition: *partition })
        })
    }
}

/// Where the records of a share group go that nobody could take.
pub fn dead_letter_topic_of(group: &GroupName) -> TopicName {
    TopicName::parse(&format!("{group}.dead-letters")).expect("a group's name leaves room for the suffix")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_id_is_sixteen_digits() {
        let id = MemberId(0xbeef);
        assert_eq!(id.to_string(), "000000000000beef");
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "beef", "000000000000BEEF", "+00000000000beef", "00000000000000beef"] {
            assert!(text.parse::<MemberId>().is_err(), "{text}");
        }
    }

    #[test]
    fn partitions_survive_their_row() {
        let id = |topic, partition| PartitionId { topic: TopicId(topic), partition };
        let all = [id(1, 0), id(1, 7), id(3, 2)];
        let set: PartitionSet = all.into_iter().collect();
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(text, r#"{"1":[0,7],"3":[2]}"#);
        assert_eq!(serde_json::from_str::<PartitionSet>(&text).unwrap().iter().collect::<Vec<_>>(), all);
    }
}
