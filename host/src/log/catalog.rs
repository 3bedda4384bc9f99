//! The topics there are, in memory: read by every request, changed only after the store has the change.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::watch;

use super::Partition;
use super::partition::Shared;
use crate::error::{Error, Result};
use crate::model::name::TopicName;
use crate::model::topic::{PartitionId, TopicConfig, TopicId};
use crate::store::Snapshot;
use crate::store::partitions::PartitionRow;
use crate::store::topics::TopicRow;

#[derive(Debug)]
pub(super) struct Catalog {
    topics: RwLock<BTreeMap<TopicName, Arc<Topic>>>,
    /// Counts the changes: topics that came or went, partitions that were added.
    changes: watch::Sender<u64>,
}

impl Catalog {
    pub(super) fn load(snapshot: &Snapshot) -> Result<Self> {
        let mut rows: HashMap<PartitionId, PartitionRow> = snapshot.partitions()?.into_iter().collect();
        let mut topics = BTreeMap::new();
        for topic in snapshot.topics()? {
            let partitions: Option<Vec<PartitionRow>> = (0..topic.config.partitions)
                .map(|partition| rows.remove(&PartitionId { topic: topic.id, partition }))
                .collect();
            let partitions = partitions.ok_or_else(|| {
                Error::internal(format!(
                    "topic {} lacks a partition's row in the store; restore the data folder",
                    topic.name
                ))
            })?;
            topics.insert(topic.name.clone(), Arc::new(Topic::new(topic, partitions)));
        }
        Ok(Self { topics: RwLock::new(topics), changes: watch::Sender::new(1) })
    }

    pub(super) fn get(&self, name: &TopicName) -> Option<Arc<Topic>> {
        self.topics.read().get(name).cloned()
    }

    pub(super) fn list(&self) -> Vec<Arc<Topic>> {
        self.topics.read().values().cloned().collect()
    }

    pub(super) fn partition_count(&self) -> u64 {
        self.topics.read().values().map(|topic| u64::from(topic.config().partitions)).sum()
    }

    pub(super) fn insert(&self, row: TopicRow) -> Arc<Topic> {
        let partitions = vec![PartitionRow::EMPTY; row.config.partitions as usize];
        let name = row.name.clone();
        let topic = Arc::new(Topic::new(row, partitions));
        self.topics.write().insert(name, Arc::clone(&topic));
        self.changed();
        topic
    }

    pub(super) fn remove(&self, name: &TopicName) {
        self.topics.write().remove(name);
        self.changed();
    }

    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

/// A topic and its partitions. Partitions are only ever added.
#[derive(Debug)]
pub struct Topic {
    id: TopicId,
    name: TopicName,
    created_ms: i64,
    partitions: RwLock<Vec<Arc<Partition>>>,
    shared: Shared,
}

impl Topic {
    fn new(row: TopicRow, partitions: Vec<PartitionRow>) -> Self {
        let shared =
            Shared { config: Arc::new(RwLock::new(Arc::new(row.config))), activity: Arc::new(watch::Sender::new(0)) };
        let partitions = (0..)
            .zip(partitions)
            .map(|(partition, state)| {
                let id = PartitionId { topic: row.id, partition };
                Arc::new(Partition::new(id, row.name.clone(), state, shared.clone()))
            })
            .collect();
        Self { id: row.id, name: row.name, created_ms: row.created_ms, partitions: RwLock::new(partitions), shared }
    }

    pub fn id(&self) -> TopicId {
        self.id
    }

    pub fn name(&self) -> &TopicName {
        &self.name
    }

    pub fn created_ms(&self) -> i64 {
        self.created_ms
    }

    pub fn config(&self) -> Arc<TopicConfig> {
        Arc::clone(&self.shared.config.read())
    }

    pub(super) fn row(&self) -> TopicRow {
        let config = TopicConfig::clone(&self.config());
        TopicRow { id: self.id, name: self.name.clone(), created_ms: self.created_ms, config }
    }

    pub fn partitions(&self) -> Vec<Arc<Partition>> {
        self.partitions.read().clone()
    }

    pub fn partition(&self, partition: u32) -> Result<Arc<Partition>> {
        let partitions = self.partitions.read();
        partitions.get(partition as usize).cloned().ok_or_else(|| {
            Error::not_found(
                "unknown-partition",
                format!("topic {} has the partitions 0 to {}, and not {partition}", self.name, partitions.len() - 1),
            )
        })
    }

    /// Changes whenever a partition of the topic gets records, or the topic gets partitions, or is deleted.
    pub fn activity(&self) -> watch::Receiver<u64> {
        self.shared.activity.subscribe()
    }

    pub(super) fn alter(&self, config: TopicConfig) {
        let count = config.partitions;
        *self.shared.config.write() = Arc::new(config);
        {
            let mut partitions = self.partitions.write();
            let from = u32::try_from(partitions.len()).expect("partitions are bounded");
            for partition in from..count {
                let id = PartitionId { topic: self.id, partition };
                let partition = Partition::new(id, self.name.clone(), PartitionRow::EMPTY, self.shared.clone());
                partitions.push(Arc::new(partition));
            }
        }
        self.shared.activity.send_modify(|count| *count += 1);
    }

    pub(super) fn mark_deleted(&self, deleted: bool) {
        for partition in self.partitions.read().iter() {
            partition.mark_deleted(deleted);
        }
        self.shared.activity.send_modify(|count| *count += 1);
    }
}
