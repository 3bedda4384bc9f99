//! Compaction, decided: which segments are rewritten together, and which records stay.
//!
//! Of each key the record with the greatest offset stays. A tombstone stays until the time that its batch names, so that
//! readers see it; that time is set when compaction first meets the tombstone (KIP-534). Records without a key stay.

use std::collections::HashMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::limits::{COMPACTION_DIRTY_PERCENT, COMPACTION_KEYS_MAX};
use crate::model::record::StoredRecord;
use crate::model::segment::Segment;

/// One pass over a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    /// The segments whose keys are looked up: those that were never compacted, or as many of them as can be.
    pub(super) dirty: Range<usize>,
    /// Segments that become one, from the oldest on; together they end where `dirty` ends.
    pub(super) groups: Vec<Range<usize>>,
    /// Keys are taken in so many parts, where one segment has more of them than fit into memory.
    pub(super) shards: u64,
}

/// The pass that is due, if one is. `segments` are all there are, in order.
pub(super) fn plan(segments: &[Segment], segment_bytes: u64, now_ms: i64) -> Option<Pass> {
    let clean = segments.iter().position(|segment| !segment.is_compacted).unwrap_or(segments.len());
    let bytes = |range: &[Segment]| range.iter().map(|segment| segment.bytes).sum::<u64>();
    let (all, dirty) = (bytes(segments), bytes(&segments[clean..]));
    let is_dirty = dirty > 0 && dirty * 100 >= all * COMPACTION_DIRTY_PERCENT;
    let has_expired = segments[..clean].iter().any(|segment| segment.tombstones_until_ms <= now_ms);
    if !is_dirty && !has_expired {
        return None;
    }
    let mut end = clean;
    let mut records = 0;
    while let Some(next) = segments.get(end).filter(|_| is_dirty)
        && (records == 0 || records + next.records <= COMPACTION_KEYS_MAX as u64)
    {
        records += next.records;
        end += 1;
    }
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut size = 0;
    for (index, segment) in segments[..end].iter().enumerate() {
        match groups.last_mut() {
            Some(group) if size + segment.bytes <= segment_bytes && segments[group.start].place == segment.place => {
                group.end = index + 1;
                size += segment.bytes;
            }
            _ => {
                groups.push(index..index + 1);
                size = segment.bytes;
            }
        }
    }
    Some(Pass { dirty: clean..end, groups, shards: records.div_ceil(COMPACTION_KEYS_MAX as u64).max(1) })
}

/// A key, as far as compaction tells keys apart: 128 bits of SHA-256, where no two that are different will ever meet.
type KeyHash = u128;

fn hash(key: &[u8]) -> KeyHash {
    let digest = Sha256::digest(key);
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    u128::from_be_bytes(first)
}

/// The latest offset of each key of one shard.
#[derive(Debug)]
pub(super) struct Latest {
    offsets: HashMap<KeyHash, u64>,
    shard: u64,
    shards: u64,
}

impl Latest {
    pub(super) fn new(shard: u64, shards: u64) -> Self {
        Self { offsets: HashMap::new(), shard, shards }
    }

    fn is_ours(&self, key: KeyHash) -> bool {
        key % u128::from(self.shards) == u128::from(self.shard)
    }

    /// Takes up a record; they come in the order of their offsets.
    pub(super) fn take(&mut self, record: &StoredRecord<'_>) {
        if let Some(key) = record.key.map(hash)
            && self.is_ours(key)
        {
            self.offsets.insert(key, record.offset);
        }
    }

