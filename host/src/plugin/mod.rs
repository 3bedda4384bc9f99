//! Plugins: WebAssembly components, from the bytes somebody uploads to an instance that answers calls.
//!
//! ```text
//! bytes --inspect--> artefact (role, description) --compile--> code --open--> instance --process, deliver, poll, handle, parse--> outcome
//! ```
//!
//! wasmtime stays in here. Knows nothing of logs or groups: it is given records and gives back what the guest wants done.
//! Whatever a guest does, an instance is what it costs: calls end in an outcome or a [`CallError`], and never in a panic.

mod base;
mod bindings;
mod code;
mod columns;
mod egress;
mod imports;
mod inspect;
mod instance;
mod memory;
mod narrowing;
mod native;
mod outcome;
mod parser;
mod projection;
mod registry;
mod runtime;
mod settings;
mod sink;
mod source;
mod webhook;

pub use base::{Scratch, StateBase};
pub use code::Code;
pub use imports::clock::Wake;
pub use instance::{Context, Input, Instance, Staged, Timings};
pub use narrowing::Narrowing;
pub use native::{Native, NativeFactory, NativeProcessor, Natives};
pub use outcome::{CallError, Emitted, Outcome, Rejection};
pub use registry::{Artefact, Registry};
pub use runtime::{Runtime, RuntimeOptions};
pub use settings::check_settings;
pub use sink::Hold;
pub use source::Polled;
pub use webhook::{HookReply, HookRequest, HookResponse};
