//! Replays: what another version would make of a range that is past, beside what the running one makes of it. Both run in
//! sandboxes with a state of their own, empty at first; nothing that they do is committed anywhere.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::alignment::aligned;
use super::plan::Plan;
use super::step::place;
use super::supervisor::{Supervisor, refused};
use crate::error::{Error, Result};
use crate::limits::{REPLAY_CHUNK_BYTES, REPLAY_PARTITIONS_MAX, REPLAY_PROGRESS_RECORDS, REPLAY_STEPS_MAX};
use crate::log::{Log, Partition, unreadable};
use crate::model::deployment::{Deployment, Start};
use crate::model::generation::Generation;
use crate::model::name::{DeploymentName, PluginName, TopicName};
use crate::model::record::{KeptRecord, Record};
use crate::plugin::{CallError, Input, Instance, Outcome, Scratch, StateBase};
use crate::store::state::Scope;

/// What is to be tried, and on what.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayRequest {
    /// That of the deployment, unless given; the same goes for the settings. The version is the newest.
    pub plugin: Option<PluginName>,
    pub version: Option<String>,
    pub settings: Option<serde_json::Value>,
    pub from: Start,
    /// Until where the inputs end now, unless given.
    pub until_ms: Option<i64>,
    /// Beside what the running version makes of it.
    pub compare: bool,
}

/// One thing to tell of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayItem {
    /// A record of which the two versions make something different; or, without a comparison, one of which the version
    /// makes something.
    Record(Box<Replayed>),
    /// So many records are done.
    Progress(u64),
}

/// An input record, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    pub topic: TopicName,
    pub partition: u32,
    pub record: KeptRecord,
    pub before: Option<Made>,
    pub after: Made,
}

/// What a version made of one input record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    pub records: Vec<(TopicName, Record)>,
    /// Why it was refused.
    pub rejected: Option<String>,
    /// Why the call failed.
    pub failed: Option<String>,
}

/// What a replay came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReplaySummary {
    /// Input records.
    pub records: u64,
    /// Those of which both versions make the same.
    pub same: u64,
    pub different: u64,
    /// What the running version makes of the range; absent without a comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<MadeSummary>,
    /// What the version that is tried makes of it.
    pub after: MadeSummary,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct MadeSummary {
    pub records: u64,
    pub rejected: u64,
    pub failed: u64,
}

impl MadeSummary {
    fn add(&mut self, made: &Made) {
        self.records += made.records.len() as u64;
        self.rejected += u64::from(made.rejected.is_some());
        self.failed += u64::from(made.failed.is_some());
    }
}

#[derive(Debug)]
pub struct Replay {
    log: Arc<Log>,
    readers: Vec<Reader>,
    /// How many offsets the range has.
    total: u64,
    before: Option<Sandbox>,
    after: Sandbox,
    summary: ReplaySummary,
}

