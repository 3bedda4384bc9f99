//! Consumer groups, and deployments, which consume as groups too.

use std::sync::Arc;

use super::Broker;
use crate::coordinator::{
    AckRequest, CommitRequest, GroupStatus, GroupSummary, JoinRequest, Joined, MemberStatus, Place, PollRequest,
    Polled, ResetPartition, ResetRequest,
};
use crate::error::Result;
use crate::group::{GroupState, MemberState};
use crate::model::group::{Assignor, MemberId, Mode};
use crate::model::name::{DeploymentName, GroupName, TopicName};
use crate::task::{DeploymentStatus, TaskState, TaskStatus};
use crate::telemetry::GroupLabel;

impl Broker {
    pub async fn join(&self, group: &GroupName, request: JoinRequest) -> Result<Joined> {
        self.coordinator.join(group, request).await
    }

    pub async fn poll(&self, group: &GroupName, member: MemberId, request: PollRequest) -> Result<Polled> {
        self.coordinator.poll(group, member, request).await
    }

    /// Returns once the member has no batch in hand.
    pub async fn empty_handed(&self, group: &GroupName, member: MemberId) -> Result<()> {
        self.coordinator.empty_handed(group, member).await
    }

    pub async fn heartbeat(&self, group: &GroupName, member: MemberId) -> Result<(u64, Vec<Place>)> {
        self.coordinator.heartbeat(group, member).await
    }

    pub async fn commit_offsets(
        &self,
        group: &GroupName,
        member: MemberId,
        request: CommitRequest,
    ) -> Result<(u64, Vec<Place>)> {
        self.coordinator.commit(group, member, request).await
    }

    pub async fn acknowledge(
        &self,
        group: &GroupName,
        member: MemberId,
        requests: Vec<AckRequest>,
    ) -> Result<(u64, Vec<Place>)> {
        self.coordinator.acknowledge(group, member, requests).await
    }

    pub async fn leave(&self, group: &GroupName, member: MemberId) -> Result<()> {
        self.coordinator.leave(group, member).await
    }

    /// Leaves, though nobody waits for it.
    pub fn leave_behind(self: &Arc<Self>, group: GroupName, member: MemberId) {
        let broker = Arc::clone(self);
        self.working.spawn(async move {
            // A member whose session has ended meanwhile has left.
            let _ = broker.leave(&group, member).await;
        });
    }

    pub async fn reset_group(&self, group: &GroupName, request: ResetRequest) -> Result<Vec<ResetPartition>> {
        self.coordinator.reset(group, request).await
    }

    pub async fn delete_group(&self, group: &GroupName) -> Result<()> {
        self.coordinator.delete(group).await
    }

    /// The names of all groups, those of deployments among them, in order.
    pub fn groups(&self) -> Vec<GroupName> {
        let mut names = self.coordinator.names();
        names.extend(self.supervisor.consuming().iter().map(super::group_of));
        names.sort_unstable();
        names.dedup();
        names
    }

    pub async fn group_summary(&self, group: &GroupName) -> Result<Option<GroupSummary>> {
        match self.deployment_of(group) {
            None => self.coordinator.summary(group).await,
            Some(deployment) => Ok(Some(GroupSummary {
                group: group.to_string(),
                state: state_of(&deployment),
                mode: Mode::Consumer,
                members: deployment.tasks.len(),
                lag: deployment.lag,
                deployment: Some(deployment.name),
            })),
        }
    }

    pub async fn group(&self, group: &GroupName) -> Result<GroupStatus> {
        let Some(deployment) = self.deployment_of(group) else { return self.coordinator.describe(group).await };
        let member_id = |task: &TaskStatus| format!("{}/{}", deployment.name, task.partition);
        let mut partitions = self.coordinator.partitions_of(group).await?;
        for partition in &mut partitions {
            let is_its = |task: &&TaskStatus| {
                task.partition == partition.partition && task.inputs.iter().any(|input| input.topic == partition.topic)
            };
            let reader = deployment.tasks.iter().find(is_its);
            partition.member_id = reader.map(member_id);
        }
        let members: Vec<MemberStatus> = deployment
            .tasks
            .iter()
            .map(|task| MemberStatus {
                member_id: member_id(task),
                instance_id: None,
                state: match task.state {
                    TaskState::Running => MemberState::Stable,
                    TaskState::Starting => MemberState::Reconciling,
                    TaskState::Paused | TaskState::Failing | TaskState::Stopped => MemberState::Stalled,
                },
                epoch: task.generation.into(),
                subscription: task.inputs.iter().map(|input| input.topic.as_str()).collect::<Vec<_>>().join(", "),
                assignment: task
                    .inputs
                    .iter()
                    .filter_map(|input| TopicName::parse(&input.topic).ok())
                    .map(|topic| Place { topic, partition: task.partition })
                    .collect(),
                lag: task.lag,
                in_flight: 0,
                session_timeout_ms: None,
                last_heard_ms: None,
                last_poll_ms: None,
            })
            .collect();
        let stalls = |member: &&MemberStatus| member.state == MemberState::Stalled && member.lag > 0;
        Ok(GroupStatus {
            group: group.to_string(),
            state: state_of(&deployment),
            mode: Mode::Consumer,
            assignor: Assignor::Range,
            epoch: deployment.generation.into(),
            stalled: members.iter().filter(stalls).map(|member| member.member_id.clone()).collect(),
            lag: partitions.iter().map(|partition| partition.lag).sum(),
            lock_ms: None,
            max_deliveries: None,
            members,
            partitions,
            deployment: Some(deployment.name),
        })
    }

    fn deployment_of(&self, group: &GroupName) -> Option<DeploymentStatus> {
        DeploymentName::parse(group.as_str()).ok().and_then(|name| self.supervisor.status(&name).ok())
    }

    /// Brings the metrics up to date that are set when they are asked for.
    pub fn show_lags(&self) {
        let family = &self.metrics.group_lag;
        family.clear();
        for (group, lag) in self.coordinator.lags() {
            family.get_or_create(&GroupLabel { group }).set(i64::try_from(lag).unwrap_or(i64::MAX));
        }
    }
}

fn state_of(deployment: &DeploymentStatus) -> GroupState {
    if deployment.tasks.is_empty() { GroupState::Empty } else { GroupState::Stable }
}
