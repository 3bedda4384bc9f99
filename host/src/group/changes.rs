//! What is not on the disk yet. Nothing that a caller is told may rest on it: whoever answers saves it first.

use std::collections::BTreeSet;

use super::Group;
use crate::model::group::{MemberId, Mode};
use crate::model::topic::PartitionId;
use crate::store::Row;

/// A record that is a dead letter, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buried {
    pub partition: PartitionId,
    pub offset: u64,
    pub deliveries: u16,
    pub reason: String,
}

#[derive(Debug, Default)]
pub(super) struct Unsaved {
    row: bool,
    members: BTreeSet<MemberId>,
    offsets: BTreeSet<PartitionId>,
    shares: BTreeSet<PartitionId>,
    buried: Vec<Buried>,
    /// Counts the changes.
    version: u64,
}

impl Unsaved {
    pub(super) fn mark_row(&mut self) {
        self.row = true;
        self.version += 1;
    }

    pub(super) fn mark_member(&mut self, id: MemberId) {
        self.members.insert(id);
        self.version += 1;
    }

    pub(super) fn mark_offset(&mut self, id: PartitionId) {
        self.offsets.insert(id);
        self.version += 1;
    }

    pub(super) fn mark_share(&mut self, id: PartitionId) {
        self.shares.insert(id);
        self.version += 1;
    }

    pub(super) fn bury(&mut self, buried: Buried) {
        self.mark_share(buried.partition);
        self.buried.push(buried);
    }

    pub(super) fn forget_topic(&mut self, is_of_it: impl Fn(PartitionId) -> bool) {
        self.offsets.retain(|id| !is_of_it(*id));
        self.shares.retain(|id| !is_of_it(*id));
        self.buried.retain(|buried| !is_of_it(buried.partition));
    }

    fn is_empty(&self) -> bool {
        !self.row
            && self.members.is_empty()
            && self.offsets.is_empty()
            && self.shares.is_empty()
            && self.buried.is_empty()
    }
}

/// Rows to save, all of them or none; and the records to copy to the dead letters in the same unit.
#[derive(Debug)]
pub struct Changes {
    pub rows: Vec<Row>,
    pub buried: Vec<Buried>,
    unsaved: Unsaved,
}

impl Group {
    /// Counts the changes that are to be saved.
    pub fn version(&self) -> u64 {
        self.unsaved.version
    }

    /// What is to be saved; `None` where nothing is.
    pub fn take_changes(&mut self) -> Option<Changes> {
        if self.unsaved.is_empty() {
            return None;
        }
        let version = self.unsaved.version;
        let mut unsaved = std::mem::replace(&mut self.unsaved, Unsaved { version, ..Unsaved::default() });
        let group = || self.name.clone();
        let mut rows = Vec::new();
        if unsaved.row {
            rows.push(Row::Group { name: group(), row: self.row.clone() });
        }
        for id in &unsaved.members {
            rows.push(match self.members.get(id) {
                Some(member) => Row::Member { group: group(), id: *id, row: member.row() },
                None => Row::MemberGone { group: group(), id: *id },
            });
        }
        for id in &unsaved.offsets {
            if let Some(offset) = self.offsets.get(id) {
                let (next, at_ms) = (offset.next, offset.at_ms);
                rows.push(match self.row.mode {
                    // Commits write offsets themselves. What is saved here is where reading begins, and that must not undo a
                    // commit that was faster.
                    Mode::Consumer => Row::Beginning { group: group(), partition: *id, next, at_ms },
                    Mode::Share => Row::Offset { group: group(), partition: *id, next, at_ms },
                });
            }
        }
        for id in &unsaved.shares {
            let window = self.windows.get(id).map(super::window::Window::cells).unwrap_or_default();
            rows.push(Row::Share { group: group(), partition: *id, window });
        }
        let buried = std::mem::take(&mut unsaved.buried);
        Some(Changes { rows, buried, unsaved })
    }

    /// Takes back what could not be saved: it is part of what is saved next.
    pub fn put_back(&mut self, changes: Changes) {
        let Changes { unsaved, mut buried, .. } = changes;
        self.unsaved.row |= unsaved.row;
        self.unsaved.members.extend(unsaved.members);
        self.unsaved.offsets.extend(unsaved.offsets);
        self.unsaved.shares.extend(unsaved.shares);
        buried.append(&mut self.unsaved.buried);
        self.unsaved.buried = buried;
        self.unsaved.version += 1;
    }
}
