//! Table `segments`: the manifest of every partition, by the first offset that a segment stands for.
//!
//! Value: next offset, number, bytes, bytes of batches, records (u64 each), greatest timestamp, time of sealing, time until which
//! tombstones stay (i64 each),
//! place u8, whether compacted u8; big-endian. Segments of a partition never overlap, and the head begins where they end.

use bytes::{Buf, BufMut};
use redb::TableDefinition;

use super::{Result, Snapshot, Tables, corrupt};
use crate::model::segment::{Place, Segment};
use crate::model::topic::{PartitionId, TopicId};

const BYTES: usize = 66;
pub(super) const TABLE: TableDefinition<'_, (u32, u32, u64), [u8; BYTES]> = TableDefinition::new("segments");

pub(super) fn place_number(place: Place) -> u8 {
    match place {
        Place::Folder => 0,
        Place::Bucket => 1,
        Place::Cold => 2,
    }
}

pub(super) fn place_of(number: u8) -> Option<Place> {
    [Place::Folder, Place::Bucket, Place::Cold].get(usize::from(number)).copied()
}

fn encode(segment: &Segment) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    let mut out = &mut bytes[..];
    out.put_u64(segment.next_offset);
    out.put_u64(segment.number);
    out.put_u64(segment.bytes);
    out.put_u64(segment.batches_bytes);
    out.put_u64(segment.records);
    out.put_i64(segment.max_timestamp_ms);
    out.put_i64(segment.sealed_ms);
    out.put_i64(segment.tombstones_until_ms);
    out.put_u8(place_number(segment.place));
    out.put_u8(segment.is_compacted.into());
    bytes
}

fn decode(key: (u32, u32, u64), bytes: [u8; BYTES]) -> Result<Segment> {
    let mut rest = &bytes[..];
    let segment = Segment {
        base_offset: key.2,
        next_offset: rest.get_u64(),
        number: rest.get_u64(),
        bytes: rest.get_u64(),
        batches_bytes: rest.get_u64(),
        records: rest.get_u64(),
        max_timestamp_ms: rest.get_i64(),
        sealed_ms: rest.get_i64(),
        tombstones_until_ms: rest.get_i64(),
        place: place_of(rest.get_u8())
            .ok_or_else(|| corrupt("segments", key, "it lies in a place that is not known"))?,
        is_compacted: rest.get_u8() == 1,
    };
    if segment.next_offset <= segment.base_offset || segment.batches_bytes > segment.bytes {
        return Err(corrupt("segments", key, "its numbers contradict each other"));
    }
    Ok(segment)
}

fn range(id: PartitionId, from: u64) -> std::ops::RangeInclusive<(u32, u32, u64)> {
    (id.topic.0, id.partition, from)..=(id.topic.0, id.partition, u64::MAX)
}

impl Snapshot {
    /// The segment that stands for `offset`, or the first one behind it.
    pub fn segment_at(&self, id: PartitionId, offset: u64) -> Result<Option<Segment>> {
        let table = self.transaction.open_table(TABLE)?;
        let before = (id.topic.0, id.partition, 0)..=(id.topic.0, id.partition, offset);
        if let Some(entry) = table.range(before)?.next_back() {
            let (key, value) = entry?;
            let segment = decode(key.value(), value.value())?;
            if segment.next_offset > offset {
                return Ok(Some(segment));
            }
        }
        let Some(after) = offset.checked_add(1) else { return Ok(None) };
        match table.range(range(id, after))?.next() {
            None => Ok(None),
            Some(entry) => {
                let (key, value) = entry?;
                decode(key.value(), value.value()).map(Some)
            }
        }
    }

    /// Where the last segment of a partition ends.
    pub fn sealed_until(&self, id: PartitionId) -> Result<u64> {
        match self.transaction.open_table(TABLE)?.range(range(id, 0))?.next_back() {
            None => Ok(0),
            Some(entry) => {
                let (key, value) = entry?;
                Ok(decode(key.value(), value.value())?.next_offset)
            }
        }
    }

    /// All segments of a partition, in order.
    pub fn segments(&self, id: PartitionId) -> Result<Vec<Segment>> {
        let table = self.transaction.open_table(TABLE)?;
        let mut segments = Vec::new();
        for entry in table.range(range(id, 0))? {
            let (key, value) = entry?;
            segments.push(decode(key.value(), value.value())?);
        }
        Ok(segments)
    }

    /// The first segment from `offset` on in which a record of this time or later may stand.
    pub fn segment_at_time(&self, id: PartitionId, offset: u64, timestamp_ms: i64) -> Result<Option<Segment>> {
        let table = self.transaction.open_table(TABLE)?;
        for entry in table.range(range(id, 0))? {
            let (key, value) = entry?;
            let segment = decode(key.value(), value.value())?;
            if segment.next_offset > offset && segment.max_timestamp_ms >= timestamp_ms {
                return Ok(Some(segment));
            }
        }
        Ok(None)
    }
}

