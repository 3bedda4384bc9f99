//! Durable, ordered tables that live in the host.
//!
//! Within one call a table remembers what it read and gathers what is written; the writes go to the host in one batch when
//! the call has succeeded, and are forgotten when it has failed. Between calls nothing is remembered here.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::ops::{Bound, RangeBounds};
use std::rc::Rc;

use crate::HostError;
pub use crate::bindings::kafka_do::plugin::state::Entry;
use crate::bindings::kafka_do::plugin::state::{Change, KeyRange};
use crate::imports;

/// A table that the plugin's description declares, its rows scoped to this deployment and partition.
///
/// Clones, and tables opened under the same name, are one table.
#[derive(Clone)]
pub struct Table(Rc<RefCell<Rows>>);

struct Rows {
    name: String,
    table: imports::state::Table,
    /// What this call knows: rows read, and rows to write.
    known: BTreeMap<Vec<u8>, Row>,
}

struct Row {
    /// `None` where there is no such row, or no longer.
    value: Option<Vec<u8>>,
    staged: bool,
}

thread_local! {
    /// The tables that were opened, by which one name is one table. They stay, so that what was written to a table counts
    /// even where the plugin drops its handle before the call ends.
    static TABLES: RefCell<Vec<Rc<RefCell<Rows>>>> = const { RefCell::new(Vec::new()) };
    /// The same, as the end of a call sees them. Only `Table::open` names what stands behind the trait, so a plugin that
    /// opens no table does not import `state`.
    static GATHERED: RefCell<Vec<Rc<dyn Gathered>>> = const { RefCell::new(Vec::new()) };
}

/// What a call gathers for its end.
trait Gathered {
    /// Hands the writes to the host, as one batch.
    fn write(&self) -> Result<(), HostError>;
    /// Forgets all, and says whether there was anything to write.
    fn forget(&self) -> bool;
}

impl Gathered for RefCell<Rows> {
    fn write(&self) -> Result<(), HostError> {
        let Rows { table, known, .. } = &mut *self.borrow_mut();
        let changes: Vec<Change> = std::mem::take(known)
            .into_iter()
            .filter(|(_, row)| row.staged)
            .map(|(key, row)| Change { key, value: row.value })
            .collect();
        if changes.is_empty() { Ok(()) } else { table.write(&changes) }
    }

    fn forget(&self) -> bool {
        std::mem::take(&mut self.borrow_mut().known).values().any(|row| row.staged)
    }
}

impl Rows {
    /// Asks the host for those of the rows that this call has not seen yet.
    fn fetch<K: AsRef<[u8]>>(&mut self, keys: &[K]) -> Result<(), HostError> {
        let mut asked = HashSet::new();
        let unseen: Vec<Vec<u8>> = keys
            .iter()
            .map(AsRef::as_ref)
            .filter(|key| !self.known.contains_key(*key) && asked.insert(*key))
            .map(<[u8]>::to_vec)
            .collect();
        if !unseen.is_empty() {
            let values = self.table.get(&unseen)?;
            self.known.extend(unseen.into_iter().zip(values).map(|(key, value)| (key, Row { value, staged: false })));
        }
        Ok(())
    }
}

impl Table {
    /// Opens a declared table; [`HostError::NotFound`] where the description does not name it.
    pub fn open(name: &str) -> Result<Self, HostError> {
        let table = imports::state::Table::open(name)?;
        let shared = TABLES.with_borrow(|tables| tables.iter().find(|rows| rows.borrow().name == name).cloned());
        let rows = shared.unwrap_or_else(|| {
            let rows = Rows { name: name.to_owned(), table, known: BTreeMap::new() };
            let rows = Rc::new(RefCell::new(rows));
            TABLES.with_borrow_mut(|tables| tables.push(rows.clone()));
            GATHERED.with_borrow_mut(|gathered| gathered.push(rows.clone()));
            rows
        });
        Ok(Self(rows))
    }

