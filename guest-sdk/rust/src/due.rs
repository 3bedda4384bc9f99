//! An index by time: which rows of a table have something coming, and when.

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
        due.earliest_ms = due.find_earliest()?;
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

    /// Takes out a page of the rows before this time, in order; an empty one when there is none left.
    pub(crate) fn take_before(&mut self, until_ms: i64) -> Result<Vec<DueRow>, HostError> {
        if self.earliest_ms.is_none_or(|earliest_ms| earliest_ms >= until_ms) {
            return Ok(Vec::new());
        }
        let page = self.table.scan(vec![self.tag]..timed(self.tag, until_ms, &[]), SCAN_ROWS)?;
        let mut rows = Vec::with_capacity(page.len());
        for Entry { key, value } in page {
            let (time_ms, name) = read_timed(&key, self.tag).ok_or_else(damaged)?;
            rows.push(DueRow { time_ms, name: name.to_vec(), value });
            self.table.delete(key);
        }
        self.earliest_ms = match rows.last() {
            // More may stand behind a full page.
            Some(last) if rows.len() == SCAN_ROWS as usize => Some(last.time_ms),
            _ => self.find_earliest()?,
        };
        Ok(rows)
    }

    pub(crate) fn find_earliest(&self) -> Result<Option<i64>, HostError> {
        let first = self.table.scan(vec![self.tag]..vec![self.tag + 1], 1)?.pop();
        first.map(|entry| read_timed(&entry.key, self.tag).map(|(time_ms, _)| time_ms).ok_or_else(damaged)).transpose()
    }
}
