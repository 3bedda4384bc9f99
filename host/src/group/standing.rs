//! How a group stands, for people and for members.

use serde::Serialize;
use utoipa::ToSchema;

use super::refusal::Standing;
use super::{Group, topics};
use crate::limits::HEARTBEATS_A_SESSION;
use crate::model::group::{MemberId, Mode};
use crate::model::name::InstanceId;
use crate::model::subscription::Subscription;
use crate::model::topic::PartitionId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GroupState {
    /// It has no members.
    Empty,
    /// Some partitions are to change hands, and wait for a batch to be committed.
    Reconciling,
    /// Each member has what it is meant to have.
    Stable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MemberState {
    /// It has what it is meant to have.
    Stable,
    /// It is to get partitions, or to give some up.
    Reconciling,
    /// It is heard, or within its session; there are records for it, and it does not poll.
    Stalled,
}

/// One member as it stands.
#[derive(Clone, Debug)]
pub struct MemberStanding {
    pub id: MemberId,
    pub instance: Option<InstanceId>,
    pub subscription: Subscription,
    pub session_ms: u64,
    pub epoch: u64,
    pub assignment: Vec<PartitionId>,
    /// Offsets, or records, in its hands.
    pub in_hand: u64,
    pub last_heard_ms: i64,
    pub last_poll_ms: i64,
    pub is_reconciling: bool,
    /// It polls at this moment.
    pub is_polling: bool,
    /// Everything was taken from it, for it did not poll for too long.
    pub lost_all: bool,
}

impl MemberStanding {
    /// Whether the member does not work: it has neither polled nor committed for two heartbeats, whatever else is heard of it.
    pub fn is_idle(&self, now_ms: i64) -> bool {
        let patience_ms = (2 * heartbeat_ms(self.session_ms)).cast_signed();
        self.lost_all || (!self.is_polling && now_ms.saturating_sub(self.last_poll_ms) > patience_ms)
    }
}

/// How often a member is to be heard.
pub fn heartbeat_ms(session_ms: u64) -> u64 {
    session_ms / HEARTBEATS_A_SESSION
}

impl Group {
    pub fn state(&self) -> GroupState {
        match (self.has_members(), self.has_converged()) {
            (false, _) => GroupState::Empty,
            (true, false) => GroupState::Reconciling,
            (true, true) => GroupState::Stable,
        }
    }

    /// What a member has.
    pub fn standing_of(&self, id: MemberId) -> Standing {
        let Some(member) = self.members.get(&id) else {
            return Standing { epoch: self.row.epoch, assignment: Vec::new() };
        };
        Standing { epoch: member.epoch, assignment: self.assignment_of(id) }
    }

    fn assignment_of(&self, id: MemberId) -> Vec<PartitionId> {
        match (self.members.get(&id), self.row.mode) {
            (None, _) => Vec::new(),
            (Some(member), Mode::Consumer) => member.owned.iter().copied().collect(),
            (Some(member), Mode::Share) => topics::partitions(&member.topics).collect(),
        }
    }

    /// Counts the changes of what a member has: whoever waits for records of it looks again where this moves.
    pub fn assignments_of(&self, id: MemberId) -> Option<u64> {
        self.members.get(&id).map(|member| member.assignments)
    }

    pub fn session_ms_of(&self, id: MemberId) -> Option<u64> {
        self.members.get(&id).map(|member| member.session_ms)
    }

    /// When the member is looked at again, if nothing is heard of it.
    pub fn due_ms_of(&self, id: MemberId) -> Option<i64> {
        self.members.get(&id).map(super::member::Member::due_ms)
    }

    /// Whether the member has a batch in hand.
    pub fn holds_any(&self, id: MemberId) -> bool {
        self.members.get(&id).is_some_and(|member| member.held.is_some())
    }

    /// Share mode: how many records of a partition are in somebody's hands, and how many are done ahead of others.
    pub fn window_counts(&self, id: PartitionId) -> Option<(u64, u64)> {
        self.windows.get(&id).map(super::window::Window::counts)
    }

    /// All partitions that members have, or that the group has an offset of.
    pub fn partitions(&self) -> Vec<PartitionId> {
        let mut all: Vec<PartitionId> = self.offsets.keys().chain(self.slots.keys()).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    pub fn members(&self) -> Vec<MemberStanding> {
        self.members
            .iter()
            .map(|(id, member)| MemberStanding {
                id: *id,
                instance: member.instance.clone(),
                subscription: member.subscription.clone(),
                session_ms: member.session_ms,
                epoch: member.epoch,
                assignment: self.assignment_of(*id),
                in_hand: member.held.as_ref().map_or(0, |held| {
                    held.ranges.iter().map(|range| range.next - range.from).sum::<u64>() + held.records.len() as u64
                }),
                last_heard_ms: member.seen_ms,
                last_poll_ms: member.worked_ms,
                is_reconciling: member.pending > 0,
                is_polling: member.calls > 0,
                lost_all: member.is_stalled,
            })
            .collect()
    }
}
