//! Records that come again.

use std::collections::BTreeMap;

use crate::HostError;
use crate::due::Due;
use crate::rows::{Reader, damaged, keyed, ordered};
use crate::state::Table;
use crate::stream_time::StreamTime;

/// Tells the first record of an id from those that repeat it, by event time.
///
/// A record is a duplicate where one of the same id that was passed lies within `within_ms` of it, before or after, inclusive:
/// so what is passed is never that near to its like, in whichever order it comes. A duplicate does not prolong anything.
///
/// What was passed is remembered for `retention_ms` of *stream time* (the highest event time seen by the task), then deleted.
/// A record that comes later than that is not recognised, and passes. A retention of `within_ms` is enough where records come
/// in order; each millisecond more recognises records that are as much out of order.
///
/// The table holds a row per id, `1 | id`; a row `2 | time | id` for when to look at it; and a row `0` with the stream time.
/// It is this type's alone. Each call MUST end with [`settle`](Self::settle).
pub struct Dedup {
    table: Table,
    within_ms: i64,
    retention_ms: i64,
    stream_time: StreamTime,
    due: Due,
    /// The ids that this call looked at.
    seen: BTreeMap<Vec<u8>, Passed>,
}

/// What passed of an id.
#[derive(Default)]
struct Passed {
    times_ms: Vec<i64>,
    /// When the table says to look at it: no later than the earliest of the times leaves, so that an id whose times move on
    /// costs nothing until then.
    due_ms: Option<i64>,
    is_changed: bool,
}

const PASSED_TAG: u8 = 1;
const DUE_TAG: u8 = 2;
/// How many ids one call forgets, at the most. What waits longer is recognised no longer all the same.
const FORGOTTEN_MAX: usize = 10_000;

impl Dedup {
    /// Goes on from what the table holds. `within_ms` is taken as at least 0, and the retention as at least that.
    pub fn open(table: Table, within_ms: i64, retention_ms: i64) -> Result<Self, HostError> {
        let within_ms = within_ms.max(0);
        Ok(Self {
            within_ms,
            retention_ms: retention_ms.max(within_ms),
            stream_time: StreamTime::open(table.clone())?,
            due: Due::open(table.clone(), DUE_TAG)?,
            table,
            seen: BTreeMap::new(),
        })
    }

    /// Moves stream time on to this event time, where it is later.
    pub fn observe(&mut self, event_time_ms: i64) {
        self.stream_time.observe(event_time_ms);
    }

    /// Asks the host at once for ids that are about to be looked at. Without it each new id asks for itself.
    pub fn fetch<'k>(&self, ids: impl IntoIterator<Item = &'k [u8]>) -> Result<(), HostError> {
        self.table.fetch(ids.into_iter().map(|id| keyed(PASSED_TAG, id)))
    }

    /// Observes a record's event time, and says whether the record is the first of its id: then it counts as passed.
    pub fn is_first(&mut self, event_time_ms: i64, id: &[u8]) -> Result<bool, HostError> {
        self.observe(event_time_ms);
        let retained_from_ms = self.retained_from_ms();
        let within_ms = self.within_ms.unsigned_abs();
        let passed = self.see(id)?;
        let repeats = |passed_ms: i64| passed_ms >= retained_from_ms && passed_ms.abs_diff(event_time_ms) <= within_ms;
        if passed.times_ms.iter().any(|passed_ms| repeats(*passed_ms)) {
            return Ok(false);
        }
        if event_time_ms >= retained_from_ms {
            passed.times_ms.push(event_time_ms);
            passed.is_changed = true;
        }
        Ok(true)
    }

    /// Writes what this call passed, and deletes what is remembered no longer.
    pub fn settle(&mut self) -> Result<(), HostError> {
        let retained_from_ms = self.retained_from_ms();
        let due = self.due.take_before(retained_from_ms, FORGOTTEN_MAX)?;
        self.fetch(due.iter().map(|row| row.name.as_slice()))?;
        for row in due {
            let passed = self.see(&row.name)?;
            passed.due_ms = None;
            passed.is_changed = true;
        }
        for (id, mut passed) in std::mem::take(&mut self.seen) {
            if passed.is_changed {
                passed.times_ms.retain(|passed_ms| *passed_ms >= retained_from_ms);
                self.write(&id, &passed);
            }
        }
        self.stream_time.store();
        Ok(())
    }

    fn retained_from_ms(&self) -> i64 {
        self.stream_time.ago_ms(self.retention_ms)
    }

    fn see(&mut self, id: &[u8]) -> Result<&mut Passed, HostError> {
        if !self.seen.contains_key(id) {
            let passed = self.table.read(keyed(PASSED_TAG, id), read_passed)?.ok_or_else(damaged)?;
            self.seen.insert(id.to_vec(), passed);
        }
        self.seen.get_mut(id).ok_or_else(damaged)
    }

    fn write(&mut self, id: &[u8], passed: &Passed) {
        let earliest_ms = passed.times_ms.iter().min().copied();
        let due_ms = match (passed.due_ms, earliest_ms) {
            (Some(due_ms), Some(earliest_ms)) if due_ms <= earliest_ms => due_ms,
            (due_ms, earliest_ms) => {
                if let Some(due_ms) = due_ms {
                    self.due.delete(due_ms, id);
                }
                let Some(earliest_ms) = earliest_ms else {
                    self.table.delete(keyed(PASSED_TAG, id));
                    return;
                };
                self.due.put(earliest_ms, id, []);
                earliest_ms
            }
        };
        let row =
            std::iter::once(&due_ms).chain(&passed.times_ms).flat_map(|time_ms| ordered(*time_ms)).collect::<Vec<u8>>();
        self.table.put(keyed(PASSED_TAG, id), row);
    }
}

/// When to look at it, then the times.
fn read_passed(row: Option<&[u8]>) -> Option<Passed> {
    let mut passed = Passed::default();
    if let Some(row) = row {
        let mut reader = Reader(row);
        passed.due_ms = Some(reader.number()?);
        while !reader.is_empty() {
            passed.times_ms.push(reader.number()?);
        }
    }
    Some(passed)
}
