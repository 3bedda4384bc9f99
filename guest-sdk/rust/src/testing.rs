//! Doubles for native unit tests: the host in memory, and a harness a role that drives a plugin as the host does.
//!
//! ```
//! # use kafka_do_sdk::{NewRecord, Record, Reject};
//! # kafka_do_sdk::filter_map! { summary: "Drops tombstones.", function: drop_tombstones }
//! # fn drop_tombstones(record: Record) -> Result<Option<NewRecord>, Reject> {
//! #     Ok(record.value.is_some().then(|| record.into()))
//! # }
//! # fn main() {
//! use kafka_do_sdk::testing::{Harness, record};
//!
//! let mut harness = Harness::<Plugin>::new("{}");
//! let outcome = harness.process([record().with_value("kept"), record()]).unwrap();
//! assert_eq!(outcome.records.len(), 1);
//! # }
//! ```

mod deployment;
mod harness;
pub(crate) mod host;
mod parser;
mod sink;
mod source;
mod webhook;

pub use deployment::nothing_outside;
pub use harness::{Harness, Outcome, record};
pub use host::LogLine;
pub use parser::{ParserHarness, utterance};
pub use sink::SinkHarness;
pub use source::SourceHarness;
pub use webhook::{WebhookHarness, request};