    /// The value of a row, including what this call has written.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, HostError> {
        self.read(key, |value| value.map(<[u8]>::to_vec))
    }

    /// [`get`](Self::get) without a copy: `look` sees the value where it lies. It MUST NOT use the table meanwhile.
    pub fn read<R>(&self, key: impl AsRef<[u8]>, look: impl FnOnce(Option<&[u8]>) -> R) -> Result<R, HostError> {
        let key = key.as_ref();
        let Rows { table, known, .. } = &mut *self.0.borrow_mut();
        if let Some(row) = known.get(key) {
            return Ok(look(row.value.as_deref()));
        }
        let asked = [key.to_vec()];
        let value = table.get(&asked)?.pop().flatten();
        let [key] = asked;
        let row = known.entry(key).or_insert(Row { value, staged: false });
        Ok(look(row.value.as_deref()))
    }

    /// Fetches rows in one question to the host, where a batch is about to read them one by one.
    pub fn fetch<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<(), HostError> {
        let keys: Vec<K> = keys.into_iter().collect();
        self.0.borrow_mut().fetch(&keys)
    }

    /// One answer per key, in order: rows that this call has not seen yet are fetched together, in one question to the host.
    pub fn get_many<K: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Option<Vec<u8>>>, HostError> {
        let keys: Vec<K> = keys.into_iter().collect();
        let mut rows = self.0.borrow_mut();
        rows.fetch(&keys)?;
        Ok(keys.iter().map(|key| rows.known.get(key.as_ref()).and_then(|row| row.value.clone())).collect())
    }

    /// Sets a row, when the call has succeeded.
    pub fn put(&self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.stage(key.into(), Some(value.into()));
    }

    /// Removes a row, when the call has succeeded.
    pub fn delete(&self, key: impl Into<Vec<u8>>) {
        self.stage(key.into(), None);
    }

    /// At most `limit` rows in key order, including what this call has written; page on from after the last key.
    pub fn scan<K: AsRef<[u8]>>(&self, range: impl RangeBounds<K>, limit: u32) -> Result<Vec<Entry>, HostError> {
        let mut from = match range.start_bound() {
            Bound::Included(key) => Some(key.as_ref().to_vec()),
            Bound::Excluded(key) => Some(after(key.as_ref())),
            Bound::Unbounded => None,
        };
        let until = match range.end_bound() {
            Bound::Included(key) => Some(after(key.as_ref())),
            Bound::Excluded(key) => Some(key.as_ref().to_vec()),
            Bound::Unbounded => None,
        };
        let limit = limit as usize;
        let rows = self.0.borrow();
        let mut entries = Vec::new();
        // A page of the host's, with this call's own writes laid over it, may be shorter than it was: so go on.
        while entries.len() < limit && from.as_ref().zip(until.as_ref()).is_none_or(|(from, until)| from < until) {
            let asked = u32::try_from(limit - entries.len()).unwrap_or(u32::MAX).min(PAGE_ROWS);
            let page = rows.table.scan(&KeyRange { from: from.clone(), until: until.clone() }, asked)?;
            // Where the host has more rows, the writes after its last one belong to a later page.
            let is_cut = page.len() >= asked as usize
                || page.iter().map(|entry| entry.key.len() + entry.value.len()).sum::<usize>() >= PAGE_BYTES;
            let more = page.last().filter(|_| is_cut).map(|last| after(&last.key));
            let staged_from = from.map_or(Bound::Unbounded, Bound::Included);
            let staged_until =
                more.as_ref().or(until.as_ref()).map_or(Bound::Unbounded, |key| Bound::Excluded(key.clone()));

            let mut merged: BTreeMap<Vec<u8>, Option<Vec<u8>>> =
                page.into_iter().map(|entry| (entry.key, Some(entry.value))).collect();
            for (key, row) in rows.known.range((staged_from, staged_until)).filter(|(_, row)| row.staged) {
                merged.insert(key.clone(), row.value.clone());
            }
            entries.extend(merged.into_iter().filter_map(|(key, value)| Some(Entry { key, value: value? })));
            match more {
                Some(key) => from = Some(key),
                None => break,
            }
        }
        entries.truncate(limit);
        Ok(entries)
    }

    fn stage(&self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.0.borrow_mut().known.insert(key, Row { value, staged: true });
    }
}

/// What the host answers at once: so many rows, and of large ones fewer, but never under so many bytes where there are more.
const PAGE_ROWS: u32 = 10_000;
const PAGE_BYTES: usize = 1 << 20;

/// The first key after this one.
fn after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// Hands what the call gathered to the host, one batch a table.
pub(crate) fn write_staged() -> Result<(), HostError> {
    GATHERED.with_borrow(|all| all.iter().try_for_each(|gathered| gathered.write()))
}

/// Forgets what the call gathered, and says whether there was anything to write.
pub(crate) fn forget_staged() -> bool {
    GATHERED.with_borrow(|all| all.iter().fold(false, |any, gathered| gathered.forget() | any))
}
