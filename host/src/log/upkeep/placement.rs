//! Placement, decided: the tier in which a segment belongs.

use crate::model::segment::{Place, Segment};
use crate::model::topic::TopicConfig;

/// Where the segment should lie. `warm` is where new segments go, `cold` where old ones do, if there is such a place.
pub(super) fn wanted(segment: &Segment, warm: Place, cold: Option<Place>, config: &TopicConfig, now_ms: i64) -> Place {
    let is_old = config.cold_after_ms.is_some_and(|after_ms| {
        now_ms.saturating_sub(segment.sealed_ms) >= i64::try_from(after_ms).unwrap_or(i64::MAX)
    });
    match (segment.place, cold) {
        (Place::Cold, _) => Place::Cold,
        (_, Some(cold)) if is_old => cold,
        // What was sealed before a bucket was named goes there too.
        (Place::Folder, _) => warm,
        (Place::Bucket, _) => Place::Bucket,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_move_one_way() {
        let segment = |place| Segment {
            base_offset: 0,
            next_offset: 1,
            number: 1,
            place,
            is_compacted: false,
            bytes: 1,
            batches_bytes: 1,
            records: 1,
            max_timestamp_ms: 0,
            sealed_ms: 1_000,
            tombstones_until_ms: i64::MAX,
        };
        let config = TopicConfig { cold_after_ms: Some(500), ..TopicConfig::default() };
        let wanted = |place, warm, cold, now_ms| wanted(&segment(place), warm, cold, &config, now_ms);
        assert_eq!(wanted(Place::Folder, Place::Folder, Some(Place::Cold), 1_499), Place::Folder);
        assert_eq!(wanted(Place::Folder, Place::Bucket, Some(Place::Cold), 1_499), Place::Bucket);
        assert_eq!(wanted(Place::Bucket, Place::Bucket, Some(Place::Cold), 1_500), Place::Cold);
        assert_eq!(wanted(Place::Folder, Place::Bucket, Some(Place::Cold), 1_500), Place::Cold);
        assert_eq!(wanted(Place::Bucket, Place::Bucket, None, 1_500), Place::Bucket);
        assert_eq!(wanted(Place::Cold, Place::Bucket, Some(Place::Cold), 0), Place::Cold);
    }
}
