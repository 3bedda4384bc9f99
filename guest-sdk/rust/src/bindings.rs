//! The contract in `wit/`, as generated. Plugins meet it under the names that [`crate`] gives it; what a name here does is
//! documented in the WIT.
//!
//! The processing world stands here and each of the other roles in a module of its own. What worlds share is generated once,
//! so that a record of one role is a record of all.
//!
//! `wit` beside the manifest is a link to the contract at the root of the repository. A vendored copy of this crate
//! (`kafka-do plugin new`) carries the folder itself, so the paths below hold in both.
#![allow(
    unsafe_code,
    clippy::pedantic,
    unreachable_pub,
    missing_docs,
    reason = "generated: the canonical ABI is written in raw pointers"
)]

pub mod parsing;
pub mod receiving;
pub mod sinking;
pub mod sourcing;

wit_bindgen::generate!({
    world: "processing",
    path: "wit",
    additional_derives: [PartialEq, Eq],
    pub_export_macro: true,
    export_macro_name: "__export_processing",
    default_bindings_module: "kafka_do_sdk::bindings",
});
