//! Receiving: requests that somebody sends, handed to the plugin, and answered once what came of them is durable. A webhook
//! keeps nothing between two calls, so any number of its instances answer at once, and a swap is a matter of which plan the
//! next request meets: those that are under way end as they began.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::Semaphore;

use super::activity::{Delivery, Verdict};
use super::deployed::Deployed;
use super::plan::Plan;
use super::retry::StepError;
use super::status::Failure;
use super::step::Output;
use super::supervisor::Supervisor;
use super::worker::Event;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::limits::{
    HOOK_CALLS_MAX, HOOK_WAIT_MS_MAX, HOOK_WAITING_MAX, INSTANCE_IDLE_MS, RECORD_COST_BYTES, TASK_FAILURES_MAX,
};
use crate::log::{Committed, Permit};
use crate::model::event::EventId;
use crate::model::name::DeploymentName;
use crate::plugin::{CallError, HookReply, HookRequest, HookResponse, Instance, StateBase};
use crate::store::state::Scope;
use crate::telemetry::DeploymentLabel;

/// What is shown of a request's path.
const SHOWN_PATH_BYTES: usize = 100;

/// Where requests to a deployment go.
#[derive(Debug)]
pub(super) struct Reception {
    /// What the next request meets; `None` where the deployment is no webhook, or is not up.
    desk: RwLock<Option<Arc<Desk>>>,
    /// Requests that are in instances.
    turns: Semaphore,
    waiting: AtomicUsize,
    /// Where the next records without a key go.
    sticky: AtomicU32,
}

impl Default for Reception {
    fn default() -> Self {
        Self {
            desk: RwLock::default(),
            turns: Semaphore::new(HOOK_CALLS_MAX),
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

    /// Gives back instances that have had nothing to do for a while.
    pub(super) fn tidy(&self, now: Instant) {
        if let Some(desk) = &*self.desk.read() {
            desk.tidy(now);
        }
    }
}

/// One generation at work: its plan, and instances that wait for the next request.
#[derive(Debug)]
struct Desk {
    plan: Arc<Plan>,
    /// The one that was used last comes first again: the others may rest.
    idle: Mutex<VecDeque<(Instance, Instant)>>,
    /// Faults of the plugin in a row.
    faults: AtomicU32,
}

impl Desk {
    fn new(plan: Arc<Plan>) -> Self {
        Self { plan, idle: Mutex::default(), faults: AtomicU32::new(0) }
    }

    fn tidy(&self, now: Instant) {
        let idle_max = Duration::from_millis(INSTANCE_IDLE_MS);
        self.idle.lock().retain(|(_, since)| now.saturating_duration_since(*since) < idle_max);
    }
}

/// Counts a request among those that wait, for as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Option<Self> {
        let counted = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < HOOK_WAITING_MAX).then_some(counted)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request as it is shown.
fn shown(request: &HookRequest) -> String {
    let path = if request.path.is_empty() { "/" } else { &request.path };
    format!("{} {}", request.method, &path[..path.floor_char_boundary(SHOWN_PATH_BYTES)])
}

/// Why a request is not answered by its plugin.
enum Miss {
    /// The plugin's word, or the want of one.
    Call(CallError),
    Host(Error),
}

impl From<CallError> for Miss {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Host(error)
    }
}

impl From<StepError> for Miss {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Call(error) => Self::Call(error),
            StepError::Host(detail) => Self::Host(Error::new(Kind::Unavailable, "not-stored", detail)),
        }
    }
}

