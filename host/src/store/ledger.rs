//! Table `task_ledger`: which input offsets each generation processed, a row a partition of each input.
//!
//! Key: deployment id, partition, topic id, generation. Value: from offset, next offset, records in, records out, rejected:
//! u64 each, big-endian.
//!
//! Up to format 2 the table was `ledger`, without the topic: a deployment had one input.

use std::collections::HashMap;

use redb::{ReadableTable, TableDefinition};

use super::topics::TopicRow;
use super::{Result, Snapshot, Tables, corrupt, from_json};
use crate::model::deployment::{Deployment, DeploymentId};
use crate::model::generation::LedgerEntry;
use crate::model::topic::{PartitionId, TopicId};

pub(super) const TABLE: TableDefinition<'_, (u32, u32, u32, u32), [u8; 40]> = TableDefinition::new("task_ledger");
const FORMAT_2: TableDefinition<'_, (u32, u32, u32), [u8; 40]> = TableDefinition::new("ledger");

fn encode(entry: &LedgerEntry) -> [u8; 40] {
    let fields = [entry.from_offset, entry.next_offset, entry.records_in, entry.records_out, entry.rejected];
    let mut bytes = [0; 40];
    for (slot, field) in bytes.chunks_exact_mut(8).zip(fields) {
        slot.copy_from_slice(&field.to_be_bytes());
    }
    bytes
}

fn decode(bytes: &[u8; 40]) -> Option<LedgerEntry> {
    let mut fields = [0; 5];
    for (field, slot) in fields.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *field = u64::from_be_bytes(*slot);
    }
    let [from_offset, next_offset, records_in, records_out, rejected] = fields;
    (from_offset <= next_offset).then_some(LedgerEntry { from_offset, next_offset, records_in, records_out, rejected })
}

/// What one generation did of one partition of one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    pub input: PartitionId,
    pub generation: u32,
    pub entry: LedgerEntry,
}

fn key(deployment: DeploymentId, input: PartitionId, generation: u32) -> (u32, u32, u32, u32) {
    (deployment.0, input.partition, input.topic.0, generation)
}

impl Snapshot {
    /// All entries of a deployment, by partition.
    pub fn ledger(&self, deployment: DeploymentId) -> Result<Vec<LedgerRow>> {
        let table = self.transaction.open_table(TABLE)?;
        let mut entries = Vec::new();
        for row in table.range((deployment.0, 0, 0, 0)..=(deployment.0, u32::MAX, u32::MAX, u32::MAX))? {
            let (key, value) = row?;
            let (_, partition, topic, generation) = key.value();
            let entry = decode(&value.value())
                .ok_or_else(|| corrupt("task_ledger", key.value(), "it ends before it starts"))?;
            entries.push(LedgerRow { input: PartitionId { topic: TopicId(topic), partition }, generation, entry });
        }
        Ok(entries)
    }

    pub fn ledger_entry(
        &self,
        deployment: DeploymentId,
        input: PartitionId,
        generation: u32,
    ) -> Result<Option<LedgerEntry>> {
        let key = key(deployment, input, generation);
        let entry = self.transaction.open_table(TABLE)?.get(key)?.map(|guard| guard.value());
        entry
            .map(|bytes| decode(&bytes).ok_or_else(|| corrupt("task_ledger", key, "it ends before it starts")))
            .transpose()
    }
}

