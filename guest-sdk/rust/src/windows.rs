//! Tumbling windows of event time, as Kafka Streams closes them.

use std::collections::BTreeMap;

use crate::HostError;
use crate::state::Table;

/// What a window holds for a key. It is gathered in parts, a part a call, so two parts make a whole.
pub trait Aggregate: Default {
    /// Adds what another part gathered.
    fn merge(&mut self, other: Self);
    /// The stored form.
    fn encode(&self) -> Vec<u8>;
    /// Reads the stored form; `None` where these bytes are none.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// A count, or a sum of what is never negative.
impl Aggregate for u64 {
    fn merge(&mut self, other: Self) {
        *self += other;
    }

    fn encode(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

/// A window that closed: nothing will be added to it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed<A> {
    pub key: Vec<u8>,
    pub start_ms: i64,
    /// Exclusive.
    pub end_ms: i64,
    pub aggregate: A,
}

/// A record whose window had closed when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    /// The end of the record's window.
    pub window_end_ms: i64,
    /// How far event time had come.
    pub stream_time_ms: i64,
}

/// Windows of one size that follow one another from the epoch on, each with an aggregate per key, kept in a state table.
///
/// *Stream time* is the highest event time seen by this task, record by record. A window closes when stream time reaches
/// its end plus the grace, and a record for a closed window is [`Late`]. Both depend on the records and their order alone,
/// not on how they were batched, and stream time is kept in the table: an instance that takes over goes on exactly.
///
/// Each call adds with [`add`](Self::add) and MUST end with [`settle`](Self::settle), which writes what was added.
///
/// The table holds a row per open window and key, `1 | start | key` with the start so encoded that rows stand in the order
/// of time, and one row `0` with the stream time. It is this type's alone.
pub struct TumblingWindows<A> {
    table: Table,
    size_ms: i64,
    grace_ms: i64,
    stream_time_ms: Option<i64>,
    stream_time_stored_ms: Option<i64>,
    /// No window in the table starts before this one; `None` where it holds none. It spares a scan a call.
    oldest_start_ms: Option<i64>,
    /// What this call adds, by row key.
    added: BTreeMap<Vec<u8>, A>,
    /// A row key in the making, so that a record for a known window allocates nothing.
    row_key: Vec<u8>,
}

const STREAM_TIME_KEY: &[u8] = &[0];
const WINDOW_TAG: u8 = 1;
const START_BYTES: usize = 8;
/// How many rows a scan asks for at once when windows close.
const SCAN_ROWS: u32 = 1_000;

impl<A: Aggregate> TumblingWindows<A> {
    /// Goes on from what the table holds. `size_ms` is at least 1 and `grace_ms` at least 0, else they are taken as that.
    pub fn open(table: Table, size_ms: i64, grace_ms: i64) -> Result<Self, HostError> {
        let stream_time_ms = match table.get(STREAM_TIME_KEY)? {
            Some(bytes) => Some(i64::from_be_bytes(bytes.as_slice().try_into().map_err(|_| damaged())?)),
            None => None,
        };
        let mut windows = Self {
            table,
            size_ms: size_ms.max(1),
            grace_ms: grace_ms.max(0),
            stream_time_ms,
            stream_time_stored_ms: stream_time_ms,
            oldest_start_ms: None,
            added: BTreeMap::new(),
            row_key: Vec::new(),
        };
        windows.oldest_start_ms = windows.find_oldest()?;
        Ok(windows)
    }

    /// Moves stream time on to this event time, where it is later.
    pub fn observe(&mut self, event_time_ms: i64) {
        self.stream_time_ms = self.stream_time_ms.max(Some(event_time_ms));
    }

    /// Observes a record's event time and adds the record to the window it falls in.
    pub fn add(&mut self, event_time_ms: i64, key: &[u8], add: impl FnOnce(&mut A)) -> Result<(), Late> {
        self.observe(event_time_ms);
        let start_ms = event_time_ms.div_euclid(self.size_ms).saturating_mul(self.size_ms);
        if let (Some(open_from_ms), Some(stream_time_ms)) = (self.open_from_ms(), self.stream_time_ms)
            && start_ms < open_from_ms
        {
            return Err(Late { window_end_ms: start_ms.saturating_add(self.size_ms), stream_time_ms });
        }
        write_row_key(&mut self.row_key, start_ms, key);
        if let Some(aggregate) = self.added.get_mut(&self.row_key) {
            add(aggregate);
        } else {
            let mut aggregate = A::default();
            add(&mut aggregate);
            self.added.insert(self.row_key.clone(), aggregate);
        }
        Ok(())
    }

