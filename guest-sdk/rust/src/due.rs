//! An index by time: which rows of a table have something coming, and when.

use std::ops::Bound;

use crate::HostError;
use crate::rows::{damaged, read_timed, timed};
use crate::state::{Entry, Table};

/// How many rows a scan asks for at once.
const SCAN_ROWS: u32 = 1_000;

/// Rows `tag | time | name` of a table, taken out in the order of time and name. It knows the earliest time, so that a call
/// in which nothing is due asks nothing.
pub(crate) struct Due {
    table: Table,
    tag: u8,
    /// No row is earlier than this; `None` where there is none.
    earliest_ms: Option<i64>,
}

/// A row that was due.
pub(crate) struct DueRow {
    pub(crate) time_ms: i64,
    pub(crate) name: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl Due {
    pub(crate) fn open(table: Table, tag: u8) -> Result<Self, HostError> {
        let mut due = Self { table, tag, earliest_ms: None };
        due.earliest_ms = due.find_earliest(i64::MIN)?;
        Ok(due)
    }

    /// A time that no row is earlier than.
    pub(crate) fn earliest_ms(&self) -> Option<i64> {
        self.earliest_ms
    }

    pub(crate) fn put(&mut self, time_ms: i64, name: &[u8], value: impl Into<Vec<u8>>) {
        self.table.put(timed(self.tag, time_ms, name), value);
        self.earliest_ms = Some(self.earliest_ms.map_or(time_ms, |earliest_ms| earliest_ms.min(time_ms)));
    }

    pub(crate) fn delete(&mut self, time_ms: i64, name: &[u8]) {
        self.table.delete(timed(self.tag, time_ms, name));
    }

    /// Takes out the rows before this time, in order, at most `limit`.
    pub(crate) fn take_before(&mut self, until_ms: i64, limit: usize) -> Result<Vec<DueRow>, HostError> {
        let mut rows = Vec::new();
        let Some(earliest_ms) = self.earliest_ms.filter(|earliest_ms| *earliest_ms < until_ms && limit > 0) else {
            return Ok(rows);
        };
        // What this call took out before is still in the host's table, and a scan from the tag on would pass over all of it.
        let (from, until) = (timed(self.tag, earliest_ms, &[]), timed(self.tag, until_ms, &[]));
        for Entry { key, value } in scan_some(&self.table, from, until, limit)? {
            let (time_ms, name) = read_timed(&key, self.tag).ok_or_else(damaged)?;
            rows.push(DueRow { time_ms, name: name.to_vec(), value });
            self.table.delete(key);
        }
        let more_from_ms = rows.last().filter(|_| rows.len() == limit).map_or(until_ms, |last| last.time_ms);
        self.earliest_ms = self.find_earliest(more_from_ms)?;
        Ok(rows)
    }

    /// From this time on: a scan passes over what a call deleted, so it need not begin there.
    fn find_earliest(&self, from_ms: i64) -> Result<Option<i64>, HostError> {
        let first = self.table.scan(timed(self.tag, from_ms, &[])..vec![self.tag + 1], 1)?.pop();
        first.map(|entry| read_timed(&entry.key, self.tag).map(|(time_ms, _)| time_ms).ok_or_else(damaged)).transpose()
    }
}

/// The rows from one key to before another, at most `limit`, a page after the other.
pub(crate) fn scan_some(table: &Table, from: Vec<u8>, until: Vec<u8>, limit: usize) -> Result<Vec<Entry>, HostError> {
    let mut rows: Vec<Entry> = Vec::new();
    let mut from = Bound::Included(from);
    loop {
        let asked = u32::try_from(limit - rows.len()).unwrap_or(u32::MAX).min(SCAN_ROWS);
        let page = table.scan((from, Bound::Excluded(until.clone())), asked)?;
        let is_last = page.len() < asked as usize;
        rows.extend(page);
        match rows.last() {
            Some(last) if !is_last && rows.len() < limit => from = Bound::Excluded(last.key.clone()),
            _ => return Ok(rows),
        }
    }
}
