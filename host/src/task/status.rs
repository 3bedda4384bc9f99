//! What people see of a deployment.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::activity::ActivityStatus;
use crate::log::Partition;
use crate::model::deployment::{Canary, Grants};
use crate::model::generation::{Generation, LedgerEntry, Standing};
use crate::model::plugin::Role;

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
    /// The input that was being read.
    pub topic: String,
    pub partition: u32,
    pub generation: u32,
    /// The first offset of the batch that was being processed.
    pub offset: u64,
    pub reason: String,
}

/// One task: the partitions of one number of all inputs.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct TaskStatus {
    /// The first input.
    pub topic: String,
    pub partition: u32,
    pub state: TaskState,
    pub generation: u32,
    /// The next offset that it will read of the first input.
    pub next_offset: u64,
    pub high_watermark: u64,
    /// Records of all inputs that it has yet to read.
    pub lag: u64,
    /// All inputs, those of the deployment's own last.
    pub inputs: Vec<InputStatus>,
    /// How far event time has come: the greatest timestamp that was read, or that of the whole deployment where it repartitions.
    pub watermark_ms: Option<i64>,
    /// Why it is failing or stopped.
    pub reason: Option<String>,
}

/// Where a task stands in one input.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct InputStatus {
    pub topic: String,
    /// The next offset that it will read.
    pub next_offset: u64,
    pub high_watermark: u64,
    /// Records that it has yet to read.
    pub lag: u64,
}

/// What a worker shows, and the partitions that it is about.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) status: TaskStatus,
    pub(super) partitions: Vec<Arc<Partition>>,
}

impl Shown {
    /// The task met a fault of the host and is gone: nobody else would say so.
    pub(super) fn broke_down(&mut self, now_ms: i64) -> Failure {
        let reason = "the task met a fault of the host and is gone; its log says where. Restart the host, and it goes on from its last commit";
        self.status.state = TaskState::Stopped;
        self.status.reason = Some(reason.to_owned());
        let input = self.status.inputs.first();
        Failure {
            at_ms: now_ms,
            topic: input.map(|input| input.topic.clone()).unwrap_or_default(),
            partition: self.status.partition,
            generation: self.status.generation,
            offset: input.map_or(0, |input| input.next_offset),
            reason: reason.to_owned(),
        }
    }

    /// As it is now: a partition's end moves while its task rests.
    pub(super) fn now(&self) -> TaskStatus {
        let mut status = self.status.clone();
        for (input, partition) in status.inputs.iter_mut().zip(&self.partitions) {
            input.high_watermark = partition.high_watermark();
            input.lag = input.high_watermark.saturating_sub(input.next_offset);
        }
        status.sum_up();
        status
    }
}

impl TaskStatus {
    /// Says of the whole what the inputs say.
    fn sum_up(&mut self) {
        self.lag = self.inputs.iter().map(|input| input.lag).sum();
        if let Some(first) = self.inputs.first() {
            self.topic.clone_from(&first.topic);
            self.next_offset = first.next_offset;
            self.high_watermark = first.high_watermark;
        }
    }
}

/// What one generation did of one partition: offsets from `from_offset` to before `next_offset`, each exactly once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RangeStatus {
    pub topic: String,
    pub partition: u32,
    pub from_offset: u64,
    pub next_offset: u64,
    pub records_in: u64,
    pub records_out: u64,
    pub rejected: u64,
}

impl RangeStatus {
    pub(super) fn new(topic: String, partition: u32, entry: LedgerEntry) -> Self {
        let LedgerEntry { from_offset, next_offset, records_in, records_out, rejected } = entry;
        Self { topic, partition, from_offset, next_offset, records_in, records_out, rejected }
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

impl GenerationStatus {
    pub(super) fn new(generation: &Generation, partitions: Vec<RangeStatus>) -> Self {
        Self {
            generation: generation.number,
            plugin: generation.plugin.to_string(),
            version: generation.version.0.clone(),
            settings: generation.settings.clone(),
            output: generation.output.as_ref().map(ToString::to_string),
            started_ms: generation.started_ms,
            standing: generation.standing,
            reason: generation.reason.clone(),
            partitions,
        }
    }
}

/// A generation that is tried on one partition.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CanaryStatus {
    pub generation: u32,
    pub plugin: String,
    pub version: String,
    pub partition: u32,
    pub started_ms: i64,
    /// When it goes on to all partitions, if it has read a record by then and fares well.
    pub until_ms: i64,
    pub tolerance_percent: u32,
    /// What it has read so far.
    pub records_in: u64,
}

impl CanaryStatus {
    pub(super) fn new(Canary { generation, rule }: &Canary, records_in: u64) -> Self {
        Self {
            records_in,
            generation: generation.number,
            plugin: generation.plugin.to_string(),
            version: generation.version.0.clone(),
            partition: rule.partition,
            started_ms: generation.started_ms,
            until_ms: generation.started_ms.saturating_add_unsigned(rule.watch_ms),
            tolerance_percent: rule.tolerance_percent,
        }
    }
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
    /// Topics of its own, which it writes and reads.
    pub internal_topics: Vec<String>,
    pub output: Option<String>,
    /// Where the records go that it refuses, where it reads topics.
    pub dead_letter_topic: Option<String>,
    /// Once its plugin is loaded.
    pub role: Option<Role>,
    /// Where it takes requests, beside `/hooks/<name>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What a connector did since the host started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityStatus>,
    pub settings: Value,
    pub grants: Grants,
    /// State tables whose changes are written to a topic, `<deployment>.<table>.changelog`.
    pub changelog: Vec<String>,
    /// The generation that is being tried, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryStatus>,
    /// Records that all tasks together have yet to read, and those of partitions that no task reads.
    pub lag: u64,
    /// Why some partitions are not read, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
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
    worst_of(tasks.iter().map(|task| task.state))
}

pub(super) fn worst_of(states: impl Iterator<Item = TaskState>) -> TaskState {
    let rank = |state: TaskState| match state {
        TaskState::Running => 0,
        TaskState::Starting => 1,
        TaskState::Paused => 2,
        TaskState::Failing => 3,
        TaskState::Stopped => 4,
    };
    states.max_by_key(|state| rank(*state)).unwrap_or_default()
}
