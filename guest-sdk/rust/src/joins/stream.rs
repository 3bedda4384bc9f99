//! A stream-stream join.

use super::JoinKind;
use crate::HostError;
use crate::due::{Due, scan_some};
use crate::rows::{Reader, damaged, from_ordered, ordered, write_bytes};
use crate::state::Table;
use crate::stream_time::StreamTime;
use crate::windows::{Late, RESULTS_MAX};

/// Which stream, or table, a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// What this side and the other have, as left and right.
    pub(super) fn in_order<T>(self, own: T, other: T) -> (T, T) {
        match self {
            Self::Left => (own, other),
            Self::Right => (other, own),
        }
    }

    fn tag(self) -> u8 {
        match self {
            Self::Left => 0,
            Self::Right => 1,
        }
    }
}

/// How near in time two records must be (Kafka Streams' `JoinWindows`): a right record joins a left one where its time is at
/// most `before_ms` before the left one's and at most `after_ms` after it, both inclusive.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "units stand last in names")]
pub struct JoinWindows {
    before_ms: i64,
    after_ms: i64,
    grace_ms: i64,
}

impl JoinWindows {
    /// As far before as after. A negative time is taken as 0.
    pub fn of_difference_ms(difference_ms: i64) -> Self {
        Self { before_ms: difference_ms.max(0), after_ms: difference_ms.max(0), grace_ms: 0 }
    }

    /// How long before a left record a right one may be. A negative time is taken as 0.
    #[must_use]
    pub fn with_before_ms(mut self, before_ms: i64) -> Self {
        self.before_ms = before_ms.max(0);
        self
    }

    /// How long after a left record a right one may be. A negative time is taken as 0.
    #[must_use]
    pub fn with_after_ms(mut self, after_ms: i64) -> Self {
        self.after_ms = after_ms.max(0);
        self
    }

    /// How long after its end a record's window is still open, in event time; 0 unless said.
    #[must_use]
    pub fn with_grace_ms(mut self, grace_ms: i64) -> Self {
        self.grace_ms = grace_ms.max(0);
        self
    }

    /// How far a record of this side reaches back and ahead on the other side.
    fn reach_ms(&self, side: Side) -> (i64, i64) {
        side.in_order(self.before_ms, self.after_ms)
    }
}

/// Two records that met, or one that met none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined<'a> {
    pub key: &'a [u8],
    pub left: Option<&'a [u8]>,
    pub right: Option<&'a [u8]>,
    /// The later one of their times.
    pub time_ms: i64,
}

/// Records of two streams that meet by key and time (Kafka Streams' `KStream.join`, `leftJoin` and `outerJoin`).
///
/// A record's *window* is the times on the other side that it joins. It is open until stream time (the highest event time of
/// both sides) is beyond its end plus the grace. Two records join when the later one comes, while the windows of both are
/// open. In a left or outer join a record that has met none is handed out alone, when its window closes: its result is final,
/// as in Kafka Streams since 3.1 (KIP-633). A record whose window has closed when it comes is [`Late`].
///
/// Results and their order depend on the records and their order alone, not on batches: what closes is handed out before the
/// record that closed it joins. Records that close at one time come in the order in which they came, and the partners of a
/// record in the order of their times. Where more than [`RESULTS_MAX`] windows close in one call, the others wait for the next
/// calls ([`has_more`](Self::has_more)). They keep their order, and their records meet none any more.
///
/// The table holds a row per record whose window is open, `1 | key | side | time | number`; a row `2 | end of window | number`
/// for when it closes; a row `0` with the stream time and one `0 0` with the next number. It is this type's alone. Each call
/// MUST end with [`settle`](Self::settle).
pub struct StreamJoin {
    table: Table,
    windows: JoinWindows,
    kind: JoinKind,
    stream_time: StreamTime,
    closing: Due,
    /// How many windows this call may still close.
    room: usize,
    next_number: i64,
    next_number_stored: i64,
}

const NEXT_NUMBER_KEY: &[u8] = &[0, 0];
const RECORD_TAG: u8 = 1;
const CLOSING_TAG: u8 = 2;
/// Before a record's payload stands whether it has met another.
const ALONE: u8 = 0;
const JOINED: u8 = 1;

impl StreamJoin {
    /// Goes on from what the table holds.
    pub fn open(table: Table, windows: JoinWindows, kind: JoinKind) -> Result<Self, HostError> {
        let next_number = table.read(NEXT_NUMBER_KEY, |row| {
            row.map_or(Ok(0), |row| row.try_into().map(from_ordered).map_err(|_| damaged()))
        })??;
        Ok(Self {
            windows,
            kind,
            stream_time: StreamTime::open(table.clone())?,
            closing: Due::open(table.clone(), CLOSING_TAG)?,
            table,
            room: RESULTS_MAX,
            next_number,
            next_number_stored: next_number,
        })
    }

