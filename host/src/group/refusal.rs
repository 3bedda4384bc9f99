//! Why a call to a group is refused, and what a member is told of where it stands.

use crate::error::{Error, Kind};
use crate::limits::GROUP_MEMBERS_MAX;
use crate::model::group::{MemberId, Mode};
use crate::model::name::{GroupName, InstanceId};
use crate::model::topic::PartitionId;

/// What a member has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub epoch: u64,
    pub assignment: Vec<PartitionId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownMember {
        epoch: u64,
    },
    /// A static member's place was taken by another process of that instance.
    Replaced {
        instance: InstanceId,
    },
    /// The call is for groups of the other mode.
    Mode(Mode),
    TooManyMembers,
    /// The batch that the token names is not the member's any more.
    LeaseEnded(Standing),
    /// The member commits a partition that it does not have.
    NotAssigned(PartitionId, Standing),
    /// The member acknowledges a record that it does not have.
    NotAcquired(PartitionId, u64),
    /// Somebody else is moving the offset at this moment.
    Busy(PartitionId),
}

impl Refusal {
    /// As a caller is told of it. Topics have numbers here, which the coordinator alone can name.
    pub fn into_error(
        self,
        group: &GroupName,
        member: Option<MemberId>,
        name: impl Fn(PartitionId) -> String,
    ) -> Error {
        let member = member.map(|id| id.to_string()).unwrap_or_default();
        match self {
            Self::UnknownMember { .. } => Error::not_found(
                "unknown-member",
                format!(
                    "{member} is not a member of group {group}, or not any more: its session may have ended; join again with POST /v1/groups/{group}/members"
                ),
            ),
            Self::Replaced { instance } => Error::conflict(
                "instance-replaced",
                format!(
                    "another process has joined group {group} as instance {instance}; stop this one, or give it an instance_id of its own"
                ),
            ),
            Self::Mode(Mode::Share) => Error::conflict(
                "group-mode",
                format!(
                    "group {group} is a share group: join and stream it with mode share, and acknowledge its records with POST .../acknowledge; kafka-do consume, and commits of offsets, are for consumer groups"
                ),
            ),
            Self::Mode(Mode::Consumer) => Error::conflict(
                "group-mode",
                format!(
                    "group {group} is a consumer group: join it without a mode, and commit with POST .../commit; for a share group choose another name"
                ),
            ),
            Self::TooManyMembers => Error::new(
                Kind::Overloaded,
                "too-many-members",
                format!("group {group} has {GROUP_MEMBERS_MAX} members already; use fewer, each with more partitions"),
            ),
            Self::LeaseEnded(_) => Error::conflict(
                "lease-ended",
                format!(
                    "the batch of this token is not {member}'s any more, and its records go to whoever has the partition now; nothing was committed: poll for what is yours"
                ),
            ),
            Self::NotAssigned(id, _) => Error::conflict(
                "not-assigned",
                format!("{} is not assigned to {member}, and nothing was committed; poll for what is yours", name(id)),
            ),
            Self::NotAcquired(id, offset) => Error::conflict(
                "not-acquired",
                format!(
                    "{member} does not hold the record at offset {offset} of {}: its time was over, or it is acknowledged; nothing was changed: poll for what is yours",
                    name(id)
                ),
            ),
            Self::Busy(id) => Error::new(
                Kind::Overloaded,
                "offset-moving",
                format!("somebody else is moving the offset of {} at this moment; try again", name(id)),
            ),
        }
    }

    /// What the member has instead, where that is what it has to know.
    pub fn standing(&self) -> Option<Standing> {
        match self {
            Self::LeaseEnded(standing) | Self::NotAssigned(_, standing) => Some(standing.clone()),
            Self::UnknownMember { epoch } => Some(Standing { epoch: *epoch, assignment: Vec::new() }),
            _ => None,
        }
    }
}
