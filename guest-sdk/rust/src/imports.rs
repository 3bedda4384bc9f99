//! What a plugin asks of its host: the real imports in a component, an in-memory double everywhere else.
//!
//! The double has the same names and signatures, so nothing above this line knows which of the two it talks to.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::kafka_do::plugin::{clock, log, state, topics};
#[cfg(target_arch = "wasm32")]
pub(crate) use crate::http::wasi as http;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::host::{clock, http, log, state, topics};
