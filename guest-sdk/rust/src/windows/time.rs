//! Tumbling and hopping windows: their place in time does not depend on the records.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry::Vacant;
use std::ops::Bound;

use super::{Aggregate, Late, RESULTS_MAX, Windowed};
use crate::rows::{damaged, read_timed, timed, write_timed};
use crate::state::{Entry, Table};
use crate::stream_time::StreamTime;
use crate::{Failure, HostError};

/// Windows of one size, aligned to the epoch.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "a name ends in its unit")]
pub struct TimeWindows {
    size_ms: i64,
    advance_ms: i64,
    grace_ms: i64,
}

/// A record that falls into more windows than this is not worth what it costs.
const WINDOWS_PER_RECORD_MAX: i64 = 1_000;

impl TimeWindows {
    /// Windows that follow one another. A size below 1 is taken as 1.
    pub fn tumbling(size_ms: i64) -> Self {
        Self::hopping(size_ms, size_ms)
    }

    /// Windows that begin at each multiple of `advance_ms`, which is taken as at least 1 and at most the size: else records
    /// would fall between them.
    pub fn hopping(size_ms: i64, advance_ms: i64) -> Self {
        let size_ms = size_ms.max(1);
        Self { size_ms, advance_ms: advance_ms.clamp(1, size_ms), grace_ms: 0 }
    }

    /// How long after its end a window still takes records, in event time; 0 unless said. A window closes when stream time
    /// reaches its end plus the grace.
    #[must_use]
    pub fn with_grace_ms(mut self, grace_ms: i64) -> Self {
        self.grace_ms = grace_ms.max(0);
        self
    }

    /// The starts of the windows that a time falls into, the last first.
    fn starts(&self, time_ms: i64) -> impl Iterator<Item = i64> + use<> {
        let Self { size_ms, advance_ms, .. } = *self;
        let last_ms = time_ms.div_euclid(advance_ms).saturating_mul(advance_ms);
        std::iter::successors(Some(last_ms), move |start_ms| start_ms.checked_sub(advance_ms))
            .take_while(move |start_ms| start_ms.saturating_add(size_ms) > time_ms)
    }
}

/// [`TimeWindows`] with an aggregate per key, kept in a state table. A window is handed out once, when it has closed.
///
/// The table holds a row per window and key, `1 | start | key` with the start so encoded that rows stand in the order of time,
/// and one row `0` with the stream time. A window is retained until it is handed out.
pub struct TimeStore<A> {
    table: Table,
    windows: TimeWindows,
    stream_time: StreamTime,
    /// No window of the table stands before this row key; `None` where it holds none. It spares a scan a call, and scans over
    /// what the call deleted.
    first: Option<Vec<u8>>,
    /// What this call adds, by row key.
    added: BTreeMap<Vec<u8>, A>,
    /// A row key in the making, so that a record for a known window allocates nothing.
    row_key: Vec<u8>,
}

const WINDOW_TAG: u8 = 1;
/// How many rows a scan asks for at once.
const SCAN_ROWS: u32 = 1_000;
/// How many rows are fetched at once: hopping windows make many of a batch, and the host bounds a question.
const FETCH_ROWS: usize = 20_000;

/// A window that has closed, and where it is kept.
struct Closed<A> {
    aggregate: A,
    is_stored: bool,
    /// What is stored is not all of it: this call added to it.
    is_changed: bool,
}

impl<A: Aggregate> TimeStore<A> {
    /// Goes on from what the table holds.
    pub fn open(table: Table, windows: TimeWindows) -> Result<Self, Failure> {
        if windows.size_ms / windows.advance_ms > WINDOWS_PER_RECORD_MAX {
            return Err(Failure::fatal(format!(
                "a record would fall into more than {WINDOWS_PER_RECORD_MAX} windows: make the advance longer or the window \
                 shorter"
            )));
        }
        let first = first_from(&table, vec![WINDOW_TAG])?;
        Ok(Self {
            stream_time: StreamTime::open(table.clone())?,
            table,
            windows,
            first,
            added: BTreeMap::new(),
            row_key: Vec::new(),
        })
    }

    /// Moves stream time on to this event time, where it is later.
    pub fn observe(&mut self, event_time_ms: i64) {
        self.stream_time.observe(event_time_ms);
    }

    /// Observes a record's event time and adds the record to the open ones of the windows it falls in; it is late where none
    /// is open any more.
    pub fn add(&mut self, event_time_ms: i64, key: &[u8], add: impl FnMut(&mut A)) -> Result<(), Late> {
        self.observe(event_time_ms);
        self.add_unobserved(event_time_ms, key, add)
    }

    /// [`add`](Self::add) that leaves stream time where it is: for records of an internal topic, which several tasks emit to. One
    /// of them may be ahead of the others, and stream time is then the watermark alone, which goes by the slowest:
    /// [`observe`](Self::observe) it in [`advance`](crate::Processor::advance).
    pub fn add_unobserved(&mut self, event_time_ms: i64, key: &[u8], mut add: impl FnMut(&mut A)) -> Result<(), Late> {
        let open_from_ms = self.open_from_ms();
        let windows = self.windows;
        for (place, start_ms) in windows.starts(event_time_ms).enumerate() {
            if start_ms < open_from_ms {
                if place > 0 {
                    break;
                }
                let window_end_ms = start_ms.saturating_add(windows.size_ms);
                return Err(Late { window_end_ms, stream_time_ms: self.stream_time.ago_ms(0) });
            }
            write_timed(&mut self.row_key, WINDOW_TAG, start_ms, key);
            if let Some(aggregate) = self.added.get_mut(&self.row_key) {
                add(aggregate);
            } else {
                let mut aggregate = A::default();
                add(&mut aggregate);
                self.added.insert(self.row_key.clone(), aggregate);
            }
        }
        Ok(())
    }

