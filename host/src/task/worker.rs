//! The worker of one task: reads a batch, calls the plugin, commits, again. Between two calls, and only there, it obeys:
//! that is what makes a swap safe.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::activity::Activity;
use super::alignment::{self, Alignment};
use super::calls::{Batch, Called};
use super::deployed::{Deployed, Failures};
use super::input::{InputAt, Read};
use super::order::{AtHand, Run, order};
use super::plan::Plan;
use super::retry::{Action, Situation, StepError, decide};
use super::status::{Failure, InputStatus, Shown, SwapStatus, TaskState};
use super::step::{Effects, Progress};
use crate::clock::Clock;
use crate::config::SecretSource;
use crate::error::Error;
use crate::limits::{INSTANCE_IDLE_MS, INTERNAL_PURGE_RECORDS, TASK_BATCH_RECORDS_MAX, WAKE_LOOK_MS};
use crate::log::{Log, Partition};
use crate::model::deployment::{Deployment, TaskTimes};
use crate::model::name::{DeploymentName, GroupName, TopicName};
use crate::model::plugin::Role;
use crate::model::record::StoredRecord;
use crate::plugin::{CallError, Hold, Instance, StateBase, Timings};
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
    /// Topics that are some deployment's own, and that no other writes to.
    pub(super) owned: RwLock<HashSet<TopicName>>,
    /// Where the secrets come from that settings name.
    pub(super) secrets: SecretSource,
    /// A step takes one; how many there are bounds the memory of all steps together.
    pub(super) turns: Semaphore,
    /// The same for steps that wait for others, of sinks and of sources: nobody who computes waits for them.
    pub(super) outward_turns: Semaphore,
    pub(super) polls: Semaphore,
}

/// What a worker tells the supervisor.
#[derive(Debug)]
pub(super) enum Event {
    /// The plugin failed: one that is a canary goes back.
    Fault { deployment: DeploymentName, generation: u32, reason: String },
    /// The generation does not work; the supervisor decides whether there is one to return to.
    WantsRollback { deployment: DeploymentName, generation: u32, reason: String },
}

pub(super) enum Command {
    Swap { plan: Arc<Plan>, reply: oneshot::Sender<Result<SwapStatus, CallError>> },
    Pause(oneshot::Sender<()>),
    Resume(oneshot::Sender<()>),
    Stop(oneshot::Sender<()>),
}

pub(super) struct Worker {
    pub(super) surroundings: Arc<Surroundings>,
    pub(super) deployment: DeploymentName,
    pub(super) group: GroupName,
    pub(super) scope: Scope,
    pub(super) plan: Arc<Plan>,
    /// One partition of each input, in the plan's order.
    pub(super) inputs: Vec<InputAt>,
    pub(super) instance: Option<Instance>,
    pub(super) times: TaskTimes,
    /// As they stand in the store: a swap to another kind of time is written with the next commit.
    pub(super) stored_times: TaskTimes,
    pub(super) alignment: Arc<Alignment>,
    /// What the others may know of this task, where the deployment repartitions.
    pub(super) progress: Arc<Mutex<alignment::Progress>>,
    /// In a row, and those of them that were the plugin's fault.
    pub(super) failures: u32,
    pub(super) faults: u32,
    pub(super) retry_at: Option<tokio::time::Instant>,
    pub(super) paused: bool,
    /// The plugin said that it cannot go on.
    pub(super) stopped: bool,
    pub(super) failures_seen: Arc<Failures>,
    /// Turns of this deployment; a step takes one of them and one of all.
    pub(super) turns: Arc<Semaphore>,
    /// What a sink did.
    pub(super) activity: Arc<Activity>,
    /// Shown to people.
    pub(super) shown: Arc<Mutex<Shown>>,
    pub(super) label: DeploymentLabel,
}

