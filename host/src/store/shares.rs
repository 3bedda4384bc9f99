//! Table `shares`: of a share group's partition, the records from the group's offset on that are not simply to come: those
//! that are done, and those that were handed out and came back.
//!
//! Value: the cells one after the other, each the offset since the cell before (since 0 for the first), and the deliveries
//! with the lowest bit for done, as varints.

use redb::TableDefinition;

use super::offsets::whole;
use super::{Result, Snapshot, Tables, corrupt};
use crate::model::name::GroupName;
use crate::model::topic::{PartitionId, TopicId};
use crate::model::varint;

pub(super) const TABLE: TableDefinition<'_, (&str, u32, u32), &[u8]> = TableDefinition::new("shares");

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareCell {
    pub offset: u64,
    /// How often it was handed out.
    pub deliveries: u16,
    pub is_done: bool,
}

fn encode(cells: &[ShareCell]) -> Vec<u8> {
    let mut out = Vec::with_capacity(cells.len() * 3);
    let mut before = 0;
    for cell in cells {
        varint::put(&mut out, (cell.offset - before).cast_signed());
        varint::put(&mut out, i64::from(cell.deliveries) << 1 | i64::from(cell.is_done));
        before = cell.offset;
    }
    out
}

fn decode(mut bytes: &[u8]) -> Option<Vec<ShareCell>> {
    let mut cells: Vec<ShareCell> = Vec::new();
    while !bytes.is_empty() {
        let step = varint::take(&mut bytes)?.cast_unsigned();
        let offset = match cells.last() {
            None => step,
            Some(_) if step == 0 => return None,
            Some(last) => last.offset.checked_add(step)?,
        };
        let rest = varint::take(&mut bytes)?;
        cells.push(ShareCell { offset, deliveries: u16::try_from(rest >> 1).ok()?, is_done: rest & 1 == 1 });
    }
    Some(cells)
}

impl Snapshot {
    /// All windows of a group, by partition.
    pub fn shares(&self, group: &GroupName) -> Result<Vec<(PartitionId, Vec<ShareCell>)>> {
        let mut shares = Vec::new();
        for entry in self.transaction.open_table(TABLE)?.range(whole(group))? {
            let (key, value) = entry?;
            let (_, topic, partition) = key.value();
            let cells = decode(value.value()).ok_or_else(|| corrupt("shares", key.value(), "it is malformed"))?;
            shares.push((PartitionId { topic: TopicId(topic), partition }, cells));
        }
        Ok(shares)
    }
}

impl Tables<'_> {
    pub(super) fn put_share(&mut self, group: &GroupName, id: PartitionId, cells: &[ShareCell]) -> Result<()> {
        let key = (group.as_str(), id.topic.0, id.partition);
        if cells.is_empty() {
            self.shares()?.remove(key)?;
        } else {
            self.shares()?.insert(key, encode(cells).as_slice())?;
        }
        Ok(())
    }

    pub(super) fn drop_shares_of_group(&mut self, group: &GroupName) -> Result<()> {
        Ok(self.shares()?.retain_in(whole(group), |_, _| false)?)
    }

    pub(super) fn drop_shares_of_topic(&mut self, topic: TopicId) -> Result<()> {
        Ok(self.shares()?.retain(|(_, id, _), _| id != topic.0)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(cells in btree_map(any::<u64>(), (any::<u16>(), any::<bool>()), 0..20)) {
            let cells: Vec<_> = cells
                .into_iter()
                .map(|(offset, (deliveries, is_done))| ShareCell { offset, deliveries, is_done })
                .collect();
            let bytes = encode(&cells);
            prop_assert_eq!(decode(&bytes), Some(cells));
        }

        #[test]
        fn whatever_bytes_there_are_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn rejects_what_does_not_rise() {
        assert_eq!(decode(&encode(&[ShareCell { offset: 3, deliveries: 1, is_done: false }])[..1]), None);
        assert_eq!(decode(&[2, 0, 0, 0]), None);
    }
}
