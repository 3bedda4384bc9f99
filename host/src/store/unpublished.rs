//! Table `unpublished`: topics whose description in the tier is older than their row here, or whose row is gone; and how
//! often they have changed since.

use redb::{ReadableTable, TableDefinition};

use super::{Result, Snapshot, Tables};
use crate::model::topic::TopicId;

pub(super) const TABLE: TableDefinition<'_, u32, u64> = TableDefinition::new("unpublished");

impl Snapshot {
    /// The topics, and what [`Tables::drop_unpublished`] wants to be told.
    pub fn unpublished(&self) -> Result<Vec<(TopicId, u64)>> {
        let mut topics = Vec::new();
        for entry in self.transaction.open_table(TABLE)?.iter()? {
            let (topic, changes) = entry?;
            topics.push((TopicId(topic.value()), changes.value()));
        }
        Ok(topics)
    }

    pub fn is_unpublished(&self, topic: TopicId) -> Result<bool> {
        Ok(self.transaction.open_table(TABLE)?.get(topic.0)?.is_some())
    }
}

impl Tables<'_> {
    pub fn put_unpublished(&mut self, topic: TopicId) -> Result<()> {
        let changes = self.unpublished()?.get(topic.0)?.map_or(0, |changes| changes.value());
        self.unpublished()?.insert(topic.0, changes + 1)?;
        Ok(())
    }

    /// The topic is described as it was after so many changes.
    pub fn drop_unpublished(&mut self, topic: TopicId, changes: u64) -> Result<()> {
        let now = self.unpublished()?.get(topic.0)?.map(|changes| changes.value());
        if now == Some(changes) {
            self.unpublished()?.remove(topic.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    #[test]
    fn stands_until_it_is_published() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let transaction = store.begin().unwrap();
        for topic in [1, 2, 2] {
            transaction.tables().put_unpublished(TopicId(topic)).unwrap();
        }
        // What changed while it was written is written again.
        for topic in [1, 2] {
            transaction.tables().drop_unpublished(TopicId(topic), 1).unwrap();
        }
        transaction.commit().unwrap();
        assert_eq!(store.snapshot().unwrap().unpublished().unwrap(), [(TopicId(2), 2)]);
    }
}
