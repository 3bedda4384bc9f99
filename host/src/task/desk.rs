//! Desks: where deployments answer calls one by one that keep nothing between two of them, as webhooks and parsers do. Any
//! number of instances answers at once, and a swap is a matter of which plan the next call meets: those that are under way end
//! as they began.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::deployed::Deployed;
use super::plan::Plan;
use super::status::Failure;
use super::supervisor::Supervisor;
use super::worker::Event;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::limits::{DESK_CALLS_MAX, DESK_WAIT_MS_MAX, DESK_WAITING_MAX, INSTANCE_IDLE_MS, TASK_FAILURES_MAX};
use crate::model::plugin::Role;
use crate::plugin::{CallError, Instance, StateBase};
use crate::store::state::Scope;
use crate::telemetry::DeploymentLabel;

/// Where calls to a deployment go.
#[derive(Debug)]
pub(super) struct Reception {
    /// What the next call meets; `None` where the deployment answers none, or is not up.
    desk: RwLock<Option<Arc<Desk>>>,
    /// Calls that are in instances.
    turns: Semaphore,
    waiting: AtomicUsize,
    /// Where the next records without a key go.
    sticky: AtomicU32,
}

impl Default for Reception {
    fn default() -> Self {
        Self {
            desk: RwLock::default(),
            turns: Semaphore::new(DESK_CALLS_MAX),
            waiting: AtomicUsize::new(0),
            sticky: AtomicU32::new(0),
        }
    }
}

impl Reception {
    pub(super) fn open(&self, plan: &Arc<Plan>) {
        *self.desk.write() = Some(Arc::new(Desk::new(Arc::clone(plan))));
    }

    pub(super) fn shut(&self) {
        *self.desk.write() = None;
    }

    pub(super) fn is_open(&self) -> bool {
        self.desk.read().is_some()
    }

    pub(super) fn next_sticky(&self) -> u32 {
        self.sticky.fetch_add(1, Ordering::Relaxed)
    }

    /// A place among the calls that are in instances: waits for one, but not for ever and not in a crowd.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        let Some(_waiting) = Waiting::begin(&self.waiting) else {
            return Err(Error::new(
                Kind::Overloaded,
                "too-many-requests",
                format!("{DESK_WAITING_MAX} requests wait for this deployment; send it again later"),
            ));
        };
        let turn = tokio::time::timeout(Duration::from_millis(DESK_WAIT_MS_MAX), self.turns.acquire()).await;
        let Ok(turn) = turn else {
            return Err(Error::new(
                Kind::Unavailable,
                "no-turn",
                format!("no instance had time for the request within {DESK_WAIT_MS_MAX} ms; send it again later"),
            ));
        };
        turn.map_err(|_| Error::shutting_down())
    }

    /// Gives back instances that have had nothing to do for a while.
    fn tidy(&self, now: Instant) {
        if let Some(desk) = &*self.desk.read() {
            desk.tidy(now);
        }
    }
}

/// Counts a call among those that wait, for as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Option<Self> {
        let counted = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < DESK_WAITING_MAX).then_some(counted)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One generation at work: its plan, and instances that wait for the next call.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) plan: Arc<Plan>,
    /// The one that was used last comes first again: the others may rest.
    idle: Mutex<VecDeque<(Instance, Instant)>>,
    /// Faults of the plugin in a row.
    faults: AtomicU32,
}

impl Desk {
    fn new(plan: Arc<Plan>) -> Self {
        Self { plan, idle: Mutex::default(), faults: AtomicU32::new(0) }
    }

    /// An instance that rests, or a new one.
    pub(super) async fn take(&self, deployed: &Deployed, supervisor: &Supervisor) -> Result<Instance, CallError> {
        let rested = self.idle.lock().pop_back();
        if let Some((instance, _)) = rested {
            return Ok(instance);
        }
        let scope = Scope { deployment: deployed.id(), partition: 0 };
        let state = StateBase::Store(Arc::clone(&supervisor.store));
        Ok(Instance::open(&self.plan.code, &self.plan.context(&deployed.name(), scope, state)).await?.0)
    }

