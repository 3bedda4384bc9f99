//! One member, and what it has in hand.

use std::collections::{BTreeMap, BTreeSet};

use super::lease::{Range, Token};
use crate::model::group::{MemberId, MemberRow};
use crate::model::name::InstanceId;
use crate::model::subscription::Subscription;
use crate::model::topic::{PartitionId, TopicId};

#[derive(Debug)]
pub(super) struct Member {
    pub(super) serial: u32,
    pub(super) instance: Option<InstanceId>,
    pub(super) subscription: Subscription,
    pub(super) session_ms: u64,
    pub(super) poll_interval_ms: u64,
    /// What the subscription comes to.
    pub(super) topics: Vec<(TopicId, u32)>,
    /// The epoch that its assignment is of.
    pub(super) epoch: u64,
    /// When it was heard last; and when it polled or committed last.
    pub(super) seen_ms: i64,
    pub(super) worked_ms: i64,
    /// Polls and commits that are under way: whoever waits for an answer is there.
    pub(super) calls: u32,
    /// It was heard, and did not poll for too long: it has nothing until it does.
    pub(super) is_stalled: bool,
    /// The process of the same instance whose place it took.
    pub(super) replaced: Option<MemberId>,
    pub(super) owned: BTreeSet<PartitionId>,
    /// Partitions that it has and is to lose, or is to get and has not.
    pub(super) pending: usize,
    /// Counts the changes of what it has.
    pub(super) assignments: u64,
    pub(super) held: Option<Held>,
    /// The number of the last lease.
    pub(super) leases: u32,
    /// From which of its partitions its next batch begins, so that each has its turn.
    pub(super) turn: usize,
    /// The last batch that was committed whole: whoever commits it again did not hear the answer.
    pub(super) committed: Option<Token>,
}

/// The batch in a member's hands, as far as it is not committed.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) token: Token,
    /// Consumer mode.
    pub(super) ranges: Vec<Range>,
    /// Share mode: how often each record has been handed out.
    pub(super) records: BTreeMap<(PartitionId, u64), u16>,
}

impl Member {
    pub(super) fn new(row: &MemberRow, topics: Vec<(TopicId, u32)>, now_ms: i64) -> Self {
        Self {
            serial: row.serial,
            instance: row.instance.clone(),
            subscription: row.subscription.clone(),
            session_ms: row.session_ms,
            poll_interval_ms: row.poll_interval_ms,
            topics,
            epoch: 0,
            seen_ms: now_ms,
            worked_ms: now_ms,
            calls: 0,
            is_stalled: false,
            replaced: None,
            owned: BTreeSet::new(),
            pending: 0,
            assignments: 0,
            held: None,
            leases: 0,
            turn: 0,
            committed: None,
        }
    }

    pub(super) fn row(&self) -> MemberRow {
        MemberRow {
            serial: self.serial,
            instance: self.instance.clone(),
            subscription: self.subscription.clone(),
            session_ms: self.session_ms,
            poll_interval_ms: self.poll_interval_ms,
            assignment: self.owned.iter().copied().collect(),
        }
    }

    pub(super) fn next_token(&mut self, ranges: Vec<Range>) -> Token {
        // 0 stands for nothing.
        self.leases = self.leases.checked_add(1).unwrap_or(1);
        Token { serial: self.serial, number: self.leases, ranges }
    }

    /// When something is to happen though nobody says anything: its session ends, or it is taken for stalled.
    pub(super) fn due_ms(&self) -> i64 {
        if self.calls > 0 {
            return i64::MAX;
        }
        let ends = self.seen_ms.saturating_add_unsigned(self.session_ms);
        let stalls = self.worked_ms.saturating_add_unsigned(self.poll_interval_ms);
        if self.is_stalled { ends } else { ends.min(stalls) }
    }

    pub(super) fn is_gone(&self, now_ms: i64) -> bool {
        self.calls == 0 && now_ms >= self.seen_ms.saturating_add_unsigned(self.session_ms)
    }

    pub(super) fn stalls(&self, now_ms: i64) -> bool {
        self.calls == 0 && !self.is_stalled && now_ms >= self.worked_ms.saturating_add_unsigned(self.poll_interval_ms)
    }

    /// Puts what it may be given in the order of its turn.
    pub(super) fn rotate(&mut self, fresh: &mut [(PartitionId, u64)]) {
        self.turn = self.turn.wrapping_add(1);
        if !fresh.is_empty() {
            fresh.rotate_left(self.turn % fresh.len());
        }
    }

    /// Takes a partition out of the batch in hand.
    pub(super) fn let_go(&mut self, id: PartitionId) {
        if let Some(held) = &mut self.held {
            held.ranges.retain(|range| range.partition != id);
            held.records.retain(|(partition, _), _| *partition != id);
            if held.ranges.is_empty() && held.records.is_empty() {
                self.held = None;
            }
        }
    }
}
