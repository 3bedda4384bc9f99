//! Session windows: bursts of activity, with silence between them.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Aggregate, Late, RESULTS_MAX};
use crate::HostError;
use crate::rows::{Reader, damaged, keyed, ordered, read_timed, timed, write_bytes};
use crate::state::{Entry, Table};
use crate::stream_time::StreamTime;

/// How far apart records may be and still be of one session.
#[derive(Debug, Clone, Copy)]
pub struct SessionWindows {
    gap_ms: i64,
    grace_ms: i64,
}

impl SessionWindows {
    /// A record joins a session of its key that it is no further from than the gap, inclusive; where it is that near to two it
    /// makes them one. The gap is taken as at least 0.
    pub fn with_gap_ms(gap_ms: i64) -> Self {
        Self { gap_ms: gap_ms.max(0), grace_ms: 0 }
    }

    /// How much longer than the gap a session stays open, in event time; 0 unless said. A session closes when stream time is
    /// beyond its end plus the gap plus the grace.
    #[must_use]
    pub fn with_grace_ms(mut self, grace_ms: i64) -> Self {
        self.grace_ms = grace_ms.max(0);
        self
    }
}

/// A session that has closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session<A> {
    pub key: Vec<u8>,
    /// The time of its first record.
    pub start_ms: i64,
    /// The time of its last record.
    pub end_ms: i64,
    pub aggregate: A,
}

/// [`SessionWindows`] with an aggregate per session, kept in a state table. A session is handed out once, when it has closed.
///
/// A closed session is final. So a record that is near to one and not late begins a session of its own, although Kafka Streams
/// would add it to what it had emitted: it is more out of order than the grace, and less than the grace and the gap.
///
/// The table holds a row per key that has sessions, `1 | key`; a row `2 | time | key` for when to look at it; and a row `0`
/// with the stream time. That time is no later than the end of the key's first session, so a session that grows costs nothing
/// until then.
pub struct SessionStore<A> {
    table: Table,
    windows: SessionWindows,
    stream_time: StreamTime,
    /// No key has to be looked at earlier; `None` where there is none. It spares a scan a call.
    due_from_ms: Option<i64>,
    /// The keys that this call saw.
    seen: BTreeMap<Vec<u8>, Sessions<A>>,
}

const KEY_TAG: u8 = 1;
const DUE_TAG: u8 = 2;
/// How many rows a scan asks for at once.
const SCAN_ROWS: u32 = 1_000;

/// The sessions of a key that were not handed out yet, in the order of their start.
struct Sessions<A> {
    list: Vec<Session<A>>,
    is_changed: bool,
    /// When the table says to look at them; `None` where it has no such key.
    due_ms: Option<i64>,
}

impl<A: Aggregate> SessionStore<A> {
    /// Goes on from what the table holds.
    pub fn open(table: Table, windows: SessionWindows) -> Result<Self, HostError> {
        let due_from_ms = first_due(&table, i64::MIN)?;
        let stream_time = StreamTime::open(table.clone())?;
        Ok(Self { table, windows, stream_time, due_from_ms, seen: BTreeMap::new() })
    }

    /// Moves stream time on to this event time, where it is later.
    pub fn observe(&mut self, event_time_ms: i64) {
        self.stream_time.observe(event_time_ms);
    }

