//! Consumer mode: who has a partition, who is to have it, and the batch that is out.

use std::collections::BTreeMap;

use super::lease::{Lease, Range, Token};
use super::member::Held;
use super::{Group, Refusal};
use crate::model::group::{MemberId, Mode};
use crate::model::topic::PartitionId;

/// One partition.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Who may be given batches of it.
    pub(super) owner: Option<MemberId>,
    /// Who is meant to have it.
    pub(super) target: Option<MemberId>,
    hold: Hold,
}

/// Why a partition cannot change hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hold {
    #[default]
    Free,
    /// The owner may have had a batch before the host was started again, and has not polled since.
    Presumed,
    /// The owner holds a batch.
    Leased,
    /// Its offset is being committed; what it was before is what it is after, unless the owner lost it meanwhile.
    Moving { presumed: bool },
}

impl Slot {
    /// As it is after a restart of the host.
    pub(super) fn presumed(owner: MemberId) -> Self {
        Self { owner: Some(owner), target: Some(owner), hold: Hold::Presumed }
    }

    pub(super) fn rename(&mut self, old: MemberId, new: MemberId) {
        for at in [&mut self.owner, &mut self.target] {
            if *at == Some(old) {
                *at = Some(new);
            }
        }
    }

    /// The owner is not there any more.
    pub(super) fn lose(&mut self, id: MemberId) {
        if self.owner == Some(id) {
            self.owner = None;
        }
        if self.target == Some(id) {
            self.target = None;
        }
    }

    /// The owner holds no batch of it any more. A commit under way is waited for all the same.
    pub(super) fn give_up(&mut self) {
        self.hold = match self.hold {
            Hold::Moving { .. } => Hold::Moving { presumed: false },
            _ => Hold::Free,
        };
    }
}

/// What a member that polls may be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// What it holds already.
    Again(Lease),
    /// Something of these partitions, from these offsets on.
    Fresh(Vec<(PartitionId, u64)>),
}

/// What a member commits.
#[derive(Clone, Debug)]
pub enum Commit {
    /// The batch of this token.
    Token(Token),
    /// The next offsets to read.
    Offsets(Vec<(PartitionId, u64)>),
}

/// An offset on its way to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub partition: PartitionId,
    /// Where it must stand, or nothing of this is done.
    pub expected: Option<u64>,
    pub next: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It was committed before: the answer had been lost.
    Done,
    /// To be committed, all or none; then [`Group::end_commit`] says where they stand.
    Moves(Vec<Move>),
}

impl Group {
    /// What a member that polls may be given. A token that it shows is of a batch that it may have from before a restart.
    pub fn offer(&mut self, id: MemberId, token: Option<&Token>) -> Result<Offer, Refusal> {
        self.known(id)?;
        if self.row.mode == Mode::Share {
            return Ok(self.offer_records(id));
        }
        if let Some(token) = token {
            self.adopt(id, token);
        }
        let member = self.known(id)?;
        if let Some(held) = &member.held {
            let parts = held.ranges.iter().copied().map(Into::into).collect();
            return Ok(Offer::Again(Lease { token: held.token.clone(), parts }));
        }
        // It is here, and holds nothing: what it might have held it does not.
        let owned: Vec<PartitionId> = member.owned.iter().copied().collect();
        for partition in &owned {
            if let Some(slot) = self.slots.get_mut(partition).filter(|slot| slot.hold == Hold::Presumed) {
                slot.hold = Hold::Free;
                self.hand_over(*partition);
            }
        }
        let is_free = |partition: &PartitionId| {
            self.slots.get(partition).is_some_and(|slot| slot.owner == Some(id) && slot.hold == Hold::Free)
        };
        let mut fresh: Vec<(PartitionId, u64)> = owned
            .into_iter()
            .filter(is_free)
            .filter_map(|partition| Some((partition, self.offsets.get(&partition)?.next)))
            .collect();
        self.known(id)?.rotate(&mut fresh);
        Ok(Offer::Fresh(fresh))
    }

