//! Receiving: requests that somebody sends, handed to the plugin, and answered once what came of them is durable. How an
//! instance is found for each is the desk's.

use super::activity::{Delivery, Verdict};
use super::deployed::Deployed;
use super::desk::Desk;
use super::retry::StepError;
use super::step::Output;
use super::supervisor::Supervisor;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::limits::RECORD_COST_BYTES;
use crate::log::{Committed, Permit};
use crate::model::event::EventId;
use crate::model::name::DeploymentName;
use crate::model::plugin::Role;
use crate::plugin::{CallError, HookReply, HookRequest, HookResponse};
use crate::telemetry::DeploymentLabel;

/// What is shown of a request's path.
const SHOWN_PATH_BYTES: usize = 100;

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
        self.get(name)?.desk(Role::Receiving).map(drop)
    }

    /// Hands a request to the deployment's plugin. Returns once the records are durable that came of it.
    pub async fn receive(&self, name: &DeploymentName, request: HookRequest, permit: Permit) -> Result<HookResponse> {
        let deployed = self.get(name)?;
        let desk = deployed.desk(Role::Receiving)?;
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
                desk.went_well();
                delivery.status = Some(response.status);
                if response.status >= 400 {
                    delivery.verdict = Verdict::Refused;
                    delivery.reason = response.problem();
                }
                Ok(response)
            }
            Err(miss) => {
                let error = self.not_received(&deployed, &desk, miss);
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
            let _turn = deployed.reception.turn().await?;
            let mut instance = desk.take(deployed, self).await?;
            let handled = instance.handle(request).await;
            desk.give_back(instance, &handled);
            let reply = handled?;
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
        let sticky = deployed.reception.next_sticky();
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

    /// What the sender is told, and what people see, of a request that came to nothing.
    fn not_received(&self, deployed: &Deployed, desk: &Desk, miss: Miss) -> Error {
        let name = deployed.name();
        // The reason of a fault is the operator's: the sender is a stranger.
        let told = |_: &str| format!("deployment {name} could not take the request; send it again later");
        let error = match miss {
            Miss::Host(error) => error,
            Miss::Call(error) => self.missed(deployed, desk, error, told),
        };
        tracing::debug!(deployment = %name, %error, "a request came to nothing");
        error
    }
}
