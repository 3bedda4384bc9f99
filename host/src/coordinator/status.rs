//! What people see of a group.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::Coordinator;
use super::catalog::Place;
use super::lag::partition_status;
use crate::error::Result;
use crate::group::{Group, GroupState, MemberStanding, MemberState};
use crate::limits::GROUP_METRICS_MAX;
use crate::log::Partition;
use crate::model::group::{Assignor, Mode};
use crate::model::name::GroupName;
use crate::model::topic::PartitionId;
use crate::store::offsets::Offset;

/// One partition of a group.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartitionStatus {
    pub topic: String,
    pub partition: u32,
    /// The next offset to read; null where the group has none yet.
    pub committed: Option<u64>,
    pub high_watermark: u64,
    /// Offsets that the group has yet to read.
    pub lag: u64,
    /// For how long the oldest of these records has waited.
    pub lag_ms: Option<u64>,
    pub last_commit_ms: Option<i64>,
    /// Who reads it.
    pub member_id: Option<String>,
    /// In share mode: records in members' hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u64>,
}

/// One member of a group.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MemberStatus {
    pub member_id: String,
    pub instance_id: Option<String>,
    pub state: MemberState,
    /// The epoch that its assignment is of.
    pub epoch: u64,
    /// The topics that it names, or its pattern.
    pub subscription: String,
    pub assignment: Vec<Place>,
    /// Records that are its to read.
    pub lag: u64,
    /// Records in its hands.
    pub in_flight: u64,
    /// Null for the task of a deployment, as what follows.
    pub session_timeout_ms: Option<u64>,
    pub last_heard_ms: Option<i64>,
    pub last_poll_ms: Option<i64>,
}

/// A group, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupStatus {
    pub group: String,
    pub state: GroupState,
    pub mode: Mode,
    pub assignor: Assignor,
    pub epoch: u64,
    /// The deployment whose progress it carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// In share mode: how long a member has for a record, and how often one is handed out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_deliveries: Option<u16>,
    pub members: Vec<MemberStatus>,
    pub partitions: Vec<PartitionStatus>,
    /// Of all partitions together.
    pub lag: u64,
    /// Members that leave records lie: they are heard, and do not poll.
    pub stalled: Vec<String>,
}

/// A group in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupSummary {
    pub group: String,
    pub state: GroupState,
    pub mode: Mode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    pub members: usize,
    pub lag: u64,
}

impl Coordinator {
    pub async fn describe(self: &Arc<Self>, name: &GroupName) -> Result<GroupStatus> {
        let handle = self.get(name).await?;
        let catalog = self.catalog();
        let now_ms = self.clock.now_ms();
        let (row, share, state, members, found) = handle.look(|group| {
            let found = group.partitions().into_iter().map(|id| Found {
                id,
                offset: group.offsets().get(&id).copied(),
                holder: group.holder_of(id).map(|member| member.to_string()),
                counts: group.window_counts(id),
            });
            let found: Vec<Found> = found.collect();
            (group.row().clone(), group.share(), group.state(), group.members(), found)
        })?;
        let mut partitions: Vec<(Arc<Partition>, PartitionStatus)> = Vec::with_capacity(found.len());
        for Found { id, offset, holder, counts } in found {
            let Some(partition) = catalog.partition(id) else { continue };
            let mut status = partition_status(&partition, offset);
            if let Some((in_flight, done)) = counts {
                status.lag = status.lag.saturating_sub(done);
                status.in_flight = Some(in_flight);
            }
            status.member_id = holder;
            partitions.push((partition, status));
        }
        partitions.sort_by(|(a, _), (b, _)| (a.topic(), a.id().partition).cmp(&(b.topic(), b.id().partition)));
        let lags: BTreeMap<PartitionId, u64> = partitions.iter().map(|(p, status)| (p.id(), status.lag)).collect();
        let members: Vec<MemberStatus> =
            members.into_iter().map(|member| member_status(member, &lags, &catalog, now_ms)).collect();
        Ok(GroupStatus {
            group: name.to_string(),
            state,
            mode: row.mode,
            assignor: row.assignor,
            epoch: row.epoch,
            deployment: None,
            lock_ms: (row.mode == Mode::Share).then_some(share.lock_ms),
            max_deliveries: (row.mode == Mode::Share).then_some(share.deliveries_max),
            stalled: members
                .iter()
                .filter(|member| member.state == MemberState::Stalled)
                .map(|member| member.member_id.clone())
                .collect(),
            members,
            lag: lags.values().sum(),
            partitions: self.age(partitions).await,
        })
    }

