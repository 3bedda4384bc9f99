//! Windows of event time, as Kafka Streams has them.
//!
//! | window | what it is |
//! |---|---|
//! | [`TimeWindows::tumbling`] | windows of one size that follow one another: a record is in one |
//! | [`TimeWindows::hopping`] | windows of one size that begin at each advance, so they overlap: a record is in several |
//! | [`SessionWindows`] | a window a burst of activity: it grows with each record that is no further from it than the gap |
//!
//! All share one idea of time. *Stream time* is the highest event time seen by the task, record by record. A window is open
//! until stream time has passed its end and the *grace*; a record that comes later is [`Late`]. Both depend on the records
//! and their order alone, not on how they were batched, and stream time is kept in the table of the windows: an instance that
//! takes over goes on exactly. A table belongs to one of these values alone.
//!
//! Each call adds, and MUST end with `settle`, which writes what was added and takes out the windows that have closed, each
//! once: a result is final (Kafka Streams' *suppress until closed*). So a window is retained until it is handed out. One call
//! hands out at most [`RESULTS_MAX`]; then `has_more` says that others wait. They keep their order, and their lateness: a
//! window that waits is closed.
//!
//! ```
//! use kafka_do_sdk::state::Table;
//! use kafka_do_sdk::windows::{Average, TimeStore, TimeWindows};
//! use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, NoSettings, Output, Processor};
//!
//! /// The average size of each key's values in the last five minutes, every minute.
//! struct Sizes(TimeStore<Average>);
//!
//! impl Processor for Sizes {
//!     type Settings = NoSettings;
//!
//!     fn describe() -> Description {
//!         Description::new("Averages sizes.").with_table("windows")
//!     }
//!
//!     fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
//!         let windows = TimeWindows::hopping(300_000, 60_000).with_grace_ms(10_000);
//!         TimeStore::open(Table::open("windows")?, windows).map(Self)
//!     }
//!
//!     fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
//!         for record in &batch.records {
//!             let (key, value) = (record.key.as_deref().unwrap_or_default(), record.value.as_deref().unwrap_or_default());
//!             let size = (value.len() as f64).into();
//!             if let Err(late) = self.0.add(record.timestamp_ms, key, |average| average.add(size)) {
//!                 output.reject(record, late);
//!             }
//!         }
//!         for window in self.0.settle()? {
//!             let average = window.aggregate.value().unwrap_or_default();
//!             output.emit(NewRecord::new(average.to_string()).with_key(window.key).with_timestamp_ms(window.end_ms - 1));
//!         }
//!         Ok(())
//!     }
//! }
//! # use kafka_do_sdk::testing::{Harness, record};
//! # let mut harness = Harness::<Sizes>::new("{}");
//! # let outcome = harness.process([record().with_value("four"), record().with_timestamp_ms(70_000)]).unwrap();
//! # assert_eq!(outcome.records, [NewRecord::new("4").with_key("").with_timestamp_ms(59_999)]);
//! ```

mod session;
mod time;

pub use session::{Session, SessionStore, SessionWindows};
pub use time::{TimeStore, TimeWindows};

pub use crate::aggregate::{Aggregate, Average, Count, Max, Min, Sum};

/// How many windows one `settle` hands out: far fewer records than the host takes from one call, whatever else is emitted.
pub const RESULTS_MAX: usize = 20_000;

/// A window that closed, with what it gathered for a key: nothing will be added to it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windowed<A> {
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

/// The reason that goes to the dead letters.
impl std::fmt::Display for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use crate::time::Rfc3339;
        let (end, now) = (Rfc3339(self.window_end_ms), Rfc3339(self.stream_time_ms));
        write!(f, "late: its window ended at {end}, and event time had come to {now}")
    }
}
