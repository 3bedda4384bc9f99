//! Questions about a deployment's state, as it is committed.

use std::collections::BTreeMap;

use super::supervisor::Supervisor;
use crate::error::{Error, Result};
use crate::limits::{STATE_QUERY_BYTES_MAX, STATE_QUERY_ENTRIES_MAX};
use crate::model::name::DeploymentName;
use crate::model::partitioner::partition_of_key;
use crate::store::Snapshot;
use crate::store::state::{Scope, after};

/// Which rows of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateQuery {
    /// Of this partition only.
    pub partition: Option<u32>,
    pub keys: Keys,
    /// Rows after this one, in the order of key and partition.
    pub after: Option<(Vec<u8>, u32)>,
    pub limit: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    #[default]
    All,
    One(Vec<u8>),
    /// From the first (inclusive) to the second (exclusive), each open where absent.
    Range(Option<Vec<u8>>, Option<Vec<u8>>),
}

impl Keys {
    /// All keys that begin with these bytes.
    pub fn prefix(prefix: Vec<u8>) -> Self {
        let until = after(&prefix);
        Self::Range(Some(prefix), until)
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    pub partition: u32,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

/// Rows in the order of key and partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatePage {
    pub rows: Vec<StateRow>,
    /// There are more after the last one.
    pub more: bool,
}

impl Supervisor {
    /// Blocks: it reads the store.
    pub fn state(&self, name: &DeploymentName, table: &str, query: &StateQuery) -> Result<StatePage> {
        let deployed = self.get(name)?;
        let row = deployed.row();
        let current = row.current();
        let tables = self.registry.resolve(&current.plugin, Some(&current.version.0))?.description.tables;
        if !tables.iter().any(|known| known == table) {
            let known = if tables.is_empty() { "none".to_owned() } else { tables.join(", ") };
            return Err(Error::not_found(
                "unknown-state-table",
                format!("plugin {} has no state table {table:?}; it has: {known}", current.plugin),
            ));
        }
        if !(1..=STATE_QUERY_ENTRIES_MAX).contains(&query.limit) {
            return Err(Error::invalid(
                "invalid-limit",
                format!("limit {} is not between 1 and {STATE_QUERY_ENTRIES_MAX}", query.limit),
            ));
        }
        let partitions = self.partitions_of(current)?;
        if let Some(partition) = query.partition.filter(|partition| *partition >= partitions) {
            return Err(Error::not_found(
                "unknown-partition",
                format!(
                    "deployment {name} has the partitions 0 to {}, and not {partition}",
                    partitions.saturating_sub(1)
                ),
            ));
        }
        let asked: Vec<u32> = match query.partition {
            Some(partition) => vec![partition],
            None => (0..partitions).collect(),
        };
        let scopes = asked.into_iter().map(|partition| Scope { deployment: row.id, partition });
        let snapshot = self.store.snapshot()?;
        match &query.keys {
            Keys::One(key) => one(&snapshot, scopes.collect(), table, key),
            Keys::All => page(&snapshot, scopes, table, (&[], None), query),
            Keys::Range(from, until) => {
                page(&snapshot, scopes, table, (from.as_deref().unwrap_or_default(), until.as_deref()), query)
            }
        }
    }
}

/// The rows of a key: that of the partition where a record with this key is first, then what others have.
fn one(snapshot: &Snapshot, mut scopes: Vec<Scope>, table: &str, key: &[u8]) -> Result<StatePage> {
    let home = partition_of_key(key, u32::try_from(scopes.len()).unwrap_or(u32::MAX).max(1));
    scopes.sort_by_key(|scope| scope.partition != home);
    let mut page = StatePage::default();
    for scope in scopes {
        let values = snapshot.state(scope, table, &[key], usize::MAX)?.unwrap_or_default();
        let row = |value| StateRow { partition: scope.partition, key: key.to_vec(), value };
        page.rows.extend(values.into_iter().flatten().map(row));
    }
    Ok(page)
}

fn page(
    snapshot: &Snapshot,
    scopes: impl Iterator<Item = Scope>,
    table: &str,
    (from, until): (&[u8], Option<&[u8]>),
    query: &StateQuery,
) -> Result<StatePage> {
    let after = query.after.as_ref();
    let from = after.map_or(from, |(key, _)| from.max(key.as_slice()));
    let mut found = Found { rows: BTreeMap::new(), bytes: 0, limit: query.limit, more: false };
    for scope in scopes {
        let visit = |key: &[u8], value: &[u8]| {
            let is_before =
                after.is_some_and(|(last, partition)| (key, scope.partition) <= (last.as_slice(), *partition));
            is_before || found.add(scope.partition, key, value)
        };
        snapshot.scan_state(scope, table, from, until, visit)?;
    }
    let row = |((key, partition), value)| StateRow { partition, key, value };
    Ok(StatePage { rows: found.rows.into_iter().map(row).collect(), more: found.more })
}

/// The first rows of all partitions, up to the bounds of a page.
struct Found {
    rows: BTreeMap<(Vec<u8>, u32), Vec<u8>>,
    bytes: usize,
    limit: usize,
    more: bool,
}

impl Found {
    /// Says whether a later row of the same partition may still belong to the page.
    fn add(&mut self, partition: u32, key: &[u8], value: &[u8]) -> bool {
        self.bytes += key.len() + value.len();
        self.rows.insert((key.to_vec(), partition), value.to_vec());
        let mut goes_on = true;
        while self.rows.len() > self.limit || (self.bytes > STATE_QUERY_BYTES_MAX && self.rows.len() > 1) {
            let Some(((last, of), value)) = self.rows.pop_last() else { break };
            self.bytes -= last.len() + value.len();
            self.more = true;
            // What comes after a row that has no room has none either.
            goes_on &= !(of == partition && last == key);
        }
        goes_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_range() {
        assert_eq!(Keys::prefix(b"ab".to_vec()), Keys::Range(Some(b"ab".to_vec()), Some(b"ac".to_vec())));
        assert_eq!(Keys::prefix(vec![1, 255]), Keys::Range(Some(vec![1, 255]), Some(vec![2])));
        assert_eq!(Keys::prefix(vec![255]), Keys::Range(Some(vec![255]), None));
        assert_eq!(Keys::prefix(vec![]), Keys::Range(Some(vec![]), None));
    }

    #[test]
    fn a_page_holds_the_first_of_all_partitions() {
        let mut found = Found { rows: BTreeMap::new(), bytes: 0, limit: 2, more: false };
        assert!(found.add(0, b"b", b""));
        assert!(found.add(0, b"d", b""));
        assert!(!found.add(0, b"f", b""), "it has no room");
        assert!(found.add(1, b"a", b""), "it has pushed out another");
        assert!(!found.add(1, b"c", b""));
        let keys: Vec<_> = found.rows.into_keys().collect();
        assert_eq!(keys, [(b"a".to_vec(), 1), (b"b".to_vec(), 0)]);
        assert!(found.more);
    }
}