impl Worker {
    /// A task for the partitions of this number.
    pub(super) fn new(
        surroundings: Arc<Surroundings>,
        row: &Deployment,
        plan: Arc<Plan>,
        partition: u32,
        deployed: &Deployed,
    ) -> Result<Self, Error> {
        let (deployment, group, paused) = (row.name.clone(), row.group(), row.paused);
        let scope = Scope { deployment: row.id, partition };
        let label = DeploymentLabel { deployment: deployment.to_string() };
        let times = surroundings.store.snapshot()?.task_times(scope)?;
        let is_sink = plan.code.role() == Role::Sinking;
        let turns = if is_sink { &deployed.outward_turns } else { &deployed.turns };
        let mut worker = Self {
            surroundings,
            deployment,
            group,
            scope,
            plan,
            inputs: Vec::new(),
            instance: None,
            times,
            stored_times: times,
            alignment: Arc::clone(&deployed.alignment),
            progress: Arc::default(),
            failures: 0,
            faults: 0,
            retry_at: None,
            paused,
            stopped: false,
            failures_seen: Arc::clone(&deployed.failures),
            turns: Arc::clone(turns),
            activity: Arc::clone(&deployed.activity),
            shown: Arc::default(),
            label,
        };
        worker.shown.lock().status.partition = partition;
        worker.inputs = worker.load_inputs(&worker.plan)?;
        worker.progress = worker.alignment.join(worker.aligned_progress());
        worker.show(if paused { TaskState::Paused } else { TaskState::Running }, None);
        Ok(worker)
    }

    /// Where the store says that the task stands in the inputs of a plan.
    fn load_inputs(&self, plan: &Plan) -> Result<Vec<InputAt>, Error> {
        let snapshot = self.surroundings.store.snapshot()?;
        let whose = (self.scope.deployment, &self.group);
        let load = |topic: &Arc<crate::log::Topic>| {
            let partition = topic.partition(self.scope.partition)?;
            let internal = plan.internal.contains(topic.name());
            InputAt::load(&snapshot, whose, partition, internal, plan.generation.number)
        };
        plan.inputs.iter().map(load).collect()
    }

    fn aligned_progress(&self) -> alignment::Progress {
        let outside = self.inputs.iter().filter(|input| !input.internal);
        alignment::Progress {
            emitted_ms: self.times.emitted_ms,
            inputs: outside.map(|input| (Arc::clone(&input.partition), input.next_offset)).collect(),
        }
    }

