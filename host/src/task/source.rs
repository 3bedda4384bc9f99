//! A source at work: asks its plugin what comes next outside, and commits that with the cursor that it leads to. One task, one
//! instance. What was polled and not committed is polled again, from the last cursor; so a poll can be broken off at any time.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{SemaphorePermit, mpsc};
use tokio::time::Instant;

use super::activity::{Activity, Delivery, Verdict};
use super::deployed::{Deployed, Failures};
use super::plan::Plan;
use super::retry::{Action, Situation, StepError, decide};
use super::status::{Failure, Shown, SwapStatus, TaskState};
use super::step::Output;
use super::worker::{Command, Event, Surroundings, micros};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::limits::{HOLD_MS_MAX, HOLD_MS_MIN, INSTANCE_IDLE_MS};
use crate::log::Guard;
use crate::model::deployment::Deployment;
use crate::model::name::DeploymentName;
use crate::plugin::{CallError, Instance, Polled, StateBase, Timings};
use crate::store::Row;
use crate::store::state::Scope;
use crate::telemetry::DeploymentLabel;

pub(super) struct SourceWorker {
    surroundings: Arc<Surroundings>,
    deployment: DeploymentName,
    scope: Scope,
    plan: Arc<Plan>,
    instance: Option<Instance>,
    /// The last that was committed.
    cursor: Option<Vec<u8>>,
    /// When the next poll is due.
    next_poll: Instant,
    /// In a row, and those of them that were the plugin's fault.
    failures: u32,
    faults: u32,
    paused: bool,
    /// The plugin said that it cannot go on.
    stopped: bool,
    /// Where the next records without a key go.
    sticky: u32,
    failures_seen: Arc<Failures>,
    activity: Arc<Activity>,
    shown: Arc<Mutex<Shown>>,
    label: DeploymentLabel,
}

impl SourceWorker {
    pub(super) fn new(
        surroundings: Arc<Surroundings>,
        row: &Deployment,
        plan: Arc<Plan>,
        deployed: &Deployed,
    ) -> Result<Self> {
        let cursor = surroundings.store.snapshot()?.cursor(row.id)?;
        let worker = Self {
            surroundings,
            deployment: row.name.clone(),
            scope: Scope { deployment: row.id, partition: 0 },
            plan,
            instance: None,
            cursor,
            next_poll: Instant::now(),
            failures: 0,
            faults: 0,
            paused: row.paused,
            stopped: false,
            sticky: 0,
            failures_seen: Arc::clone(&deployed.failures),
            activity: Arc::clone(&deployed.activity),
            shown: Arc::default(),
            label: DeploymentLabel { deployment: row.name.to_string() },
        };
        worker.show(if worker.paused { TaskState::Paused } else { TaskState::Running }, None);
        Ok(worker)
    }