    /// Asks the host at once for the sessions of keys that are about to be added to. Without it each new key asks for itself.
    pub fn fetch<'k>(&self, keys: impl IntoIterator<Item = &'k [u8]>) -> Result<(), HostError> {
        self.table.fetch(keys.into_iter().filter(|key| !self.seen.contains_key(*key)).map(|key| keyed(KEY_TAG, key)))
    }

    /// Observes a record's event time and adds the record to its session. It is late where the session that it would be in has
    /// closed; the outer error is the host's.
    pub fn add(
        &mut self,
        event_time_ms: i64,
        key: &[u8],
        add: impl FnOnce(&mut A),
    ) -> Result<Result<(), Late>, HostError> {
        self.observe(event_time_ms);
        let (open_from_ms, gap_ms) = (self.open_from_ms(), self.windows.gap_ms);
        let stream_time_ms = self.stream_time.ago_ms(0);
        let sessions = self.see(key)?;
        let is_joined = |session: &Session<A>| {
            session.end_ms >= open_from_ms
                && session.start_ms.saturating_sub(gap_ms) <= event_time_ms
                && event_time_ms <= session.end_ms.saturating_add(gap_ms)
        };
        if event_time_ms < open_from_ms && !sessions.list.iter().any(is_joined) {
            return Ok(Err(Late { window_end_ms: event_time_ms, stream_time_ms }));
        }
        sessions.is_changed = true;
        // From the earlier to the later, which is how `merge` wants them.
        let merged = sessions.list.extract_if(.., |session| is_joined(session)).reduce(|mut whole, later| {
            whole.end_ms = whole.end_ms.max(later.end_ms);
            whole.aggregate.merge(later.aggregate);
            whole
        });
        let mut session = merged.unwrap_or_else(|| Session {
            key: key.to_vec(),
            start_ms: event_time_ms,
            end_ms: event_time_ms,
            aggregate: A::default(),
        });
        session.start_ms = session.start_ms.min(event_time_ms);
        session.end_ms = session.end_ms.max(event_time_ms);
        add(&mut session.aggregate);
        sessions.insert(session);
        Ok(Ok(()))
    }

    /// Writes what this call added, and takes out sessions that have closed, in the order of their end and key: at most
    /// [`RESULTS_MAX`], the rest with the next calls ([`has_more`](Self::has_more)).
    pub fn settle(&mut self) -> Result<Vec<Session<A>>, HostError> {
        let open_from_ms = self.open_from_ms();
        let seen_until = self.see_due(open_from_ms)?;
        let mut closed: Vec<Session<A>> = Vec::new();
        for sessions in self.seen.values_mut() {
            closed.extend(sessions.list.extract_if(.., |session| session.end_ms < open_from_ms));
        }
        closed.sort_unstable_by(|a, b| a.place().cmp(&b.place()));
        // Those of keys that were not seen come after all that is handed out.
        let seen = seen_until.as_ref().map_or(closed.len(), |(due_ms, key)| {
            closed.partition_point(|session| session.place() <= (*due_ms, key.as_slice()))
        });
        let waiting = closed.split_off(seen.min(RESULTS_MAX));
        for session in &closed {
            self.see(&session.key)?.is_changed = true;
        }
        let is_all = seen_until.is_none() && waiting.is_empty();
        for session in waiting {
            self.see(&session.key)?.insert(session);
        }
        for (key, sessions) in std::mem::take(&mut self.seen) {
            self.write(&key, &sessions, open_from_ms);
        }
        if is_all && self.due_from_ms.is_some_and(|due_from_ms| due_from_ms < open_from_ms) {
            self.due_from_ms = first_due(&self.table, open_from_ms)?;
        }
        self.stream_time.store();
        Ok(closed)
    }

    /// Sessions have closed that [`settle`](Self::settle) had no room for. They come with the next calls; a plugin that does not
    /// want to wait for records asks for a call with [`clock::wake_at`](crate::clock::wake_at).
    pub fn has_more(&self) -> bool {
        self.due_from_ms.is_some_and(|due_from_ms| due_from_ms < self.open_from_ms())
    }

    /// A session that ends before this time has closed.
    fn open_from_ms(&self) -> i64 {
        self.stream_time.ago_ms(self.windows.gap_ms.saturating_add(self.windows.grace_ms))
    }

    fn see(&mut self, key: &[u8]) -> Result<&mut Sessions<A>, HostError> {
        if !self.seen.contains_key(key) {
            let sessions = self.table.read(keyed(KEY_TAG, key), |row| read_sessions(key, row))?.ok_or_else(damaged)?;
            self.seen.insert(key.to_vec(), sessions);
        }
        self.seen.get_mut(key).ok_or_else(damaged)
    }

    /// Sees the keys that may have closed sessions, in the order of when to look at them; a bounded number, since each may have
    /// to be written. Says the last one's time and key where there may be more.
    fn see_due(&mut self, open_from_ms: i64) -> Result<Option<(i64, Vec<u8>)>, HostError> {
        let Some(due_from_ms) = self.due_from_ms.filter(|due_from_ms| *due_from_ms < open_from_ms) else {
            return Ok(None);
        };
        let mut from = Bound::Included(timed(DUE_TAG, due_from_ms, &[]));
        let mut count = 0;
        loop {
            let page = self.table.scan((from, Bound::Excluded(timed(DUE_TAG, open_from_ms, &[]))), SCAN_ROWS)?;
            let due = page.iter().map(|Entry { key, .. }| read_timed(key, DUE_TAG).ok_or_else(damaged));
            let due = due.collect::<Result<Vec<_>, _>>()?;
            self.fetch(due.iter().map(|(_, key)| *key))?;
            for (_, key) in &due {
                self.see(key)?;
            }
            let Some((due_ms, key)) = due.last().filter(|_| page.len() == SCAN_ROWS as usize) else {
                return Ok(None);
            };
            count += page.len();
            if count >= RESULTS_MAX {
                return Ok(Some((*due_ms, key.to_vec())));
            }
            from = Bound::Excluded(timed(DUE_TAG, *due_ms, key));
        }
    }

    fn write(&mut self, key: &[u8], sessions: &Sessions<A>, open_from_ms: i64) {
        let earliest_ms = sessions.list.iter().map(|session| session.end_ms).min();
        // A time that has not come is early enough. One that has is made exact, so that no look is for nothing twice.
        let is_kept =
            |due_ms: &i64| *due_ms >= open_from_ms && earliest_ms.is_some_and(|earliest_ms| *due_ms <= earliest_ms);
        let due_ms = sessions.due_ms.filter(is_kept).or(earliest_ms);
        if due_ms != sessions.due_ms {
            if let Some(due_ms) = sessions.due_ms {
                self.table.delete(timed(DUE_TAG, due_ms, key));
            }
            if let Some(due_ms) = due_ms {
                self.table.put(timed(DUE_TAG, due_ms, key), []);
                self.due_from_ms = Some(self.due_from_ms.map_or(due_ms, |due_from_ms| due_from_ms.min(due_ms)));
            }
        } else if !sessions.is_changed {
            return;
        }
        match due_ms {
            Some(due_ms) => self.table.put(keyed(KEY_TAG, key), write_sessions(due_ms, &sessions.list)),
            // A key that came and went within this call was never stored.
            None if sessions.due_ms.is_some() => self.table.delete(keyed(KEY_TAG, key)),
            None => {}
        }
    }
}