    /// The token of a poll that found nothing: committing it does nothing.
    pub fn nothing(&mut self, id: MemberId) -> Result<Token, Refusal> {
        let serial = self.known(id)?.serial;
        Ok(Token { serial, number: 0, ranges: Vec::new() })
    }

    /// Puts a batch into the member's hands: those of the ranges that are still its own and begin where the group stands.
    /// `None` where nothing is left of it, or it holds one already.
    pub fn lease(&mut self, id: MemberId, ranges: Vec<Range>) -> Option<Lease> {
        if self.members.get(&id)?.held.is_some() {
            return None;
        }
        let ranges: Vec<Range> = ranges.into_iter().filter(|range| self.is_to_be_had(id, range)).collect();
        if ranges.is_empty() {
            return None;
        }
        for range in &ranges {
            self.slots.get_mut(&range.partition)?.hold = Hold::Leased;
        }
        let member = self.members.get_mut(&id)?;
        let token = member.next_token(ranges.clone());
        let parts = ranges.iter().copied().map(Into::into).collect();
        member.held = Some(Held { token: token.clone(), ranges, records: BTreeMap::new() });
        Some(Lease { token, parts })
    }

    /// Whether the member may be given a range: the partition is its own and free, and begins where the group stands.
    fn is_to_be_had(&self, id: MemberId, range: &Range) -> bool {
        let slot = self.slots.get(&range.partition);
        slot.is_some_and(|slot| slot.owner == Some(id) && slot.hold == Hold::Free)
            && self.offsets.get(&range.partition).is_some_and(|offset| offset.next == range.from)
    }

    /// Moves past ranges in which there are no records, of what the member may be given: there is nothing to hand out.
    pub fn begin_skip(&mut self, id: MemberId, ranges: &[Range]) -> Vec<Move> {
        let empty = ranges.iter().filter(|range| self.is_to_be_had(id, range));
        let wanted: Vec<(PartitionId, u64)> = empty.map(|range| (range.partition, range.next)).collect();
        self.begin_move(&wanted).unwrap_or_default()
    }

    /// Gives the batch in the member's hands another token, which stands for what it has of it now.
    pub fn retoken(&mut self, id: MemberId) -> Option<Token> {
        let member = self.members.get_mut(&id)?;
        let ranges = member.held.as_ref()?.ranges.clone();
        let token = member.next_token(ranges);
        member.held.as_mut()?.token = token.clone();
        Some(token)
    }

    /// Cuts the batch in the member's hands: of each partition it ends here, and what is not named is not part of it. Answers
    /// the token of what is left.
    pub fn shorten(&mut self, id: MemberId, ends: &[(PartitionId, u64)]) -> Option<Token> {
        if self.row.mode == Mode::Share {
            self.shorten_records(id, ends);
        } else {
            self.shorten_ranges(id, ends);
        }
        self.retoken(id)
    }

    fn shorten_ranges(&mut self, id: MemberId, ends: &[(PartitionId, u64)]) {
        let Some(held) = self.members.get_mut(&id).and_then(|member| member.held.as_mut()) else { return };
        let mut free = Vec::new();
        held.ranges.retain_mut(|range| {
            let end = ends.iter().find(|(partition, _)| *partition == range.partition).map(|(_, end)| *end);
            match end.filter(|end| *end > range.from) {
                Some(end) => range.next = range.next.min(end),
                None => free.push(range.partition),
            }
            !free.contains(&range.partition)
        });
        for partition in free {
            if let Some(slot) = self.slots.get_mut(&partition) {
                slot.give_up();
            }
            self.hand_over(partition);
        }
    }

    /// An operator moves these partitions: what members hold of them is taken from them.
    pub fn take_back(&mut self, partitions: impl IntoIterator<Item = PartitionId>) {
        for id in partitions {
            if let Some(slot) = self.slots.get_mut(&id) {
                slot.give_up();
            }
            if let Some(member) = self.holder_of(id).and_then(|owner| self.members.get_mut(&owner)) {
                member.let_go(id);
            }
        }
    }

