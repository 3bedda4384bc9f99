//! Table `batches`: the head of every partition.
//!
//! Value: the greatest timestamp of the partition up to and including this batch (i64, big-endian), then the batch. The
//! first field never falls from one batch to the next, so that a time is found by bisection, without an index of its own.

use bytes::Bytes;
use redb::TableDefinition;

use super::{Result, Snapshot, Tables, corrupt};
use crate::model::batch::Batch;
use crate::model::topic::{PartitionId, TopicId};

pub(super) const TABLE: TableDefinition<'_, (u32, u32, u64), &[u8]> = TableDefinition::new("batches");
const TIMESTAMP_BYTES: usize = 8;

fn timestamp(key: (u32, u32, u64), value: &[u8]) -> Result<i64> {
    let timestamp = value.first_chunk().ok_or_else(|| corrupt("batches", key, "it is too short"))?;
    Ok(i64::from_be_bytes(*timestamp))
}

fn decode(key: (u32, u32, u64), value: &[u8]) -> Result<Batch> {
    let batch = value.get(TIMESTAMP_BYTES..).ok_or_else(|| corrupt("batches", key, "it is too short"))?;
    let batch = Batch::from_store(Bytes::copy_from_slice(batch)).map_err(|error| corrupt("batches", key, error))?;
    if batch.base_offset() != key.2 {
        return Err(corrupt("batches", key, format!("it holds the batch of offset {}", batch.base_offset())));
    }
    Ok(batch)
}

fn key(id: PartitionId, offset: u64) -> (u32, u32, u64) {
    (id.topic.0, id.partition, offset)
}

/// The oldest batches of a partition's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub batches: Vec<Batch>,
    /// The greatest timestamp of the partition up to the last of them.
    pub max_timestamp_ms: i64,
}

impl Snapshot {
    /// The batches from the one that holds `from` on, until `bytes_max` is passed; at least one where there is one.
    pub fn batches(&self, id: PartitionId, from: u64, bytes_max: usize) -> Result<Vec<Batch>> {
        let table = self.transaction.open_table(TABLE)?;
        let first = table.range(key(id, 0)..=key(id, from))?.next_back().transpose()?;
        let first = first.map_or(from, |(key, _)| key.value().2);
        let mut batches = Vec::new();
        let mut bytes = 0;
        for entry in table.range(key(id, first)..=key(id, u64::MAX))? {
            let (key, value) = entry?;
            if !batches.is_empty() && bytes + value.value().len() > bytes_max {
                break;
            }
            let batch = decode(key.value(), value.value())?;
            if batch.next_offset() > from {
                bytes += value.value().len();
                batches.push(batch);
            }
        }
        Ok(batches)
    }

    /// The oldest batches, until `bytes_max` is reached and before the batch at `until`.
    pub fn head(&self, id: PartitionId, bytes_max: u64, until: u64) -> Result<Head> {
        let mut head = Head::default();
        let mut bytes = 0;
        for entry in self.transaction.open_table(TABLE)?.range(key(id, 0)..key(id, until))? {
            let (key, value) = entry?;
            head.max_timestamp_ms = timestamp(key.value(), value.value())?;
            head.batches.push(decode(key.value(), value.value())?);
            bytes += value.value().len() as u64;
            if bytes >= bytes_max {
                break;
            }
        }
        Ok(head)
    }

    /// Where the head begins; `None` where it is empty.
    pub fn head_base(&self, id: PartitionId) -> Result<Option<u64>> {
        let table = self.transaction.open_table(TABLE)?;
        let first = table.range(key(id, 0)..=key(id, u64::MAX))?.next().transpose()?;
        Ok(first.map(|(key, _)| key.value().2))
    }

    /// Bytes of all heads, by partition.
    pub fn head_bytes(&self) -> Result<Vec<(PartitionId, u64)>> {
        let mut heads: Vec<(PartitionId, u64)> = Vec::new();
        for entry in redb::ReadableTable::iter(&self.transaction.open_table(TABLE)?)? {
            let (key, value) = entry?;
            let (topic, partition, _) = key.value();
            let id = PartitionId { topic: TopicId(topic), partition };
            let bytes = value.value().len().saturating_sub(TIMESTAMP_BYTES) as u64;
            match heads.last_mut() {
                Some((last, sum)) if *last == id => *sum += bytes,
                _ => heads.push((id, bytes)),
            }
        }
        Ok(heads)
    }

