//! Retention, decided: how far a partition's oldest segments have had their time. A segment goes whole, or not at all.

use crate::model::segment::Segment;
use crate::model::topic::TopicConfig;

/// Where the partition should begin, if anything has to go. `segments` are all there are, in order; `head_bytes` is what
/// stands behind them.
pub(super) fn new_start(segments: &[Segment], head_bytes: u64, config: &TopicConfig, now_ms: i64) -> Option<u64> {
    let too_old = |segment: &Segment| {
        config.retention_ms.is_some_and(|retention_ms| {
            segment.max_timestamp_ms < now_ms.saturating_sub(i64::try_from(retention_ms).unwrap_or(i64::MAX))
        })
    };
    let mut bytes = head_bytes + segments.iter().map(|segment| segment.bytes).sum::<u64>();
    let mut start = None;
    for segment in segments {
        let rest = bytes - segment.bytes;
        // Kafka's rule: what is left must still have the bytes that are to be kept.
        let too_many = config.retention_bytes.is_some_and(|retention_bytes| rest >= retention_bytes);
        if !too_old(segment) && !too_many {
            break;
        }
        bytes = rest;
        start = Some(segment.next_offset);
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::segment::Place;
    use proptest::prelude::*;

    fn segment(number: u64, bytes: u64, max_timestamp_ms: i64) -> Segment {
        Segment {
            base_offset: number * 10,
            next_offset: number * 10 + 10,
            number,
            place: Place::Folder,
            is_compacted: false,
            bytes,
            batches_bytes: bytes,
            records: 10,
            max_timestamp_ms,
            sealed_ms: 0,
            tombstones_until_ms: i64::MAX,
        }
    }

    fn config(retention_ms: Option<u64>, retention_bytes: Option<u64>) -> TopicConfig {
        TopicConfig { retention_ms, retention_bytes, ..TopicConfig::default() }
    }

    #[test]
    fn goes_by_time() {
        let segments = [segment(0, 1, 100), segment(1, 1, 50), segment(2, 1, 300), segment(3, 1, 10)];
        let start = |now_ms| new_start(&segments, 5, &config(Some(1_000), None), now_ms);
        assert_eq!(start(1_100), None);
        assert_eq!(start(1_101), Some(20));
        // The last one is old enough too once the one before it is.
        assert_eq!(start(1_301), Some(40));
        assert_eq!(new_start(&segments, 5, &config(None, None), i64::MAX), None);
    }

    #[test]
    fn a_segment_without_records_goes_with_the_first_chance() {
        assert_eq!(new_start(&[segment(0, 1, i64::MIN)], 0, &config(None, None), 0), None);
        assert_eq!(new_start(&[segment(0, 1, i64::MIN)], 0, &config(Some(1), None), 0), Some(10));
    }

    proptest! {
        /// What is left has at least the bytes to be kept, and one segment less would not.
        #[test]
        fn goes_by_bytes(sizes in proptest::collection::vec(1u64..100, 0..20), head in 0u64..200, keep in 1u64..500) {
            let segments: Vec<_> = (0..).zip(&sizes).map(|(n, bytes)| segment(n, *bytes, 0)).collect();
            let start = new_start(&segments, head, &config(None, Some(keep)), 0).unwrap_or(0);
            let left: Vec<_> = segments.iter().filter(|segment| segment.base_offset >= start).collect();
            let total = head + left.iter().map(|segment| segment.bytes).sum::<u64>();
            prop_assert!(start == 0 || total >= keep);
            if let Some(first) = left.first() {
                prop_assert!(total - first.bytes < keep);
            }
        }
    }
}