impl Tables<'_> {
    /// A number for a new segment, given out once for ever.
    pub fn next_segment_number(&mut self) -> Result<u64> {
        let meta = self.meta()?;
        let number = redb::ReadableTable::get(meta, "segment")?.map_or(1, |guard| guard.value());
        meta.insert("segment", number + 1)?;
        Ok(number)
    }

    /// Makes a segment part of the manifest, or changes the row of one that is. Never one that overlaps with another.
    pub fn put_segment(&mut self, id: PartitionId, segment: &Segment) -> Result<()> {
        let key = |offset| (id.topic.0, id.partition, offset);
        let mut neighbours = redb::ReadableTable::range(self.segments()?, key(0)..key(segment.next_offset))?;
        while let Some(entry) = neighbours.next_back() {
            let (at, value) = entry?;
            if at.value().2 == segment.base_offset {
                continue;
            }
            let other = decode(at.value(), value.value())?;
            if other.next_offset > segment.base_offset {
                return Err(corrupt(
                    "segments",
                    at.value(),
                    format!("a segment from {} on would overlap it", segment.base_offset),
                ));
            }
            break;
        }
        drop(neighbours);
        self.segments()?.insert((id.topic.0, id.partition, segment.base_offset), encode(segment))?;
        Ok(())
    }

    /// Whether the segment still stands in the manifest as it is known.
    pub fn has_segment(&mut self, id: PartitionId, segment: &Segment) -> Result<bool> {
        let key = (id.topic.0, id.partition, segment.base_offset);
        Ok(redb::ReadableTable::get(self.segments()?, key)?.is_some_and(|found| found.value() == encode(segment)))
    }

    /// Takes a segment out of the manifest; its object becomes garbage.
    pub fn drop_segment(&mut self, id: PartitionId, segment: &Segment) -> Result<()> {
        self.segments()?.remove((id.topic.0, id.partition, segment.base_offset))?;
        self.put_garbage(segment.place, &segment.path(id))
    }

    /// Takes out the segments that end at `until` or before.
    pub fn drop_segments_before(&mut self, id: PartitionId, until: u64) -> Result<()> {
        let mut gone = Vec::new();
        let below = (id.topic.0, id.partition, 0)..(id.topic.0, id.partition, until);
        for entry in redb::ReadableTable::range(self.segments()?, below)? {
            let (key, value) = entry?;
            gone.push(decode(key.value(), value.value())?);
        }
        for segment in gone.iter().filter(|segment| segment.next_offset <= until) {
            self.drop_segment(id, segment)?;
        }
        Ok(())
    }

    /// Takes all segments of a topic out of the manifest; their objects become garbage.
    pub(super) fn drop_segments_of_topic(&mut self, topic: TopicId) -> Result<()> {
        let mut gone = Vec::new();
        for entry in redb::ReadableTable::range(self.segments()?, (topic.0, 0, 0)..=(topic.0, u32::MAX, u64::MAX))? {
            let (key, value) = entry?;
            let id = PartitionId { topic, partition: key.value().1 };
            gone.push((id, decode(key.value(), value.value())?));
        }
        for (id, segment) in gone {
            self.drop_segment(id, &segment)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;
    use proptest::prelude::*;

    const ID: PartitionId = PartitionId { topic: TopicId(7), partition: 3 };

    fn segment(base_offset: u64, records: u64) -> Segment {
        Segment {
            base_offset,
            next_offset: base_offset + records,
            number: base_offset,
            place: Place::Bucket,
            is_compacted: base_offset.is_multiple_of(2),
            bytes: 100,
            batches_bytes: 90,
            records,
            max_timestamp_ms: i64::try_from(base_offset).unwrap() * 10,
            sealed_ms: -5,
            tombstones_until_ms: 77,
        }
    }

    proptest! {
        #[test]
        fn round_trips(base in 0u64..1 << 60, records in 1u64..1 << 20, place in 0u8..3, batches in 0u64..1000, index in 0u64..100) {
            let place = place_of(place).unwrap();
            let segment =
                Segment { place, batches_bytes: batches, bytes: batches + index, ..segment(base / 1000, records) };
            prop_assert_eq!(decode((1, 2, segment.base_offset), encode(&segment)).unwrap(), segment);
        }
    }

    #[test]
    fn rejects_what_cannot_be() {
        let good = segment(4, 2);
        assert!(decode((1, 2, 4), encode(&good)).is_ok());
        assert!(decode((1, 2, 6), encode(&good)).is_err());
        let mut bytes = encode(&good);
        bytes[BYTES - 2] = 3;
        assert!(decode((1, 2, 4), bytes).is_err());
    }

    #[test]
    fn is_found_by_offset_and_by_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let transaction = store.begin().unwrap();
        {
            let mut tables = transaction.tables();
            for id in [ID, PartitionId { partition: 2, ..ID }, PartitionId { partition: 4, ..ID }] {
                for at in [segment(10, 5), segment(15, 5), segment(30, 1)] {
                    tables.put_segment(id, &at).unwrap();
                }
            }
        }
        transaction.commit().unwrap();
        let snapshot = store.snapshot().unwrap();
        let at = |offset| snapshot.segment_at(ID, offset).unwrap().map(|segment| segment.base_offset);
        assert_eq!(
            [0, 10, 14, 15, 19, 20, 30, 31].map(at),
            [10, 10, 10, 15, 15, 30, 30, 0].map(|b| (b > 0).then_some(b))
        );
        let time = |offset, ms| snapshot.segment_at_time(ID, offset, ms).unwrap().map(|segment| segment.base_offset);
        assert_eq!((time(0, 100), time(0, 101), time(20, 0), time(0, 301)), (Some(10), Some(15), Some(30), None));
        drop(snapshot);
        let transaction = store.begin().unwrap();
        assert!(!transaction.tables().has_segment(ID, &Segment { number: 1, ..segment(10, 5) }).unwrap());
        assert!(transaction.tables().has_segment(ID, &segment(10, 5)).unwrap());
        // One that reaches over the bound stays.
        transaction.tables().drop_segments_before(ID, 19).unwrap();
        assert!(!transaction.tables().has_segment(ID, &segment(10, 5)).unwrap());
        assert!(transaction.tables().has_segment(ID, &segment(15, 5)).unwrap());
        transaction.tables().drop_segments_of_topic(ID.topic).unwrap();
        transaction.commit().unwrap();
        let snapshot = store.snapshot().unwrap();
        assert!(snapshot.segments(ID).unwrap().is_empty());
        assert_eq!(snapshot.garbage(None, 100).unwrap().len(), 9);
    }
}
