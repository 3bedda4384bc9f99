//! kafka.do: partition logs, and WebAssembly components that run against them, in one binary.
//!
//! A module imports only from those below it; `tests/tests/architecture.rs` holds that.

pub mod api;
pub mod ask;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod coordinator;
pub mod error;
pub mod group;
pub mod limits;
pub mod log;
pub mod model;
pub mod plugin;
pub mod shutdown;
pub mod store;
pub mod task;
pub mod telemetry;
pub mod tier;
