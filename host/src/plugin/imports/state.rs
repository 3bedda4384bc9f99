//! State for guests: ordered tables in the host's store, scoped to the task. Writes are staged in the instance and taken
//! by the task, which commits them with the call's output and offset; until then the guest reads its own writes.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use wasmtime::component::Resource;

use super::{Host, wit};
use crate::clock::Clock;
use crate::limits::{
    STATE_GET_BYTES_MAX, STATE_KEY_BYTES_MAX, STATE_KEYS_MAX, STATE_SCAN_BYTES_MAX, STATE_SCAN_ENTRIES_MAX,
    STATE_STAGED_BYTES_MAX, STATE_VALUE_BYTES_MAX,
};
use crate::plugin::base::StateBase;
use crate::store::StoreError;
use crate::store::state::{Change, Entry, Scope};
use crate::telemetry::Metrics;
use wit::state::{Change as WitChange, Entry as WitEntry, KeyRange};
use wit::types::HostError;

/// A table that a guest has open: the index of its name in the description.
#[derive(Clone, Copy, Debug)]
#[expect(unreachable_pub, reason = "the generated bindings export it again")]
pub struct Table(usize);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::plugin) enum Phase {
    /// In `open`: there is no commit that a write could be part of.
    #[default]
    Opening,
    Running,
}

type Staged = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

pub(in crate::plugin) struct State {
    base: StateBase,
    metrics: Arc<Metrics>,
    scope: Scope,
    tables: Vec<String>,
    phase: Phase,
    staged: Vec<Staged>,
    staged_bytes: usize,
}

impl State {
    pub(super) fn new(base: StateBase, metrics: Arc<Metrics>, scope: Scope, tables: Vec<String>) -> Self {
        let staged = vec![Staged::new(); tables.len()];
        Self { base, metrics, scope, tables, phase: Phase::Opening, staged, staged_bytes: 0 }
    }

