//! Who is in the group: joining, being heard, leaving, falling silent; and what each is meant to have.

use std::collections::{BTreeMap, BTreeSet};

use super::assign::{Candidate, assign};
use super::member::Member;
use super::slots::Slot;
use super::topics::Topics;
use super::window::Window;
use super::{Group, Refusal, topics};
use crate::limits::GROUP_MEMBERS_MAX;
use crate::model::group::{Assignor, MemberId, MemberRow, Mode, PartitionSet, ShareConfig};
use crate::model::name::InstanceId;
use crate::model::subscription::Subscription;
use crate::model::topic::{PartitionId, TopicId};

/// What a member says when it joins.
#[derive(Clone, Debug)]
pub struct Join {
    pub mode: Mode,
    pub subscription: Subscription,
    pub session_ms: u64,
    pub poll_interval_ms: u64,
    pub instance: Option<InstanceId>,
    /// The group takes the newest word.
    pub assignor: Option<Assignor>,
    pub share: Option<ShareConfig>,
}

impl Group {
    /// The topics that a member with this subscription would read.
    pub fn resolve(&self, subscription: &Subscription, topics: &Topics) -> Vec<(TopicId, u32)> {
        topics.resolve(subscription, &self.dead_letters)
    }

    /// A new member, or a new process of a static one: that one has what the old one had, and nobody else notices.
    /// `starts` is where reading begins of those partitions that the group has no offset of.
    pub fn join(
        &mut self,
        id: MemberId,
        join: Join,
        topics: &Topics,
        starts: &[(PartitionId, u64)],
        now_ms: i64,
    ) -> Result<(), Refusal> {
        if self.row.mode != join.mode {
            return Err(Refusal::Mode(self.row.mode));
        }
        let before = match &join.instance {
            None => None,
            Some(instance) => {
                self.members.iter().find(|(_, m)| m.instance.as_ref() == Some(instance)).map(|(id, _)| *id)
            }
        };
        if before.is_none() && self.members.len() >= GROUP_MEMBERS_MAX {
            return Err(Refusal::TooManyMembers);
        }
        self.begin_at(starts, now_ms);
        let old = before.and_then(|before| self.replace(before));
        let serial = old.as_ref().map_or(self.row.serial + 1, |old| old.serial);
        self.row.serial = self.row.serial.max(serial);
        self.row.emptied_ms = None;
        let is_same = join.assignor.is_none_or(|wanted| wanted == self.row.assignor)
            && old.as_ref().is_some_and(|old| old.subscription == join.subscription && !old.is_stalled);
        self.row.assignor = join.assignor.unwrap_or(self.row.assignor);
        self.row.share = join.share.or(self.row.share);
        let row = MemberRow {
            serial,
            instance: join.instance,
            subscription: join.subscription,
            session_ms: join.session_ms,
            poll_interval_ms: join.poll_interval_ms,
            assignment: PartitionSet::default(),
        };
        let resolved = self.resolve(&row.subscription, topics);
        let mut member = Member::new(&row, resolved, now_ms);
        member.replaced = before;
        if let Some(old) = old {
            (member.owned, member.pending, member.epoch) = (old.owned, old.pending, old.epoch);
            member.leases = old.leases;
            for slot in self.slots.values_mut() {
                slot.rename(before.unwrap_or(id), id);
            }
        }
        self.members.insert(id, member);
        self.unsaved.mark_row();
        self.unsaved.mark_member(id);
        if is_same {
            self.hand_over_all();
        } else {
            self.refresh();
        }
        Ok(())
    }

    /// Takes out a member whose place another takes: what it holds is given up, and what it has stays together.
    fn replace(&mut self, id: MemberId) -> Option<Member> {
        self.give_up(id);
        self.unsaved.mark_member(id);
        self.woken.insert(id);
        self.members.remove(&id)
    }

    /// The member is there, whatever it does.
    pub fn heartbeat(&mut self, id: MemberId, now_ms: i64) -> Result<(), Refusal> {
        self.known(id)?.seen_ms = now_ms;
        Ok(())
    }

    /// A poll of the member's begins; until it ends the member is there.
    pub fn begin_poll(&mut self, id: MemberId, now_ms: i64) -> Result<(), Refusal> {
        let member = self.known(id)?;
        member.calls += 1;
        (member.seen_ms, member.worked_ms) = (now_ms, now_ms);
        if std::mem::take(&mut member.is_stalled) {
            self.refresh();
        }
        Ok(())
    }

    /// The poll was answered, or whoever asked has gone.
    pub fn end_poll(&mut self, id: MemberId, now_ms: i64) {
        if let Some(member) = self.members.get_mut(&id) {
            member.calls = member.calls.saturating_sub(1);
            (member.seen_ms, member.worked_ms) = (now_ms, now_ms);
        }
    }

    pub fn leave(&mut self, id: MemberId, now_ms: i64) -> Result<(), Refusal> {
        self.known(id)?;
        self.remove(id, now_ms);
        self.refresh();
        Ok(())
    }

    /// Ends the sessions that are over, takes from those that stall what they have, and gives back the records whose time is
    /// over. Answers whose sessions ended.
    pub fn expire(&mut self, now_ms: i64) -> Vec<MemberId> {
        let of = |is_so: &dyn Fn(&Member) -> bool| {
            self.members.iter().filter(|(_, member)| is_so(member)).map(|(id, _)| *id).collect::<Vec<_>>()
        };
        let gone = of(&|member| member.is_gone(now_ms));
        let stalling = of(&|member| !member.is_gone(now_ms) && member.stalls(now_ms));
        for id in &gone {
            self.remove(*id, now_ms);
        }
        for id in &stalling {
            self.give_up(*id);
            if let Some(member) = self.members.get_mut(id) {
                member.is_stalled = true;
            }
        }
        if !(gone.is_empty() && stalling.is_empty()) {
            self.refresh();
        }
        self.expire_records(now_ms);
        gone
    }

