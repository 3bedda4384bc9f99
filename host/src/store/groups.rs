//! Table `groups`: what holds for a group as a whole.

use redb::{ReadableTable, TableDefinition};

use super::{Result, Snapshot, Tables, from_json, to_json};
use crate::model::group::GroupRow;
use crate::model::name::GroupName;

pub(super) const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("groups");

impl Snapshot {
    pub fn group(&self, name: &GroupName) -> Result<Option<GroupRow>> {
        let table = self.transaction.open_table(TABLE)?;
        let row = table.get(name.as_str())?;
        row.map(|row| from_json("groups", name.as_str(), row.value())).transpose()
    }

    /// The names of the groups that have a row, in order.
    pub fn group_names(&self) -> Result<Vec<GroupName>> {
        let mut names = Vec::new();
        for entry in self.transaction.open_table(TABLE)?.iter()? {
            let key = entry?.0;
            names.push(GroupName::parse(key.value()).map_err(|error| super::corrupt("groups", key.value(), error))?);
        }
        Ok(names)
    }
}

impl Tables<'_> {
    pub(super) fn put_group(&mut self, name: &GroupName, row: &GroupRow) -> Result<()> {
        self.groups()?.insert(name.as_str(), to_json(row).as_slice())?;
        Ok(())
    }

    /// Takes the group out, with its members, its offsets and what it shares.
    pub(super) fn drop_group(&mut self, name: &GroupName) -> Result<()> {
        self.groups()?.remove(name.as_str())?;
        self.drop_members(name)?;
        self.drop_offsets_of_group(name)?;
        self.drop_shares_of_group(name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Row, Store};
    use super::*;
    use crate::model::group::{MemberId, MemberRow, Mode, ShareConfig};
    use crate::model::subscription::{Pattern, Subscription};
    use crate::model::topic::{PartitionId, TopicId};
    use crate::store::shares::ShareCell;

    #[test]
    fn a_group_takes_along_what_is_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let row =
            GroupRow { share: Some(ShareConfig { lock_ms: 5, deliveries_max: 2 }), ..GroupRow::new(Mode::Share, 9) };
        let partition = PartitionId { topic: TopicId(1), partition: 2 };
        let member = MemberRow {
            serial: 3,
            instance: None,
            subscription: Subscription::Pattern(Pattern::parse(".*").unwrap()),
            session_ms: 1,
            poll_interval_ms: 2,
            assignment: [partition].into_iter().collect(),
        };
        let cell = ShareCell { offset: 4, deliveries: 1, is_done: true };
        let names = ["a", "ab"].map(|name| GroupName::parse(name).unwrap());
        let write = |rows: Vec<Row>| {
            let transaction = store.begin().unwrap();
            {
                let mut tables = transaction.tables();
                for row in &rows {
                    tables.put(row).unwrap();
                }
            }
            transaction.commit().unwrap();
        };
        for name in &names {
            let group = || name.clone();
            write(vec![
                Row::Group { name: group(), row: row.clone() },
                Row::Member { group: group(), id: MemberId(1), row: member.clone() },
                Row::Offset { group: group(), partition, next: 4, at_ms: 1 },
                Row::Share { group: group(), partition, window: vec![cell] },
            ]);
        }
        write(vec![Row::GroupGone(names[0].clone())]);
        let now = store.snapshot().unwrap();
        assert_eq!(now.group_names().unwrap(), [names[1].clone()]);
        assert_eq!(now.group(&names[0]).unwrap(), None);
        assert_eq!(now.group(&names[1]).unwrap(), Some(row));
        assert_eq!(now.members(&names[0]).unwrap(), []);
        assert_eq!(now.members(&names[1]).unwrap(), [(MemberId(1), member)]);
        assert_eq!(now.offsets(&names[0]).unwrap(), []);
        assert_eq!(now.shares(&names[0]).unwrap(), []);
        assert_eq!(now.shares(&names[1]).unwrap(), [(partition, vec![cell])]);
    }

    #[test]
    fn rejects_what_it_does_not_know() {
        assert!(from_json::<GroupRow>("groups", "a", b"{\"mode\":\"solo\"}").is_err());
    }
}
