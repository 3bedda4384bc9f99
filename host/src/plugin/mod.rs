//! Plugins: WebAssembly components, from the bytes somebody uploads to an instance that answers calls.
//!
//! ```text
//! bytes --inspect--> artefact (role, description) --compile--> code --open--> instance --process/advance--> outcome
//! ```
//!
//! wasmtime stays in here. Knows nothing of logs or groups: it is given records and gives back what the guest wants done.
//! Whatever a guest does, an instance is what it costs: calls end in an outcome or a [`CallError`], and never in a panic.

mod bindings;
mod code;
mod imports;
mod inspect;
mod instance;
mod memory;
mod outcome;
mod registry;
mod runtime;
mod settings;

pub use code::Code;
pub use instance::{Context, Input, Instance, Timings};
pub use outcome::{CallError, Emitted, Outcome, Rejection};
pub use registry::{Artefact, Registry};
pub use runtime::Runtime;
pub use settings::check_settings;
