//! Where log and plugins meet: a deployment runs as tasks, one for each partition of its input, and each task commits what
//! its plugin made of a batch, and that it read the batch, in one transaction.
//!
//! ```text
//! supervisor: deploy, swap, pause, roll back, delete        one altering call a deployment at a time
//!     | commands                     ^ events
//!     v                              |
//! task (one a partition): read -> process, advance -> one unit: output + state + watermark + ledger + input offset
//! ```
//!
//! Knows nothing of HTTP.

mod deployed;
mod plan;
mod retry;
mod status;
mod step;
mod supervisor;
mod worker;

pub use plan::Request;
pub use status::{DeploymentStatus, Failure, GenerationStatus, RangeStatus, SwapStatus, TaskState, TaskStatus};
pub use supervisor::Supervisor;