    /// Moves stream time on to this event time, where it is later, and hands out what closes by it.
    pub fn observe(&mut self, event_time_ms: i64, emit: &mut impl FnMut(Joined<'_>)) -> Result<(), HostError> {
        self.stream_time.observe(event_time_ms);
        self.close(emit)
    }

    /// A record of one side: observes its event time, then hands out what it joins. The outer error is the host's.
    pub fn add(
        &mut self,
        side: Side,
        event_time_ms: i64,
        key: &[u8],
        payload: &[u8],
        emit: &mut impl FnMut(Joined<'_>),
    ) -> Result<Result<(), Late>, HostError> {
        self.observe(event_time_ms, emit)?;
        let (back_ms, _) = self.windows.reach_ms(side);
        let end_ms = self.end_ms(side, event_time_ms);
        if end_ms < self.open_from_ms() {
            return Ok(Err(Late { window_end_ms: end_ms, stream_time_ms: self.stream_time.ago_ms(0) }));
        }
        let (first_ms, last_ms) = (event_time_ms.saturating_sub(back_ms), end_ms);
        let mut has_met = false;
        let others = record_key(key, side.other(), first_ms, i64::MIN);
        let others_end = record_key(key, side.other(), last_ms, i64::MAX);
        for entry in scan_some(&self.table, others, others_end, usize::MAX)? {
            let (flag, partner) = entry.value.split_first().ok_or_else(damaged)?;
            let partner_ms = record_time(&entry.key).ok_or_else(damaged)?;
            if self.end_ms(side.other(), partner_ms) < self.open_from_ms() {
                continue;
            }
            let (left, right) = side.in_order(Some(payload), Some(partner));
            emit(Joined { key, left, right, time_ms: event_time_ms.max(partner_ms) });
            has_met = true;
            if *flag == ALONE && self.kind.keeps_alone(side.other()) {
                self.table.put(entry.key, [&[JOINED], partner].concat());
            }
        }
        let row_key = record_key(key, side, event_time_ms, self.next_number);
        self.closing.put(end_ms, &ordered(self.next_number), row_key.clone());
        self.table.put(row_key, [&[if has_met { JOINED } else { ALONE }], payload].concat());
        self.next_number += 1;
        Ok(Ok(()))
    }

    /// Writes how far this call came.
    pub fn settle(&mut self) {
        self.room = RESULTS_MAX;
        self.stream_time.store();
        if self.next_number != self.next_number_stored {
            self.table.put(NEXT_NUMBER_KEY, ordered(self.next_number));
            self.next_number_stored = self.next_number;
        }
    }

    /// Windows have closed that this call had no room for. They come with the next calls of [`observe`](Self::observe); a
    /// plugin that does not want to wait for records asks for a call with [`clock::wake_at`](crate::clock::wake_at).
    pub fn has_more(&self) -> bool {
        self.closing.earliest_ms().is_some_and(|end_ms| end_ms < self.open_from_ms())
    }

    /// A window that ends before this time has closed.
    fn open_from_ms(&self) -> i64 {
        self.stream_time.ago_ms(self.windows.grace_ms)
    }

    /// Up to where a record's window goes, inclusive.
    fn end_ms(&self, side: Side, event_time_ms: i64) -> i64 {
        let (_, ahead_ms) = self.windows.reach_ms(side);
        event_time_ms.saturating_add(ahead_ms)
    }

    fn close(&mut self, emit: &mut impl FnMut(Joined<'_>)) -> Result<(), HostError> {
        let due = self.closing.take_before(self.open_from_ms(), self.room)?;
        self.room -= due.len();
        if self.kind != JoinKind::Inner {
            self.table.fetch(due.iter().map(|row| row.value.as_slice()))?;
        }
        for row in due {
            let record = row.value;
            let (key, side) = record_owner(&record).ok_or_else(damaged)?;
            if self.kind.keeps_alone(side) {
                let time_ms = record_time(&record).ok_or_else(damaged)?;
                let stored = self.table.get(&record)?.ok_or_else(damaged)?;
                if let Some((&ALONE, payload)) = stored.split_first() {
                    let (left, right) = side.in_order(Some(payload), None);
                    emit(Joined { key, left, right, time_ms });
                }
            }
            self.table.delete(record);
        }
        Ok(())
    }
}

/// The length before the key keeps the rows of one key together, apart from those of a longer one.
fn record_key(key: &[u8], side: Side, time_ms: i64, number: i64) -> Vec<u8> {
    let mut row_key = vec![RECORD_TAG];
    write_bytes(&mut row_key, key);
    row_key.push(side.tag());
    row_key.extend_from_slice(&ordered(time_ms));
    row_key.extend_from_slice(&ordered(number));
    row_key
}

fn record_owner(row_key: &[u8]) -> Option<(&[u8], Side)> {
    let mut reader = Reader(row_key.get(1..)?);
    let key = reader.bytes()?;
    let side = [Side::Left, Side::Right].into_iter().find(|side| reader.0.first() == Some(&side.tag()))?;
    Some((key, side))
}

fn record_time(row_key: &[u8]) -> Option<i64> {
    let (rest, _number) = row_key.split_last_chunk::<8>()?;
    rest.split_last_chunk().map(|(_, time)| from_ordered(*time))
}
