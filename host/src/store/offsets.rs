//! Table `offsets`: the next offset that a group will read of a partition.

use redb::{ReadableTable, TableDefinition};

use super::{Result, Snapshot, Tables};
use crate::model::name::GroupName;
use crate::model::topic::{PartitionId, TopicId};

pub(super) const TABLE: TableDefinition<'_, (&str, u32, u32), u64> = TableDefinition::new("offsets");

impl Snapshot {
    pub fn offset(&self, group: &GroupName, id: PartitionId) -> Result<Option<u64>> {
        let table = self.transaction.open_table(TABLE)?;
        Ok(table.get((group.as_str(), id.topic.0, id.partition))?.map(|guard| guard.value()))
    }
}

impl Tables<'_> {
    /// What a unit of this transaction, or an earlier one, left there.
    pub fn offset(&mut self, group: &GroupName, id: PartitionId) -> Result<Option<u64>> {
        Ok(self.offsets()?.get((group.as_str(), id.topic.0, id.partition))?.map(|guard| guard.value()))
    }

    pub(super) fn put_offset(&mut self, group: &GroupName, id: PartitionId, next: u64) -> Result<()> {
        self.offsets()?.insert((group.as_str(), id.topic.0, id.partition), next)?;
        Ok(())
    }

    pub(super) fn drop_offsets_of_group(&mut self, group: &GroupName) -> Result<()> {
        let group = group.as_str();
        Ok(self.offsets()?.retain_in((group, 0, 0)..=(group, u32::MAX, u32::MAX), |_, _| false)?)
    }

    pub(super) fn drop_offsets_of_topic(&mut self, topic: TopicId) -> Result<()> {
        Ok(self.offsets()?.retain(|(_, id, _), _| id != topic.0)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Row, Store};
    use super::*;

    #[test]
    fn round_trips_and_goes_with_its_group_or_its_topic() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let group = |name| GroupName::parse(name).unwrap();
        let id = |topic| PartitionId { topic: TopicId(topic), partition: 0 };
        let write = |rows: &[Row]| {
            let transaction = store.begin().unwrap();
            {
                let mut tables = transaction.tables();
                for row in rows {
                    tables.put(row).unwrap();
                }
            }
            transaction.commit().unwrap();
        };
        for name in ["a", "ab", "b"] {
            write(&[1, 2].map(|topic| Row::Offset {
                group: group(name),
                partition: id(topic),
                next: u64::from(topic),
            }));
        }
        let transaction = store.begin().unwrap();
        transaction.tables().drop_offsets_of_group(&group("a")).unwrap();
        transaction.commit().unwrap();
        let read = |name, topic| store.snapshot().unwrap().offset(&group(name), id(topic)).unwrap();
        assert_eq!((read("a", 1), read("ab", 1), read("b", 2)), (None, Some(1), Some(2)));
        let transaction = store.begin().unwrap();
        transaction.tables().drop_offsets_of_topic(TopicId(2)).unwrap();
        transaction.commit().unwrap();
        assert_eq!((read("ab", 1), read("ab", 2), read("b", 2)), (Some(1), None, None));
    }
}
