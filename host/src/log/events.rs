//! Events that were stored, so that one that comes again is not stored again: all of them in memory, for looking up, and in
//! the store in the transactions that stored them.

use std::collections::{HashMap, VecDeque};

use crate::limits::{HOOK_ID_MS_MAX, HOOK_IDS_MAX};
use crate::model::event::EventId;
use crate::store::events::EventRow;
use crate::store::{StoreError, Tables};

/// Rows that one round forgets at most where they are too old: more than one, so that they go though little comes.
const FORGOTTEN_PER_ROUND: usize = 4;
/// And where there are too many.
const FORGOTTEN_PER_ROUND_MAX: usize = 1_024;

/// What the store has; read when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Events {
    rows: Option<VecDeque<EventRow>>,
    /// The number of the row that an event stands in.
    known: HashMap<EventId, u64>,
}

/// What a round changed, and is true once it is committed.
#[derive(Debug, Default)]
pub(super) struct Heard {
    row: Option<EventRow>,
    /// Rows from the front that are gone.
    forgotten: usize,
}

impl Events {
    /// Reads what the store has, unless that is known.
    fn rows(&mut self, tables: &mut Tables<'_>) -> Result<&mut VecDeque<EventRow>, StoreError> {
        if self.rows.is_none() {
            let rows = tables.events()?;
            self.known = rows.iter().flat_map(|row| row.ids.iter().map(|id| (*id, row.number))).collect();
            self.rows = Some(rows.into());
        }
        Ok(self.rows.get_or_insert_default())
    }

    /// Whether the event is stored, and not too long ago.
    pub(super) fn knows(&mut self, tables: &mut Tables<'_>, id: EventId, now_ms: i64) -> Result<bool, StoreError> {
        self.rows(tables)?;
        let (Some(number), Some(rows)) = (self.known.get(&id), &self.rows) else { return Ok(false) };
        // Numbers have no gaps.
        let index = rows.front().and_then(|first| usize::try_from(number.checked_sub(first.number)?).ok());
        let row = index.and_then(|index| rows.get(index));
        Ok(row.is_some_and(|row| now_ms.saturating_sub(row.at_ms) < HOOK_ID_MS_MAX))
    }

    /// Writes down the events of a round, and takes away the oldest rows where they are too old or too many.
    pub(super) fn write(
        &mut self,
        tables: &mut Tables<'_>,
        ids: Vec<EventId>,
        at_ms: i64,
    ) -> Result<Heard, StoreError> {
        if ids.is_empty() {
            return Ok(Heard::default());
        }
        let mut count = (self.known.len() + ids.len()) as u64;
        let rows = self.rows(tables)?;
        let row = EventRow { number: rows.back().map_or(1, |last| last.number + 1), at_ms, ids };
        let mut gone = Vec::new();
        for old in rows.iter().take(FORGOTTEN_PER_ROUND_MAX) {
            let is_old = at_ms.saturating_sub(old.at_ms) >= HOOK_ID_MS_MAX && gone.len() < FORGOTTEN_PER_ROUND;
            if count <= HOOK_IDS_MAX && !is_old {
                break;
            }
            count = count.saturating_sub(old.ids.len() as u64);
            gone.push(old.number);
        }
        for number in &gone {
            tables.drop_events(*number)?;
        }
        tables.put_events(&row)?;
        Ok(Heard { row: Some(row), forgotten: gone.len() })
    }

    /// The round is in the store.
    pub(super) fn committed(&mut self, heard: Heard) {
        let Some(rows) = &mut self.rows else { return };
        for old in rows.drain(..heard.forgotten) {
            for id in old.ids {
                // One that came again after its time stands in a newer row.
                if self.known.get(&id) == Some(&old.number) {
                    self.known.remove(&id);
                }
            }
        }
        if let Some(row) = heard.row {
            self.known.extend(row.ids.iter().map(|id| (*id, row.number)));
            rows.push_back(row);
        }
    }

    /// It is not certain what the store has: it is read again.
    pub(super) fn doubt(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn id(number: u64) -> EventId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        EventId(id)
    }

    /// A round with these events; the answer is which of them were known.
    fn round(store: &Store, events: &mut Events, numbers: &[u64], at_ms: i64, commits: bool) -> Vec<bool> {
        let transaction = store.begin().unwrap();
        let mut tables = transaction.tables();
        let mut known = Vec::new();
        let mut new = Vec::new();
        for number in numbers {
            let is_known = events.knows(&mut tables, id(*number), at_ms).unwrap();
            known.push(is_known);
            if !is_known {
                new.push(id(*number));
            }
        }
        let heard = events.write(&mut tables, new, at_ms).unwrap();
        drop(tables);
        if commits {
            transaction.commit().unwrap();
            events.committed(heard);
        } else {
            events.doubt();
        }
        known
    }

    #[test]
    fn what_was_committed_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let mut events = Events::default();
        assert_eq!(round(&store, &mut events, &[1, 2], 10, true), [false, false]);
        assert_eq!(round(&store, &mut events, &[3], 11, false), [false]);
        assert_eq!(round(&store, &mut events, &[1, 2, 3], 12, true), [true, true, false], "3 was not committed");
        let mut again = Events::default();
        assert_eq!(
            round(&store, &mut again, &[1, 2, 3, 4], 13, true),
            [true, true, true, false],
            "read from the store"
        );
    }

    #[test]
    fn the_old_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let mut events = Events::default();
        for number in 0..10 {
            round(&store, &mut events, &[number], i64::try_from(number).unwrap(), true);
        }
        // Those of its age are not known, and four rows go with each round.
        let later = HOOK_ID_MS_MAX + 3;
        assert_eq!(round(&store, &mut events, &[3, 4], later, true), [false, true]);
        assert_eq!(events.rows.as_ref().unwrap().len(), 7);
        assert_eq!(round(&store, &mut events, &[3], later, true), [true], "it came again");
        let mut again = Events::default();
        assert_eq!(round(&store, &mut again, &[3, 9, 0], later, true), [true, true, false]);
    }
}
