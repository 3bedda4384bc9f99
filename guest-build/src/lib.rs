//! Builds plugins written in Rust into WebAssembly components, whatever toolchain the machine has, and starts new ones.
//!
//! This crate knows cargo and the component encoder. It knows nothing of a running kafka.do.

mod compile;
mod component;
mod route;
mod scaffold;

pub use compile::{Component, Request, build};
pub use route::{Route, Target, find_route};
pub use scaffold::{Scaffold, scaffold};