    pub(super) fn shown(&self) -> Arc<Mutex<Shown>> {
        Arc::clone(&self.shown)
    }

    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let surroundings = Arc::clone(&self.surroundings);
        let shutdown = surroundings.shutdown.clone();
        loop {
            // The instance is out of the task's hands while it polls: a poll that is broken off takes it along.
            let mut instance = self.instance.take();
            let rests = self.paused || self.stopped;
            let polled = tokio::select! {
                biased;
                () = shutdown.begun() => break,
                command = commands.recv() => {
                    self.instance = instance.take();
                    match command {
                        None => break,
                        Some(Command::Stop(done)) => {
                            self.close().await;
                            let _ = done.send(());
                            return;
                        }
                        Some(command) => self.obey(command).await,
                    }
                    continue;
                }
                polled = self.poll_when_due(&mut instance, &surroundings), if !rests => polled,
            };
            match polled {
                Ok((polled, took, _turn)) => {
                    self.instance = instance;
                    if let Err(error) = self.commit(polled, took).await {
                        self.instance = None;
                        self.failed(&error);
                    }
                }
                Err(error) => self.failed(&StepError::Call(error)),
            }
        }
        self.close().await;
    }

    /// Waits until it is time, then asks. An instance that would wait long in vain is given back.
    async fn poll_when_due<'a>(
        &mut self,
        instance: &mut Option<Instance>,
        surroundings: &'a Surroundings,
    ) -> Result<(Polled, Duration, SemaphorePermit<'a>), CallError> {
        if self.next_poll.saturating_duration_since(Instant::now()) > Duration::from_millis(INSTANCE_IDLE_MS)
            && let Some(instance) = instance.take()
        {
            instance.close().await;
        }
        tokio::time::sleep_until(self.next_poll).await;
        let Ok(turn) = surroundings.polls.acquire().await else {
            return Err(CallError::NoRoom("the host is shutting down".into()));
        };
        let begun = Clock::instant();
        let plan = Arc::clone(&self.plan);
        // Whatever ends the poll before its time, the instance goes with it.
        let mut open = match instance.take() {
            Some(open) => open,
            None => self.open(&plan).await?.0,
        };
        let polled = open.poll().await?;
        *instance = Some(open);
        Ok((polled, begun.elapsed(), turn))
    }

    async fn open(&mut self, plan: &Plan) -> Result<(Instance, Timings), CallError> {
        let state = StateBase::Store(Arc::clone(&self.surroundings.store));
        let mut context = plan.context(&self.deployment, self.scope, state);
        context.cursor.clone_from(&self.cursor);
        Instance::open(&plan.code, &context).await
    }

    async fn commit(&mut self, polled: Polled, took: Duration) -> Result<(), StepError> {
        let begun = Clock::instant();
        let Polled { records, cursor, idle_ms } = polled;
        let Some(instance) = &mut self.instance else { return Ok(()) };
        let staged = instance.take_staged();
        let has_news = !records.is_empty() || !staged.state.is_empty() || self.cursor.as_ref() != Some(&cursor);
        let count = records.len() as u64;
        if has_news {
            let now_ms = self.surroundings.clock.now_ms();
            let plan = Arc::clone(&self.plan);
            let reached = plan.reach(&self.surroundings, &records).await?;
            self.sticky = self.sticky.wrapping_add(1);
            let mut output = Output::default();
            output.emit((&plan, &reached), self.sticky, now_ms, records).map_err(StepError::Call)?;
            let mut unit = output.into_appends().map_err(StepError::Call)?;
            let deployment = self.scope.deployment;
            unit.guards.push(Guard::Cursor { deployment, expected: self.cursor.clone() });
            unit.rows.extend(staged.state.into_iter().map(|change| Row::State { scope: self.scope, change }));
            unit.rows.push(Row::Cursor { deployment, cursor: cursor.clone() });
            if let Err(error) = self.surroundings.log.commit(unit).await {
                if matches!(error.code, "offset-moved" | "outcome-unknown") {
                    self.reposition().map_err(|error| StepError::Host(error.detail))?;
                }
                return Err(StepError::Host(error.detail));
            }
            self.cursor = Some(cursor.clone());
            self.surroundings.metrics.task_records_out.get_or_create(&self.label).inc_by(count);
            self.activity.remember(Delivery {
                at_ms: now_ms,
                what: "poll".to_owned(),
                verdict: Verdict::Accepted,
                status: None,
                records: count,
                us: micros(took + begun.elapsed()),
                reason: None,
            });
            if let Err(error) = instance.committed(&cursor).await {
                // Whoever opens with the cursor knows as much.
                tracing::warn!(deployment = %self.deployment, %error, "a source was told in vain what is durable");
                self.instance = None;
            }
        }
        self.failures = 0;
        self.faults = 0;
        self.next_poll = Instant::now() + Duration::from_millis(idle_ms);
        self.show(TaskState::Running, None);
        Ok(())
    }

    /// Stands where the store says: after a commit of which it is not known whether it is done.
    fn reposition(&mut self) -> Result<(), Error> {
        self.cursor = self.surroundings.store.snapshot()?.cursor(self.scope.deployment)?;
        Ok(())
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

    fn recover(&mut self) {
        self.stopped = false;
        self.failures = 0;
        self.faults = 0;
        self.next_poll = Instant::now();
        self.show(if self.paused { TaskState::Paused } else { TaskState::Running }, None);
    }

    async fn swap(&mut self, plan: Arc<Plan>) -> Result<SwapStatus, CallError> {
        let begun = Clock::instant();
        let (instance, timings) = self.open(&plan).await?;
        let old = self.instance.replace(instance);
        self.plan = plan;
        self.recover();
        let pause = begun.elapsed();
        self.surroundings.metrics.swap_pause_seconds.observe(pause.as_secs_f64());
        if self.paused {
            self.close().await;
        }
        if let Some(old) = old {
            self.surroundings.shutdown.spawn(old.close());
        }
        Ok(SwapStatus {
            partition: 0,
            at_offset: 0,
            pause_us: micros(pause),
            instantiate_us: micros(timings.instantiate),
            open_us: micros(timings.open),
        })
    }

    fn failed(&mut self, error: &StepError) {
        let surroundings = Arc::clone(&self.surroundings);
        let now_ms = surroundings.clock.now_ms();
        let generation = &self.plan.generation;
        let number = generation.number;
        // What a source cannot go on with is mostly outside: going back would ask where it is not wanted any more.
        let is_outside = matches!(error, StepError::Call(CallError::Fatal(_)));
        let on_trial = generation.is_on_trial(now_ms) && !is_outside;
        self.failures += 1;
        self.faults += u32::from(error.is_fault());
        let reason = error.to_string();
        surroundings.metrics.task_failures.get_or_create(&self.label).inc();
        tracing::warn!(deployment = %self.deployment, generation = number, failures = self.failures, "{reason}");
        let topic = generation.output.as_ref().map(ToString::to_string).unwrap_or_default();
        self.failures_seen.remember(Failure {
            at_ms: now_ms,
            topic,
            partition: 0,
            generation: number,
            offset: 0,
            reason: reason.clone(),
        });
        self.activity.remember(Delivery {
            at_ms: now_ms,
            what: "poll".to_owned(),
            verdict: Verdict::Failed,
            status: None,
            records: 0,
            us: 0,
            reason: Some(reason.clone()),
        });
        let situation = Situation { failures: self.failures, faults: self.faults, on_trial, many_records: false };
        let asked = match error {
            StepError::Call(CallError::Retry { after_ms: Some(ms), .. }) => Some(u64::from(*ms)),
            _ => None,
        };
        match decide(error, situation) {
            Action::RetryAfterMs(ms) => {
                // Who is outside may ask for more patience than a processor has.
                let ms = asked.map_or(ms, |asked| asked.clamp(HOLD_MS_MIN, HOLD_MS_MAX));
                self.next_poll = Instant::now() + Duration::from_millis(ms);
                self.show(TaskState::Failing, Some(reason));
            }
            Action::RollBack => {
                self.stopped = true;
                self.show(TaskState::Stopped, Some(reason.clone()));
                let deployment = self.deployment.clone();
                let _ = surroundings.events.send(Event::WantsRollback { deployment, generation: number, reason });
            }
            // There is no record to find.
            Action::Stop | Action::Isolate => {
                self.stopped = true;
                self.show(TaskState::Stopped, Some(reason));
            }
        }
    }

    fn show(&self, state: TaskState, reason: Option<String>) {
        let status = &mut self.shown.lock().status;
        status.state = state;
        status.reason = reason;
        status.generation = self.plan.generation.number;
    }
}