    /// Writes what this call added, and takes out the windows that have closed, in the order of their start and key.
    pub fn settle(&mut self) -> Result<Vec<Closed<A>>, HostError> {
        let open_from_ms = self.open_from_ms();
        let mut closed = BTreeMap::new();

        let mut added = std::mem::take(&mut self.added);
        let stored = self.table.get_many(added.keys())?;
        for (aggregate, stored) in added.values_mut().zip(stored) {
            if let Some(bytes) = stored {
                let rest = std::mem::replace(aggregate, A::decode(&bytes).ok_or_else(damaged)?);
                aggregate.merge(rest);
            }
        }
        for (row_key, aggregate) in added {
            let (start_ms, _) = read_row_key(&row_key).ok_or_else(damaged)?;
            if open_from_ms.is_some_and(|open_from_ms| start_ms < open_from_ms) {
                closed.insert(row_key, aggregate);
            } else {
                self.oldest_start_ms = Some(self.oldest_start_ms.map_or(start_ms, |oldest| oldest.min(start_ms)));
                self.table.put(row_key, aggregate.encode());
            }
        }
        if let Some(open_from_ms) = open_from_ms
            && self.oldest_start_ms.is_some_and(|oldest_ms| oldest_ms < open_from_ms)
        {
            self.take_stored(open_from_ms, &mut closed)?;
            self.oldest_start_ms = self.find_oldest()?;
        }
        if let Some(stream_time_ms) = self.stream_time_ms
            && self.stream_time_ms != self.stream_time_stored_ms
        {
            self.table.put(STREAM_TIME_KEY, stream_time_ms.to_be_bytes());
            self.stream_time_stored_ms = self.stream_time_ms;
        }
        closed.into_iter().map(|(row_key, aggregate)| self.closed(&row_key, aggregate)).collect()
    }

    /// The earliest start of a window that is still open: `end + grace <= stream time` closes one.
    fn open_from_ms(&self) -> Option<i64> {
        let stream_time_ms = self.stream_time_ms?;
        Some(stream_time_ms.saturating_sub(self.size_ms).saturating_sub(self.grace_ms).saturating_add(1))
    }

    /// Moves the stored rows of closed windows out of the table; rows that this call added to are there already, and whole.
    fn take_stored(&self, open_from_ms: i64, closed: &mut BTreeMap<Vec<u8>, A>) -> Result<(), HostError> {
        let mut until = Vec::new();
        write_row_key(&mut until, open_from_ms, &[]);
        loop {
            // Rows are deleted as they are read, and a scan does not see what this call deleted.
            let page = self.table.scan(vec![WINDOW_TAG]..until.clone(), SCAN_ROWS)?;
            if page.is_empty() {
                return Ok(());
            }
            for entry in page {
                if !closed.contains_key(&entry.key) {
                    closed.insert(entry.key.clone(), A::decode(&entry.value).ok_or_else(damaged)?);
                }
                self.table.delete(entry.key);
            }
        }
    }

    fn find_oldest(&self) -> Result<Option<i64>, HostError> {
        let first = self.table.scan(vec![WINDOW_TAG].., 1)?.pop();
        first.map(|entry| read_row_key(&entry.key).map(|(start_ms, _)| start_ms).ok_or_else(damaged)).transpose()
    }

    fn closed(&self, row_key: &[u8], aggregate: A) -> Result<Closed<A>, HostError> {
        let (start_ms, key) = read_row_key(row_key).ok_or_else(damaged)?;
        Ok(Closed { key: key.to_vec(), start_ms, end_ms: start_ms.saturating_add(self.size_ms), aggregate })
    }
}

/// Flipping the sign bit makes the order of the bytes the order of the numbers.
const SIGN: u64 = 1 << 63;

fn write_row_key(row_key: &mut Vec<u8>, start_ms: i64, key: &[u8]) {
    row_key.clear();
    row_key.push(WINDOW_TAG);
    row_key.extend_from_slice(&(start_ms.cast_unsigned() ^ SIGN).to_be_bytes());
    row_key.extend_from_slice(key);
}

fn read_row_key(row_key: &[u8]) -> Option<(i64, &[u8])> {
    let (&WINDOW_TAG, rest) = row_key.split_first()? else {
        return None;
    };
    let (start, key) = rest.split_first_chunk::<START_BYTES>()?;
    Some(((u64::from_be_bytes(*start) ^ SIGN).cast_signed(), key))
}

fn damaged() -> HostError {
    HostError::Other("the table of windows holds rows of another form; was it used by another plugin?".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_stand_in_the_order_of_start_and_key(
            a in (any::<i64>(), any::<Vec<u8>>()),
            b in (any::<i64>(), any::<Vec<u8>>()),
        ) {
            let (mut row_a, mut row_b) = (Vec::new(), Vec::new());
            write_row_key(&mut row_a, a.0, &a.1);
            write_row_key(&mut row_b, b.0, &b.1);
            prop_assert_eq!(row_a.cmp(&row_b), a.cmp(&b));
            prop_assert_eq!(read_row_key(&row_a), Some((a.0, a.1.as_slice())));
        }
    }

    #[test]
    fn other_rows_are_not_windows() {
        assert_eq!(read_row_key(STREAM_TIME_KEY), None);
        assert_eq!(read_row_key(&[WINDOW_TAG, 0, 0]), None);
        assert_eq!(read_row_key(&[]), None);
    }
}