impl Supervisor {
    /// Prepares a replay: both versions are loaded and tried.
    pub async fn replay(&self, name: &DeploymentName, request: ReplayRequest) -> Result<Replay> {
        let row = self.get(name)?.row();
        let current = row.current();
        let plugin = request.plugin.clone().unwrap_or_else(|| current.plugin.clone());
        let artefact = self.registry.resolve(&plugin, request.version.as_deref())?;
        let running = self.registry.resolve(&current.plugin, Some(&current.version.0))?.role;
        if let Some(role) =
            [artefact.role, running].into_iter().find(|role| role.is_connector() || role.answers_calls())
        {
            return Err(Error::unprocessable(
                "not-replayable",
                format!(
                    "a {} is no processor: what it does may reach outside, and that cannot be taken back; replay processors",
                    role.noun()
                ),
            ));
        }
        let settings = request.settings.clone().unwrap_or_else(|| current.settings.clone());
        self.check_settings(&plugin, &artefact.description, &settings)?;
        let tried =
            Generation { number: current.number + 1, plugin, version: artefact.version, settings, ..current.clone() };
        let before = if request.compare { Some(self.sandbox(&row, current).await?) } else { None };
        let after = self.sandbox(&row, &tried).await?;
        let log = Arc::clone(&self.surroundings.log);
        let mut readers = Vec::new();
        for (input, topic) in current.inputs.iter().enumerate() {
            let partitions = log.topic(topic)?.partitions();
            if partitions.len() > REPLAY_PARTITIONS_MAX {
                return Err(Error::unprocessable(
                    "too-many-partitions",
                    format!(
                        "topic {topic} has {} partitions, over the {REPLAY_PARTITIONS_MAX} that can be replayed",
                        partitions.len()
                    ),
                ));
            }
            for partition in partitions {
                let from = match request.from {
                    Start::Earliest => partition.start_offset(),
                    Start::Latest => partition.high_watermark(),
                    Start::TimeMs(time_ms) => log.offset_at_time(&partition, time_ms).await?,
                };
                let until = match request.until_ms {
                    None => partition.high_watermark(),
                    Some(time_ms) => log.offset_at_time(&partition, time_ms).await?,
                };
                readers.push(Reader { partition, input, next: from, until, records: VecDeque::new() });
            }
        }
        let total = readers.iter().map(|reader| reader.until.saturating_sub(reader.next)).sum();
        let summary = ReplaySummary { before: before.as_ref().map(|_| MadeSummary::default()), ..Default::default() };
        Ok(Replay { log, readers, total, before, after, summary })
    }

    async fn sandbox(&self, row: &Deployment, generation: &Generation) -> Result<Sandbox> {
        let code = self.registry.code(&generation.version).await?;
        let plan = Plan::new(&self.surroundings, row, generation, code)?;
        let partitions = plan.partitions() as usize;
        let mut sandbox = Sandbox {
            log: Arc::clone(&self.surroundings.log),
            row: row.clone(),
            plan,
            scratch: Arc::default(),
            instances: (0..partitions).map(|_| None).collect(),
            watermarks_ms: vec![None; partitions],
            internal_ms: vec![None; partitions],
            internal_offset: 0,
        };
        sandbox.instance(0).await.map_err(|error| refused(&error.to_string()))?;
        Ok(sandbox)
    }
}

impl Replay {
    /// How many offsets the range has.
    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn summary(&self) -> ReplaySummary {
        self.summary
    }

    /// The next thing to tell; `None` at the end of the range.
    pub async fn next(&mut self) -> Result<Option<ReplayItem>> {
        while let Some((topic, partition, record)) = self.take_record().await? {
            self.summary.records += 1;
            let left = self.left();
            let before = match &mut self.before {
                Some(sandbox) => Some(sandbox.feed(&topic, partition, &record, &left).await?),
                None => None,
            };
            let after = self.after.feed(&topic, partition, &record, &left).await?;
            if let (Some(sum), Some(made)) = (&mut self.summary.before, &before) {
                sum.add(made);
            }
            self.summary.after.add(&after);
            let is_told = match &before {
                Some(before) if *before == after => {
                    self.summary.same += 1;
                    false
                }
                Some(_) => {
                    self.summary.different += 1;
                    true
                }
                None => after != Made::default(),
            };
            if is_told {
                let replayed = Replayed { topic, partition, record, before, after };
                tokio::task::yield_now().await;
                return Ok(Some(ReplayItem::Record(Box::new(replayed))));
            }
            if self.summary.records.is_multiple_of(REPLAY_PROGRESS_RECORDS) {
                // Calls that never wait would keep the thread from everybody else.
                tokio::task::yield_now().await;
                return Ok(Some(ReplayItem::Progress(self.summary.records)));
            }
        }
        Ok(None)
    }

    /// Which partitions have more to read.
    fn left(&self) -> Vec<bool> {
        let mut left = vec![false; self.after.instances.len()];
        for reader in &self.readers {
            if let Some(left) = left.get_mut(reader.partition.id().partition as usize) {
                *left |= !reader.records.is_empty() || reader.next < reader.until;
            }
        }
        left
    }