    /// When `expire` will have something to do, as things stand.
    pub fn due_ms(&self) -> i64 {
        let members = self.members.values().map(Member::due_ms).min().unwrap_or(i64::MAX);
        members.min(self.records_due_ms())
    }

    /// Topics have come or gone, or have more partitions.
    pub fn topics_changed(&mut self, topics: &Topics, starts: &[(PartitionId, u64)], now_ms: i64) {
        self.begin_at(starts, now_ms);
        let there: BTreeSet<TopicId> = topics.ids().collect();
        let is_gone = |id: PartitionId| !there.contains(&id.topic);
        let gone: Vec<PartitionId> = self.offsets.keys().copied().filter(|id| is_gone(*id)).collect();
        for id in gone {
            self.offsets.remove(&id);
            self.windows.remove(&id);
            for member in self.members.values_mut() {
                member.let_go(id);
            }
            if let Some(Slot { owner: Some(owner), .. }) = self.slots.remove(&id) {
                if let Some(member) = self.members.get_mut(&owner) {
                    member.owned.remove(&id);
                    member.assignments += 1;
                }
                self.unsaved.mark_member(owner);
                self.woken.insert(owner);
            }
        }
        self.unsaved.forget_topic(is_gone);
        let mut changed = false;
        for member in self.members.values_mut() {
            let resolved = topics.resolve(&member.subscription, &self.dead_letters);
            changed |= resolved != member.topics;
            member.topics = resolved;
        }
        if changed {
            self.refresh();
        }
    }

    /// Goes on after a restart of the host: what changed while it was down is taken into account.
    pub fn resume(&mut self, starts: &[(PartitionId, u64)], now_ms: i64) {
        self.begin_at(starts, now_ms);
        if self.has_members() {
            self.refresh();
        }
    }

    /// Those of the partitions that members read of which the group has no offset.
    pub fn lacking_any(&self, topics: &Topics) -> Vec<PartitionId> {
        let mut lacking: Vec<_> = self
            .members
            .values()
            .flat_map(|member| self.lacking(&topics.resolve(&member.subscription, &self.dead_letters)))
            .collect();
        lacking.sort_unstable();
        lacking.dedup();
        lacking
    }

    fn remove(&mut self, id: MemberId, now_ms: i64) {
        self.give_up(id);
        for slot in self.slots.values_mut() {
            slot.lose(id);
        }
        self.members.remove(&id);
        self.unsaved.mark_member(id);
        self.woken.insert(id);
        if self.members.is_empty() {
            self.row.emptied_ms = Some(now_ms);
            self.unsaved.mark_row();
        }
    }

    /// The batch in the member's hands is nobody's any more.
    fn give_up(&mut self, id: MemberId) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let held = member.held.take();
        for partition in &member.owned {
            if let Some(slot) = self.slots.get_mut(partition) {
                slot.give_up();
            }
        }
        for ((partition, offset), _) in held.into_iter().flat_map(|held| held.records) {
            self.give_back(partition, offset);
        }
    }

    /// Says anew what each is meant to have.
    fn refresh(&mut self) {
        self.row.epoch += 1;
        self.unsaved.mark_row();
        if self.row.mode == Mode::Share {
            for (id, member) in &mut self.members {
                member.epoch = self.row.epoch;
                member.assignments += 1;
                self.woken.insert(*id);
            }
            self.open_windows();
            return;
        }
        let mut topics: BTreeMap<TopicId, u32> = BTreeMap::new();
        let mut candidates = Vec::new();
        for (id, member) in self.members.iter().filter(|(_, member)| !member.is_stalled) {
            topics.extend(member.topics.iter().copied());
            let wanted = member.topics.iter().map(|(topic, _)| *topic).collect();
            candidates.push(Candidate { id: *id, serial: member.serial, topics: wanted });
        }
        let current = self.slots.iter().filter_map(|(id, slot)| Some((*id, slot.owner?))).collect();
        let targets = assign(self.row.assignor, &topics, candidates, &current);
        for slot in self.slots.values_mut() {
            slot.target = None;
        }
        for (partition, member) in targets.into_iter().filter(|(id, _)| self.offsets.contains_key(id)) {
            self.slots.entry(partition).or_default().target = Some(member);
        }
        for member in self.members.values_mut() {
            member.pending = 0;
        }
        for slot in self.slots.values().filter(|slot| slot.owner != slot.target) {
            for id in [slot.owner, slot.target].into_iter().flatten() {
                if let Some(member) = self.members.get_mut(&id) {
                    member.pending += 1;
                }
            }
        }
        for member in self.members.values_mut().filter(|member| member.pending == 0) {
            member.epoch = self.row.epoch;
        }
        self.hand_over_all();
    }

    /// Share mode: all members read all partitions of their topics.
    fn open_windows(&mut self) {
        for member in self.members.values() {
            for id in topics::partitions(&member.topics) {
                if let Some(offset) = self.offsets.get(&id) {
                    self.windows.entry(id).or_insert_with(|| Window::load(offset.next, &[]));
                }
            }
        }
    }
}
