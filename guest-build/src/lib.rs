//! Builds plugins written in Rust or JavaScript into WebAssembly components, whatever toolchain the machine has, and starts
//! new ones.
//!
//! This crate knows cargo, npm and the component encoder. It knows nothing of a running kafka.do.

mod compile;
mod component;
mod javascript;
mod route;
mod scaffold;

pub use compile::{Component, Request, build};
pub use javascript::{JsRequest, build_js, is_js};
pub use route::{Route, Target, find_route};
pub use scaffold::{Language, Scaffold, UnknownLanguage, scaffold, scaffold_in};
