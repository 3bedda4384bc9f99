//! Write [kafka.do](https://github.com/dotdo/kafka.do) plugins in Rust.
//!
//! A plugin is a WebAssembly component with one role. Most are processors: records in, records out. There are two ways to
//! write one, and both are tested natively with [`testing::Harness`], in a plain `cargo test`:
//!
//! - [`filter_map!`] and [`flat_map!`]: a plain function from a record to a record or none, or to several;
//! - [`Processor`] and [`export_processor!`]: a type that sees batches, keeps [`state`] and follows time.
//!
//! The other roles are connectors, each with a trait, a macro and a harness: a [`webhook`] turns requests that the host
//! receives into records, a [`sink`] delivers records to an outside system, and a [`source`] pulls them from one, both over
//! [`http`]. A [`parser`] is no connector: it turns plain words into commands.
//!
//! For processors there is what stream processing needs, with the names of Kafka Streams: [`windows`] and their aggregates,
//! [`joins`], [`Dedup`], [`Branches`], [`timers`], and [`topics::internal`] to repartition.
//!
//! ```
//! use kafka_do_sdk::{NewRecord, Record, Reject};
//!
//! kafka_do_sdk::filter_map! {
//!     summary: "Drops tombstones.",
//!     function: drop_tombstones,
//! }
//!
//! fn drop_tombstones(record: Record) -> Result<Option<NewRecord>, Reject> {
//!     Ok(record.value.is_some().then(|| record.into()))
//! }
//! # fn main() {}
//! ```
//!
//! What the host promises, and what it asks, is written in the WIT files beside this crate (`wit/`).

/// Records come and go a batch at a time: an allocation a key and one a value, which the default allocator of WebAssembly is
/// slow at.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

mod aggregate;
pub mod bindings;
mod branch;
pub mod clock;
mod dedup;
mod description;
mod due;
mod failure;
mod filter_map;
pub mod http;
mod imports;
pub mod joins;
pub mod json;
pub mod log;
mod output;
pub mod parser;
mod percent;
mod processor;
mod record;
mod rows;
pub mod sink;
pub mod source;
pub mod state;
mod stream_time;
#[doc(hidden)]
pub mod task;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod time;
pub mod timers;
pub mod topics;
pub mod webhook;
pub mod windows;

pub use bindings::kafka_do::plugin::types::{
    Description, Failure, Header, HostError, NewRecord, RecordBatch as Batch, Rejection, RetryAdvice,
    StoredRecord as Record, TaskContext,
};
pub use branch::Branches;
pub use dedup::Dedup;
pub use failure::Reject;
pub use filter_map::NoSettings;
pub use output::Output;
pub use processor::{Context, Processor};
