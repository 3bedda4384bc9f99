//! Share mode: records are handed out one by one, and each is accepted, given back, refused or kept a while longer by
//! whoever has it. One that is given back too often is a dead letter.

use std::collections::BTreeMap;

use super::changes::Buried;
use super::lease::{Lease, Part, Range};
use super::member::Held;
use super::slots::Offer;
use super::window::Window;
use super::{Group, Refusal, topics};
use crate::limits::{SHARE_DELIVERIES_DEFAULT, SHARE_LOCK_MS_DEFAULT};
use crate::model::group::{MemberId, Mode, ShareConfig};
use crate::model::topic::PartitionId;

/// What a member says of a record that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    /// It is done.
    Accept,
    /// Somebody else may try.
    Release,
    /// Nobody can take it: it is a dead letter.
    Reject,
    /// It takes longer.
    Renew,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    pub partition: PartitionId,
    pub offset: u64,
    pub ack: Ack,
}

/// What the log has of a partition.
#[derive(Clone, Debug)]
pub struct Found {
    pub range: Range,
    /// Every offset of the range at which a record stands.
    pub offsets: Vec<u64>,
}

impl Group {
    /// How long a member has for a record.
    pub fn lock_ms(&self) -> u64 {
        self.share().lock_ms
    }

    pub fn share(&self) -> ShareConfig {
        self.row
            .share
            .unwrap_or(ShareConfig { lock_ms: SHARE_LOCK_MS_DEFAULT, deliveries_max: SHARE_DELIVERIES_DEFAULT })
    }

    pub(super) fn offer_records(&mut self, id: MemberId) -> Offer {
        let Some(member) = self.members.get_mut(&id) else { return Offer::Fresh(Vec::new()) };
        if let Some(held) = &member.held {
            return Offer::Again(lease_of(held));
        }
        let mut fresh: Vec<(PartitionId, u64)> = topics::partitions(&member.topics)
            .filter_map(|id| Some((id, self.windows.get(&id)?.first_wanted()?)))
            .collect();
        member.rotate(&mut fresh);
        Offer::Fresh(fresh)
    }

    /// Puts records into the member's hands: those that are to be had. `None` where nothing is, or it holds some already.
    pub fn acquire(&mut self, id: MemberId, found: &[Found], now_ms: i64) -> Option<Lease> {
        let until_ms = now_ms.saturating_add_unsigned(self.lock_ms());
        if self.members.get(&id)?.held.is_some() {
            return None;
        }
        let mut records = BTreeMap::new();
        for Found { range, offsets } in found {
            let Some(window) = self.windows.get_mut(&range.partition) else { continue };
            let acquired = window.acquire((range.from, range.next), offsets, id, until_ms);
            records.extend(acquired.into_iter().map(|(offset, count)| ((range.partition, offset), count)));
            self.window_moved(range.partition, now_ms);
        }
        if records.is_empty() {
            return None;
        }
        let member = self.members.get_mut(&id)?;
        let token = member.next_token(Vec::new());
        Some(lease_of(member.held.insert(Held { token, ranges: Vec::new(), records })))
    }

    /// Accepts all that is left of the batch of this number.
    pub fn accept_all(&mut self, id: MemberId, token: &super::Token, now_ms: i64) -> Result<(), Refusal> {
        let member = self.known(id)?;
        let all: Vec<Acknowledgement> = match &member.held {
            Some(held) if held.token == *token => {
                let keys = held.records.keys();
                keys.map(|(partition, offset)| Acknowledgement {
                    partition: *partition,
                    offset: *offset,
                    ack: Ack::Accept,
                })
                .collect()
            }
            _ if token.is_nothing() || member.committed.as_ref() == Some(token) => return Ok(()),
            _ => return Err(Refusal::LeaseEnded(self.standing_of(id))),
        };
        self.acknowledge(id, &all, now_ms)
    }

    /// All of it, or nothing.
    pub fn acknowledge(&mut self, id: MemberId, acks: &[Acknowledgement], now_ms: i64) -> Result<(), Refusal> {
        if self.row.mode != Mode::Share {
            self.known(id)?;
            return Err(Refusal::Mode(self.row.mode));
        }
        let until_ms = now_ms.saturating_add_unsigned(self.lock_ms());
        let member = self.known(id)?;
        (member.seen_ms, member.worked_ms) = (now_ms, now_ms);
        let is_done = |windows: &BTreeMap<PartitionId, Window>, ack: &Acknowledgement| {
            // Whoever accepts it again did not hear the answer.
            ack.ack == Ack::Accept && windows.get(&ack.partition).is_some_and(|window| window.is_done(ack.offset))
        };
        for ack in acks.iter().filter(|ack| !is_done(&self.windows, ack)) {
            if !self.windows.get(&ack.partition).is_some_and(|window| window.is_acquired(ack.offset, id)) {
                return Err(Refusal::NotAcquired(ack.partition, ack.offset));
            }
        }
        for acknowledgement in acks {
            let Acknowledgement { partition, offset, ack } = acknowledgement;
            if is_done(&self.windows, acknowledgement) {
                continue;
            }
            let Some(window) = self.windows.get_mut(partition) else { continue };
            match ack {
                Ack::Renew => {
                    window.renew(*offset, until_ms);
                    continue;
                }
                Ack::Accept => {
                    window.finish(*offset);
                    self.unsaved.mark_share(*partition);
                }
                Ack::Release => self.give_back(*partition, *offset),
                Ack::Reject => {
                    let deliveries = window.finish(*offset);
                    let reason = format!("it was rejected by member {id}");
                    self.unsaved.bury(Buried { partition: *partition, offset: *offset, deliveries, reason });
                }
            }
            self.window_moved(*partition, now_ms);
            self.not_held(id, *partition, *offset);
        }
        Ok(())
    }

