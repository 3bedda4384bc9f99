//! Table `ledger`: which input offsets each generation processed, a row a partition.
//!
//! Value: from offset, next offset, records in, records out, rejected: u64 each, big-endian.

use redb::TableDefinition;

use super::state::Scope;
use super::{Result, Snapshot, Tables, corrupt};
use crate::model::deployment::DeploymentId;
use crate::model::generation::LedgerEntry;

pub(super) const TABLE: TableDefinition<'_, (u32, u32, u32), [u8; 40]> = TableDefinition::new("ledger");

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

impl Snapshot {
    /// All entries of a deployment: partition, generation, what it did.
    pub fn ledger(&self, deployment: DeploymentId) -> Result<Vec<(u32, u32, LedgerEntry)>> {
        let table = self.transaction.open_table(TABLE)?;
        let mut entries = Vec::new();
        for row in table.range((deployment.0, 0, 0)..=(deployment.0, u32::MAX, u32::MAX))? {
            let (key, value) = row?;
            let (_, partition, generation) = key.value();
            let entry =
                decode(&value.value()).ok_or_else(|| corrupt("ledger", key.value(), "it ends before it starts"))?;
            entries.push((partition, generation, entry));
        }
        Ok(entries)
    }

    pub fn ledger_entry(&self, scope: Scope, generation: u32) -> Result<Option<LedgerEntry>> {
        let key = (scope.deployment.0, scope.partition, generation);
        let entry = self.transaction.open_table(TABLE)?.get(key)?.map(|guard| guard.value());
        entry.map(|bytes| decode(&bytes).ok_or_else(|| corrupt("ledger", key, "it ends before it starts"))).transpose()
    }
}

impl Tables<'_> {
    pub(super) fn put_ledger(&mut self, scope: Scope, generation: u32, entry: &LedgerEntry) -> Result<()> {
        self.ledger()?.insert((scope.deployment.0, scope.partition, generation), encode(entry))?;
        Ok(())
    }

    pub(super) fn drop_ledger(&mut self, deployment: DeploymentId) -> Result<()> {
        self.drop_ledger_before(deployment, u32::MAX)
    }

    pub(super) fn drop_ledger_before(&mut self, deployment: DeploymentId, before: u32) -> Result<()> {
        let range = (deployment.0, 0, 0)..=(deployment.0, u32::MAX, u32::MAX);
        Ok(self.ledger()?.retain_in(range, |(_, _, generation), _| generation >= before)?)
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
                let scope = Scope { deployment: id(deployment), partition };
                tables.put_ledger(scope, generation, &LedgerEntry::default()).unwrap();
            }
            tables.drop_ledger_before(id(1), 2).unwrap();
        }
        transaction.commit().unwrap();
        let left = |deployment| {
            let entries = store.snapshot().unwrap().ledger(id(deployment)).unwrap();
            entries.into_iter().map(|(partition, generation, _)| (partition, generation)).collect::<Vec<_>>()
        };
        assert_eq!(left(1), [(0, 2), (1, 3)]);
        assert_eq!(left(2), [(0, 1)]);
    }

    #[test]
    fn rejects_a_range_that_ends_before_it_starts() {
        let entry = LedgerEntry { from_offset: 2, next_offset: 1, ..LedgerEntry::default() };
        assert_eq!(decode(&encode(&entry)), None);
    }
}