    /// The partitions of a group that a deployment moves, as the store has them.
    pub async fn partitions_of(&self, name: &GroupName) -> Result<Vec<PartitionStatus>> {
        let kept = self.kept(name).await?;
        let catalog = self.catalog();
        let partitions = kept.offsets.into_iter().filter_map(|(id, offset)| {
            let partition = catalog.partition(id)?;
            let status = partition_status(&partition, Some(offset));
            Some((partition, status))
        });
        Ok(self.age(partitions.collect()).await)
    }

    /// The names of all groups but those of deployments, in order.
    pub fn names(&self) -> Vec<GroupName> {
        self.groups.read().keys().cloned().collect()
    }

    /// A group in a list; `None` where it has gone.
    pub async fn summary(&self, name: &GroupName) -> Result<Option<GroupSummary>> {
        let Some(handle) = self.find(name) else { return Ok(None) };
        let loaded = handle.look(|group| (group.state(), group.mode(), group.member_count(), self.lag_of(group)));
        let (state, mode, members, lag) = if let Ok(loaded) = loaded {
            loaded
        } else {
            // It is not in memory, and so has no members.
            let kept = self.kept(name).await?;
            let mode = kept.row.mode;
            let group = Group::load(name.clone(), kept, &self.catalog().topics, 0, self.clock.now_ms());
            (GroupState::Empty, mode, 0, self.lag_of(&group))
        };
        Ok(Some(GroupSummary { group: name.to_string(), state, mode, deployment: None, members, lag }))
    }

    /// Offsets that a group has yet to read, of all partitions together.
    fn lag_of(&self, group: &Group) -> u64 {
        let catalog = self.catalog();
        let each = group.offsets().iter().filter_map(|(id, offset)| {
            let lag = partition_status(&*catalog.partition(*id)?, Some(*offset)).lag;
            Some(lag.saturating_sub(group.window_counts(*id).map_or(0, |(_, done)| done)))
        });
        each.sum()
    }

    /// The lag of groups with members, for the metrics.
    pub fn lags(&self) -> Vec<(String, u64)> {
        let handles: Vec<_> = self.groups.read().values().filter(|handle| handle.has_members()).cloned().collect();
        let known = handles.iter().filter_map(|handle| {
            let lag = handle.look(|group| self.lag_of(group)).ok()?;
            Some((handle.name.to_string(), lag))
        });
        known.take(GROUP_METRICS_MAX).collect()
    }
}

/// What a group knows of a partition.
struct Found {
    id: PartitionId,
    offset: Option<Offset>,
    holder: Option<String>,
    /// Share mode: records in members' hands, and those that are done ahead of others.
    counts: Option<(u64, u64)>,
}

fn member_status(
    member: MemberStanding,
    lags: &BTreeMap<PartitionId, u64>,
    catalog: &super::catalog::Catalog,
    now_ms: i64,
) -> MemberStatus {
    let lag: u64 = member.assignment.iter().filter_map(|id| lags.get(id)).sum();
    let state = if member.lost_all || (lag > 0 && member.is_idle(now_ms)) {
        MemberState::Stalled
    } else if member.is_reconciling {
        MemberState::Reconciling
    } else {
        MemberState::Stable
    };
    MemberStatus {
        member_id: member.id.to_string(),
        instance_id: member.instance.as_ref().map(ToString::to_string),
        state,
        epoch: member.epoch,
        subscription: member.subscription.to_string(),
        assignment: catalog.places(&member.assignment),
        lag,
        in_flight: member.in_hand,
        session_timeout_ms: Some(member.session_ms),
        last_heard_ms: Some(member.last_heard_ms),
        last_poll_ms: Some(member.last_poll_ms),
    }
}
