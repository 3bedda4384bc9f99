//! What a task's staged writes lie upon: the store, or a scratch copy that nobody sees.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::limits::SCRATCH_STATE_BYTES_MAX;
use crate::store::state::{Change, Scope};
use crate::store::{Store, StoreError};

/// Where a guest's state is read from.
#[derive(Clone, Debug)]
pub enum StateBase {
    Store(Arc<Store>),
    Scratch(Arc<Scratch>),
}

impl StateBase {
    /// One answer per key, in order; `None` where the values have more than `bytes_max` together.
    pub(super) fn get(
        &self,
        scope: Scope,
        table: &str,
        keys: &[&[u8]],
        bytes_max: usize,
    ) -> Result<Option<Vec<Option<Vec<u8>>>>, StoreError> {
        match self {
            Self::Store(store) => store.snapshot()?.state(scope, table, keys, bytes_max),
            Self::Scratch(scratch) => Ok(scratch.get(scope.partition, table, keys, bytes_max)),
        }
    }

    /// Entries in key order, from `from` (inclusive) until `until` (exclusive), as long as `visit` says to go on.
    pub(super) fn scan(
        &self,
        scope: Scope,
        table: &str,
        from: &[u8],
        until: Option<&[u8]>,
        visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        match self {
            Self::Store(store) => store.snapshot()?.scan_state(scope, table, from, until, visit),
            Self::Scratch(scratch) => {
                scratch.scan(scope.partition, table, from, until, visit);
                Ok(())
            }
        }
    }
}

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// State in memory, for a run that leaves no trace. Empty at first.
#[derive(Debug, Default)]
pub struct Scratch(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    /// By partition and table.
    rows: HashMap<(u32, String), Rows>,
    bytes: usize,
}

impl Scratch {
    /// Lays changes over what there is.
    pub fn apply(&self, partition: u32, changes: Vec<Change>) -> Result<()> {
        let mut tables = self.0.lock();
        let Tables { rows, bytes } = &mut *tables;
        for Change { table, key, value } in changes {
            let rows = rows.entry((partition, table)).or_default();
            let key_bytes = key.len();
            let (added, removed) = match value {
                Some(value) => (key_bytes + value.len(), rows.insert(key, value)),
                None => (0, rows.remove(&key)),
            };
            *bytes = (*bytes + added).saturating_sub(removed.map_or(0, |removed| key_bytes + removed.len()));
        }
        if *bytes > SCRATCH_STATE_BYTES_MAX {
            return Err(Error::too_large(
                "replay-state-too-large",
                format!(
                    "the state of the replay is over the {SCRATCH_STATE_BYTES_MAX} bytes that it may have in memory; replay a shorter range"
                ),
            ));
        }
        Ok(())
    }

    fn get(&self, partition: u32, table: &str, keys: &[&[u8]], bytes_max: usize) -> Option<Vec<Option<Vec<u8>>>> {
        let tables = self.0.lock();
        let rows = tables.rows.get(&(partition, table.to_owned()));
        let answers: Vec<Option<Vec<u8>>> = keys.iter().map(|key| rows?.get(*key).cloned()).collect();
        let bytes: usize = answers.iter().flatten().map(Vec::len).sum();
        (bytes <= bytes_max).then_some(answers)
    }

    fn scan(
        &self,
        partition: u32,
        table: &str,
        from: &[u8],
        until: Option<&[u8]>,
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) {
        let tables = self.0.lock();
        let Some(rows) = tables.rows.get(&(partition, table.to_owned())) else { return };
        let until = until.map_or(Bound::Unbounded, Bound::Excluded);
        for (key, value) in rows.range::<[u8], _>((Bound::Included(from), until)) {
            if !visit(key, value) {
                return;
            }
        }
    }
}
