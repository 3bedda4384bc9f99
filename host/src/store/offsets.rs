//! Table `group_offsets`: the next offset that a group will read of a partition, and when it was committed.
//!
//! In format 1 the table was `offsets`, and nobody knew when.

use redb::{ReadableTable, TableDefinition};

use super::{Result, Snapshot, Tables};
use crate::model::name::GroupName;
use crate::model::topic::{PartitionId, TopicId};

pub(super) const TABLE: TableDefinition<'_, (&str, u32, u32), (u64, i64)> = TableDefinition::new("group_offsets");
const FORMAT_1: TableDefinition<'_, (&str, u32, u32), u64> = TableDefinition::new("offsets");

/// Where a group goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    pub next: u64,
    /// When that was committed; 0 where nobody knows.
    pub at_ms: i64,
}

impl From<(u64, i64)> for Offset {
    fn from((next, at_ms): (u64, i64)) -> Self {
        Self { next, at_ms }
    }
}

fn key(group: &GroupName, id: PartitionId) -> (&str, u32, u32) {
    (group.as_str(), id.topic.0, id.partition)
}

pub(super) fn whole(group: &GroupName) -> std::ops::RangeInclusive<(&str, u32, u32)> {
    (group.as_str(), 0, 0)..=(group.as_str(), u32::MAX, u32::MAX)
}

impl Snapshot {
    pub fn offset(&self, group: &GroupName, id: PartitionId) -> Result<Option<u64>> {
        let table = self.transaction.open_table(TABLE)?;
        Ok(table.get(key(group, id))?.map(|guard| guard.value().0))
    }

    /// All offsets of a group, by partition.
    pub fn offsets(&self, group: &GroupName) -> Result<Vec<(PartitionId, Offset)>> {
        let mut offsets = Vec::new();
        for entry in self.transaction.open_table(TABLE)?.range(whole(group))? {
            let (key, value) = entry?;
            let (_, topic, partition) = key.value();
            offsets.push((PartitionId { topic: TopicId(topic), partition }, value.value().into()));
        }
        Ok(offsets)
    }

    /// The groups that have an offset, in order.
    pub fn groups_with_offsets(&self) -> Result<Vec<GroupName>> {
        let table = self.transaction.open_table(TABLE)?;
        let mut groups: Vec<GroupName> = Vec::new();
        loop {
            let after = groups.last().map_or(("", 0, 0), |last| (last.as_str(), u32::MAX, u32::MAX));
            let Some(entry) = table.range(after..)?.next() else { return Ok(groups) };
            let name = entry?.0.value().0.to_owned();
            let parsed = GroupName::parse(&name).map_err(|error| super::corrupt("group_offsets", &name, error))?;
            if groups.last() == Some(&parsed) {
                return Ok(groups);
            }
            groups.push(parsed);
        }
    }
}

impl Tables<'_> {
    /// What a unit of this transaction, or an earlier one, left there.
    pub fn offset(&mut self, group: &GroupName, id: PartitionId) -> Result<Option<u64>> {
        Ok(self.offsets()?.get(key(group, id))?.map(|guard| guard.value().0))
    }

    pub(super) fn put_offset(&mut self, group: &GroupName, id: PartitionId, offset: Offset) -> Result<()> {
        self.offsets()?.insert(key(group, id), (offset.next, offset.at_ms))?;
        Ok(())
    }

    /// Where a group begins, unless it stands somewhere already.
    pub(super) fn put_beginning(&mut self, group: &GroupName, id: PartitionId, offset: Offset) -> Result<()> {
        if self.offset(group, id)?.is_none() {
            self.put_offset(group, id, offset)?;
        }
        Ok(())
    }

    pub(super) fn drop_offsets_of_group(&mut self, group: &GroupName) -> Result<()> {
        Ok(self.offsets()?.retain_in(whole(group), |_, _| false)?)
    }

    pub(super) fn drop_offsets_of_topic(&mut self, topic: TopicId) -> Result<()> {
        Ok(self.offsets()?.retain(|(_, id, _), _| id != topic.0)?)
    }

    /// Moves the rows of format 1 here.
    pub(super) fn take_over_offsets(&mut self) -> Result<()> {
        let old = self.transaction.open_table(FORMAT_1)?;
        for entry in old.iter()? {
            let (key, value) = entry?;
            self.offsets()?.insert(key.value(), (value.value(), 0))?;
        }
        self.transaction.delete_table(old)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Row, Store};
    use super::*;

    fn group(name: &str) -> GroupName {
        GroupName::parse(name).unwrap()
    }

    fn id(topic: u32) -> PartitionId {
        PartitionId { topic: TopicId(topic), partition: 0 }
    }

    #[test]
    fn round_trips_and_goes_with_its_group_or_its_topic() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
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
                at_ms: 7,
            }));
        }
        // Whoever stands somewhere does not begin anew.
        let beginning = |topic, next| Row::Beginning { group: group("ab"), partition: id(topic), next, at_ms: 9 };
        write(&[beginning(1, 100)]);
        let now = store.snapshot().unwrap();
        assert_eq!(now.groups_with_offsets().unwrap(), ["a", "ab", "b"].map(group));
        let of = |next| Offset { next, at_ms: 7 };
        assert_eq!(now.offsets(&group("ab")).unwrap(), [(id(1), of(1)), (id(2), of(2))]);
        drop(now);
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

    #[test]
    fn rows_of_format_1_are_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let store = Store::open(&path).unwrap();
        let transaction = store.begin().unwrap();
        {
            let mut tables = transaction.tables();
            tables.meta().unwrap().insert("format", 1).unwrap();
            let mut old = tables.transaction.open_table(FORMAT_1).unwrap();
            old.insert(("a", 1, 0), 5).unwrap();
        }
        transaction.commit().unwrap();
        drop(store);
        for _ in 0..2 {
            let store = Store::open(&path).unwrap();
            let found = store.snapshot().unwrap().offsets(&group("a")).unwrap();
            assert_eq!(found, [(id(1), Offset { next: 5, at_ms: 0 })]);
        }
    }
}
