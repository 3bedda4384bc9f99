//! Table `unpublished`: topics whose description in the tier is older than their row here.

use redb::{ReadableTable, TableDefinition};

use super::{Result, Snapshot, Tables};
use crate::model::topic::TopicId;

pub(super) const TABLE: TableDefinition<'_, u32, ()> = TableDefinition::new("unpublished");

impl Snapshot {
    pub fn unpublished(&self) -> Result<Vec<TopicId>> {
        let mut topics = Vec::new();
        for entry in self.transaction.open_table(TABLE)?.iter()? {
            topics.push(TopicId(entry?.0.value()));
        }
        Ok(topics)
    }
}

impl Tables<'_> {
    pub fn put_unpublished(&mut self, topic: TopicId) -> Result<()> {
        self.unpublished()?.insert(topic.0, ())?;
        Ok(())
    }

    pub fn drop_unpublished(&mut self, topic: TopicId) -> Result<()> {
        self.unpublished()?.remove(topic.0)?;
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
        for topic in [1, 2] {
            transaction.tables().put_unpublished(TopicId(topic)).unwrap();
        }
        transaction.tables().drop_unpublished(TopicId(1)).unwrap();
        transaction.commit().unwrap();
        assert_eq!(store.snapshot().unwrap().unpublished().unwrap(), [TopicId(2)]);
    }
}