impl<A> Session<A> {
    /// In the order of what is handed out.
    fn place(&self) -> (i64, &[u8]) {
        (self.end_ms, &self.key)
    }
}

impl<A> Sessions<A> {
    fn insert(&mut self, session: Session<A>) {
        let place = self.list.partition_point(|other| other.start_ms < session.start_ms);
        self.list.insert(place, session);
    }
}

fn write_sessions<A: Aggregate>(due_ms: i64, list: &[Session<A>]) -> Vec<u8> {
    let mut row = ordered(due_ms).to_vec();
    for Session { start_ms, end_ms, aggregate, .. } in list {
        row.extend_from_slice(&ordered(*start_ms));
        row.extend_from_slice(&ordered(*end_ms));
        write_bytes(&mut row, &aggregate.encode());
    }
    row
}

fn read_sessions<A: Aggregate>(key: &[u8], row: Option<&[u8]>) -> Option<Sessions<A>> {
    let mut sessions = Sessions { list: Vec::new(), is_changed: false, due_ms: None };
    if let Some(row) = row {
        let mut reader = Reader(row);
        sessions.due_ms = Some(reader.number()?);
        while !reader.is_empty() {
            let (start_ms, end_ms) = (reader.number()?, reader.number()?);
            let aggregate = A::decode(reader.bytes()?)?;
            sessions.list.push(Session { key: key.to_vec(), start_ms, end_ms, aggregate });
        }
    }
    Some(sessions)
}

/// When to look at a key, the first time from this one on.
fn first_due(table: &Table, from_ms: i64) -> Result<Option<i64>, HostError> {
    let first = table.scan(timed(DUE_TAG, from_ms, &[])..vec![DUE_TAG + 1], 1)?.pop();
    first.map(|entry| read_timed(&entry.key, DUE_TAG).map(|(due_ms, _)| due_ms).ok_or_else(damaged)).transpose()
}
