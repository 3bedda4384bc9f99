//! Table `meta`: the format of the database, and the numbers that were given out last.

use redb::{ReadableTable, TableDefinition};

use super::{Result, StoreError, Tables};
use crate::model::deployment::DeploymentId;
use crate::model::topic::TopicId;

pub(super) const TABLE: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// Raised when rows of an older host can no longer be read as they are.
const FORMAT: u64 = 1;

impl Tables<'_> {
    pub(super) fn check_format(&mut self) -> Result<()> {
        let meta = self.meta()?;
        let found = meta.get("format")?.map(|guard| guard.value());
        match found {
            None => {
                meta.insert("format", FORMAT)?;
                Ok(())
            }
            Some(FORMAT) => Ok(()),
            Some(found) => Err(StoreError::Format { found, reads: FORMAT }),
        }
    }

    pub fn next_topic_id(&mut self) -> Result<TopicId> {
        self.next_id("topic").map(TopicId)
    }

    pub fn next_deployment_id(&mut self) -> Result<DeploymentId> {
        self.next_id("deployment").map(DeploymentId)
    }

    fn next_id(&mut self, what: &str) -> Result<u32> {
        let meta = self.meta()?;
        let id = meta.get(what)?.map_or(1, |guard| guard.value());
        meta.insert(what, id + 1)?;
        u32::try_from(id).map_err(|_| super::corrupt("meta", what, "all ids are given out"))
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
        assert!(matches!(Store::open(&path), Err(StoreError::Format { found: 2, reads: 1 })));
    }
}
