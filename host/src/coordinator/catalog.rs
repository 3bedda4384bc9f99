//! Topics by number and by name, as of one moment.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::group::Topics;
use crate::log::{Log, Partition, Topic};
use crate::model::name::TopicName;
use crate::model::topic::{PartitionId, TopicId};

/// A partition, as people name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    #[schema(value_type = String)]
    pub topic: TopicName,
    pub partition: u32,
}

#[derive(Debug)]
pub(super) struct Catalog {
    /// The count of changes that this has seen, or an earlier one.
    pub(super) version: u64,
    pub(super) topics: Topics,
    by_id: HashMap<TopicId, Arc<Topic>>,
}

impl Catalog {
    pub(super) fn read(log: &Log) -> Self {
        // The count first: what comes after it is seen again.
        let version = *log.topic_changes().borrow();
        let all = log.topics();
        Self {
            version,
            topics: all.iter().map(|topic| (topic.name().clone(), topic.id(), topic.config().partitions)).collect(),
            by_id: all.into_iter().map(|topic| (topic.id(), topic)).collect(),
        }
    }

    pub(super) fn partition(&self, id: PartitionId) -> Option<Arc<Partition>> {
        self.by_id.get(&id.topic)?.partition(id.partition).ok()
    }

    pub(super) fn topic(&self, id: TopicId) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    pub(super) fn name(&self, id: PartitionId) -> String {
        match self.by_id.get(&id.topic) {
            Some(topic) => format!("partition {} of topic {}", id.partition, topic.name()),
            None => format!("partition {} of a topic that was deleted", id.partition),
        }
    }

    pub(super) fn place(&self, id: PartitionId) -> Option<Place> {
        Some(Place { topic: self.topic(id.topic)?.name().clone(), partition: id.partition })
    }

    /// By name; partitions of topics that are gone are left out.
    pub(super) fn places(&self, ids: &[PartitionId]) -> Vec<Place> {
        let mut places: Vec<Place> = ids.iter().filter_map(|id| self.place(*id)).collect();
        places.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        places
    }

    /// Where partitions begin that came while nobody looked: nothing of them is missed.
    pub(super) fn beginnings(&self, ids: &[PartitionId]) -> Vec<(PartitionId, u64)> {
        ids.iter().filter_map(|id| Some((*id, self.partition(*id)?.start_offset()))).collect()
    }
}
