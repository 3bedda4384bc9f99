//! Table `meta`: the format of the database, and the numbers that were given out last.

use redb::{ReadableTable, TableDefinition};

use super::{Result, Snapshot, StoreError, Tables};
use crate::model::deployment::DeploymentId;
use crate::model::segment::Place;
use crate::model::topic::TopicId;

pub(super) const TABLE: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// Raised when rows of an older host can no longer be read as they are.
const FORMAT: u64 = 3;

const ROUND: &str = "round";

impl Snapshot {
    /// The last round that was marked.
    pub fn round(&self) -> Result<u64> {
        Ok(self.transaction.open_table(TABLE)?.get(ROUND)?.map_or(0, |round| round.value()))
    }
}

impl Tables<'_> {
    /// Brings the rows of an older format up to date; refuses those of a newer one.
    pub(super) fn check_format(&mut self) -> Result<()> {
        let found = self.meta()?.get("format")?.map(|guard| guard.value());
        match found {
            Some(FORMAT) => return Ok(()),
            Some(found @ 1..FORMAT) => {
                if found < 2 {
                    self.take_over_offsets()?;
                }
                self.take_over_ledger()?;
                self.take_over_tasks()?;
            }
            None => {}
            Some(found) => return Err(StoreError::Format { found, reads: FORMAT }),
        }
        self.meta()?.insert("format", FORMAT)?;
        Ok(())
    }

    pub fn next_topic_id(&mut self) -> Result<TopicId> {
        self.next_id("topic").map(TopicId)
    }

    pub fn next_deployment_id(&mut self) -> Result<DeploymentId> {
        self.next_id("deployment").map(DeploymentId)
    }

    pub(super) fn next_producer_id(&mut self) -> Result<u32> {
        self.next_id("producer")
    }

    /// Marks a transaction that nothing else would tell from its absence.
    pub fn put_round(&mut self, round: u64) -> Result<()> {
        self.meta()?.insert(ROUND, round)?;
        Ok(())
    }

    /// The host's own number, by which its objects in a tier are known: the first one that was proposed.
    pub fn host_id(&mut self, proposed: u64) -> Result<u64> {
        let meta = self.meta()?;
        if let Some(found) = meta.get("host")?.map(|guard| guard.value()) {
            return Ok(found);
        }
        meta.insert("host", proposed)?;
        Ok(proposed)
    }

    /// Whether the host has put objects into this place.
    pub fn has_claimed(&mut self, place: Place) -> Result<bool> {
        Ok(self.meta()?.get(claim(place))?.is_some())
    }

    pub fn put_claim(&mut self, place: Place) -> Result<()> {
        self.meta()?.insert(claim(place), 1)?;
        Ok(())
    }

    /// Numbers below these were given out; for a restore.
    pub fn put_numbers(&mut self, next_topic: u32, next_segment: u64) -> Result<()> {
        let meta = self.meta()?;
        meta.insert("topic", u64::from(next_topic))?;
        meta.insert("segment", next_segment)?;
        Ok(())
    }

    fn next_id(&mut self, what: &str) -> Result<u32> {
        let meta = self.meta()?;
        let id = meta.get(what)?.map_or(1, |guard| guard.value());
        meta.insert(what, id + 1)?;
        u32::try_from(id).map_err(|_| super::corrupt("meta", what, "all ids are given out"))
    }
}

fn claim(place: Place) -> &'static str {
    match place {
        Place::Folder => "claimed-folder",
        Place::Bucket => "claimed-bucket",
        Place::Cold => "claimed-cold",
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    #[test]
    fn ids_are_never_given_twice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        for expected in [1, 2] {
            let store = Store::open(&path).unwrap();
            let transaction = store.begin().unwrap();
            assert_eq!(transaction.tables().next_topic_id().unwrap(), TopicId(expected));
            transaction.commit().unwrap();
        }
    }

    #[test]
    fn a_newer_format_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let store = Store::open(&path).unwrap();
        let transaction = store.begin().unwrap();
        transaction.tables().meta().unwrap().insert("format", FORMAT + 1).unwrap();
        transaction.commit().unwrap();
        drop(store);
        assert!(matches!(Store::open(&path), Err(StoreError::Format { found: 4, reads: 3 })));
    }
}