    /// Whether an offset is on its way to the disk.
    pub fn is_moving(&self) -> bool {
        self.slots.values().any(|slot| matches!(slot.hold, Hold::Moving { .. }))
    }

    /// Takes up the batch that a member had before the host was started again: of it what is not committed.
    fn adopt(&mut self, id: MemberId, token: &Token) {
        let Some(member) = self.members.get(&id) else { return };
        if member.held.is_some() || member.serial != token.serial {
            return;
        }
        let mut ranges: Vec<Range> = Vec::new();
        for range in &token.ranges {
            let is_presumed =
                self.slots.get(&range.partition).is_some_and(|s| s.owner == Some(id) && s.hold == Hold::Presumed);
            let at = self.offsets.get(&range.partition).map_or(u64::MAX, |offset| offset.next);
            let is_new = ranges.iter().all(|known| known.partition != range.partition);
            if is_presumed && is_new && (range.from..range.next).contains(&at) {
                ranges.push(Range { from: at, ..*range });
            }
        }
        if ranges.is_empty() {
            return;
        }
        for range in &ranges {
            if let Some(slot) = self.slots.get_mut(&range.partition) {
                slot.hold = Hold::Leased;
            }
        }
        if let Some(member) = self.members.get_mut(&id) {
            member.leases = member.leases.max(token.number);
            member.held = Some(Held { token: token.clone(), ranges, records: BTreeMap::new() });
        }
    }

    /// What a member's commit comes to. Until it has ended the partitions stay where they are.
    pub fn begin_commit(&mut self, id: MemberId, commit: Commit, now_ms: i64) -> Result<Begun, Refusal> {
        if self.row.mode == Mode::Share {
            self.known(id)?;
            return Err(Refusal::Mode(Mode::Share));
        }
        let member = self.known(id)?;
        (member.seen_ms, member.worked_ms) = (now_ms, now_ms);
        let wanted: Vec<(PartitionId, u64)> = match commit {
            Commit::Offsets(offsets) => offsets,
            Commit::Token(token) => {
                self.adopt(id, &token);
                self.check_known(id)?;
                match &self.members[&id].held {
                    Some(held) if held.token == token => {
                        held.ranges.iter().map(|range| (range.partition, range.next)).collect()
                    }
                    _ if self.is_committed(id, &token) => {
                        return Ok(Begun::Done);
                    }
                    _ => return Err(Refusal::LeaseEnded(self.standing_of(id))),
                }
            }
        };
        for (partition, _) in &wanted {
            match self.slots.get(partition).filter(|slot| slot.owner == Some(id)) {
                None => return Err(Refusal::NotAssigned(*partition, self.standing_of(id))),
                Some(Slot { hold: Hold::Moving { .. }, .. }) => return Err(Refusal::Busy(*partition)),
                Some(_) => {}
            }
        }
        let moves = self.begin_move(&wanted)?;
        self.known(id)?.calls += 1;
        Ok(Begun::Moves(moves))
    }

    /// The member's commit has ended, well or not. However long it took, the member was there.
    pub fn end_commit(&mut self, id: MemberId, stands: &[(PartitionId, Option<u64>)], now_ms: i64) {
        self.end_move(stands, now_ms);
        self.end_poll(id, now_ms);
    }

    /// Whether all of the token's batch is committed: by the member just before, or as after a restart of the host, where it
    /// still has the partitions.
    fn is_committed(&self, id: MemberId, token: &Token) -> bool {
        let Some(member) = self.members.get(&id) else { return false };
        if member.committed.as_ref() == Some(token) {
            return true;
        }
        member.serial == token.serial
            && token.ranges.iter().all(|range| {
                self.slots.get(&range.partition).is_some_and(|slot| slot.owner == Some(id))
                    && self.offsets.get(&range.partition).is_some_and(|offset| offset.next == range.next)
            })
    }

