//! Restoring: a new data folder from what a tier has. Topics come from their descriptions, records from the segments, which
//! stay where they are; what had not been sealed is lost with the old folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;

use super::archive::{check_sent, damaged};
use super::read::blocking;
use super::upkeep::{Description, description_path};
use crate::error::{Error, Result};
use crate::limits::GARBAGE_AT_ONCE;
use crate::model::segment::{Footer, Place, Segment};
use crate::model::topic::{PartitionId, TopicId};
use crate::store::Store;
use crate::store::partitions::PartitionRow;
use crate::store::topics::TopicRow;
use crate::tier::{Tier, owner};

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    pub topics: Vec<RestoredTopic>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestoredTopic {
    pub name: String,
    pub partitions: u32,
    pub segments: u64,
    pub records: u64,
    pub bytes: u64,
}

/// A name of a segment: the offsets it stands for, and its number.
type Named = (u64, u64, u64);

/// Fills an empty store from a tier, which is `place` to it. `progress` hears how many of the segments are looked at.
pub async fn restore(
    store: &Arc<Store>,
    tier: &Tier,
    place: Place,
    progress: impl Fn(u64, u64) + Send,
) -> Result<Restored> {
    let Some(host) = owner(tier).await?.or((place == Place::Folder).then_some(0)) else {
        return Err(Error::invalid(
            "nothing-to-restore",
            format!(
                "{} is no tier of kafka.do: it has no kafka-do.json; look at the bucket and the prefix",
                tier.url()
            ),
        ));
    };
    let paths = tier.list("topics/").await?;
    let mut named: BTreeMap<PartitionId, Vec<Named>> = BTreeMap::new();
    let mut topics: BTreeMap<TopicId, Description> = BTreeMap::new();
    let mut numbers = 0;
    for path in &paths {
        if let Some((id, base, next, number)) = Segment::parse_path(path) {
            numbers = numbers.max(number);
            named.entry(id).or_default().push((base, next, number));
        } else if let Some(id) = path.strip_prefix("topics/").and_then(|rest| rest.strip_suffix("/topic.json")) {
            let Some(id) = id.parse().ok().map(TopicId).filter(|id| description_path(*id) == *path) else { continue };
            let description = serde_json::from_slice(&tier.get(path).await?);
            topics.insert(id, description.map_err(|error| damaged(tier, path, &error))?);
        }
    }
    // Objects of a topic without a description are what is left of a deleted one.
    let mut wanted: Vec<(PartitionId, Named)> = Vec::new();
    for (id, mut names) in named {
        let Some(description) = topics.get(&id.topic) else { continue };
        let start = partition_start(description, id.partition);
        wanted.extend(live(&mut names).into_iter().filter(|(_, next, _)| *next > start).map(|name| (id, name)));
    }
    let total = wanted.len() as u64;
    let mut looked_at = futures_util::stream::iter(wanted)
        .map(|(id, name)| async move { look_at(tier, place, id, name).await.map(|segment| (id, segment)) })
        .buffered(GARBAGE_AT_ONCE);
    let mut segments: BTreeMap<PartitionId, Vec<Segment>> = BTreeMap::new();
    let mut done = 0;
    while let Some(looked_at) = looked_at.next().await {
        let (id, segment) = looked_at?;
        segments.entry(id).or_default().push(segment);
        done += 1;
        progress(done, total);
    }
    drop(looked_at);
    let store = Arc::clone(store);
    blocking(move || Ok(write(&store, host, place, &topics, &segments, numbers)?)).await
}

/// The segments that count, in order: of those that stand for the same offsets the one with the greatest number.
fn live(names: &mut [Named]) -> Vec<Named> {
    names.sort_by_key(|(_, _, number)| std::cmp::Reverse(*number));
    let mut taken: BTreeMap<u64, Named> = BTreeMap::new();
    for name in names.iter() {
        let (base, next, _) = *name;
        let before = taken.range(..next).next_back();
        if before.is_none_or(|(_, (_, end, _))| *end <= base) {
            taken.insert(base, *name);
        }
    }
    taken.into_values().collect()
}

