//! What the tests share: a host as a child process that can be killed and started again, and its API.

#![allow(clippy::disallowed_methods, reason = "what happens outside a host takes real time")]

mod data;
mod host;
mod json;
mod session;

pub use data::{EARTHQUAKES, Flight, earthquakes, flights};
pub use host::{Host, Response, binary, guest, plugin};
pub use json::{Record, read_partition, read_topic, threshold_of};
pub use session::run_sessions;
