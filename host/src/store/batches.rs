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

fn decode(key: (u32, u32, u64), value: &[u8]) -> Result<(i64, Batch)> {
    let (timestamp, batch) = value.split_first_chunk().ok_or_else(|| corrupt("batches", key, "it is too short"))?;
    let batch = Batch::from_store(Bytes::copy_from_slice(batch)).map_err(|error| corrupt("batches", key, error))?;
    if batch.base_offset() != key.2 {
        return Err(corrupt("batches", key, format!("it holds the batch of offset {}", batch.base_offset())));
    }
    Ok((i64::from_be_bytes(*timestamp), batch))
}

impl Snapshot {
    /// The batches from the one that holds `from` on, until `bytes_max` is passed; at least one where there is one.
    pub fn batches(&self, id: PartitionId, from: u64, bytes_max: usize) -> Result<Vec<Batch>> {
        let table = self.0.open_table(TABLE)?;
        let key = |offset| (id.topic.0, id.partition, offset);
        let first = table.range(key(0)..=key(from))?.next_back().transpose()?;
        let first = first.map_or(from, |(key, _)| key.value().2);
        let mut batches = Vec::new();
        let mut bytes = 0;
        for entry in table.range(key(first)..=key(u64::MAX))? {
            let (key, value) = entry?;
            if !batches.is_empty() && bytes + value.value().len() > bytes_max {
                break;
            }
            bytes += value.value().len();
            let (_, batch) = decode(key.value(), value.value())?;
            if batch.next_offset() > from {
                batches.push(batch);
            }
        }
        Ok(batches)
    }

    /// The next offset and the greatest timestamp after the last batch; `None` where there is none.
    pub(super) fn end_of_batches(&self, id: PartitionId) -> Result<Option<(u64, i64)>> {
        let table = self.0.open_table(TABLE)?;
        let key = |offset| (id.topic.0, id.partition, offset);
        let Some((key, value)) = table.range(key(0)..=key(u64::MAX))?.next_back().transpose()? else {
            return Ok(None);
        };
        let (max_timestamp_ms, batch) = decode(key.value(), value.value())?;
        Ok(Some((batch.next_offset(), max_timestamp_ms)))
    }

    /// The batch in which the first record of time `timestamp_ms` or later stands; `None` where all are earlier.
    pub fn batch_at_time(&self, id: PartitionId, timestamp_ms: i64) -> Result<Option<Batch>> {
        let table = self.0.open_table(TABLE)?;
        let key = |offset| (id.topic.0, id.partition, offset);
        let Some((oldest, _)) = table.range(key(0)..=key(u64::MAX))?.next().transpose()? else {
            return Ok(None);
        };
        let Some((newest, _)) = table.range(key(0)..=key(u64::MAX))?.next_back().transpose()? else {
            return Ok(None);
        };
        // The batch at `low` or before may be too early; the one sought starts at `high` or before.
        let (mut low, mut high) = (oldest.value().2, newest.value().2);
        let mut found = None;
        while low <= high {
            let middle = low + (high - low) / 2;
            let Some((at, value)) = table.range(key(low)..=key(middle))?.next_back().transpose()? else {
                low = middle + 1;
                continue;
            };
            let (max_timestamp_ms, batch) = decode(at.value(), value.value())?;
            if max_timestamp_ms >= timestamp_ms {
                let base = batch.base_offset();
                found = Some(batch);
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
        let key = (id.topic.0, id.partition, batch.base_offset());
        let mut value = self.batches()?.insert_reserve(key, TIMESTAMP_BYTES + bytes.len())?;
        let (timestamp, rest) = value.as_mut().split_at_mut(TIMESTAMP_BYTES);
        timestamp.copy_from_slice(&max_timestamp_ms.to_be_bytes());
        rest.copy_from_slice(bytes);
        Ok(())
    }

    pub(super) fn drop_batches(&mut self, topic: TopicId) -> Result<()> {
        Ok(self.batches()?.retain_in((topic.0, 0, 0)..=(topic.0, u32::MAX, u64::MAX), |_, _| false)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;
    use crate::model::batch::BatchBuilder;
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
                        let batch = BatchBuilder::encode(&records).unwrap().at_offset(all.len() as u64);
                        max = max.max(batch.max_timestamp_ms());
                        tables.put_batch(id, max, &batch).unwrap();
                        all.extend(times);
                    }
                }
            }
            transaction.commit().unwrap();
            let snapshot = store.snapshot().unwrap();

            let expected = all.iter().position(|t| *t >= time);
            let found = snapshot.batch_at_time(ID, time).unwrap().and_then(|batch| {
                batch.records().map(Result::unwrap).find(|r| r.timestamp_ms >= time).map(|r| r.offset)
            });
            prop_assert_eq!(found, expected.map(|at| at as u64));

            let from = from.index(all.len()) as u64;
            let read = snapshot.batches(ID, from, usize::MAX).unwrap();
            prop_assert!(read[0].base_offset() <= from && from < read[0].next_offset());
            prop_assert_eq!(read.last().unwrap().next_offset(), all.len() as u64);
            prop_assert_eq!(snapshot.batches(ID, from, 1).unwrap().len(), 1);
            prop_assert!(snapshot.batches(ID, all.len() as u64, 1).unwrap().is_empty());
            prop_assert_eq!(snapshot.end_of_batches(ID).unwrap(), Some((all.len() as u64, *all.iter().max().unwrap())));
            prop_assert_eq!(snapshot.end_of_batches(PartitionId { partition: 9, ..ID }).unwrap(), None);
        }
    }

    #[test]
    fn rejects_a_batch_under_another_offset() {
        let batch = BatchBuilder::encode(&[Record::default()]).unwrap().at_offset(5);
        let mut value = 0i64.to_be_bytes().to_vec();
        value.extend_from_slice(batch.bytes());
        assert!(decode((1, 0, 5), &value).is_ok());
        assert!(decode((1, 0, 6), &value).is_err());
        assert!(decode((1, 0, 5), &value[..20]).is_err());
        assert!(decode((1, 0, 5), b"short").is_err());
    }
}
