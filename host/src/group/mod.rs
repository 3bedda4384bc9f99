//! Consumer groups as pure state: (event, now) in, what became of it and what is to be kept out. No clock, no lock, no I/O.
//!
//! ```text
//! membership  join, heartbeat, leave, expiry ---> epoch, targets (assign)      who should read what
//!     |
//! slots       offer, lease, commit           ---> owner, lease, offset         consumer mode: who reads a partition
//! windows     offer, acquire, acknowledge    ---> record by record             share mode: who has a record
//!     |
//! changes     the rows of what is not on the disk yet
//! ```
//!
//! What protects records is the **lease**, not the assignment: a partition changes hands only where nobody holds a batch of
//! it, so there is no moment at which all have to stop, and no acknowledgement to wait for. A batch that is out is committed
//! or its lease ends; then the partition goes to whom it is meant for. Members converge one by one (the idea of KIP-848).
//!
//! Knows nothing of logs or plugins: offsets are numbers, and partitions are names.

mod assign;
mod changes;
mod lease;
mod member;
mod membership;
mod refusal;
mod sharing;
mod slots;
mod standing;
#[cfg(test)]
mod tests;
mod topics;
mod window;

use std::collections::{BTreeMap, BTreeSet};

pub use changes::{Buried, Changes};
pub use lease::{Lease, Part, Range, Token};
pub use membership::Join;
pub use refusal::{Refusal, Standing};
pub use sharing::{Ack, Acknowledgement, Found};
pub use slots::{Begun, Commit, Move, Offer};
pub use standing::{GroupState, MemberStanding, MemberState, heartbeat_ms};
pub use topics::Topics;

use crate::model::group::{GroupRow, MemberId, MemberRow, Mode};
use crate::model::name::{GroupName, TopicName};
use crate::model::topic::PartitionId;
use crate::store::offsets::Offset;
use crate::store::shares::ShareCell;
use member::Member;
use slots::Slot;
use window::Window;

/// One group.
#[derive(Debug)]
pub struct Group {
    name: GroupName,
    row: GroupRow,
    /// Where its own dead letters go: a pattern never reads them.
    dead_letters: TopicName,
    members: BTreeMap<MemberId, Member>,
    /// Of every partition that was ever read.
    offsets: BTreeMap<PartitionId, Offset>,
    /// Consumer mode: the partitions that somebody has or is to have.
    slots: BTreeMap<PartitionId, Slot>,
    /// Share mode: the partitions of which records are under way.
    windows: BTreeMap<PartitionId, Window>,
    unsaved: changes::Unsaved,
    /// Members whose polls have something to look at.
    woken: BTreeSet<MemberId>,
}

/// What is kept of a group.
#[derive(Debug)]
pub struct Kept {
    pub row: GroupRow,
    pub members: Vec<(MemberId, MemberRow)>,
    pub offsets: Vec<(PartitionId, Offset)>,
    pub shares: Vec<(PartitionId, Vec<ShareCell>)>,
}

impl Group {
    /// Takes a group up from what is kept of it. Members are given a whole session to be heard again, and are taken to hold
    /// batches of all that is theirs until they poll: whatever they were given before the host stopped may still be worked on.
    /// Leases are numbered on from `first_lease`, which differs from one start to the next.
    pub fn load(name: GroupName, kept: Kept, topics: &Topics, first_lease: u32, now_ms: i64) -> Self {
        let Kept { row, members, offsets, shares } = kept;
        let mut group = Self {
            dead_letters: crate::model::group::dead_letter_topic_of(&name),
            name,
            row,
            members: BTreeMap::new(),
            offsets: offsets.into_iter().collect(),
            slots: BTreeMap::new(),
            windows: BTreeMap::new(),
            unsaved: changes::Unsaved::default(),
            woken: BTreeSet::new(),
        };
        for (id, row) in members {
            let resolved = topics.resolve(&row.subscription, &group.dead_letters);
            let mut member = Member::new(&row, resolved, now_ms);
            member.epoch = group.row.epoch;
            member.leases = first_lease;
            if group.row.mode == Mode::Consumer {
                for partition in row.assignment.iter().filter(|id| group.offsets.contains_key(id)) {
                    if group.slots.contains_key(&partition) {
                        continue;
                    }
                    group.slots.insert(partition, Slot::presumed(id));
                    member.owned.insert(partition);
                }
            }
            group.members.insert(id, member);
        }
        for (id, cells) in shares {
            if let Some(offset) = group.offsets.get(&id) {
                group.windows.insert(id, Window::load(offset.next, &cells));
            }
        }
        group
    }

    pub fn new(name: GroupName, mode: Mode, now_ms: i64) -> Self {
        let kept =
            Kept { row: GroupRow::new(mode, now_ms), members: Vec::new(), offsets: Vec::new(), shares: Vec::new() };
        let mut group = Self::load(name, kept, &Topics::default(), 0, now_ms);
        group.unsaved.mark_row();
        group
    }

    pub fn name(&self) -> &GroupName {
        &self.name
    }

    pub fn row(&self) -> &GroupRow {
        &self.row
    }

    pub fn mode(&self) -> Mode {
        self.row.mode
    }

    pub fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// Where the group goes on, by partition.
    pub fn offsets(&self) -> &BTreeMap<PartitionId, Offset> {
        &self.offsets
    }

    /// Those of the partitions of these topics of which the group has no offset.
    pub fn lacking(&self, topics: &[(crate::model::topic::TopicId, u32)]) -> Vec<PartitionId> {
        topics::partitions(topics).filter(|id| !self.offsets.contains_key(id)).collect()
    }

    /// Where the group's first reads begin, in partitions that it has no offset of.
    fn begin_at(&mut self, starts: &[(PartitionId, u64)], now_ms: i64) {
        for (id, next) in starts {
            if !self.offsets.contains_key(id) {
                self.offsets.insert(*id, Offset { next: *next, at_ms: now_ms });
                self.unsaved.mark_offset(*id);
            }
        }
    }

    fn set_offset(&mut self, id: PartitionId, next: u64, now_ms: i64) {
        self.offsets.insert(id, Offset { next, at_ms: now_ms });
    }

    /// Members whose polls have something to look at, since this was last asked.
    pub fn take_woken(&mut self) -> BTreeSet<MemberId> {
        std::mem::take(&mut self.woken)
    }

    fn check_known(&self, id: MemberId) -> Result<(), Refusal> {
        if self.members.contains_key(&id) {
            return Ok(());
        }
        let by = self.members.values().find(|member| member.replaced == Some(id));
        Err(match by.and_then(|member| member.instance.clone()) {
            Some(instance) => Refusal::Replaced { instance },
            None => Refusal::UnknownMember { epoch: self.row.epoch },
        })
    }

    fn known(&mut self, id: MemberId) -> Result<&mut Member, Refusal> {
        self.check_known(id)?;
        self.members.get_mut(&id).ok_or(Refusal::UnknownMember { epoch: self.row.epoch })
    }

    /// Whoever polls at this moment looks again.
    fn wake_pollers(&mut self) {
        self.woken.extend(self.members.iter().filter(|(_, member)| member.calls > 0).map(|(id, _)| *id));
    }
}