    pub(in crate::plugin) fn begin_call(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// What the calls since the last take staged.
    pub(in crate::plugin) fn take_staged(&mut self) -> Vec<Change> {
        self.staged_bytes = 0;
        let mut changes = Vec::new();
        for (table, staged) in self.tables.iter().zip(&mut self.staged) {
            for (key, value) in std::mem::take(staged) {
                changes.push(Change { table: table.clone(), key, value });
            }
        }
        changes
    }

    fn get(&self, Table(index): Table, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, HostError> {
        if keys.len() > STATE_KEYS_MAX {
            return Err(HostError::TooLarge(STATE_KEYS_MAX as u64));
        }
        let staged = &self.staged[index];
        let missing: Vec<&[u8]> = keys.iter().filter(|key| !staged.contains_key(*key)).map(Vec::as_slice).collect();
        let stored = if missing.is_empty() {
            Some(Vec::new())
        } else {
            let begun = Clock::instant();
            let found = self.base.get(self.scope, &self.tables[index], &missing, STATE_GET_BYTES_MAX);
            self.metrics.state_get_seconds.observe(begun.elapsed().as_secs_f64());
            found.map_err(unavailable)?
        };
        let too_large = || HostError::TooLarge(STATE_GET_BYTES_MAX as u64);
        let mut stored = stored.ok_or_else(too_large)?.into_iter();
        let mut answers = Vec::with_capacity(keys.len());
        let mut bytes = 0;
        for key in keys {
            match staged.get(key) {
                Some(value) => {
                    bytes += value.as_ref().map_or(0, Vec::len);
                    if bytes > STATE_GET_BYTES_MAX {
                        return Err(too_large());
                    }
                    answers.push(value.clone());
                }
                None => answers.push(stored.next().flatten()),
            }
        }
        Ok(answers)
    }

    fn write(&mut self, Table(index): Table, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Result<(), HostError> {
        if self.phase == Phase::Opening {
            return Err(HostError::Denied(
                "state cannot be written in open, which commits nothing; write it in process or advance".into(),
            ));
        }
        for (key, value) in &changes {
            if key.len() > STATE_KEY_BYTES_MAX {
                return Err(HostError::TooLarge(STATE_KEY_BYTES_MAX as u64));
            }
            if value.as_ref().is_some_and(|value| value.len() > STATE_VALUE_BYTES_MAX) {
                return Err(HostError::TooLarge(STATE_VALUE_BYTES_MAX as u64));
            }
        }
        // Overwriting a staged key counts again: the bound is on what a call writes, not on what it leaves.
        let bytes: usize = changes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len) + 64).sum();
        if self.staged_bytes + bytes > STATE_STAGED_BYTES_MAX {
            return Err(HostError::TooLarge(STATE_STAGED_BYTES_MAX as u64));
        }
        self.staged_bytes += bytes;
        self.staged[index].extend(changes);
        Ok(())
    }

    fn scan(
        &self,
        Table(index): Table,
        from: &[u8],
        until: Option<&[u8]>,
        limit: u32,
    ) -> Result<Vec<Entry>, HostError> {
        let limit = limit.min(STATE_SCAN_ENTRIES_MAX) as usize;
        if limit == 0 || until.is_some_and(|until| until <= from) {
            return Ok(Vec::new());
        }
        let upper = until.map_or(Bound::Unbounded, Bound::Excluded);
        let mut staged = self.staged[index].range::<[u8], _>((Bound::Included(from), upper)).peekable();
        let mut page = Page { entries: Vec::new(), bytes: 0, limit };
        let merge = |key: &[u8], value: &[u8]| {
            while let Some((earlier, change)) = staged.next_if(|(staged, _)| staged.as_slice() < key) {
                if !page.push(earlier, change.as_deref()) {
                    return false;
                }
            }
            match staged.next_if(|(staged, _)| staged.as_slice() == key) {
                Some((_, change)) => page.push(key, change.as_deref()),
                None => page.push(key, Some(value)),
            }
        };
        self.base.scan(self.scope, &self.tables[index], from, until, merge).map_err(unavailable)?;
        for (key, change) in staged {
            if !page.push(key, change.as_deref()) {
                break;
            }
        }
        Ok(page.entries)
    }
}

/// Entries until the first bound.
struct Page {
    entries: Vec<Entry>,
    bytes: usize,
    limit: usize,
}

impl Page {
    /// Takes an entry, unless it is deleted; says whether there is room for more.
    fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> bool {
        if self.is_full() {
            return false;
        }
        if let Some(value) = value {
            self.bytes += key.len() + value.len();
            self.entries.push((key.to_vec(), value.to_vec()));
        }
        !self.is_full()
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= self.limit || self.bytes >= STATE_SCAN_BYTES_MAX
    }
}

fn unavailable(error: StoreError) -> HostError {
    HostError::Unavailable(error.to_string())
}

impl wit::state::Host for Host {}

impl wit::state::HostTable for Host {
    fn open(&mut self, name: String) -> wasmtime::Result<Result<Resource<Table>, HostError>> {
        match self.state.tables.iter().position(|table| *table == name) {
            Some(index) => Ok(Ok(self.resources.push(Table(index))?)),
            None => Ok(Err(HostError::NotFound(format!("table {name:?} in the plugin's description")))),
        }
    }

    fn get(
        &mut self,
        table: Resource<Table>,
        keys: Vec<Vec<u8>>,
    ) -> wasmtime::Result<Result<Vec<Option<Vec<u8>>>, HostError>> {
        let table = *self.resources.get(&table)?;
        Ok(self.state.get(table, &keys))
    }

    fn write(&mut self, table: Resource<Table>, changes: Vec<WitChange>) -> wasmtime::Result<Result<(), HostError>> {
        let table = *self.resources.get(&table)?;
        Ok(self.state.write(table, changes.into_iter().map(|change| (change.key, change.value)).collect()))
    }

    fn scan(
        &mut self,
        table: Resource<Table>,
        range: KeyRange,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<WitEntry>, HostError>> {
        let table = *self.resources.get(&table)?;
        let entries = self.state.scan(table, range.from.as_deref().unwrap_or_default(), range.until.as_deref(), limit);
        Ok(entries.map(|entries| entries.into_iter().map(|(key, value)| WitEntry { key, value }).collect()))
    }

    fn drop(&mut self, table: Resource<Table>) -> wasmtime::Result<()> {
        self.resources.delete(table)?;
        Ok(())
    }
}
