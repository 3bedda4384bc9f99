//! Table `partitions`: where each partition begins, and where its next record goes where the batches do not say.
//!
//! Value: start offset u64, next offset u64, greatest timestamp i64, big-endian. The latter two are those of the batches'
//! end: an append does not touch this row, so that it writes one table and not two.

use redb::TableDefinition;

use super::{Result, Snapshot, Tables, corrupt};
use crate::model::topic::{PartitionId, TopicId};

pub(super) const TABLE: TableDefinition<'_, (u32, u32), [u8; 24]> = TableDefinition::new("partitions");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionRow {
    /// The oldest offset that can be read.
    pub start_offset: u64,
    /// The offset of the next record: the high watermark.
    pub next_offset: u64,
    /// The greatest timestamp of any record so far.
    pub max_timestamp_ms: i64,
}

impl PartitionRow {
    pub const EMPTY: Self = Self { start_offset: 0, next_offset: 0, max_timestamp_ms: i64::MIN };

    fn encode(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.start_offset.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.next_offset.to_be_bytes());
        bytes[16..].copy_from_slice(&self.max_timestamp_ms.to_be_bytes());
        bytes
    }

    fn decode(bytes: [u8; 24]) -> Option<Self> {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_be_bytes(word)
        };
        let row = Self { start_offset: word(0), next_offset: word(8), max_timestamp_ms: word(16).cast_signed() };
        (row.start_offset <= row.next_offset).then_some(row)
    }
}

impl Snapshot {
    /// All partitions, by topic and number, as the rows and the last batches tell.
    pub fn partitions(&self) -> Result<Vec<(PartitionId, PartitionRow)>> {
        let mut rows = Vec::new();
        for entry in redb::ReadableTable::iter(&self.transaction.open_table(TABLE)?)? {
            let (key, value) = entry?;
            let (topic, partition) = key.value();
            let row = PartitionRow::decode(value.value())
                .ok_or_else(|| corrupt("partitions", (topic, partition), "the log starts after its end"))?;
            let id = PartitionId { topic: TopicId(topic), partition };
            let row = match self.end_of_batches(id)? {
                None => row,
                Some((next_offset, max_timestamp_ms)) => PartitionRow { next_offset, max_timestamp_ms, ..row },
            };
            rows.push((id, row));
        }
        Ok(rows)
    }
}

impl Snapshot {
    /// Where each partition of a topic begins.
    pub fn start_offsets(&self, topic: TopicId) -> Result<Vec<u64>> {
        let table = self.transaction.open_table(TABLE)?;
        let mut starts = Vec::new();
        for entry in table.range((topic.0, 0)..=(topic.0, u32::MAX))? {
            let (key, value) = entry?;
            let row = PartitionRow::decode(value.value())
                .ok_or_else(|| corrupt("partitions", key.value(), "the log starts after its end"))?;
            starts.push(row.start_offset);
        }
        Ok(starts)
    }
}

impl Tables<'_> {
    pub fn put_partition(&mut self, id: PartitionId, row: PartitionRow) -> Result<()> {
        self.partitions()?.insert((id.topic.0, id.partition), row.encode())?;
        Ok(())
    }

    /// The row as it stands in the table: where the partition begins, and where it ended when its head was empty last.
    pub fn partition(&mut self, id: PartitionId) -> Result<PartitionRow> {
        let key = (id.topic.0, id.partition);
        let found = redb::ReadableTable::get(self.partitions()?, key)?.map(|row| PartitionRow::decode(row.value()));
        found.flatten().ok_or_else(|| corrupt("partitions", key, "it is missing, or the log starts after its end"))
    }

    /// Writes down that the partition reaches to here, whatever becomes of its head.
    pub fn raise_end(&mut self, id: PartitionId, next_offset: u64, max_timestamp_ms: i64) -> Result<()> {
        let mut row = self.partition(id)?;
        row.next_offset = row.next_offset.max(next_offset);
        row.max_timestamp_ms = row.max_timestamp_ms.max(max_timestamp_ms);
        self.put_partition(id, row)
    }

    pub(super) fn drop_partitions(&mut self, topic: TopicId) -> Result<()> {
        Ok(self.partitions()?.retain_in((topic.0, 0)..=(topic.0, u32::MAX), |_, _| false)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(start_offset: u32, records: u32, max_timestamp_ms: i64) {
            let start_offset = u64::from(start_offset);
            let row = PartitionRow { start_offset, next_offset: start_offset + u64::from(records), max_timestamp_ms };
            prop_assert_eq!(PartitionRow::decode(row.encode()), Some(row));
        }
    }

    #[test]
    fn rejects_a_log_that_starts_after_its_end() {
        let row = PartitionRow { start_offset: 2, next_offset: 1, max_timestamp_ms: 0 };
        assert_eq!(PartitionRow::decode(row.encode()), None);
    }
}
