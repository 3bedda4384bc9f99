//! A table-table join.

use super::{JoinKind, Side};
use crate::HostError;
use crate::state::Table;

/// How the joined value of a key changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// It is this from now on. In an inner join both are there, in a left one the left, in an outer one at least one.
    Set { left: Option<&'a [u8]>, right: Option<&'a [u8]> },
    /// It is no more: what is emitted for it is a tombstone.
    Removed,
}

/// Two tables by the same key, and their join as a third (Kafka Streams' `KTable.join`, `leftJoin` and `outerJoin`).
///
/// A record of either side sets its key's value there, or with `None` (a tombstone) removes it. Where that changes the joined
/// value, the change is handed out, at once; a record that changes nothing gives none. So the changes of a key, applied one
/// after another, always are the join of what both tables hold.
///
/// Each side has a state table of its own, whose rows are the keys and values as they were put.
pub struct TableJoin {
    left: Table,
    right: Table,
    kind: JoinKind,
}

impl TableJoin {
    /// Over two state tables, which MUST NOT be one.
    pub fn new(left: Table, right: Table, kind: JoinKind) -> Self {
        Self { left, right, kind }
    }

    /// Asks the host at once for keys that are about to be changed. Without it each new key asks for itself.
    pub fn fetch<K: AsRef<[u8]> + Clone>(&self, keys: impl IntoIterator<Item = K>) -> Result<(), HostError> {
        let keys: Vec<K> = keys.into_iter().collect();
        self.left.fetch(keys.iter().cloned())?;
        self.right.fetch(keys)
    }

    /// A record of one side; `emit` sees the change of the joined value, if there is one.
    pub fn apply<R>(
        &self,
        side: Side,
        key: &[u8],
        value: Option<&[u8]>,
        emit: impl FnOnce(Change<'_>) -> R,
    ) -> Result<Option<R>, HostError> {
        let (own, other) = match side {
            Side::Left => (&self.left, &self.right),
            Side::Right => (&self.right, &self.left),
        };
        let (was_there, is_same) = own.read(key, |before| (before.is_some(), before == value))?;
        if is_same {
            return Ok(None);
        }
        match value {
            Some(value) => own.put(key, value),
            None => own.delete(key),
        }
        other.read(key, |opposite| {
            let joined = |own_is_there: bool| match (own_is_there, opposite.is_some()) {
                (true, true) => true,
                (true, false) => self.kind.keeps_alone(side),
                (false, true) => self.kind.keeps_alone(side.other()),
                (false, false) => false,
            };
            match (joined(was_there), joined(value.is_some())) {
                (_, true) => {
                    let (left, right) = side.in_order(value, opposite);
                    Some(emit(Change::Set { left, right }))
                }
                (true, false) => Some(emit(Change::Removed)),
                (false, false) => None,
            }
        })
    }
}