    /// The record with the earliest time of those that come next, partition by partition.
    async fn take_record(&mut self) -> Result<Option<(TopicName, u32, KeptRecord)>> {
        for reader in &mut self.readers {
            reader.fill(&self.log).await?;
        }
        let first = |reader: &Reader| {
            reader.records.front().map(|record| (record.timestamp_ms, reader.input, reader.partition.id().partition))
        };
        let heads = self.readers.iter_mut().filter_map(|reader| Some((first(reader)?, reader)));
        let Some((_, reader)) = heads.min_by_key(|(head, _)| *head) else { return Ok(None) };
        let partition = &reader.partition;
        let place = (partition.topic().clone(), partition.id().partition);
        Ok(reader.records.pop_front().map(|record| (place.0, place.1, record)))
    }
}

/// One partition of one input, read from one offset to another.
#[derive(Debug)]
struct Reader {
    partition: Arc<Partition>,
    input: usize,
    next: u64,
    until: u64,
    records: VecDeque<KeptRecord>,
}

impl Reader {
    /// Reads on, where nothing is at hand and something is left.
    async fn fill(&mut self, log: &Log) -> Result<()> {
        while self.records.is_empty() && self.next < self.until {
            let chunk = log.read(&self.partition, self.next, REPLAY_CHUNK_BYTES).await?;
            for batch in &chunk.batches {
                let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
                for record in plain.records() {
                    let record = record.map_err(|error| unreadable(batch, &error))?;
                    if (self.next..self.until).contains(&record.offset) {
                        self.records.push_back(KeptRecord::from(&record));
                    }
                }
            }
            self.next = chunk.next_offset.max(self.next + 1);
        }
        Ok(())
    }
}

/// One version, with all its partitions, and a state that nobody else sees.
struct Sandbox {
    log: Arc<Log>,
    row: Deployment,
    plan: Plan,
    scratch: Arc<Scratch>,
    instances: Vec<Option<Instance>>,
    watermarks_ms: Vec<Option<i64>>,
    /// The greatest timestamp of what each partition emitted to internal topics.
    internal_ms: Vec<Option<i64>>,
    internal_offset: u64,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sandbox").field(&self.plan.generation.number).finish()
    }
}

impl Sandbox {
    async fn instance(&mut self, partition: u32) -> Result<&mut Instance, CallError> {
        let out_of_range = || CallError::Broken(format!("there is no partition {partition}"));
        let slot = self.instances.get_mut(partition as usize).ok_or_else(out_of_range)?;
        if slot.is_none() {
            let scope = Scope { deployment: self.row.id, partition };
            let state = StateBase::Scratch(Arc::clone(&self.scratch));
            let context = self.plan.context(&self.row.name, scope, state);
            let (instance, _) = Instance::open(&self.plan.code, &context).await?;
            if let Some(unknown) = self.plan.lacks(&self.row.name, &instance) {
                return Err(CallError::Broken(format!(
                    "the version has the internal topic {unknown}, which the running one does not have; it cannot be replayed beside it"
                )));
            }
            *slot = Some(instance);
        }
        slot.as_mut().ok_or_else(out_of_range)
    }

    /// Hands one record over, and whatever comes back to the deployment of it, until nothing is on its way any more.
    async fn feed(&mut self, topic: &TopicName, partition: u32, record: &KeptRecord, left: &[bool]) -> Result<Made> {
        let mut made = Made::default();
        let mut waiting = VecDeque::from([(topic.clone(), partition, record.clone())]);
        let mut steps = 0;
        while let Some((topic, partition, record)) = waiting.pop_front() {
            steps += 1;
            if steps > REPLAY_STEPS_MAX {
                made.failed = Some(format!("it feeds itself: one record set off more than {REPLAY_STEPS_MAX} others"));
                break;
            }
            let mut called = partition;
            if let Err(error) = self.step(&topic, &mut called, &record, &mut made, &mut waiting, left).await {
                // As in the task: an error costs the instance, and what it staged.
                if let Some(slot) = self.instances.get_mut(called as usize) {
                    *slot = None;
                }
                match error {
                    StepFailure::Call(CallError::Reject(reason)) => made.rejected = Some(reason),
                    StepFailure::Call(error) => made.failed = Some(error.to_string()),
                    StepFailure::Replay(error) => return Err(error),
                }
            }
        }
        Ok(made)
    }

