//! Drives a sink as the host does.

use std::collections::BTreeMap;

use super::deployment::Deployment;
use super::host::LogLine;
use crate::http::{Error, Request, Response};
use crate::sink::{Delivery, Sink};
use crate::task::SinkTask;
use crate::{Batch, Failure, Record};

/// A deployment of the sink `S`, named `test`, as one task over one partition of the topic `input`.
pub struct SinkHarness<S: Sink> {
    deployment: Deployment,
    task: SinkTask<S>,
    next_offset: u64,
}

const INPUT: &str = "input";

impl<S: Sink> SinkHarness<S> {
    /// Describes the sink and opens it over partition 0. `outside` answers its requests;
    /// [`nothing_outside`](super::nothing_outside) answers none.
    ///
    /// # Panics
    ///
    /// If the sink fails to open; see [`try_new`](Self::try_new).
    pub fn new(settings: &str, outside: impl FnMut(&Request) -> Result<Response, Error> + 'static) -> Self {
        Self::try_new(settings, outside).unwrap_or_else(|failure| panic!("the sink did not open: {failure:?}"))
    }

    /// Describes the sink and opens it over partition 0.
    pub fn try_new(
        settings: &str,
        outside: impl FnMut(&Request) -> Result<Response, Error> + 'static,
    ) -> Result<Self, Failure> {
        let deployment = Deployment::new(S::describe(), Some(0), settings)?.with_outside(outside);
        let mut harness = Self { deployment, task: SinkTask::new(), next_offset: 0 };
        harness.open()?;
        Ok(harness)
    }

    /// Opens the sink anew, over this partition.
    ///
    /// # Panics
    ///
    /// If the sink fails to open.
    #[must_use]
    pub fn with_partition(mut self, partition: u32) -> Self {
        self.deployment.context.partition = Some(partition);
        self.restart();
        self
    }

    /// Hands over a batch. The records get the partition's next offsets, and those that are done keep them: what is not done
    /// has to be given again.
    ///
    /// # Panics
    ///
    /// If the answer breaks the contract: more is done than was given, or a rejection is not of what is done.
    pub fn deliver(&mut self, records: impl IntoIterator<Item = Record>) -> Result<Delivery, Failure> {
        let records: Vec<Record> =
            (self.next_offset..).zip(records).map(|(offset, record)| Record { offset, ..record }).collect();
        if records.is_empty() {
            return Ok(Delivery::new(0));
        }
        let count = records.len() as u64;
        let partition = self.deployment.context.partition.unwrap_or(0);
        let batch = Batch { topic: INPUT.to_owned(), partition, records };
        let Self { deployment, task, .. } = self;
        let delivery = deployment.call(|| task.deliver(batch))?;

        assert!(u64::from(delivery.done) <= count, "{} of {count} records cannot be done", delivery.done);
        let done = self.next_offset..self.next_offset + u64::from(delivery.done);
        for rejection in &delivery.rejections {
            let is_of_batch = rejection.topic == INPUT && rejection.partition == partition;
            assert!(is_of_batch && done.contains(&rejection.offset), "{rejection:?} is not of what is done");
        }
        self.next_offset = done.end;
        Ok(delivery)
    }

    /// Replaces the instance by a new one, as a restart or a swap does: the state stays, the sink's fields are gone.
    ///
    /// # Panics
    ///
    /// If the sink fails to open.
    pub fn restart(&mut self) {
        self.task = SinkTask::new();
        self.open().unwrap_or_else(|failure| panic!("the sink did not open again: {failure:?}"));
    }

    /// Sets the clock.
    pub fn set_now_ms(&mut self, now_ms: i64) {
        self.deployment.host.now_ms = now_ms;
    }

    /// The committed rows of a table.
    ///
    /// # Panics
    ///
    /// If the sink does not declare this table.
    pub fn state(&self, table: &str) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        self.deployment.state(table)
    }

    /// What the sink logged, of every level.
    pub fn log_lines(&self) -> &[LogLine] {
        &self.deployment.host.log
    }

    fn open(&mut self) -> Result<(), Failure> {
        let Self { deployment, task, .. } = self;
        deployment.open(|context| task.open(context))
    }
}
