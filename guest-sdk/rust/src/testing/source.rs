//! Drives a source as the host does.

use std::collections::BTreeMap;

use super::deployment::Deployment;
use super::host::LogLine;
use crate::Failure;
use crate::http::{Error, Request, Response};
use crate::source::{PollLimits, PollOutcome, Source};
use crate::task::SourceTask;

/// A deployment of the source `S`, named `test`.
pub struct SourceHarness<S: Source> {
    deployment: Deployment,
    task: SourceTask<S>,
    cursor: Option<Vec<u8>>,
    limits: PollLimits,
}

impl<S: Source> SourceHarness<S> {
    /// Describes the source and opens it for its first run. `outside` answers its requests;
    /// [`nothing_outside`](super::nothing_outside) answers none.
    ///
    /// # Panics
    ///
    /// If the source fails to open; see [`try_new`](Self::try_new).
    pub fn new(settings: &str, outside: impl FnMut(&Request) -> Result<Response, Error> + 'static) -> Self {
        Self::try_new(settings, None, outside).unwrap_or_else(|failure| panic!("the source did not open: {failure:?}"))
    }

    /// Describes the source and opens it where a run before it ended.
    pub fn try_new(
        settings: &str,
        resume: Option<Vec<u8>>,
        outside: impl FnMut(&Request) -> Result<Response, Error> + 'static,
    ) -> Result<Self, Failure> {
        let deployment = Deployment::new(S::describe(), None, settings)?.with_outside(outside);
        let limits = PollLimits { records: 1_000, bytes: 1 << 20 };
        let mut harness = Self { deployment, task: SourceTask::new(), cursor: resume, limits };
        harness.open()?;
        Ok(harness)
    }

    /// How much a poll may answer.
    #[must_use]
    pub fn with_limits(mut self, limits: PollLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Polls, and commits what came. The source hears of it with [`committed`](Self::committed) only.
    ///
    /// # Panics
    ///
    /// If the answer breaks the contract: it has more records than were asked for.
    pub fn poll(&mut self) -> Result<PollOutcome, Failure> {
        let Self { deployment, task, limits, .. } = self;
        let outcome = deployment.call(|| task.poll(*limits))?;
        assert!(
            outcome.records.len() <= self.limits.records as usize,
            "{} records are more than {}",
            outcome.records.len(),
            self.limits.records
        );
        self.cursor = Some(outcome.cursor.clone());
        Ok(outcome)
    }

    /// Polls, and loses the answer before it is committed: the source is opened anew where it stood before.
    ///
    /// # Panics
    ///
    /// If the source fails to open.
    pub fn poll_in_vain(&mut self) -> Result<PollOutcome, Failure> {
        let tables = self.deployment.host.tables.clone();
        let Self { deployment, task, limits, .. } = self;
        let outcome = deployment.call(|| task.poll(*limits));
        self.deployment.host.tables = tables;
        self.restart();
        outcome
    }

    /// Tells the source that all it answered so far is durable; nothing happens before the first poll.
    pub fn committed(&mut self) -> Result<(), Failure> {
        let Self { deployment, task, cursor, .. } = self;
        cursor.clone().map_or(Ok(()), |cursor| deployment.call(|| task.committed(cursor)))
    }

    /// The last cursor that was committed.
    pub fn cursor(&self) -> Option<&[u8]> {
        self.cursor.as_deref()
    }

    /// Replaces the instance by a new one, as a restart or a swap does: it goes on from the last committed cursor.
    ///
    /// # Panics
    ///
    /// If the source fails to open.
    pub fn restart(&mut self) {
        self.task = SourceTask::new();
        self.open().unwrap_or_else(|failure| panic!("the source did not open again: {failure:?}"));
    }

    /// Sets the clock.
    pub fn set_now_ms(&mut self, now_ms: i64) {
        self.deployment.host.now_ms = now_ms;
    }

    /// The committed rows of a table.
    ///
    /// # Panics
    ///
    /// If the source does not declare this table.
    pub fn state(&self, table: &str) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        self.deployment.state(table)
    }

    /// What the source logged, of every level.
    pub fn log_lines(&self) -> &[LogLine] {
        &self.deployment.host.log
    }

    fn open(&mut self) -> Result<(), Failure> {
        let Self { deployment, task, cursor, .. } = self;
        deployment.open(|context| task.open(context, cursor.clone()))
    }
}
