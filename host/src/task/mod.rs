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

mod activity;
mod alignment;
mod calls;
mod canary;
mod deployed;
mod desk;
mod draft;
mod input;
mod names;
mod order;
mod parsing;
mod past;
mod pipeline;
mod plan;
mod query;
mod rebuild;
mod receiver;
mod replay;
mod retry;
mod source;
mod state;
mod status;
mod step;
mod supervisor;
mod swap;
mod timeline;
mod worker;

pub use activity::{ActivityStatus, Delivery, Verdict};
pub use pipeline::PipelineStatus;
pub use plan::{Changelog, Input, Request};
pub use query::{Found, Query, QueryRequest};
pub use replay::{Made, MadeSummary, Replay, ReplayItem, ReplayRequest, ReplaySummary, Replayed};
pub use state::{Keys, StatePage, StateQuery, StateRow};
pub use status::{
    CanaryStatus, DeploymentStatus, Failure, GenerationStatus, InputStatus, RangeStatus, SwapStatus, TaskState,
    TaskStatus,
};
pub use supervisor::Supervisor;