impl Supervisor {
    /// Whose request this is, by a path that is not under `/hooks`, and what follows in the path.
    pub fn claimant<'a>(&self, path: &'a str) -> Option<(DeploymentName, &'a str)> {
        self.deployments.read().iter().find_map(|(name, deployed)| {
            let rest = deployed.claimed(path)?;
            Some((name.clone(), rest))
        })
    }

    /// Whether requests to the deployment are taken now: looked at before a body is read.
    pub fn check_receives(&self, name: &DeploymentName) -> Result<()> {
        Self::desk_of(&*self.get(name)?).map(drop)
    }

    fn desk_of(deployed: &Deployed) -> Result<Arc<Desk>> {
        let desk = deployed.reception.desk.read().clone();
        let down = |why: &str| {
            Err(Error::new(
                Kind::Unavailable,
                "deployment-down",
                format!("deployment {} takes no requests now: {why}; send it again later", deployed.name()),
            ))
        };
        if let Some(desk) = desk {
            return if deployed.is_paused() { down("it is paused") } else { Ok(desk) };
        }
        match deployed.plan() {
            Some(plan) => Err(Error::not_found(
                "no-webhook",
                format!(
                    "deployment {} runs a {}, which takes no requests; produce with POST /v1/topics/{{topic}}/records",
                    deployed.name(),
                    plan.code.role().noun()
                ),
            )),
            None if deployed.is_broken() => down("it could not be started"),
            None => down("it is starting"),
        }
    }

    /// Hands a request to the deployment's plugin. Returns once the records are durable that came of it.
    pub async fn receive(&self, name: &DeploymentName, request: HookRequest, permit: Permit) -> Result<HookResponse> {
        let deployed = self.get(name)?;
        let desk = Self::desk_of(&deployed)?;
        let begun = Clock::instant();
        let at_ms = self.surroundings.clock.now_ms();
        let mut delivery = Delivery {
            at_ms,
            what: shown(&request),
            verdict: Verdict::Accepted,
            status: None,
            records: 0,
            us: 0,
            reason: None,
        };
        let received = self.hand_over(&deployed, &desk, &request, permit, &mut delivery).await;
        let answer = match received {
            Ok(response) => {
                desk.faults.store(0, Ordering::Relaxed);
                delivery.status = Some(response.status);
                if response.status >= 400 {
                    delivery.verdict = Verdict::Refused;
                    delivery.reason = response.problem();
                }
                Ok(response)
            }
            Err(miss) => {
                let error = self.missed(&deployed, &desk, miss);
                delivery.verdict = if error.kind == Kind::Invalid { Verdict::Refused } else { Verdict::Failed };
                delivery.reason = Some(error.detail.clone());
                Err(error)
            }
        };
        delivery.us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        deployed.activity.remember(delivery);
        answer
    }

    async fn hand_over(
        &self,
        deployed: &Deployed,
        desk: &Desk,
        request: &HookRequest,
        mut permit: Permit,
        delivery: &mut Delivery,
    ) -> Result<HookResponse, Miss> {
        let HookReply { id, records, response } = {
            let Some(_waiting) = Waiting::begin(&deployed.reception.waiting) else {
                return Err(Miss::Host(Error::new(
                    Kind::Overloaded,
                    "too-many-requests",
                    format!("{HOOK_WAITING_MAX} requests wait for this deployment; send it again later"),
                )));
            };
            let turn = deployed.reception.turns.acquire();
            let turn = tokio::time::timeout(Duration::from_millis(HOOK_WAIT_MS_MAX), turn).await;
            let Ok(turn) = turn else {
                return Err(Miss::Host(Error::new(
                    Kind::Unavailable,
                    "no-turn",
                    format!("no instance had time for the request within {HOOK_WAIT_MS_MAX} ms; send it again later"),
                )));
            };
            let _turn = turn.map_err(|_| Error::shutting_down())?;
            let reply = self.call(deployed, desk, request).await?;
            let bytes: usize = reply.records.iter().map(|emitted| emitted.record.bytes() + RECORD_COST_BYTES).sum();
            permit.try_grow(bytes + reply.response.body.len())?;
            reply
        };
        if records.is_empty() {
            return Ok(response);
        }
        let plan = &*desk.plan;
        let now_ms = self.surroundings.clock.now_ms();
        let reached = plan.reach(&self.surroundings, &records).await?;
        let sticky = deployed.reception.sticky.fetch_add(1, Ordering::Relaxed);
        let mut output = Output::default();
        let emitted = output.emit((plan, &reached), sticky, now_ms, records)?;
        let mut unit = output.into_appends()?;
        unit.permit = Some(permit);
        // An event is known by its id alone: a sender that repeats itself may write it in another way.
        unit.event = id.map(|id| EventId::of(deployed.id(), &id));
        match self.surroundings.log.commit(unit).await? {
            Committed::Before(_) => delivery.verdict = Verdict::Duplicate,
            Committed::Now(_) => {
                delivery.records = emitted;
                let label = DeploymentLabel { deployment: deployed.name().to_string() };
                self.surroundings.metrics.task_records_out.get_or_create(&label).inc_by(emitted);
            }
        }
        Ok(response)
    }

    /// One call, by an instance that rests or by a new one. An instance that failed does not come back.
    async fn call(&self, deployed: &Deployed, desk: &Desk, request: &HookRequest) -> Result<HookReply, CallError> {
        let rested = desk.idle.lock().pop_back();
        let mut instance = if let Some((instance, _)) = rested {
            instance
        } else {
            let scope = Scope { deployment: deployed.id(), partition: 0 };
            let state = StateBase::Store(Arc::clone(&self.store));
            Instance::open(&desk.plan.code, &desk.plan.context(&deployed.name(), scope, state)).await?.0
        };
        let handled = instance.handle(request).await;
        // What a plugin says is no fault of its instance, but for the word that it cannot go on.
        if matches!(handled, Ok(_) | Err(CallError::Retry { .. } | CallError::Reject(_))) {
            desk.idle.lock().push_back((instance, Clock::instant()));
        }
        handled
    }

    /// What the sender is told, and what people see, of a request that came to nothing.
    fn missed(&self, deployed: &Deployed, desk: &Desk, miss: Miss) -> Error {
        let name = deployed.name();
        let error = match miss {
            Miss::Host(error) => error,
            Miss::Call(CallError::Reject(reason)) => return Error::invalid("request-rejected", reason),
            Miss::Call(CallError::Retry { reason, after_ms }) => {
                let error = Error::new(Kind::Unavailable, "try-again", reason);
                Error { retry_after_ms: after_ms.map(u64::from).or(error.retry_after_ms), ..error }
            }
            Miss::Call(CallError::NoRoom(reason)) => Error::new(Kind::Unavailable, "no-room", reason),
            Miss::Call(error) => {
                let reason = error.to_string();
                self.faulted(deployed, desk, &reason);
                // The reason is the operator's: the sender is a stranger.
                let told = format!("deployment {name} could not take the request; send it again later");
                let code = "plugin-failed";
                match error {
                    CallError::Fatal(_) => Error::new(Kind::Internal, code, told),
                    _ => Error::new(Kind::Unavailable, code, told),
                }
            }
        };
        tracing::debug!(deployment = %name, %error, "a request came to nothing");
        error
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

    /// Gives back, once in a while, what webhooks keep for requests that do not come.
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