impl Tables<'_> {
    pub(super) fn put_ledger(
        &mut self,
        deployment: DeploymentId,
        input: PartitionId,
        generation: u32,
        entry: &LedgerEntry,
    ) -> Result<()> {
        self.ledger()?.insert(key(deployment, input, generation), encode(entry))?;
        Ok(())
    }

    pub(super) fn drop_ledger(&mut self, deployment: DeploymentId) -> Result<()> {
        self.drop_ledger_before(deployment, u32::MAX)
    }

    pub(super) fn drop_ledger_before(&mut self, deployment: DeploymentId, before: u32) -> Result<()> {
        let range = (deployment.0, 0, 0, 0)..=(deployment.0, u32::MAX, u32::MAX, u32::MAX);
        Ok(self.ledger()?.retain_in(range, |(_, _, _, generation), _| generation >= before)?)
    }

    /// Moves the rows of format 2 here.
    pub(super) fn take_over_ledger(&mut self) -> Result<()> {
        let mut topics = HashMap::new();
        for entry in self.topics()?.iter()? {
            let (name, row) = entry?;
            let row: TopicRow = from_json("topics", name.value(), row.value())?;
            topics.insert(row.name, row.id);
        }
        let mut inputs = HashMap::new();
        for entry in self.deployments()?.iter()? {
            let (name, row) = entry?;
            let row: Deployment = from_json("deployments", name.value(), row.value())?;
            let topic = row.inputs.first().and_then(|input| topics.get(input));
            inputs.extend(topic.map(|topic| (row.id.0, *topic)));
        }
        let old = self.transaction.open_table(FORMAT_2)?;
        for entry in old.iter()? {
            let (row, value) = entry?;
            let (deployment, partition, generation) = row.value();
            if let Some(topic) = inputs.get(&deployment) {
                let input = PartitionId { topic: *topic, partition };
                self.ledger()?.insert(key(DeploymentId(deployment), input, generation), value.value())?;
            }
        }
        self.transaction.delete_table(old)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(from_offset: u32, length: u32, records_in: u64, records_out: u64, rejected: u64) {
            let from_offset = u64::from(from_offset);
            let next_offset = from_offset + u64::from(length);
            let entry = LedgerEntry { from_offset, next_offset, records_in, records_out, rejected };
            prop_assert_eq!(decode(&encode(&entry)), Some(entry));
        }
    }

    #[test]
    fn old_generations_go() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let id = DeploymentId;
        let transaction = store.begin().unwrap();
        {
            let mut tables = transaction.tables();
            for (deployment, partition, generation) in [(1, 0, 1), (1, 0, 2), (1, 1, 1), (1, 1, 3), (2, 0, 1)] {
                let input = PartitionId { topic: TopicId(7), partition };
                tables.put_ledger(id(deployment), input, generation, &LedgerEntry::default()).unwrap();
            }
            tables.drop_ledger_before(id(1), 2).unwrap();
        }
        transaction.commit().unwrap();
        let left = |deployment| {
            let entries = store.snapshot().unwrap().ledger(id(deployment)).unwrap();
            entries.into_iter().map(|row| (row.input.partition, row.generation)).collect::<Vec<_>>()
        };
        assert_eq!(left(1), [(0, 2), (1, 3)]);
        assert_eq!(left(2), [(0, 1)]);
    }

    #[test]
    fn rejects_a_range_that_ends_before_it_starts() {
        let entry = LedgerEntry { from_offset: 2, next_offset: 1, ..LedgerEntry::default() };
        assert_eq!(decode(&encode(&entry)), None);
    }

    #[test]
    fn format_2_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let store = Store::open(&path).unwrap();
        let transaction = store.begin().unwrap();
        let entry = LedgerEntry { from_offset: 3, next_offset: 9, records_in: 6, records_out: 5, rejected: 1 };
        {
            let mut tables = transaction.tables();
            let topic = r#"{"id":7,"name":"flights","created_ms":1,"config":{"partitions":1}}"#;
            tables.topics().unwrap().insert("flights", topic.as_bytes()).unwrap();
            let late = r#"{"id":4,"name":"late","inputs":["flights"],"paused":false,"generations":[]}"#;
            tables.deployments().unwrap().insert("late", late.as_bytes()).unwrap();
            let mut old = tables.transaction.open_table(FORMAT_2).unwrap();
            old.insert((4, 0, 2), encode(&entry)).unwrap();
            old.insert((9, 0, 1), encode(&entry)).unwrap();
            tables.meta().unwrap().insert("format", 2).unwrap();
        }
        transaction.commit().unwrap();
        drop(store);

        let snapshot = Store::open(&path).unwrap().snapshot().unwrap();
        let input = PartitionId { topic: TopicId(7), partition: 0 };
        assert_eq!(snapshot.ledger(DeploymentId(4)).unwrap(), [LedgerRow { input, generation: 2, entry }]);
    }
}