    pub fn has_batch(&self, id: PartitionId, base_offset: u64) -> Result<bool> {
        Ok(self.transaction.open_table(TABLE)?.get(key(id, base_offset))?.is_some())
    }

    /// The next offset and the greatest timestamp after the last batch; `None` where there is none.
    pub(super) fn end_of_batches(&self, id: PartitionId) -> Result<Option<(u64, i64)>> {
        let table = self.transaction.open_table(TABLE)?;
        let Some((key, value)) = table.range(key(id, 0)..=key(id, u64::MAX))?.next_back().transpose()? else {
            return Ok(None);
        };
        let max_timestamp_ms = timestamp(key.value(), value.value())?;
        let next = Batch::next_offset_in(&value.value()[TIMESTAMP_BYTES..])
            .map_err(|error| corrupt("batches", key.value(), error))?;
        Ok(Some((next, max_timestamp_ms)))
    }

    /// Where the first batch begins up to which there is a record of time `timestamp_ms` or later; `None` where all are
    /// earlier.
    pub fn head_at_time(&self, id: PartitionId, timestamp_ms: i64) -> Result<Option<u64>> {
        let table = self.transaction.open_table(TABLE)?;
        let mut ends = table.range(key(id, 0)..=key(id, u64::MAX))?;
        let Some((oldest, _)) = ends.next().transpose()? else { return Ok(None) };
        let newest = ends.next_back().transpose()?.map_or(oldest.value().2, |(newest, _)| newest.value().2);
        // The batch at `low` or before may be too early; the one sought starts at `high` or before.
        let (mut low, mut high) = (oldest.value().2, newest);
        let mut found = None;
        while low <= high {
            let middle = low + (high - low) / 2;
            let Some((at, value)) = table.range(key(id, low)..=key(id, middle))?.next_back().transpose()? else {
                low = middle + 1;
                continue;
            };
            if timestamp(at.value(), value.value())? >= timestamp_ms {
                let base = at.value().2;
                found = Some(base);
                match base.checked_sub(1) {
                    Some(before) => high = before,
                    None => break,
                }
            } else {
                low = middle + 1;
            }
        }
        Ok(found)
    }
}

