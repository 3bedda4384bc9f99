//! The worker of one task: reads a batch, calls the plugin, commits, again. Between two calls, and only there, it obeys:
//! that is what makes a swap safe.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::plan::Plan;
use super::retry::{Action, Situation, StepError, decide};
use super::status::{Failure, SwapStatus, TaskState, TaskStatus};
use super::step::{Effects, Output};
use crate::clock::Clock;
use crate::error::Error;
use crate::limits::{TASK_BATCH_BYTES_MAX, TASK_BATCH_RECORDS_MAX, TRIAL_MS};
use crate::log::{Log, Partition, unreadable};
use crate::model::batch::{Batch, PlainBatch};
use crate::model::deployment::Deployment;
use crate::model::generation::LedgerEntry;
use crate::model::name::{DeploymentName, GroupName};
use crate::model::record::StoredRecord;
use crate::plugin::{CallError, Context, Input, Instance, Outcome, Rejection};
use crate::shutdown::Shutdown;
use crate::store::Store;
use crate::store::state::Scope;
use crate::telemetry::{DeploymentLabel, Metrics};

/// What all workers share.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) log: Arc<Log>,
    pub(super) store: Arc<Store>,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) shutdown: Shutdown,
    pub(super) events: mpsc::UnboundedSender<Event>,
    /// A step takes one; how many there are bounds the memory of all steps together.
    pub(super) turns: Semaphore,
}

/// What a worker tells the supervisor.
#[derive(Debug)]
pub(super) enum Event {
    Failed {
        deployment: DeploymentName,
        failure: Failure,
    },
    /// The generation does not work; the supervisor decides whether there is one to return to.
    WantsRollback {
        deployment: DeploymentName,
        generation: u32,
        reason: String,
    },
}

pub(super) enum Command {
    Swap { plan: Arc<Plan>, reply: oneshot::Sender<Result<SwapStatus, CallError>> },
    Pause(oneshot::Sender<()>),
    Resume(oneshot::Sender<()>),
    Stop(oneshot::Sender<()>),
}

/// Where a task stands when its worker starts.
pub(super) struct Position {
    pub(super) committed: Option<u64>,
    pub(super) watermark_ms: Option<i64>,
    pub(super) ledger: LedgerEntry,
}

pub(super) struct Worker {
    surroundings: Arc<Surroundings>,
    deployment: DeploymentName,
    group: GroupName,
    scope: Scope,
    partition: Arc<Partition>,
    plan: Arc<Plan>,
    instance: Option<Instance>,
    committed: Option<u64>,
    next_offset: u64,
    watermark_ms: Option<i64>,
    ledger: LedgerEntry,
    /// In a row, and those of them that were the plugin's fault.
    failures: u32,
    faults: u32,
    retry_at: Option<tokio::time::Instant>,
    /// Batches are taken a record at a time up to this offset.
    isolate_until: u64,
    paused: bool,
    /// The plugin said that it cannot go on.
    stopped: bool,
    /// Shown to people.
    status: Arc<Mutex<TaskStatus>>,
    label: DeploymentLabel,
}

impl Worker {
    pub(super) fn new(
        surroundings: Arc<Surroundings>,
        row: &Deployment,
        partition: Arc<Partition>,
        plan: Arc<Plan>,
        position: Position,
    ) -> Self {
        let (deployment, group, paused) = (row.name.clone(), row.group(), row.paused);
        let scope = Scope { deployment: row.id, partition: partition.id().partition };
        let next_offset = position.committed.unwrap_or_else(|| partition.start_offset());
        let label = DeploymentLabel { deployment: deployment.to_string() };
        let status =
            TaskStatus { topic: partition.topic().to_string(), partition: scope.partition, ..TaskStatus::default() };
        let worker = Self {
            surroundings,
            deployment,
            group,
            scope,
            partition,
            plan,
            instance: None,
            committed: position.committed,
            next_offset,
            watermark_ms: position.watermark_ms,
            ledger: position.ledger,
            failures: 0,
            faults: 0,
            retry_at: None,
            isolate_until: 0,
            paused,
            stopped: false,
            status: Arc::new(Mutex::new(status)),
            label,
        };
        worker.show(if paused { TaskState::Paused } else { TaskState::Running }, None);
        worker
    }