    pub(super) fn shown(&self) -> Arc<Mutex<Shown>> {
        Arc::clone(&self.shown)
    }

    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let shutdown = self.surroundings.shutdown.clone();
        loop {
            let ready = self.ready();
            let idle = tokio::time::sleep(Duration::from_millis(INSTANCE_IDLE_MS));
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
                () = idle, if self.instance.is_some() => self.close().await,
            }
        }
        self.close().await;
    }

    /// Returns when there is something to do: the time to try again has come, there is a record to read, event time may move
    /// on, or the plugin wants to be called.
    fn ready(&self) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let retry_at = self.retry_at;
        let waits: Vec<_> = self
            .inputs
            .iter()
            .map(|input| {
                let (partition, next_offset) = (Arc::clone(&input.partition), input.next_offset);
                Box::pin(async move { partition.wait(next_offset).await })
            })
            .collect();
        let now_ms = self.surroundings.clock.now_ms();
        let wake_in = self.times.wake_at_ms.map(|at_ms| u64::try_from(at_ms - now_ms).unwrap_or(0).min(WAKE_LOOK_MS));
        let moves = self.plan.is_aligned.then(|| self.alignment.watch());
        let is_behind = self.aligned_watermark() > self.times.watermark_ms;
        let (alignment, watermark_ms) = (Arc::clone(&self.alignment), self.times.watermark_ms);
        async move {
            if let Some(at) = retry_at {
                // Whatever it was that failed, the step finds out whether it still does.
                tokio::time::sleep_until(at).await;
                return Ok(());
            }
            let wake = async {
                match wake_in {
                    Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                    None => std::future::pending().await,
                }
            };
            let time_goes_on = async {
                match moves {
                    Some(_) if is_behind => {}
                    Some(mut moves) => loop {
                        if moves.changed().await.is_err() || alignment.watermark_ms() > watermark_ms {
                            break;
                        }
                    },
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                (first, _, _) = futures_util::future::select_all(waits) => first,
                () = wake => Ok(()),
                () = time_goes_on => Ok(()),
            }
        }
    }

    /// What the watermark may be where the deployment repartitions, once this task has read all that is on its way to it.
    fn aligned_watermark(&self) -> Option<i64> {
        if !self.plan.is_aligned || self.inputs.iter().any(|input| input.internal && input.has_more()) {
            return None;
        }
        self.alignment.watermark_ms()
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
        self.inputs.iter_mut().for_each(|input| input.isolate_until = 0);
        self.show(if self.paused { TaskState::Paused } else { TaskState::Running }, None);
    }

    /// Opens an instance of the new plan and puts it in the old one's place. Where that fails, the old one goes on.
    async fn swap(&mut self, plan: Arc<Plan>) -> Result<SwapStatus, CallError> {
        let begun = Clock::instant();
        let (instance, timings) = self.open_instance(&plan).await?;
        let mut inputs = self.load_inputs(&plan).map_err(|error| CallError::Broken(error.detail))?;
        for input in &mut inputs {
            if let Some(index) = self.inputs.iter().position(|known| known.partition.id() == input.partition.id()) {
                *input = self.inputs.swap_remove(index);
                input.turn_over();
            }
        }
        self.inputs = inputs;
        self.shown.lock().partitions.clear();
        let old = self.instance.replace(instance);
        if self.plan.is_aligned != plan.is_aligned {
            // Event time is of another kind from here on.
            self.times.watermark_ms = None;
            self.times.emitted_ms = None;
        }
        self.plan = plan;
        self.recover();
        *self.progress.lock() = self.aligned_progress();
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
            at_offset: self.first_next_offset(),
            pause_us: micros(pause),
            instantiate_us: micros(timings.instantiate),
            open_us: micros(timings.open),
        })
    }

    pub(super) fn is_sink(&self) -> bool {
        self.plan.code.role() == Role::Sinking
    }

    pub(super) async fn open_instance(&mut self, plan: &Plan) -> Result<(Instance, Timings), CallError> {
        let state = StateBase::Store(Arc::clone(&self.surroundings.store));
        let context = plan.context(&self.deployment, self.scope, state);
        let (instance, timings) = Instance::open(&plan.code, &context).await?;
        match plan.lacks(&self.deployment, &instance) {
            None => Ok((instance, timings)),
            Some(name) => Err(CallError::Broken(format!(
                "the plugin broke its contract: it asked for the internal topic {name}, which it did not when it was deployed"
            ))),
        }
    }

    fn first_next_offset(&self) -> u64 {
        self.inputs.first().map_or(0, |input| input.next_offset)
    }

    async fn step(&mut self) {
        let surroundings = Arc::clone(&self.surroundings);
        let own = Arc::clone(&self.turns);
        let all = if self.is_sink() { &surroundings.outward_turns } else { &surroundings.turns };
        let (Ok(_own), Ok(_turn)) = (own.acquire().await, all.acquire().await) else { return };
        self.retry_at = None;
        if let Some(index) = self.inputs.iter().position(|input| input.next_offset < input.partition.start_offset()) {
            return self.skip_deleted(index);
        }
        // Before anything is read: what is on its way by now is read before the task goes by it.
        let aligned_ms = self.plan.is_aligned.then(|| self.alignment.watermark_ms());
        let on_its_way: Vec<u64> = self.inputs.iter().map(|input| input.partition.high_watermark()).collect();
        // Its own topics go first, and what comes from outside is not read in vain meanwhile.
        let has_internal = self.inputs.iter().any(|input| input.internal && input.has_more());
        let mut reads = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            if has_internal && !input.internal {
                reads.push(input.read_nothing());
                continue;
            }
            match input.read(&surroundings.log).await {
                Ok(read) => reads.push(read),
                Err(error) => return self.failed(&StepError::Host(error.detail), None),
            }
        }
        let is_isolating = self.inputs.iter().any(InputAt::is_isolating);
        let records_max = if is_isolating { 1 } else { TASK_BATCH_RECORDS_MAX };
        let records: Result<Vec<_>, Error> = reads.iter().map(|read| read.records(records_max)).collect();
        let records = match records {
            Ok(records) => records,
            Err(error) => return self.failed(&StepError::Host(error.detail), None),
        };
        self.pass_over_holes(&reads, &records);
        let hands: Vec<AtHand> = reads
            .iter()
            .zip(&records)
            .zip(&self.inputs)
            .map(|((read, records), input)| read.at_hand(records, input.internal))
            .collect();
        let runs = order(&hands, records_max);
        let taken: usize = runs.iter().map(|run| run.records.len()).sum();
        let batches: Vec<Batch<'_>> = runs
            .into_iter()
            .map(|Run { input, records: range }| Batch { input, records: &records[input][range] })
            .collect();
        let alignment = aligned_ms.map(|watermark_ms| Aligned { watermark_ms, ends: on_its_way });
        match self.process(&batches, alignment).await {
            Ok(hold) => {
                self.failures = 0;
                self.faults = 0;
                match hold {
                    None => self.show(TaskState::Running, None),
                    Some(hold) => self.hold(hold),
                }
            }
            Err(error) => {
                let ends = batches.iter().filter_map(|batch| Some((batch.input, batch.records.last()?.offset + 1)));
                self.failed(&error, (taken > 1).then(|| ends.collect()));
            }
        }
    }

    /// Compaction left nothing where an input was read, or a commit that was in doubt had gone through.
    fn pass_over_holes(&mut self, reads: &[Read], records: &[Vec<StoredRecord<'_>>]) {
        let mut moved = false;
        for ((input, read), records) in self.inputs.iter_mut().zip(reads).zip(records) {
            if records.is_empty() && input.next_offset < read.reached {
                input.next_offset = read.reached;
                moved = true;
            }
        }
        if moved {
            self.tell_others();
        }
    }

    /// Whether, after these batches, all is read that stood in the internal topics at `ends`.
    fn will_have_read(&self, batches: &[Batch<'_>], ends: &[u64]) -> bool {
        self.inputs.iter().enumerate().filter(|(_, input)| input.internal).all(|(index, input)| {
            let last = batches.iter().rev().find(|batch| batch.input == index).and_then(|batch| batch.records.last());
            last.map_or(input.next_offset, |last| last.offset + 1) >= ends[index]
        })
    }

    /// Goes on at the oldest record there is. That what was deleted is missing is not passed over in silence.
    fn skip_deleted(&mut self, index: usize) {
        let input = &mut self.inputs[index];
        let (from, start) = (input.next_offset, input.partition.start_offset());
        let reason = format!(
            "offsets {from} to {start} of partition {} of topic {} were deleted before they were processed; the task goes on at {start}",
            self.scope.partition,
            input.partition.topic()
        );
        tracing::warn!(deployment = %self.deployment, "{reason}");
        let failure = Failure {
            at_ms: self.surroundings.clock.now_ms(),
            topic: input.partition.topic().to_string(),
            partition: self.scope.partition,
            generation: self.plan.generation.number,
            offset: from,
            reason,
        };
        input.next_offset = start;
        self.failures_seen.remember(failure);
        self.tell_others();
        self.recover();
    }

    /// The watermark after these batches.
    fn watermark_after(&self, batches: &[Batch<'_>], aligned: Option<&Aligned>) -> Option<i64> {
        if self.is_sink() {
            return self.times.watermark_ms;
        }
        let watermark_ms = match aligned {
            Some(aligned) => aligned.watermark_ms.filter(|_| self.will_have_read(batches, &aligned.ends)),
            None => batches.iter().flat_map(|batch| batch.records).map(|record| record.timestamp_ms).max(),
        };
        watermark_ms.max(self.times.watermark_ms)
    }

    /// Calls the plugin with each batch, then moves time on, and commits all of it as one. Without batches it is about time
    /// alone. Where the batches come to more than one commit should have, the last ones are left for the next step.
    async fn process(&mut self, batches: &[Batch<'_>], aligned: Option<Aligned>) -> Result<Option<Hold>, StepError> {
        let now_ms = self.surroundings.clock.now_ms();
        let is_woken = self.times.wake_at_ms.is_some_and(|at_ms| at_ms <= now_ms);
        let has_time_to_tell = self.watermark_after(batches, aligned.as_ref()) > self.times.watermark_ms;
        if batches.is_empty() && !has_time_to_tell && !is_woken {
            return Ok(None);
        }
        let plan = Arc::clone(&self.plan);
        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => self.open_instance(&plan).await.map_err(StepError::Call)?.0,
        };
        // An error costs the instance: it has seen batches that it will be given again.
        let Called { mut output, mut progress, batches: called, hold } =
            self.call_with(&mut instance, batches, now_ms).await?;
        let watermark_ms = self.watermark_after(&batches[..called], aligned.as_ref());
        if watermark_ms > self.times.watermark_ms || is_woken {
            let closed = instance.advance(watermark_ms).await.map_err(StepError::Call)?;
            let reached = plan.reach(&self.surroundings, &closed.records).await?;
            let emitted = output
                .emit((&plan, &reached), self.scope.partition, now_ms, closed.records)
                .map_err(StepError::Call)?;
            if let Some(progress) = progress.get_mut(batches.first().map_or(0, |batch| batch.input)) {
                progress.records_out += emitted;
            }
        }
        let staged = instance.take_staged();
        let times = TaskTimes {
            watermark_ms,
            emitted_ms: self.times.emitted_ms.max(output.internal_ms),
            // A sink has no call that a wish could bring.
            wake_at_ms: staged.wake.unwrap_or(self.times.wake_at_ms.filter(|_| !is_woken)).filter(|_| !self.is_sink()),
        };
        if self.is_sink() && staged.state.is_empty() && progress.iter().all(|progress| progress.next_offset.is_none()) {
            self.instance = Some(instance);
            return Ok(hold);
        }
        let effects = Effects {
            scope: self.scope,
            group: &self.group,
            inputs: &self.inputs,
            progress: &progress,
            times: (times != self.stored_times).then_some((self.stored_times, times)),
            state: staged.state,
            now_ms,
        };
        let unit = output.into_unit(effects, &plan).map_err(StepError::Call)?;
        if let Err(error) = self.surroundings.log.commit(unit).await {
            if matches!(error.code, "offset-moved" | "outcome-unknown") {
                self.reposition().map_err(|error| StepError::Host(error.detail))?;
            }
            return Err(StepError::Host(error.detail));
        }

        self.instance = Some(instance);
        (self.times, self.stored_times) = (times, times);
        self.inputs.iter_mut().zip(&progress).for_each(|(input, progress)| progress.apply(input));
        self.tell_others();
        self.purge_internal();
        let metrics = &self.surroundings.metrics;
        let sum = |of: fn(&Progress) -> u64| progress.iter().map(of).sum();
        metrics.task_records_in.get_or_create(&self.label).inc_by(sum(|progress| progress.records_in));
        metrics.task_records_out.get_or_create(&self.label).inc_by(sum(|progress| progress.records_out));
        metrics.task_rejections.get_or_create(&self.label).inc_by(sum(|progress| progress.rejected));
        Ok(hold)
    }

    /// What was read of an internal topic is nobody's any more.
    fn purge_internal(&mut self) {
        for input in self.inputs.iter_mut().filter(|input| input.internal) {
            let Some(committed) = input.committed else { continue };
            if committed < input.purged_until + INTERNAL_PURGE_RECORDS {
                continue;
            }
            input.purged_until = committed;
            let (log, partition) = (Arc::clone(&self.surroundings.log), Arc::clone(&input.partition));
            self.surroundings.shutdown.spawn(async move {
                if let Err(error) = log.delete_records(&partition, committed).await {
                    tracing::warn!(topic = %partition.topic(), %error, "an internal topic keeps what was read of it");
                }
            });
        }
    }

    fn tell_others(&self) {
        if !self.plan.is_aligned {
            return;
        }
        *self.progress.lock() = self.aligned_progress();
        self.alignment.changed();
    }

    /// Stands where the store says: after a commit of which it is not known whether it is done.
    fn reposition(&mut self) -> Result<(), Error> {
        self.times = self.surroundings.store.snapshot()?.task_times(self.scope)?;
        self.stored_times = self.times;
        self.inputs = self.load_inputs(&self.plan)?;
        self.tell_others();
        Ok(())
    }

    /// `ends` is where the batches that failed end, by input, where they had more than one record.
    fn failed(&mut self, error: &StepError, ends: Option<Vec<(usize, u64)>>) {
        let surroundings = Arc::clone(&self.surroundings);
        let now_ms = surroundings.clock.now_ms();
        let generation = &self.plan.generation;
        // What a sink cannot go on with is mostly outside: going back would deliver to where it is not wanted any more.
        let is_outside = self.is_sink() && matches!(error, StepError::Call(CallError::Fatal(_)));
        let on_trial = generation.is_on_trial(now_ms) && !is_outside;
        self.failures += 1;
        self.faults += u32::from(error.is_fault());
        let reason = error.to_string();
        let number = generation.number;
        let partition = self.scope.partition;
        let input = ends.as_ref().and_then(|ends| ends.first()).map_or(0, |(input, _)| *input);
        let (topic, offset) = self
            .inputs
            .get(input)
            .map_or_else(Default::default, |input| (input.partition.topic().to_string(), input.next_offset));
        surroundings.metrics.task_failures.get_or_create(&self.label).inc();
        tracing::warn!(deployment = %self.deployment, topic, partition, generation = number, offset, failures = self.failures, "{reason}");
        let failure = Failure { at_ms: now_ms, topic, partition, generation: number, offset, reason: reason.clone() };
        self.failures_seen.remember(failure);
        if error.is_fault() {
            let (deployment, reason) = (self.deployment.clone(), reason.clone());
            // The supervisor outlives its workers; where it is gone, the host is going too.
            let _ = surroundings.events.send(Event::Fault { deployment, generation: number, reason });
        }
        match decide(
            error,
            Situation { failures: self.failures, faults: self.faults, on_trial, many_records: ends.is_some() },
        ) {
            Action::RetryAfterMs(ms) => {
                self.retry_at = Some(tokio::time::Instant::now() + Duration::from_millis(ms));
                self.show(TaskState::Failing, Some(reason));
            }
            Action::Isolate => {
                for (input, end) in ends.unwrap_or_default() {
                    self.inputs[input].isolate_until = end;
                }
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

    pub(super) fn show(&self, state: TaskState, reason: Option<String>) {
        let Shown { status, partitions } = &mut *self.shown.lock();
        status.state = state;
        status.reason = reason;
        status.generation = self.plan.generation.number;
        status.watermark_ms = self.times.watermark_ms;
        if partitions.len() != self.inputs.len() {
            *partitions = self.inputs.iter().map(|input| Arc::clone(&input.partition)).collect();
            let input = |of: &Arc<Partition>| InputStatus { topic: of.topic().to_string(), ..InputStatus::default() };
            status.inputs = partitions.iter().map(input).collect();
        }
        for (shown, input) in status.inputs.iter_mut().zip(&self.inputs) {
            shown.next_offset = input.next_offset;
        }
    }
}

impl Drop for Worker {
    /// Whoever is gone holds nobody up.
    fn drop(&mut self) {
        self.alignment.leave(&self.progress);
    }
}

/// Event time of the whole deployment.
struct Aligned {
    watermark_ms: Option<i64>,
    /// What must have been read of the internal topics before the task goes by it, by input.
    ends: Vec<u64>,
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
