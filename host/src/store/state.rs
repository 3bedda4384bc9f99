//! Table `state`: what plugins keep, a scope per deployment and partition, ordered by the plugin's own keys.
//!
//! Key: deployment id u32, partition u32, both big-endian, then the length of the table's name (u8), the name, the key.

use std::ops::Bound;

use redb::TableDefinition;

use super::{Result, Snapshot, Tables};
use crate::model::deployment::DeploymentId;

pub(super) const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("state");

/// Whose state it is: that of one task of one deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    pub deployment: DeploymentId,
    pub partition: u32,
}

/// One change of one key; a `None` value deletes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub table: String,
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
}

pub type Entry = (Vec<u8>, Vec<u8>);

fn prefix(scope: Scope, table: &str) -> Vec<u8> {
    let mut prefix = Vec::with_capacity(9 + table.len());
    prefix.extend_from_slice(&scope.deployment.0.to_be_bytes());
    prefix.extend_from_slice(&scope.partition.to_be_bytes());
    prefix.push(u8::try_from(table.len()).expect("a table's name is at most 255 bytes"));
    prefix.extend_from_slice(table.as_bytes());
    prefix
}

/// The least key that is greater than every key with this prefix.
pub fn after(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut after = prefix[..=last].to_vec();
    after[last] += 1;
    Some(after)
}

impl Snapshot {
    /// One answer per key, in order; `None` where the values have more than `bytes_max` together.
    pub fn state(
        &self,
        scope: Scope,
        table: &str,
        keys: &[&[u8]],
        bytes_max: usize,
    ) -> Result<Option<Vec<Option<Vec<u8>>>>> {
        let rows = self.transaction.open_table(TABLE)?;
        let mut full = prefix(scope, table);
        let prefix_len = full.len();
        let mut answers = Vec::with_capacity(keys.len());
        let mut bytes = 0;
        for key in keys {
            full.truncate(prefix_len);
            full.extend_from_slice(key);
            let value = rows.get(full.as_slice())?;
            bytes += value.as_ref().map_or(0, |guard| guard.value().len());
            if bytes > bytes_max {
                return Ok(None);
            }
            answers.push(value.map(|guard| guard.value().to_vec()));
        }
        Ok(Some(answers))
    }

    /// Entries in key order, from `from` (inclusive) until `until` (exclusive), as long as `visit` says to go on.
    pub fn scan_state(
        &self,
        scope: Scope,
        table: &str,
        from: &[u8],
        until: Option<&[u8]>,
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<()> {
        let rows = self.transaction.open_table(TABLE)?;
        let prefix = prefix(scope, table);
        let first = [prefix.as_slice(), from].concat();
        let last = match until {
            Some(until) => Some([prefix.as_slice(), until].concat()),
            None => after(&prefix),
        };
        if last.as_ref().is_some_and(|last| *last <= first) {
            return Ok(());
        }
        let last = last.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        for entry in rows.range::<&[u8]>((Bound::Included(first.as_slice()), last))? {
            let (key, value) = entry?;
            if !visit(&key.value()[prefix.len()..], value.value()) {
                break;
            }
        }
        Ok(())
    }
}

impl Tables<'_> {
    pub(super) fn put_state(&mut self, scope: Scope, change: &Change) -> Result<()> {
        let mut key = prefix(scope, &change.table);
        key.extend_from_slice(&change.key);
        match &change.value {
            Some(value) => self.state()?.insert(key.as_slice(), value.as_slice())?,
            None => self.state()?.remove(key.as_slice())?,
        };
        Ok(())
    }

    pub(super) fn drop_state(&mut self, deployment: DeploymentId) -> Result<()> {
        let first = deployment.0.to_be_bytes();
        let last = after(&first);
        let last = last.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        Ok(self.state()?.retain_in::<&[u8], _>((Bound::Included(first.as_slice()), last), |_, _| false)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Row, Store};
    use super::*;
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn scan(store: &Store, scope: Scope, table: &str, from: &[u8], until: Option<&[u8]>) -> Vec<Entry> {
        let mut entries = Vec::new();
        let visit = |key: &[u8], value: &[u8]| {
            entries.push((key.to_vec(), value.to_vec()));
            true
        };
        store.snapshot().unwrap().scan_state(scope, table, from, until, visit).unwrap();
        entries
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// A scope and a table see their own keys and no others, whatever the bytes and the names.
        #[test]
        fn round_trips_within_its_scope(
            rows in btree_map(vec(any::<u8>(), 0..4), vec(any::<u8>(), 0..8), 0..20),
            from in vec(any::<u8>(), 0..3),
            until in proptest::option::of(vec(any::<u8>(), 0..3)),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(&dir.path().join("db")).unwrap();
            let scope = |deployment, partition| Scope { deployment: DeploymentId(deployment), partition };
            let scopes = [scope(1, 255), scope(1, 256), scope(2, 0), scope(u32::MAX, u32::MAX)];
            let transaction = store.begin().unwrap();
            {
                let mut tables = transaction.tables();
                for scope in scopes {
                    for table in ["a", "ab", "b"] {
                        for (key, value) in &rows {
                            let change = Change { table: table.into(), key: key.clone(), value: Some(value.clone()) };
                            tables.put(&Row::State { scope, change }).unwrap();
                        }
                    }
                }
                tables.drop_state(DeploymentId(2)).unwrap();
            }
            transaction.commit().unwrap();
            for scope in scopes {
                let expected: BTreeMap<_, _> = rows
                    .iter()
                    .filter(|(key, _)| scope.deployment.0 != 2 && **key >= from && until.as_ref().is_none_or(|u| *key < u))
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                let found = scan(&store, scope, "a", &from, until.as_deref());
                prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
            }
            let keys: Vec<&[u8]> = rows.keys().map(Vec::as_slice).collect();
            let values: Vec<_> = rows.values().cloned().map(Some).collect();
            let read = |bytes_max| store.snapshot().unwrap().state(scopes[0], "ab", &keys, bytes_max).unwrap();
            let bytes: usize = rows.values().map(Vec::len).sum();
            prop_assert_eq!(read(bytes), Some(values));
            prop_assert!(bytes == 0 || read(bytes - 1).is_none());
        }
    }

    #[test]
    fn the_end_of_a_prefix() {
        assert_eq!(after(b"a\xff"), Some(b"b".to_vec()));
        assert_eq!(after(b"\xff\xff"), None);
    }
}
