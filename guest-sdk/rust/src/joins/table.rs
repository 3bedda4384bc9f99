//! The table side of a stream-table join.

use crate::HostError;
use crate::state::Table;

/// The latest value of each key of a topic, kept in a state table: Kafka Streams' `KTable`, with `KStream.join` and
/// `KStream.leftJoin`.
///
/// A record of the stream sees what the table holds when the record comes, and later changes of the table emit nothing. The
/// table's records apply in the order in which they come, whatever their times.
///
/// The rows are the keys and values as they were put: whoever reads the state reads the table.
pub struct TableSide {
    table: Table,
}

impl TableSide {
    /// Over a state table of its own.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// A record of the table: the key's value from now on, or with `None` (a tombstone) its end.
    pub fn apply(&self, key: impl Into<Vec<u8>>, value: Option<impl Into<Vec<u8>>>) {
        match value {
            Some(value) => self.table.put(key, value),
            None => self.table.delete(key),
        }
    }

    /// Asks the host at once for keys that are about to be joined. Without it each new key asks for itself.
    pub fn fetch<K: AsRef<[u8]>>(&self, keys: impl IntoIterator<Item = K>) -> Result<(), HostError> {
        self.table.fetch(keys)
    }

    /// An inner join: `join` sees the key's value where it lies; `None` where there is none, and nothing to emit.
    pub fn inner<R>(&self, key: impl AsRef<[u8]>, join: impl FnOnce(&[u8]) -> R) -> Result<Option<R>, HostError> {
        self.table.read(key, |value| value.map(join))
    }

    /// A left join: `join` is called in any case, with `None` where the table has no such key.
    pub fn left<R>(&self, key: impl AsRef<[u8]>, join: impl FnOnce(Option<&[u8]>) -> R) -> Result<R, HostError> {
        self.table.read(key, join)
    }
}