    /// Gives back what the member holds from these offsets on, and of what is not named all.
    pub(super) fn shorten_records(&mut self, id: MemberId, ends: &[(PartitionId, u64)]) {
        let Some(held) = self.members.get(&id).and_then(|member| member.held.as_ref()) else { return };
        let is_kept = |(partition, offset): &(PartitionId, u64)| {
            ends.iter().any(|(named, end)| named == partition && offset < end)
        };
        let over: Vec<_> = held.records.keys().filter(|record| !is_kept(record)).copied().collect();
        for (partition, offset) in over {
            self.give_back(partition, offset);
            self.not_held(id, partition, offset);
        }
    }

    /// Takes a record out of the member's hands.
    fn not_held(&mut self, id: MemberId, partition: PartitionId, offset: u64) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let Some(held) = &mut member.held else { return };
        held.records.remove(&(partition, offset));
        if held.records.is_empty() {
            member.committed = member.held.take().map(|held| held.token);
            self.woken.insert(id);
        }
    }

    /// A record comes back; somebody else may have it, unless it came back too often.
    pub(super) fn give_back(&mut self, partition: PartitionId, offset: u64) {
        let deliveries_max = self.share().deliveries_max;
        let Some(window) = self.windows.get_mut(&partition) else { return };
        let deliveries = window.release(offset);
        self.unsaved.mark_share(partition);
        if deliveries >= deliveries_max {
            window.finish(offset);
            let reason = format!("it was handed out {deliveries} times, and nobody accepted it");
            self.unsaved.bury(Buried { partition, offset, deliveries, reason });
        }
        self.wake_pollers();
    }

    /// Where the group stands is where the window begins.
    fn window_moved(&mut self, id: PartitionId, now_ms: i64) {
        let Some(window) = self.windows.get(&id) else { return };
        let start = window.start();
        if self.offsets.get(&id).is_none_or(|offset| offset.next != start) {
            self.set_offset(id, start, now_ms);
            self.unsaved.mark_offset(id);
            self.unsaved.mark_share(id);
            // Where too much was under way there is room now.
            self.wake_pollers();
        }
    }

    /// Moves the group to other offsets, which are saved already: what was in members' hands is nobody's, and what was done
    /// ahead of others is to be done again.
    pub fn reset_windows(&mut self, stands: &[(PartitionId, u64)], now_ms: i64) {
        for (id, next) in stands {
            self.windows.insert(*id, Window::load(*next, &[]));
            self.set_offset(*id, *next, now_ms);
            self.unsaved.mark_offset(*id);
            self.unsaved.mark_share(*id);
            for member in self.members.values_mut() {
                member.let_go(*id);
            }
        }
        self.wake_pollers();
    }

    /// Takes back the records whose time is over.
    pub(super) fn expire_records(&mut self, now_ms: i64) {
        let mut over = Vec::new();
        for (id, held) in self.members.iter().filter_map(|(id, member)| Some((id, member.held.as_ref()?))) {
            for (partition, offset) in held.records.keys() {
                let due_ms = self.windows.get(partition).and_then(|window| window.due_ms(*offset));
                if due_ms.is_none_or(|due_ms| due_ms <= now_ms) {
                    over.push((*id, *partition, *offset));
                }
            }
        }
        for (id, partition, offset) in over {
            self.give_back(partition, offset);
            self.window_moved(partition, now_ms);
            self.not_held(id, partition, offset);
        }
    }

    /// When the first record's time is over.
    pub(super) fn records_due_ms(&self) -> i64 {
        let held = self.members.values().filter_map(|member| member.held.as_ref());
        let due = held
            .flat_map(|held| held.records.keys())
            .filter_map(|(partition, offset)| self.windows.get(partition)?.due_ms(*offset));
        due.min().unwrap_or(i64::MAX)
    }
}

fn lease_of(held: &Held) -> Lease {
    let mut parts: Vec<Part> = Vec::new();
    for ((partition, offset), deliveries) in &held.records {
        match parts.last_mut() {
            Some(Part { range, only: Some(only) }) if range.partition == *partition => {
                range.next = offset + 1;
                only.push((*offset, *deliveries));
            }
            _ => parts.push(Part {
                range: Range { partition: *partition, from: *offset, next: offset + 1 },
                only: Some(vec![(*offset, *deliveries)]),
            }),
        }
    }
    Lease { token: held.token.clone(), parts }
}