    async fn step(
        &mut self,
        topic: &TopicName,
        called: &mut u32,
        record: &KeptRecord,
        made: &mut Made,
        waiting: &mut VecDeque<(TopicName, u32, KeptRecord)>,
        left: &[bool],
    ) -> Result<(), StepFailure> {
        let partition = *called;
        let before_ms = self.watermarks_ms.get(partition as usize).copied().flatten();
        let stored = [record.lend()];
        let input = Input { topic: topic.as_str(), partition, records: &stored };
        let outcome = self.instance(partition).await?.process(&input, before_ms).await?;
        self.settle(partition, record, outcome, made, waiting).await?;
        if !self.plan.is_aligned {
            self.advance(partition, Some(record.timestamp_ms), record, made, waiting).await?;
        } else if waiting.is_empty() {
            // All that was on its way has arrived: the whole deployment goes on.
            let times: Vec<_> = left.iter().copied().zip(self.internal_ms.iter().copied()).collect();
            let watermark_ms = aligned(&times);
            for partition in 0..self.plan.partitions() {
                *called = partition;
                self.advance(partition, watermark_ms, record, made, waiting).await?;
            }
        }
        Ok(())
    }

    async fn advance(
        &mut self,
        partition: u32,
        to_ms: Option<i64>,
        record: &KeptRecord,
        made: &mut Made,
        waiting: &mut VecDeque<(TopicName, u32, KeptRecord)>,
    ) -> Result<(), StepFailure> {
        let Some(watermark_ms) = self.watermarks_ms.get_mut(partition as usize) else { return Ok(()) };
        if to_ms <= *watermark_ms {
            return Ok(());
        }
        *watermark_ms = to_ms;
        let outcome = self.instance(partition).await?.advance(to_ms).await?;
        self.settle(partition, record, outcome, made, waiting).await
    }

    /// Keeps what a call staged, and sorts what it emitted.
    async fn settle(
        &mut self,
        partition: u32,
        record: &KeptRecord,
        outcome: Outcome,
        made: &mut Made,
        waiting: &mut VecDeque<(TopicName, u32, KeptRecord)>,
    ) -> Result<(), StepFailure> {
        let staged = self.instance(partition).await?.take_staged();
        self.scratch.apply(partition, staged.state).map_err(StepFailure::Replay)?;
        if let Some(rejection) = outcome.rejections.into_iter().next() {
            made.rejected = Some(rejection.reason);
        }
        let from = partition;
        // A replay makes no topics.
        let (reached, _) = self.plan.find_reached(&self.log, &outcome.records)?;
        for emitted in outcome.records {
            // A record without a time of its own takes that of the append, which a replay has not: the input's stands in.
            let (topic, partition, emitted) = place((&self.plan, &reached), partition, record.timestamp_ms, emitted)?;
            let name = topic.name().clone();
            if self.plan.internal.contains(&name) {
                if let Some(time_ms) = self.internal_ms.get_mut(from as usize) {
                    *time_ms = (*time_ms).max(Some(emitted.timestamp_ms));
                }
                self.internal_offset += 1;
                waiting.push_back((name, partition, KeptRecord::appended(self.internal_offset, emitted)));
            } else {
                made.records.push((name, emitted));
            }
        }
        Ok(())
    }
}

enum StepFailure {
    Call(CallError),
    /// The replay itself cannot go on.
    Replay(Error),
}

impl From<CallError> for StepFailure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}