fn partition_start(description: &Description, partition: u32) -> u64 {
    description.start_offsets.get(partition as usize).copied().unwrap_or(0)
}

async fn look_at(tier: &Tier, place: Place, id: PartitionId, (base, next, number): Named) -> Result<Segment> {
    let mut segment = Segment {
        base_offset: base,
        next_offset: next,
        number,
        place,
        is_compacted: false,
        bytes: 0,
        batches_bytes: 0,
        records: 0,
        max_timestamp_ms: i64::MIN,
        sealed_ms: 0,
        tombstones_until_ms: i64::MAX,
    };
    let path = segment.path(id);
    segment.bytes = tier.size(&path).await?;
    let Some(footer_at) = segment.bytes.checked_sub(Footer::BYTES) else {
        return Err(damaged(tier, &path, &"it is too short"));
    };
    let footer = tier.get_range(&path, footer_at..segment.bytes).await?;
    let footer = Footer::parse(&footer).map_err(|error| damaged(tier, &path, &error))?;
    segment.batches_bytes = footer.batches_bytes;
    segment.records = footer.records;
    segment.max_timestamp_ms = footer.max_timestamp_ms;
    segment.sealed_ms = footer.sealed_ms;
    if footer.batches_bytes + footer.index_bytes() != segment.bytes {
        return Err(damaged(tier, &path, &"its parts do not add up"));
    }
    check_sent(tier, &path, &segment).await?;
    Ok(segment)
}

fn write(
    store: &Store,
    host: u64,
    place: Place,
    topics: &BTreeMap<TopicId, Description>,
    segments: &BTreeMap<PartitionId, Vec<Segment>>,
    numbers: u64,
) -> crate::store::Result<Restored> {
    let transaction = store.begin()?;
    let mut restored = Restored::default();
    {
        let mut tables = transaction.tables();
        // The folder beside the database says nothing of its owner.
        if place != Place::Folder {
            tables.host_id(host)?;
            tables.put_claim(place)?;
        }
        let next_topic = topics.keys().last().map_or(1, |id| id.0 + 1);
        tables.put_numbers(next_topic, numbers + 1)?;
        for (id, description) in topics {
            let mut topic = RestoredTopic {
                name: description.name.to_string(),
                partitions: description.config.partitions,
                ..RestoredTopic::default()
            };
            for partition in 0..description.config.partitions {
                let at = PartitionId { topic: *id, partition };
                let segments = segments.get(&at).map_or(&[][..], Vec::as_slice);
                let first = segments.first().map_or(0, |segment| segment.base_offset);
                let start_offset = partition_start(description, partition).max(first);
                let row = PartitionRow {
                    start_offset,
                    next_offset: segments.last().map_or(start_offset, |segment| segment.next_offset.max(start_offset)),
                    max_timestamp_ms: segments.iter().map(|s| s.max_timestamp_ms).max().unwrap_or(i64::MIN),
                };
                tables.put_partition(at, row)?;
                for segment in segments {
                    tables.put_segment(at, segment)?;
                    topic.segments += 1;
                    topic.records += segment.records;
                    topic.bytes += segment.bytes;
                }
            }
            tables.put(&crate::store::Row::Topic(TopicRow {
                id: *id,
                name: description.name.clone(),
                created_ms: description.created_ms,
                config: description.config.clone(),
            }))?;
            restored.topics.push(topic);
        }
    }
    transaction.commit()?;
    restored.topics.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(restored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_that_stand_for_the_same_the_newer_counts() {
        // 1 and 2 were compacted to 5; 3 is an upload that was never taken up, and was done again as 4.
        let mut names = [(0, 10, 1), (10, 20, 2), (20, 28, 3), (20, 30, 4), (0, 20, 5), (30, 31, 6)];
        assert_eq!(live(&mut names), [(0, 20, 5), (20, 30, 4), (30, 31, 6)]);
        assert_eq!(live(&mut []), []);
    }
}
