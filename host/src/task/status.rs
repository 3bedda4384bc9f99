//! What people see of a deployment.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::model::deployment::Grants;
use crate::model::generation::{LedgerEntry, Standing};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TaskState {
    /// Its plugin is being loaded.
    #[default]
    Starting,
    Running,
    Paused,
    /// It failed, and tries again.
    Failing,
    /// It waits for an operator: deploy another version, roll back, or resume.
    Stopped,
}

/// One failure of one task.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Failure {
    pub at_ms: i64,
    pub partition: u32,
    pub generation: u32,
    /// The first offset of the batch that was being processed.
    pub offset: u64,
    pub reason: String,
}

/// One task: one partition of the input.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct TaskStatus {
    pub topic: String,
    pub partition: u32,
    pub state: TaskState,
    pub generation: u32,
    /// The next offset that it will read.
    pub next_offset: u64,
    pub high_watermark: u64,
    /// Records that it has yet to read.
    pub lag: u64,
    /// Event time up to which the input is complete.
    pub watermark_ms: Option<i64>,
    /// Why it is failing or stopped.
    pub reason: Option<String>,
}

/// What one generation did of one partition: offsets from `from_offset` to before `next_offset`, each exactly once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RangeStatus {
    pub partition: u32,
    pub from_offset: u64,
    pub next_offset: u64,
    pub records_in: u64,
    pub records_out: u64,
    pub rejected: u64,
}

impl RangeStatus {
    pub(super) fn new(partition: u32, entry: LedgerEntry) -> Self {
        let LedgerEntry { from_offset, next_offset, records_in, records_out, rejected } = entry;
        Self { partition, from_offset, next_offset, records_in, records_out, rejected }
    }
}

/// One generation of the history.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GenerationStatus {
    pub generation: u32,
    pub plugin: String,
    pub version: String,
    pub settings: Value,
    pub output: Option<String>,
    pub started_ms: i64,
    #[schema(value_type = String)]
    pub standing: Standing,
    pub reason: Option<String>,
    pub partitions: Vec<RangeStatus>,
}

/// How one partition was swapped.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SwapStatus {
    pub partition: u32,
    /// The first offset that the new generation processes.
    pub at_offset: u64,
    /// How long the partition stood still.
    pub pause_us: u64,
    /// The parts of it: making the instance, and its `open`.
    pub instantiate_us: u64,
    pub open_us: u64,
}

/// A deployment, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeploymentStatus {
    pub name: String,
    /// The worst state of its tasks.
    pub state: TaskState,
    pub generation: u32,
    pub plugin: String,
    pub version: String,
    pub inputs: Vec<String>,
    pub output: Option<String>,
    pub dead_letter_topic: String,
    pub settings: Value,
    pub grants: Grants,
    /// Records that all tasks together have yet to read.
    pub lag: u64,
    pub tasks: Vec<TaskStatus>,
    /// Oldest first; the last one is current.
    pub generations: Vec<GenerationStatus>,
    /// The newest failures, oldest first.
    pub failures: Vec<Failure>,
    /// How the swap went that this call asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap: Option<Vec<SwapStatus>>,
}

pub(super) fn worst(tasks: &[TaskStatus]) -> TaskState {
    let rank = |state: TaskState| match state {
        TaskState::Running => 0,
        TaskState::Starting => 1,
        TaskState::Paused => 2,
        TaskState::Failing => 3,
        TaskState::Stopped => 4,
    };
    tasks.iter().map(|task| task.state).max_by_key(|state| rank(*state)).unwrap_or_default()
}