    pub(super) fn status(&self) -> Arc<Mutex<TaskStatus>> {
        Arc::clone(&self.status)
    }

    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let shutdown = self.surroundings.shutdown.clone();
        loop {
            let ready = ready(self.retry_at, Arc::clone(&self.partition), self.next_offset);
            tokio::select! {
                biased;
                () = shutdown.begun() => break,
                command = commands.recv() => match command {
                    None => break,
                    Some(Command::Stop(done)) => {
                        self.close().await;
                        let _ = done.send(());
                        return;
                    }
                    Some(command) => self.obey(command).await,
                },
                ready = ready, if !self.paused && !self.stopped => match ready {
                    Ok(()) => self.step().await,
                    Err(error) => self.failed(&StepError::Host(error.detail), None),
                },
            }
        }
        self.close().await;
    }

    async fn close(&mut self) {
        if let Some(instance) = self.instance.take() {
            instance.close().await;
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Swap { plan, reply } => {
                let swapped = self.swap(plan).await;
                let _ = reply.send(swapped);
            }
            Command::Pause(done) => {
                self.paused = true;
                // A task that rests takes no memory for its guest.
                self.close().await;
                self.show(TaskState::Paused, None);
                let _ = done.send(());
            }
            Command::Resume(done) => {
                self.paused = false;
                self.recover();
                let _ = done.send(());
            }
            Command::Stop(_) => unreachable!("the loop stops before it obeys"),
        }
    }

    /// Forgets failures: the next step is tried at once.
    fn recover(&mut self) {
        self.stopped = false;
        self.failures = 0;
        self.faults = 0;
        self.retry_at = None;
        self.isolate_until = 0;
        self.show(if self.paused { TaskState::Paused } else { TaskState::Running }, None);
    }

    /// Opens an instance of the new plan and puts it in the old one's place. Where that fails, the old one goes on.
    async fn swap(&mut self, plan: Arc<Plan>) -> Result<SwapStatus, CallError> {
        let begun = Clock::instant();
        let (instance, timings) = Instance::open(&plan.code, &self.context(&plan)).await?;
        let old = self.instance.replace(instance);
        self.plan = plan;
        // From where the last one's ends, though what stands next may come later: ledgers join without a gap.
        let from = self.ledger.next_offset;
        self.ledger = LedgerEntry { from_offset: from, next_offset: from, ..LedgerEntry::default() };
        self.recover();
        let pause = begun.elapsed();
        self.surroundings.metrics.swap_pause_seconds.observe(pause.as_secs_f64());
        if self.paused {
            // It was opened to see whether it opens; a task that rests takes no memory for its guest.
            self.close().await;
        }
        if let Some(old) = old {
            self.surroundings.shutdown.spawn(old.close());
        }
        Ok(SwapStatus {
            partition: self.scope.partition,
            at_offset: self.next_offset,
            pause_us: micros(pause),
            instantiate_us: micros(timings.instantiate),
            open_us: micros(timings.open),
        })
    }

    fn context(&self, plan: &Plan) -> Context {
        Context {
            deployment: self.deployment.to_string(),
            scope: self.scope,
            generation: plan.generation.number,
            settings: Arc::clone(&plan.settings),
        }
    }

    async fn step(&mut self) {
        let surroundings = Arc::clone(&self.surroundings);
        let Ok(_turn) = surroundings.turns.acquire().await else { return };
        if self.next_offset < self.partition.start_offset() {
            return self.skip_deleted();
        }
        let chunk = match surroundings.log.read(&self.partition, self.next_offset, TASK_BATCH_BYTES_MAX).await {
            Ok(chunk) => chunk,
            Err(error) => return self.failed(&StepError::Host(error.detail), None),
        };
        let plain = match lay_open(&chunk.batches) {
            Ok(plain) => plain,
            Err(error) => return self.failed(&StepError::Host(error.detail), None),
        };
        let reached = match plain.last() {
            Some(last) if plain.len() < chunk.batches.len() => last.batch().next_offset(),
            _ => chunk.next_offset,
        };
        let records = match self.take_records(&plain) {
            Ok(records) => records,
            Err(error) => return self.failed(&StepError::Host(error.detail), None),
        };
        if records.is_empty() {
            // Compaction left nothing here, or a commit that was in doubt had gone through.
            self.next_offset = self.next_offset.max(reached);
            return self.recover();
        }
        let batch_end = records.last().map_or(self.next_offset, |last| last.offset + 1);
        let many_records = records.len() > 1;
        match self.process(records).await {
            Ok(()) => {
                if self.failures > 0 {
                    self.failures = 0;
                    self.faults = 0;
                    self.retry_at = None;
                }
                self.show(TaskState::Running, None);
            }
            Err(error) => self.failed(&error, many_records.then_some(batch_end)),
        }
    }

    /// Goes on at the oldest record there is. That what was deleted is missing is not passed over in silence.
    fn skip_deleted(&mut self) {
        let start = self.partition.start_offset();
        let reason = format!(
            "offsets {} to {start} of partition {} were deleted before they were processed; the task goes on at {start}",
            self.next_offset, self.scope.partition
        );
        tracing::warn!(deployment = %self.deployment, "{reason}");
        let failure = Failure {
            at_ms: self.surroundings.clock.now_ms(),
            partition: self.scope.partition,
            generation: self.plan.generation.number,
            offset: self.next_offset,
            reason,
        };
        // The supervisor outlives its workers; where it is gone, the host is going too.
        let _ = self.surroundings.events.send(Event::Failed { deployment: self.deployment.clone(), failure });
        self.next_offset = start;
        self.recover();
    }

    fn take_records<'a>(&self, batches: &'a [PlainBatch]) -> Result<Vec<StoredRecord<'a>>, Error> {
        let wanted = if self.next_offset < self.isolate_until { 1 } else { TASK_BATCH_RECORDS_MAX };
        let mut records = Vec::new();
        for batch in batches {
            for record in batch.records() {
                let record = record.map_err(|error| unreadable(batch.batch(), &error))?;
                if record.offset < self.next_offset {
                    continue;
                }
                if records.len() == wanted {
                    return Ok(records);
                }
                records.push(record);
            }
        }
        Ok(records)
    }

    async fn open(&mut self) -> Result<Instance, StepError> {
        let (instance, _) =
            Instance::open(&self.plan.code, &self.context(&self.plan)).await.map_err(StepError::Call)?;
        Ok(instance)
    }

    async fn process(&mut self, records: Vec<StoredRecord<'_>>) -> Result<(), StepError> {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
        let (first_offset, next_offset) = (first.offset, last.offset + 1);
        let newest_ms = records.iter().map(|record| record.timestamp_ms).max();
        let topic = self.partition.topic().to_string();
        let input = Input { topic: &topic, partition: self.scope.partition, records };

        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => self.open().await?,
        };
        let outcome = match instance.process(&input, self.watermark_ms).await {
            Ok(outcome) => outcome,
            Err(CallError::Reject(reason)) if input.records.len() == 1 => {
                // It goes on without the record, and so without what it may remember of it.
                instance = self.open().await?;
                Outcome { records: Vec::new(), rejections: vec![Rejection { offset: first_offset, reason }] }
            }
            Err(error) => return Err(StepError::Call(error)),
        };
        // An error costs the instance: it has seen the batch, and will be given it again.
        let now_ms = self.surroundings.clock.now_ms();
        let mut output = Output::default();
        let plan = Arc::clone(&self.plan);
        let rejections = outcome.rejections;
        let rejected = rejections.len() as u64;
        let outcome = Outcome { records: outcome.records, rejections: Vec::new() };
        let mut emitted = output.emit(&plan, self.scope.partition, now_ms, outcome).map_err(StepError::Call)?;
        output.reject(&plan, &topic, self.scope.partition, &input.records, rejections).map_err(StepError::Call)?;
        let watermark_ms = newest_ms.max(self.watermark_ms);
        if let Some(watermark_ms) = watermark_ms.filter(|_| watermark_ms > self.watermark_ms) {
            let closed = instance.advance(watermark_ms).await.map_err(StepError::Call)?;
            emitted += output.emit(&plan, self.scope.partition, now_ms, closed).map_err(StepError::Call)?;
        }
        let ledger = LedgerEntry {
            from_offset: self.ledger.from_offset,
            next_offset,
            records_in: self.ledger.records_in + input.records.len() as u64,
            records_out: self.ledger.records_out + emitted,
            rejected: self.ledger.rejected + rejected,
        };
        let effects = Effects {
            scope: self.scope,
            group: &self.group,
            input: self.partition.id(),
            committed: self.committed,
            next_offset,
            watermark_ms,
            ledger,
            state: instance.take_staged(),
            now_ms,
        };
        let unit = output.into_unit(effects, plan.generation.number).map_err(StepError::Call)?;
        if let Err(error) = self.surroundings.log.commit(unit).await {
            if matches!(error.code, "offset-moved" | "outcome-unknown") {
                self.reposition().map_err(|error| StepError::Host(error.detail))?;
            }
            return Err(StepError::Host(error.detail));
        }

        self.instance = Some(instance);
        let metrics = &self.surroundings.metrics;
        metrics.task_records_in.get_or_create(&self.label).inc_by(input.records.len() as u64);
        metrics.task_records_out.get_or_create(&self.label).inc_by(emitted);
        metrics.task_rejections.get_or_create(&self.label).inc_by(rejected);
        self.committed = Some(next_offset);
        self.next_offset = next_offset;
        self.watermark_ms = watermark_ms;
        self.ledger = ledger;
        Ok(())
    }

    /// Stands where the store says: after a commit of which it is not known whether it is done.
    fn reposition(&mut self) -> Result<(), Error> {
        let snapshot = self.surroundings.store.snapshot()?;
        self.committed = snapshot.offset(&self.group, self.partition.id())?;
        self.watermark_ms = snapshot.watermark(self.scope)?;
        if let Some(ledger) = snapshot.ledger_entry(self.scope, self.plan.generation.number)? {
            self.ledger = ledger;
        }
        self.next_offset = self.committed.unwrap_or_else(|| self.partition.start_offset());
        Ok(())
    }

    /// `batch` is the end of the batch that failed, where it had more than one record.
    fn failed(&mut self, error: &StepError, batch: Option<u64>) {
        let surroundings = Arc::clone(&self.surroundings);
        let now_ms = surroundings.clock.now_ms();
        let generation = &self.plan.generation;
        let on_trial = generation.number > 1
            && generation.origin == generation.number
            && now_ms - generation.started_ms < TRIAL_MS;
        self.failures += 1;
        self.faults += u32::from(error.is_fault());
        let batch_end = batch.unwrap_or(self.next_offset);
        let reason = error.to_string();
        let number = generation.number;
        let partition = self.scope.partition;
        surroundings.metrics.task_failures.get_or_create(&self.label).inc();
        tracing::warn!(deployment = %self.deployment, partition, generation = number, offset = self.next_offset, failures = self.failures, "{reason}");
        let failure =
            Failure { at_ms: now_ms, partition, generation: number, offset: self.next_offset, reason: reason.clone() };
        // The supervisor outlives its workers; where it is gone, the host is going too.
        let _ = surroundings.events.send(Event::Failed { deployment: self.deployment.clone(), failure });
        match decide(
            error,
            Situation { failures: self.failures, faults: self.faults, on_trial, many_records: batch.is_some() },
        ) {
            Action::RetryAfterMs(ms) => {
                self.retry_at = Some(tokio::time::Instant::now() + Duration::from_millis(ms));
                self.show(TaskState::Failing, Some(reason));
            }
            Action::Isolate => {
                self.isolate_until = batch_end;
                self.failures = 0;
                self.faults = 0;
                self.retry_at = None;
                self.show(TaskState::Failing, Some(reason));
            }
            Action::RollBack => {
                self.stopped = true;
                self.show(TaskState::Stopped, Some(reason.clone()));
                let deployment = self.deployment.clone();
                let _ = surroundings.events.send(Event::WantsRollback { deployment, generation: number, reason });
            }
            Action::Stop => {
                self.stopped = true;
                self.show(TaskState::Stopped, Some(reason));
            }
        }
    }

    fn show(&self, state: TaskState, reason: Option<String>) {
        let mut status = self.status.lock();
        status.state = state;
        status.reason = reason;
        status.generation = self.plan.generation.number;
        status.next_offset = self.next_offset;
        status.watermark_ms = self.watermark_ms;
    }
}

/// Returns when there is something to do: the time to try again has come, or there is a record to read.
async fn ready(
    retry_at: Option<tokio::time::Instant>,
    partition: Arc<Partition>,
    next_offset: u64,
) -> Result<(), Error> {
    if let Some(at) = retry_at {
        tokio::time::sleep_until(at).await;
        // Whatever it was that failed, the step finds out whether it still does.
        return Ok(());
    }
    partition.wait(next_offset).await
}

/// As many of the batches as go into one call, in plain bytes: at least one.
fn lay_open(batches: &[Batch]) -> Result<Vec<PlainBatch>, Error> {
    let mut plain: Vec<PlainBatch> = Vec::new();
    let mut bytes = 0;
    for batch in batches {
        if bytes >= TASK_BATCH_BYTES_MAX {
            break;
        }
        let open = batch.plain().map_err(|error| unreadable(batch, &error))?;
        bytes += open.bytes();
        plain.push(open);
    }
    Ok(plain)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
