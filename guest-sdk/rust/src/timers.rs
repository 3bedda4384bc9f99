//! Things to do later, in event time or by the wall clock.

use std::marker::PhantomData;

use crate::due::{Due, DueRow};
use crate::state::Table;
use crate::{HostError, clock};

/// A timer that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    pub at_ms: i64,
    pub key: Vec<u8>,
    pub payload: Vec<u8>,
}

/// By which clock timers fire.
///
/// A trait and not a value, so that a plugin which has no timers by the wall clock does not import it.
pub trait Clock: sealed::Clock {}

/// The event time of the records: [`Timers::fire`] is told the watermark by [`advance`](crate::Processor::advance). Kafka
/// Streams calls it stream time. What fires depends on the records alone, so it is the same each time they are processed.
#[derive(Debug)]
pub enum EventTime {}

/// The wall clock of the host, which calls [`advance`](crate::Processor::advance) when the earliest timer is due, though no
/// record comes. A task has one such call to wait for ([`clock::wake_at`]), so it has one `Timers<WallClock>`.
#[derive(Debug)]
pub enum WallClock {}

mod sealed {
    pub trait Clock {
        /// Called where the earliest timer is another one.
        fn earliest(at_ms: Option<i64>);
    }
}

impl sealed::Clock for EventTime {
    fn earliest(_: Option<i64>) {}
}

impl sealed::Clock for WallClock {
    fn earliest(at_ms: Option<i64>) {
        clock::wake_at(at_ms);
    }
}

impl Clock for EventTime {}
impl Clock for WallClock {}

/// Timers in a state table: they commit with the call that sets them, and survive restarts and swaps.
///
/// A timer is a time and a key, with a payload. Setting the same time and key again replaces the payload; one key may have
/// timers at several times. Timers fire in the order of time and key, each once, where `fire` is called: at the end of
/// `process`, of `advance`, or of both. At most [`FIRED_MAX`] fire at once, and the rest where it is called again: by the wall
/// clock that is at once, since the host is asked for the next call.
///
/// The table holds a row per timer, `1 | time | key`. It is this type's alone.
///
/// ```
/// # use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, NoSettings, Output, Processor, state::Table};
/// use kafka_do_sdk::timers::{EventTime, Timers};
///
/// /// Repeats each record a minute later, in event time.
/// struct Echo {
///     timers: Timers<EventTime>,
/// }
///
/// impl Processor for Echo {
/// #   type Settings = NoSettings;
/// #   fn describe() -> Description { Description::new("Repeats.").with_table("timers") }
///     fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
///         Ok(Self { timers: Timers::open(Table::open("timers")?)? })
///     }
///
///     fn process(&mut self, batch: Batch, _: &mut Output) -> Result<(), Failure> {
///         for record in batch.records {
///             let key = record.key.unwrap_or_default();
///             self.timers.set(record.timestamp_ms + 60_000, &key, record.value.unwrap_or_default());
///         }
///         Ok(())
///     }
///
///     fn advance(&mut self, watermark_ms: i64, output: &mut Output) -> Result<(), Failure> {
///         for timer in self.timers.fire(watermark_ms)? {
///             output.emit(NewRecord::new(timer.payload).with_key(timer.key).with_timestamp_ms(timer.at_ms));
///         }
///         Ok(())
///     }
/// }
/// # fn main() {}
/// ```
pub struct Timers<C> {
    due: Due,
    clock: PhantomData<C>,
}

const TIMER_TAG: u8 = 1;
/// How many timers fire at once: far fewer than the records that the host takes from one call, whatever else is emitted.
pub const FIRED_MAX: usize = 20_000;

impl<C: Clock> Timers<C> {
    /// Goes on from what the table holds.
    pub fn open(table: Table) -> Result<Self, HostError> {
        Ok(Self { due: Due::open(table, TIMER_TAG)?, clock: PhantomData })
    }

    /// Sets a timer. One whose time has come already fires the next time.
    pub fn set(&mut self, at_ms: i64, key: &[u8], payload: impl Into<Vec<u8>>) {
        let earliest_ms = self.due.earliest_ms();
        self.due.put(at_ms, key, payload);
        if self.due.earliest_ms() != earliest_ms {
            C::earliest(self.due.earliest_ms());
        }
    }

    /// Takes a timer back; one that is not there is passed over.
    pub fn cancel(&mut self, at_ms: i64, key: &[u8]) {
        self.due.delete(at_ms, key);
    }

    /// Takes out the timers whose time has come by this clock.
    fn fire_until(&mut self, now_ms: i64) -> Result<Vec<Timer>, HostError> {
        // The last millisecond there is never passes.
        let rows = self.due.take_before(now_ms.saturating_add(1), FIRED_MAX)?;
        C::earliest(self.due.earliest_ms());
        Ok(rows
            .into_iter()
            .map(|DueRow { time_ms, name, value }| Timer { at_ms: time_ms, key: name, payload: value })
            .collect())
    }
}

impl Timers<EventTime> {
    /// Takes out the timers that are due at this event time.
    pub fn fire(&mut self, watermark_ms: i64) -> Result<Vec<Timer>, HostError> {
        self.fire_until(watermark_ms)
    }
}

impl Timers<WallClock> {
    /// Takes out the timers that are due now. It MUST be called in `advance`: the wish that brought the call is used up, and
    /// here the next one is made.
    pub fn fire(&mut self) -> Result<Vec<Timer>, HostError> {
        self.fire_until(clock::now_ms())
    }
}