    /// Whether a record stays. `horizon_ms` is what its batch says of its tombstones.
    pub(super) fn keeps(&self, record: &StoredRecord<'_>, horizon_ms: Option<i64>, now_ms: i64) -> bool {
        let Some(key) = record.key.map(hash) else { return true };
        if !self.is_ours(key) {
            return true;
        }
        if self.offsets.get(&key).is_some_and(|latest| *latest > record.offset) {
            return false;
        }
        record.value.is_some() || horizon_ms.is_none_or(|horizon_ms| horizon_ms > now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::segment::Place;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn segment(number: u64, bytes: u64, is_compacted: bool) -> Segment {
        Segment {
            base_offset: number * 10,
            next_offset: number * 10 + 10,
            number,
            place: Place::Folder,
            is_compacted,
            bytes,
            batches_bytes: bytes,
            records: 10,
            max_timestamp_ms: 0,
            sealed_ms: 0,
            tombstones_until_ms: i64::MAX,
        }
    }

    fn ends(groups: &[Range<usize>]) -> Vec<(usize, usize)> {
        groups.iter().map(|group| (group.start, group.end)).collect()
    }

    #[test]
    fn waits_until_enough_is_new() {
        assert_eq!(plan(&[], 100, 0), None);
        assert_eq!(plan(&[segment(0, 60, true), segment(1, 40, false)], 100, 0), None);
        let pass = plan(&[segment(0, 40, true), segment(1, 40, false)], 100, 0).unwrap();
        assert_eq!((pass.dirty, ends(&pass.groups), pass.shards), (1..2, [(0, 2)].to_vec(), 1));
    }

    #[test]
    fn a_tombstone_whose_time_is_over_is_reason_enough() {
        let old = Segment { tombstones_until_ms: 50, ..segment(0, 60, true) };
        assert_eq!(plan(&[old, segment(1, 40, false)], 100, 49), None);
        let pass = plan(&[old, segment(1, 40, false)], 100, 50).unwrap();
        assert_eq!((pass.dirty, ends(&pass.groups), pass.shards), (1..1, [(0, 1)].to_vec(), 1));
    }

    #[test]
    fn a_segment_with_too_many_keys_is_taken_in_parts() {
        let many = Segment { records: COMPACTION_KEYS_MAX as u64 * 2 + 1, ..segment(0, 60, false) };
        let pass = plan(&[many, segment(1, 40, false)], 100, 0).unwrap();
        assert_eq!((pass.dirty, ends(&pass.groups), pass.shards), (0..1, [(0, 1)].to_vec(), 3));
    }

    proptest! {
        #[test]
        fn groups_cover_everything_once(sizes in vec((1u64..100, any::<bool>(), any::<bool>()), 1..30)) {
            let mut segments: Vec<_> =
                (0..).zip(&sizes).map(|(n, (bytes, _, cold))| Segment {
                    place: if *cold { Place::Cold } else { Place::Folder },
                    ..segment(n, *bytes, false)
                }).collect();
            let clean = sizes.iter().take_while(|(_, clean, _)| *clean).count();
            for segment in &mut segments[..clean] {
                segment.is_compacted = true;
            }
            let Some(pass) = plan(&segments, 100, 0) else { return Ok(()) };
            prop_assert_eq!(pass.dirty.clone(), clean..segments.len());
            let mut at = 0;
            for group in pass.groups {
                prop_assert_eq!(group.start, at);
                at = group.end;
                let members = &segments[group.clone()];
                prop_assert!(members.len() == 1 || members.iter().map(|s| s.bytes).sum::<u64>() <= 100);
                prop_assert!(members.iter().all(|s| s.place == members[0].place));
            }
            prop_assert_eq!(at, segments.len());
        }

        /// However the keys are divided, what stays is the latest of each.
        #[test]
        fn the_latest_of_each_key_stays(keys in vec(proptest::option::of(0u8..6), 1..60), shards in 1u64..4) {
            let bytes: Vec<_> = keys.iter().map(|key| key.map(|key| [key])).collect();
            let batch = crate::model::batch::BatchBuilder::encode(
                &bytes.iter().map(|key| crate::model::record::Record {
                    key: key.map(|key| bytes::Bytes::copy_from_slice(&key)),
                    value: Some("v".into()),
                    ..Default::default()
                }).collect::<Vec<_>>(),
                crate::model::batch::Compression::None,
                None,
            ).unwrap();
            let plain = batch.plain().unwrap();
            let mut left: Vec<u64> = (0..keys.len() as u64).collect();
            for shard in 0..shards {
                let mut latest = Latest::new(shard, shards);
                plain.records().for_each(|record| latest.take(&record.unwrap()));
                let kept: Vec<_> = plain.records().map(Result::unwrap).filter(|r| latest.keeps(r, None, 0)).map(|r| r.offset).collect();
                left.retain(|offset| kept.contains(offset));
            }
            let expected: Vec<u64> = (0..keys.len())
                .filter(|at| keys[*at].is_none() || keys[at + 1..].iter().all(|later| later != &keys[*at]))
                .map(|at| at as u64)
                .collect();
            prop_assert_eq!(left, expected);
        }
    }

    #[test]
    fn a_tombstone_stays_for_its_time() {
        let latest = Latest::new(0, 1);
        let record = crate::model::record::Record { key: Some("k".into()), value: None, ..Default::default() };
        let batch =
            crate::model::batch::BatchBuilder::encode(&[record], crate::model::batch::Compression::None, None).unwrap();
        let plain = batch.plain().unwrap();
        let record = plain.records().next().unwrap().unwrap();
        assert!(latest.keeps(&record, None, 1_000));
        assert!(latest.keeps(&record, Some(1_001), 1_000));
        assert!(!latest.keeps(&record, Some(1_000), 1_000));
    }
}
