//! Table `garbage`: objects that are nobody's, and must be deleted.
//!
//! An object is written down here before it is uploaded, and crossed out in the transaction that makes it part of the
//! log; it is written down again in the transaction that takes it out of the log. So whatever dies when, every object
//! without an owner stands here, and nobody has to look through a bucket to find it.

use std::ops::Bound;

use redb::{ReadableTableMetadata, TableDefinition};

use super::segments::{place_number, place_of};
use super::{Result, Snapshot, Tables, corrupt};
use crate::model::segment::Place;

pub(super) const TABLE: TableDefinition<'_, (u8, &str), ()> = TableDefinition::new("garbage");

impl Snapshot {
    /// `limit` objects after one, or from the first on.
    pub fn garbage(&self, after: Option<&(Place, String)>, limit: usize) -> Result<Vec<(Place, String)>> {
        let mut garbage = Vec::new();
        let table = self.transaction.open_table(TABLE)?;
        let from =
            after.map_or(Bound::Unbounded, |(place, path)| Bound::Excluded((place_number(*place), path.as_str())));
        for entry in table.range::<(u8, &str)>((from, Bound::Unbounded))?.take(limit) {
            let (key, _) = entry?;
            let (place, path) = key.value();
            let place =
                place_of(place).ok_or_else(|| corrupt("garbage", path, "it lies in a place that is not known"))?;
            garbage.push((place, path.to_owned()));
        }
        Ok(garbage)
    }

    pub fn garbage_count(&self) -> Result<u64> {
        Ok(self.transaction.open_table(TABLE)?.len()?)
    }
}

impl Tables<'_> {
    pub fn put_garbage(&mut self, place: Place, path: &str) -> Result<()> {
        self.garbage()?.insert((place_number(place), path), ())?;
        Ok(())
    }

    /// Says whether it stood there.
    pub fn drop_garbage(&mut self, place: Place, path: &str) -> Result<bool> {
        Ok(self.garbage()?.remove((place_number(place), path))?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    #[test]
    fn is_written_down_and_crossed_out() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let transaction = store.begin().unwrap();
        {
            let mut tables = transaction.tables();
            tables.put_garbage(Place::Cold, "a").unwrap();
            tables.put_garbage(Place::Folder, "a").unwrap();
            assert!(tables.drop_garbage(Place::Cold, "a").unwrap());
            assert!(!tables.drop_garbage(Place::Cold, "a").unwrap());
        }
        transaction.commit().unwrap();
        let snapshot = store.snapshot().unwrap();
        let found = snapshot.garbage(None, 9).unwrap();
        assert_eq!(found, [(Place::Folder, "a".to_owned())]);
        assert!(snapshot.garbage(found.first(), 9).unwrap().is_empty());
        assert_eq!(snapshot.garbage_count().unwrap(), 1);
    }
}
