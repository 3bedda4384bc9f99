//! Table `events`: events that webhooks were told of, a row a commit, in the order of the commits.
//!
//! Value: time i64, then the ids, 16 bytes each. Whoever looks one up has them all in memory: so they are written one after
//! the other, and taken away from the front.

use redb::{ReadableTable, TableDefinition};

use super::{Result, Tables, corrupt};
use crate::model::event::EventId;

pub(super) const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");

/// The events of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    pub number: u64,
    pub at_ms: i64,
    pub ids: Vec<EventId>,
}

fn encode(at_ms: i64, ids: &[EventId]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + ids.len() * 16);
    bytes.extend_from_slice(&at_ms.to_be_bytes());
    for id in ids {
        bytes.extend_from_slice(&id.0);
    }
    bytes
}

fn decode(number: u64, bytes: &[u8]) -> Option<EventRow> {
    let (at_ms, rest) = bytes.split_first_chunk()?;
    let (ids, rest) = rest.as_chunks();
    let ids = ids.iter().copied().map(EventId).collect();
    rest.is_empty().then_some(EventRow { number, at_ms: i64::from_be_bytes(*at_ms), ids })
}

impl Tables<'_> {
    /// All rows, oldest first.
    pub fn events(&mut self) -> Result<Vec<EventRow>> {
        let mut rows = Vec::new();
        for entry in self.event_rows()?.iter()? {
            let (number, row) = entry?;
            let number = number.value();
            rows.push(decode(number, row.value()).ok_or_else(|| corrupt("events", number, "it is malformed"))?);
        }
        Ok(rows)
    }

    pub fn put_events(&mut self, row: &EventRow) -> Result<()> {
        self.event_rows()?.insert(row.number, encode(row.at_ms, &row.ids).as_slice())?;
        Ok(())
    }

    pub fn drop_events(&mut self, number: u64) -> Result<()> {
        self.event_rows()?.remove(number)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips(number: u64, at_ms: i64, ids in vec(any::<[u8; 16]>(), 0..9)) {
            let row = EventRow { number, at_ms, ids: ids.into_iter().map(EventId).collect() };
            let bytes = encode(at_ms, &row.ids);
            prop_assert_eq!(decode(number, &bytes), Some(row));
            prop_assert_eq!(decode(number, &bytes[..bytes.len() - 1]), None);
        }
    }
}
