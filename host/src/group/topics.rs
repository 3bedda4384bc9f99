//! What topics there are, as far as subscriptions care.

use std::collections::BTreeMap;

use crate::model::name::TopicName;
use crate::model::subscription::Subscription;
use crate::model::topic::{PartitionId, TopicId};

/// By name: the topic's number, and how many partitions it has.
#[derive(Clone, Debug, Default)]
pub struct Topics(BTreeMap<TopicName, (TopicId, u32)>);

impl FromIterator<(TopicName, TopicId, u32)> for Topics {
    fn from_iter<I: IntoIterator<Item = (TopicName, TopicId, u32)>>(topics: I) -> Self {
        Self(topics.into_iter().map(|(name, id, partitions)| (name, (id, partitions))).collect())
    }
}

impl Topics {
    /// The topics that a subscription comes to, by number. A pattern never comes to `but`.
    pub fn resolve(&self, subscription: &Subscription, but: &TopicName) -> Vec<(TopicId, u32)> {
        let mut found: Vec<_> = match subscription {
            Subscription::Topics(names) => names.iter().filter_map(|name| self.0.get(name)).copied().collect(),
            Subscription::Pattern(_) => {
                let matching = self.0.iter().filter(|(name, _)| *name != but && subscription.matches(name));
                matching.map(|(_, topic)| *topic).collect()
            }
        };
        found.sort_unstable();
        found
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = TopicId> {
        self.0.values().map(|(id, _)| *id)
    }
}

/// All partitions of topics.
pub(super) fn partitions(topics: &[(TopicId, u32)]) -> impl Iterator<Item = PartitionId> {
    topics.iter().flat_map(|(topic, count)| (0..*count).map(|partition| PartitionId { topic: *topic, partition }))
}