    /// Writes what this call added, and takes out windows that have closed, in the order of their start and key: at most
    /// [`RESULTS_MAX`], the rest with the next calls ([`has_more`](Self::has_more)).
    pub fn settle(&mut self) -> Result<Vec<Windowed<A>>, HostError> {
        let open_from = timed(WINDOW_TAG, self.open_from_ms(), &[]);
        let mut closed = BTreeMap::new();
        let added = std::mem::take(&mut self.added);
        let row_keys: Vec<&Vec<u8>> = added.keys().collect();
        for row_keys in row_keys.chunks(FETCH_ROWS) {
            self.table.fetch(row_keys)?;
        }
        for (row_key, mut aggregate) in added {
            let stored = self.table.read(&row_key, |row| row.map(read_aggregate).transpose())??;
            let is_stored = stored.is_some();
            if let Some(stored) = stored {
                let rest = std::mem::replace(&mut aggregate, stored);
                aggregate.merge(rest);
            }
            if row_key < open_from {
                closed.insert(row_key, Closed { aggregate, is_stored, is_changed: true });
            } else {
                self.put(row_key, &aggregate);
            }
        }
        self.read_closed(&open_from, &mut closed)?;
        self.stream_time.store();
        self.take_closed(closed)
    }

    /// Windows have closed that [`settle`](Self::settle) had no room for. They come with the next calls; a plugin that does not
    /// want to wait for records asks for a call with [`clock::wake_at`](crate::clock::wake_at).
    pub fn has_more(&self) -> bool {
        let first_start = self.first.as_ref().and_then(|first| read_timed(first, WINDOW_TAG));
        first_start.is_some_and(|(start_ms, _)| start_ms < self.open_from_ms())
    }

    /// The earliest start of a window that is still open: `end + grace <= stream time` closes one.
    fn open_from_ms(&self) -> i64 {
        let lifetime_ms = self.windows.size_ms.saturating_add(self.windows.grace_ms);
        // One after, but for the time before the first record, when all are open.
        match self.stream_time.ago_ms(lifetime_ms) {
            i64::MIN => i64::MIN,
            closed_ms => closed_ms + 1,
        }
    }

    fn put(&mut self, row_key: Vec<u8>, aggregate: &A) {
        if self.first.as_ref().is_none_or(|first| row_key < *first) {
            self.first = Some(row_key.clone());
        }
        self.table.put(row_key, aggregate.encode());
    }

    /// Adds the stored windows that have closed, or the first of them: more than there is room for where it is not all. Those
    /// that this call added to are there already, and whole.
    fn read_closed(&mut self, open_from: &[u8], closed: &mut BTreeMap<Vec<u8>, Closed<A>>) -> Result<(), HostError> {
        let Some(first) = self.first.as_ref().filter(|first| first.as_slice() < open_from) else {
            return Ok(());
        };
        let mut from = Bound::Included(first.clone());
        let mut count = 0;
        while count <= RESULTS_MAX {
            // Until a page is empty: one of large rows may be short though others follow.
            let page = self.table.scan((from, Bound::Excluded(open_from.to_vec())), SCAN_ROWS)?;
            let Some(last) = page.last() else {
                self.first = first_from(&self.table, open_from.to_vec())?;
                return Ok(());
            };
            from = Bound::Excluded(last.key.clone());
            count += page.len();
            insert_stored(closed, page)?;
        }
        Ok(())
    }

    /// Hands out what there is room for, and keeps the rest.
    fn take_closed(&mut self, closed: BTreeMap<Vec<u8>, Closed<A>>) -> Result<Vec<Windowed<A>>, HostError> {
        let mut results = Vec::with_capacity(closed.len().min(RESULTS_MAX));
        let mut rest_from = None;
        for (row_key, Closed { aggregate, is_stored, is_changed }) in closed {
            if results.len() < RESULTS_MAX {
                results.push(self.windowed(&row_key, aggregate)?);
                if is_stored {
                    self.table.delete(row_key);
                }
            } else {
                rest_from.get_or_insert_with(|| row_key.clone());
                if is_changed {
                    self.table.put(row_key, aggregate.encode());
                }
            }
        }
        if rest_from.is_some() {
            self.first = rest_from;
        }
        Ok(results)
    }

    fn windowed(&self, row_key: &[u8], aggregate: A) -> Result<Windowed<A>, HostError> {
        let (start_ms, key) = read_timed(row_key, WINDOW_TAG).ok_or_else(damaged)?;
        let end_ms = start_ms.saturating_add(self.windows.size_ms);
        Ok(Windowed { key: key.to_vec(), start_ms, end_ms, aggregate })
    }
}

fn insert_stored<A: Aggregate>(closed: &mut BTreeMap<Vec<u8>, Closed<A>>, page: Vec<Entry>) -> Result<(), HostError> {
    for Entry { key, value } in page {
        if let Vacant(place) = closed.entry(key) {
            place.insert(Closed { aggregate: read_aggregate(&value)?, is_stored: true, is_changed: false });
        }
    }
    Ok(())
}

fn read_aggregate<A: Aggregate>(row: &[u8]) -> Result<A, HostError> {
    A::decode(row).ok_or_else(damaged)
}

/// The row key of the first window from here on.
fn first_from(table: &Table, from: Vec<u8>) -> Result<Option<Vec<u8>>, HostError> {
    let first = table.scan(from.., 1)?.pop().map(|entry| entry.key);
    match &first {
        Some(row_key) if read_timed(row_key, WINDOW_TAG).is_none() => Err(damaged()),
        _ => Ok(first),
    }
}
