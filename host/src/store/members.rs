//! Table `members`: who is in which group, and which partitions are theirs.

use redb::TableDefinition;

use super::{Result, Snapshot, Tables, from_json, to_json};
use crate::model::group::{MemberId, MemberRow};
use crate::model::name::GroupName;

pub(super) const TABLE: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("members");

impl Snapshot {
    /// The members of a group, by id.
    pub fn members(&self, group: &GroupName) -> Result<Vec<(MemberId, MemberRow)>> {
        let mut members = Vec::new();
        let group = group.as_str();
        for entry in self.transaction.open_table(TABLE)?.range((group, 0)..=(group, u64::MAX))? {
            let (key, row) = entry?;
            members.push((MemberId(key.value().1), from_json("members", key.value(), row.value())?));
        }
        Ok(members)
    }

    /// The groups that have members, in order.
    pub fn groups_with_members(&self) -> Result<Vec<GroupName>> {
        let table = self.transaction.open_table(TABLE)?;
        let mut groups: Vec<GroupName> = Vec::new();
        for entry in table.range(("", 0)..)? {
            let key = entry?.0;
            let (name, _) = key.value();
            if groups.last().is_none_or(|last| last.as_str() != name) {
                groups.push(GroupName::parse(name).map_err(|error| super::corrupt("members", name, error))?);
            }
        }
        Ok(groups)
    }
}

impl Tables<'_> {
    pub(super) fn put_member(&mut self, group: &GroupName, id: MemberId, row: &MemberRow) -> Result<()> {
        self.members()?.insert((group.as_str(), id.0), to_json(row).as_slice())?;
        Ok(())
    }

    pub(super) fn drop_member(&mut self, group: &GroupName, id: MemberId) -> Result<()> {
        self.members()?.remove((group.as_str(), id.0))?;
        Ok(())
    }

    pub(super) fn drop_members(&mut self, group: &GroupName) -> Result<()> {
        let group = group.as_str();
        Ok(self.members()?.retain_in((group, 0)..=(group, u64::MAX), |_, _| false)?)
    }
}