    /// Moves offsets, whoever asks. Until [`Group::end_move`] the partitions stay where they are, and nobody else moves them.
    pub fn begin_move(&mut self, wanted: &[(PartitionId, u64)]) -> Result<Vec<Move>, Refusal> {
        let busy = |id: &PartitionId| self.slots.get(id).is_some_and(|s| matches!(s.hold, Hold::Moving { .. }));
        if let Some((id, _)) = wanted.iter().find(|(id, _)| busy(id)) {
            return Err(Refusal::Busy(*id));
        }
        let mut moves = Vec::with_capacity(wanted.len());
        for (partition, next) in wanted {
            let slot = self.slots.entry(*partition).or_default();
            slot.hold = Hold::Moving { presumed: slot.hold == Hold::Presumed };
            let expected = self.offsets.get(partition).map(|offset| offset.next);
            moves.push(Move { partition: *partition, expected, next: *next });
        }
        Ok(moves)
    }

    /// Where the partitions stand now that the move has ended, well or not. A batch in hand goes on where the offset lies
    /// within it, and is over where it does not.
    pub fn end_move(&mut self, stands: &[(PartitionId, Option<u64>)], now_ms: i64) {
        for (id, next) in stands {
            let moved = next.filter(|next| self.offsets.get(id).is_none_or(|offset| offset.next != *next));
            if let Some(next) = moved {
                self.set_offset(*id, next, now_ms);
            }
            let Some(slot) = self.slots.get_mut(id) else { continue };
            let Hold::Moving { presumed } = slot.hold else { continue };
            let mut hold = if presumed { Hold::Presumed } else { Hold::Free };
            if let Some(owner) = slot.owner
                && let Some(member) = self.members.get_mut(&owner)
                && let Some(held) = &mut member.held
                && let Some(range) = held.ranges.iter_mut().find(|range| range.partition == *id)
            {
                match next {
                    Some(next) if (range.from..range.next).contains(next) => {
                        range.from = *next;
                        hold = Hold::Leased;
                    }
                    _ => {
                        let token = (next == &Some(range.next)).then(|| held.token.clone());
                        member.let_go(*id);
                        if member.held.is_none() {
                            member.committed = token;
                        }
                    }
                }
            }
            slot.hold = hold;
            if let Some(owner) = slot.owner {
                // A poll that waits for records of it looks again.
                self.woken.insert(owner);
            }
            self.hand_over(*id);
        }
    }

    pub(super) fn hand_over_all(&mut self) {
        let ids: Vec<PartitionId> = self.slots.keys().copied().collect();
        for id in ids {
            self.hand_over(id);
        }
    }

    /// Gives a partition to whom it is meant for, where nobody holds a batch of it.
    fn hand_over(&mut self, id: PartitionId) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if slot.hold != Hold::Free {
            return;
        }
        let (old, new) = (slot.owner, slot.target);
        if new.is_none() {
            self.slots.remove(&id);
        } else {
            slot.owner = new;
        }
        if old == new {
            return;
        }
        for (is_new, member_id) in [(false, old), (true, new)] {
            let Some(member_id) = member_id else { continue };
            let Some(member) = self.members.get_mut(&member_id) else { continue };
            if is_new {
                member.owned.insert(id);
            } else {
                member.owned.remove(&id);
            }
            member.assignments += 1;
            member.pending = member.pending.saturating_sub(1);
            if member.pending == 0 {
                member.epoch = self.row.epoch;
            }
            self.unsaved.mark_member(member_id);
            self.woken.insert(member_id);
        }
    }

    /// Whether every partition is where it is meant to be.
    pub(super) fn has_converged(&self) -> bool {
        self.slots.values().all(|slot| slot.owner == slot.target)
    }

    /// Who has a partition, in consumer mode.
    pub fn holder_of(&self, id: PartitionId) -> Option<MemberId> {
        self.slots.get(&id)?.owner
    }
}
