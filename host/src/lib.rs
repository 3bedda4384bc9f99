//! kafka.do: partition logs, and WebAssembly components that run against them, in one binary.
//!
//! A module imports only from those below it; `tests/architecture.rs` holds that.

pub mod log;
pub mod plugin;
pub mod cli;
pub mod api;
pub mod broker;
pub mod task;
pub mod store;
pub mod tier;
pub mod model;
pub mod config;
pub mod telemetry;
pub mod shutdown;
pub mod clock;
pub mod error;
pub mod limits;
