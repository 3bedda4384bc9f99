//! Drives a plugin as the host does: one call after another, state kept only where a call succeeds.

use std::collections::BTreeMap;

use super::deployment::Deployment;
use super::host::LogLine;
use crate::bindings::exports::kafka_do::plugin::processor;
use crate::task::ProcessorTask;
use crate::{Batch, Failure, Header, NewRecord, Processor, Record, Rejection};

/// What a call handed back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub records: Vec<NewRecord>,
    pub rejections: Vec<Rejection>,
}

impl From<processor::Outcome> for Outcome {
    fn from(outcome: processor::Outcome) -> Self {
        Self { records: outcome.records, rejections: outcome.rejections }
    }
}

/// A deployment of the plugin `P`, named `test`, as one task over partition 0 of its inputs.
pub struct Harness<P: Processor> {
    deployment: Deployment,
    task: ProcessorTask<P>,
    /// By topic.
    next_offsets: BTreeMap<String, u64>,
}

/// The input of a plugin that reads one topic only.
const INPUT: &str = "input";

impl<P: Processor> Harness<P> {
    /// Describes and opens the plugin with these settings.
    ///
    /// # Panics
    ///
    /// If the plugin fails to open; see [`try_new`](Self::try_new).
    pub fn new(settings: &str) -> Self {
        Self::try_new(settings).unwrap_or_else(|failure| panic!("the plugin did not open: {failure:?}"))
    }

    /// Describes and opens the plugin with these settings.
    pub fn try_new(settings: &str) -> Result<Self, Failure> {
        let mut harness = Self {
            deployment: Deployment::new(P::describe(), Some(0), settings)?,
            task: ProcessorTask::new(),
            next_offsets: BTreeMap::new(),
        };
        harness.open()?;
        Ok(harness)
    }

    /// Hands over a batch of the topic `input`. The records get the partition's next offsets, unless the call fails.
    pub fn process(&mut self, records: impl IntoIterator<Item = Record>) -> Result<Outcome, Failure> {
        self.process_topic(INPUT, records)
    }

    /// Hands over a batch of one of several inputs. Each topic counts its own offsets.
    pub fn process_topic(
        &mut self,
        topic: &str,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<Outcome, Failure> {
        let next_offset = self.next_offsets.get(topic).copied().unwrap_or(0);
        let records: Vec<Record> =
            (next_offset..).zip(records).map(|(offset, record)| Record { offset, ..record }).collect();
        let next_offset = next_offset + records.len() as u64;
        if records.is_empty() {
            return Ok(Outcome::default());
        }
        let batch = Batch { topic: topic.to_owned(), partition: 0, records };
        let outcome = self.call(|task| task.process(batch))?;
        self.next_offsets.insert(topic.to_owned(), next_offset);
        Ok(outcome)
    }

    /// Moves the watermark.
    pub fn advance(&mut self, watermark_ms: i64) -> Result<Outcome, Failure> {
        self.deployment.host.watermark_ms = Some(watermark_ms);
        self.call(|task| task.advance(watermark_ms))
    }

    /// Makes the call of `advance` that the plugin asked for with [`clock::wake_at`](crate::clock::wake_at), where its time has
    /// come by the clock ([`set_now_ms`](Self::set_now_ms)); else nothing happens. The call uses the wish up.
    pub fn wake(&mut self) -> Result<Outcome, Failure> {
        if self.deployment.host.wake_at_ms.is_none_or(|at_ms| at_ms > self.deployment.host.now_ms) {
            return Ok(Outcome::default());
        }
        let wish = self.deployment.host.wake_at_ms.take();
        let watermark_ms = self.deployment.host.watermark_ms.unwrap_or(i64::MIN);
        let result = self.call(|task| task.advance(watermark_ms));
        if result.is_err() {
            self.deployment.host.wake_at_ms = wish;
        }
        result
    }

    /// When the plugin wants to be woken, if it does.
    pub fn wake_at_ms(&self) -> Option<i64> {
        self.deployment.host.wake_at_ms
    }

    /// The internal topics that the plugin asked for, by their full names.
    pub fn internal_topics(&self) -> &[String] {
        &self.deployment.host.internal_topics
    }

    /// Replaces the instance by a new one, as a restart or a swap does: the state stays, the plugin's fields are gone.
    ///
    /// # Panics
    ///
    /// If the plugin fails to open.
    pub fn restart(&mut self) {
        self.task = ProcessorTask::new();
        self.open().unwrap_or_else(|failure| panic!("the plugin did not open again: {failure:?}"));
    }

    /// Sets the clock.
    pub fn set_now_ms(&mut self, now_ms: i64) {
        self.deployment.host.now_ms = now_ms;
    }

    /// The committed rows of a table.
    ///
    /// # Panics
    ///
    /// If the plugin does not declare this table.
    pub fn state(&self, table: &str) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        self.deployment.state(table)
    }

    /// What the plugin logged, of every level.
    pub fn log_lines(&self) -> &[LogLine] {
        &self.deployment.host.log
    }

    fn open(&mut self) -> Result<(), Failure> {
        let Self { deployment, task, .. } = self;
        deployment.open(|context| task.open(context))
    }

    fn call(
        &mut self,
        call: impl FnOnce(&ProcessorTask<P>) -> Result<processor::Outcome, Failure>,
    ) -> Result<Outcome, Failure> {
        let Self { deployment, task, .. } = self;
        deployment.call(|| call(task)).map(Outcome::from)
    }
}

/// A record to hand over: without key and value, at time 0. The harness sets its offset.
pub fn record() -> Record {
    Record { offset: 0, timestamp_ms: 0, key: None, value: None, headers: Vec::new() }
}

/// How tests say what is in a record.
impl Record {
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    #[must_use]
    pub fn with_value(mut self, value: impl Into<Vec<u8>>) -> Self {
        self.value = Some(value.into());
        self
    }

    #[must_use]
    pub fn with_timestamp_ms(mut self, timestamp_ms: i64) -> Self {
        self.timestamp_ms = timestamp_ms;
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push(Header { name: name.into(), value: value.into() });
        self
    }
}