    /// Keeps the instance for the next call. What a plugin says is no fault of its instance, but for the word that it cannot
    /// go on: one that failed does not come back.
    pub(super) fn give_back<T>(&self, instance: Instance, answer: &Result<T, CallError>) {
        if matches!(answer, Ok(_) | Err(CallError::Retry { .. } | CallError::Reject(_))) {
            self.idle.lock().push_back((instance, Clock::instant()));
        }
    }

    pub(super) fn went_well(&self) {
        self.faults.store(0, Ordering::Relaxed);
    }

    fn tidy(&self, now: Instant) {
        let idle_max = Duration::from_millis(INSTANCE_IDLE_MS);
        self.idle.lock().retain(|(_, since)| now.saturating_duration_since(*since) < idle_max);
    }
}

impl Deployed {
    /// Where the next call goes, if the deployment answers calls of the role now.
    pub(super) fn desk(&self, role: Role) -> Result<Arc<Desk>> {
        let down = |why: &str| {
            Err(Error::new(
                Kind::Unavailable,
                "deployment-down",
                format!("deployment {} takes no requests now: {why}; send it again later", self.name()),
            ))
        };
        let desk = self.reception.desk.read().clone();
        if let Some(desk) = desk.filter(|desk| desk.plan.code.role() == role) {
            return if self.is_paused() { down("it is paused") } else { Ok(desk) };
        }
        match self.plan() {
            Some(plan) => Err(Error::not_found(
                "no-webhook",
                format!(
                    "deployment {} runs a {}, which takes no requests; produce with POST /v1/topics/{{topic}}/records",
                    self.name(),
                    plan.code.role().noun()
                ),
            )),
            None if self.is_broken() => down("it could not be started"),
            None => down("it is starting"),
        }
    }
}

impl Supervisor {
    /// What a call that failed is answered. `told` is what a fault of the plugin becomes for whoever asked.
    pub(super) fn missed(
        &self,
        deployed: &Deployed,
        desk: &Desk,
        error: CallError,
        told: impl FnOnce(&str) -> String,
    ) -> Error {
        match error {
            CallError::Reject(reason) => Error::invalid("request-rejected", reason),
            CallError::Retry { reason, after_ms } => {
                let error = Error::new(Kind::Unavailable, "try-again", reason);
                Error { retry_after_ms: after_ms.map(u64::from).or(error.retry_after_ms), ..error }
            }
            CallError::NoRoom(reason) => Error::new(Kind::Unavailable, "no-room", reason),
            CallError::Fatal(_) | CallError::Broken(_) => {
                let reason = error.to_string();
                self.faulted(deployed, desk, &reason);
                let kind = if matches!(error, CallError::Fatal(_)) { Kind::Internal } else { Kind::Unavailable };
                Error::new(kind, "plugin-failed", told(&reason))
            }
        }
    }

    /// Remembers a fault of the plugin; one that keeps failing in its trial goes back.
    fn faulted(&self, deployed: &Deployed, desk: &Desk, reason: &str) {
        let surroundings = &self.surroundings;
        let generation = &desk.plan.generation;
        let name = deployed.name();
        let at_ms = surroundings.clock.now_ms();
        tracing::warn!(deployment = %name, generation = generation.number, "{reason}");
        let label = DeploymentLabel { deployment: name.to_string() };
        surroundings.metrics.task_failures.get_or_create(&label).inc();
        deployed.failures.remember(Failure {
            at_ms,
            topic: generation.output.as_ref().map(ToString::to_string).unwrap_or_default(),
            partition: 0,
            generation: generation.number,
            offset: 0,
            reason: reason.to_owned(),
        });
        let faults = desk.faults.fetch_add(1, Ordering::Relaxed) + 1;
        if faults == TASK_FAILURES_MAX && generation.is_on_trial(at_ms) {
            let (generation, reason) = (generation.number, reason.to_owned());
            let _ = surroundings.events.send(Event::WantsRollback { deployment: name, generation, reason });
        }
    }

    /// Gives back, once in a while, what is kept for calls that do not come.
    pub(super) async fn tidy_receptions(self: Arc<Self>) {
        let shutdown = self.surroundings.shutdown.clone();
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                () = tokio::time::sleep(Duration::from_millis(INSTANCE_IDLE_MS / 2)) => {}
            }
            let all: Vec<_> = self.deployments.read().values().cloned().collect();
            let now = Clock::instant();
            for deployed in all {
                deployed.reception.tidy(now);
            }
        }
    }
}