impl Tables<'_> {
    pub fn put_batch(&mut self, id: PartitionId, max_timestamp_ms: i64, batch: &Batch) -> Result<()> {
        let bytes = batch.bytes();
        let key = key(id, batch.base_offset());
        let mut value = self.batches()?.insert_reserve(key, TIMESTAMP_BYTES + bytes.len())?;
        let (timestamp, rest) = value.as_mut().split_at_mut(TIMESTAMP_BYTES);
        timestamp.copy_from_slice(&max_timestamp_ms.to_be_bytes());
        rest.copy_from_slice(bytes);
        Ok(())
    }

    /// Drops the batches that end at `until` or before; answers how many bytes went. The partition's row must reach to
    /// `until` by then, since a last batch that is gone no longer tells the end.
    pub fn drop_batches_below(&mut self, id: PartitionId, until: u64) -> Result<u64> {
        let mut bytes = 0;
        let mut end = 0;
        for entry in redb::ReadableTable::range(self.batches()?, key(id, 0)..key(id, until))? {
            let (at, value) = entry?;
            let batch = value.value().get(TIMESTAMP_BYTES..).unwrap_or_default();
            let next = Batch::next_offset_in(batch).map_err(|error| corrupt("batches", at.value(), error))?;
            if next > until {
                break;
            }
            end = next;
            bytes += batch.len() as u64;
        }
        self.drop_batches_before(id, end)?;
        Ok(bytes)
    }

    /// Where the head begins; `None` where it is empty.
    pub fn head_base(&mut self, id: PartitionId) -> Result<Option<u64>> {
        let first = redb::ReadableTable::range(self.batches()?, key(id, 0)..=key(id, u64::MAX))?.next().transpose()?;
        Ok(first.map(|(key, _)| key.value().2))
    }

    /// Drops the batches that begin before `until`.
    pub fn drop_batches_before(&mut self, id: PartitionId, until: u64) -> Result<()> {
        Ok(self.batches()?.retain_in(key(id, 0)..key(id, until), |_, _| false)?)
    }

    pub(super) fn drop_batches(&mut self, topic: TopicId) -> Result<()> {
        Ok(self.batches()?.retain_in((topic.0, 0, 0)..=(topic.0, u32::MAX, u64::MAX), |_, _| false)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;
    use crate::model::batch::{BatchBuilder, Compression};
    use crate::model::record::Record;
    use proptest::prelude::*;

    const ID: PartitionId = PartitionId { topic: TopicId(7), partition: 3 };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Neighbours on both sides keep bisection and ranges honest about where a partition ends.
        #[test]
        fn offsets_and_times_are_found(
            batches in proptest::collection::vec(proptest::collection::vec(0i64..1_000, 1..5), 1..30),
            time in -10i64..1_010,
            from: prop::sample::Index,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(&dir.path().join("db")).unwrap();
            let transaction = store.begin().unwrap();
            let mut all: Vec<i64> = Vec::new();
            {
                let mut tables = transaction.tables();
                for id in [ID, PartitionId { partition: 2, ..ID }, PartitionId { partition: 4, ..ID }] {
                    all.clear();
                    let mut max = i64::MIN;
                    for times in &batches {
                        let records: Vec<_> =
                            times.iter().map(|t| Record { timestamp_ms: *t, ..Record::default() }).collect();
                        let batch = BatchBuilder::encode(&records, Compression::None, None).unwrap().at_offset(all.len() as u64);
                        max = max.max(batch.max_timestamp_ms());
                        tables.put_batch(id, max, &batch).unwrap();
                        all.extend(times);
                    }
                }
            }
            transaction.commit().unwrap();
            let snapshot = store.snapshot().unwrap();

            // The batch that is found is the one with the first record of the time.
            let expected = all.iter().position(|t| *t >= time).map(|at| at as u64);
            let found = snapshot.head_at_time(ID, time).unwrap();
            let holds = |base: u64, at: u64| snapshot.batches(ID, base, 1).unwrap()[0].next_offset() > at && base <= at;
            prop_assert_eq!(found.is_some(), expected.is_some());
            prop_assert!(found.zip(expected).is_none_or(|(base, at)| holds(base, at)));

            let from = from.index(all.len()) as u64;
            let read = snapshot.batches(ID, from, usize::MAX).unwrap();
            prop_assert!(read[0].base_offset() <= from && from < read[0].next_offset());
            prop_assert_eq!(read.last().unwrap().next_offset(), all.len() as u64);
            prop_assert_eq!(snapshot.batches(ID, from, 1).unwrap().len(), 1);
            prop_assert!(snapshot.batches(ID, all.len() as u64, 1).unwrap().is_empty());
            prop_assert_eq!(snapshot.end_of_batches(ID).unwrap(), Some((all.len() as u64, *all.iter().max().unwrap())));
            prop_assert_eq!(snapshot.end_of_batches(PartitionId { partition: 9, ..ID }).unwrap(), None);

            let head = snapshot.head(ID, u64::MAX, all.len() as u64).unwrap();
            prop_assert_eq!(head.batches.len(), batches.len());
            prop_assert_eq!(head.max_timestamp_ms, *all.iter().max().unwrap());
            prop_assert_eq!(snapshot.head(ID, 1, u64::MAX).unwrap().batches.len(), 1);
            prop_assert_eq!(snapshot.head_bytes().unwrap().len(), 3);
            prop_assert_eq!(snapshot.head_base(ID).unwrap(), Some(0));
            drop(snapshot);
            let cut = read[0].base_offset();
            let transaction = store.begin().unwrap();
            transaction.tables().drop_batches_before(ID, cut).unwrap();
            transaction.commit().unwrap();
            let snapshot = store.snapshot().unwrap();
            prop_assert_eq!(snapshot.head_base(ID).unwrap(), Some(cut));
            prop_assert_eq!(snapshot.head_base(PartitionId { partition: 4, ..ID }).unwrap(), Some(0));
            prop_assert!(snapshot.has_batch(ID, cut).unwrap() && (cut == 0 || !snapshot.has_batch(ID, 0).unwrap()));
        }
    }

    #[test]
    fn rejects_a_batch_under_another_offset() {
        let batch = BatchBuilder::encode(&[Record::default()], Compression::None, None).unwrap().at_offset(5);
        let mut value = 0i64.to_be_bytes().to_vec();
        value.extend_from_slice(batch.bytes());
        assert!(decode((1, 0, 5), &value).is_ok());
        assert!(decode((1, 0, 6), &value).is_err());
        assert!(decode((1, 0, 5), &value[..20]).is_err());
        assert!(decode((1, 0, 5), b"short").is_err());
    }
}
