//! Restoring: a new data folder from what a tier has. Topics come from their descriptions, records from the segments, which
//! stay where they are; what had not been sealed is lost with the old folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;

use super::archive::damaged;
use super::read::blocking;
use super::upkeep::{Description, description_path};
use crate::error::{Error, Kind, Result};
use crate::limits::GARBAGE_AT_ONCE;
use crate::model::segment::{Footer, Index, Place, Segment};
use crate::model::topic::{PartitionId, TopicId};
use crate::store::Store;
use crate::store::partitions::PartitionRow;
use crate::store::topics::TopicRow;
use crate::tier::{Tier, own, owner};

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

/// A name of a segment: the offsets it stands for, its number, and which of the tiers it is in.
type Named = (u64, u64, u64, usize);

/// Fills an empty store from what tiers have, each of which is a place to it. From now on they belong to host `new_host`: the
/// old one, should it live on, finds itself locked out when it starts. `progress` hears how many segments are looked at.
pub async fn restore(
    store: &Arc<Store>,
    tiers: &[(Place, Tier)],
    new_host: u64,
    progress: impl Fn(u64, u64) + Send,
) -> Result<Restored> {
    let mut found = Found::default();
    let mut owners = Vec::new();
    for (index, (place, tier)) in tiers.iter().enumerate() {
        // A copy of the folder beside a database says nothing of its owner.
        owners.extend(owner(tier).await?);
        if tiers[..index].iter().any(|(_, other)| other.url() == tier.url()) {
            return Err(Error::invalid("invalid-tier", format!("{} is named twice", tier.url())));
        }
        found.list(index, *place, tier).await?;
    }
    if owners.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err(Error::invalid("tier-not-ours", "the two tiers belong to two hosts; name those of one"));
    }
    if found.topics.is_empty() && found.segments.is_empty() && owners.is_empty() {
        let urls: Vec<&str> = tiers.iter().map(|(_, tier)| tier.url()).collect();
        return Err(Error::invalid(
            "nothing-to-restore",
            format!(
                "{} is no tier of kafka.do: it has neither topics nor kafka-do.json; look at the bucket and the prefix",
                urls.join(", ")
            ),
        ));
    }
    if found.topics.is_empty() && !found.segments.is_empty() {
        return Err(Error::invalid(
            "nothing-to-restore",
            "there are segments and no topics: this is a cold tier; name the other one with --from, and this one with --cold-tier",
        ));
    }
    let mut wanted: Vec<(PartitionId, Named)> = Vec::new();
    let mut left_over: Vec<(PartitionId, Named)> = Vec::new();
    for (id, mut names) in std::mem::take(&mut found.segments) {
        // Segments of a topic without a description are what is left of a deleted one.
        let start =
            found.topics.get(&id.topic).map_or(u64::MAX, |description| partition_start(description, id.partition));
        let live: Vec<Named> = live(&mut names).into_iter().filter(|(_, next, ..)| *next > start).collect();
        left_over.extend(names.into_iter().filter(|name| !live.contains(name)).map(|name| (id, name)));
        check_joined(&found, id, start, &live)?;
        found.reached.insert(id, live.last().map_or(start, |(_, next, ..)| *next));
        wanted.extend(live.into_iter().map(|name| (id, name)));
    }
    found.check_complete()?;
    let total = wanted.len() as u64;
    let mut looked_at = futures_util::stream::iter(wanted)
        .map(|(id, name)| async move {
            let (place, tier) = &tiers[name.3];
            look_at(tier, *place, id, name).await.map(|segment| (id, segment))
        })
        .buffered(GARBAGE_AT_ONCE);
    let mut done = 0;
    while let Some(looked_at) = looked_at.next().await {
        let (id, segment) = looked_at?;
        found.checked.entry(id).or_default().push(segment);
        done += 1;
        progress(done, total);
    }
    drop(looked_at);
    let places: Vec<Place> = tiers.iter().map(|(place, _)| *place).collect();
    found.garbage = left_over
        .into_iter()
        .map(|(id, (base, next, number, tier))| (places[tier], named(base, next, number, places[tier]).path(id)))
        .collect();
    let store = Arc::clone(store);
    let restored = blocking(move || Ok(write(&store, new_host, &places, &found)?)).await?;
    for (place, tier) in tiers {
        if *place != Place::Folder {
            own(tier, new_host).await?;
        }
    }
    Ok(restored)
}

/// What the tiers have.
#[derive(Default)]
struct Found {
    topics: BTreeMap<TopicId, Description>,
    segments: BTreeMap<PartitionId, Vec<Named>>,
    /// How far those go that count.
    reached: BTreeMap<PartitionId, u64>,
    /// Those that count, looked at.
    checked: BTreeMap<PartitionId, Vec<Segment>>,
    garbage: Vec<(Place, String)>,
    /// The greatest numbers that were ever given out, as far as the tiers tell.
    topic_max: u32,
    number_max: u64,
}

impl Found {
    /// The descriptions tell how far the segments reach at least.
    fn check_complete(&self) -> Result<()> {
        for (id, description) in &self.topics {
            for (partition, sealed_until) in (0..).zip(&description.sealed_until) {
                let at = PartitionId { topic: *id, partition };
                let reached = self.reached.get(&at).copied().unwrap_or(0).max(partition_start(description, partition));
                if reached < *sealed_until {
                    return Err(missing(description.name.as_str(), partition, reached, *sealed_until));
                }
            }
        }
        Ok(())
    }

    async fn list(&mut self, index: usize, place: Place, tier: &Tier) -> Result<()> {
        for path in tier.list("topics/").await? {
            if let Some((id, base, next, number)) = Segment::parse_path(&path) {
                self.number_max = self.number_max.max(number);
                self.topic_max = self.topic_max.max(id.topic.0);
                self.segments.entry(id).or_default().push((base, next, number, index));
                continue;
            }
            let id = path.strip_prefix("topics/").and_then(|rest| rest.strip_suffix("/topic.json"));
            let id = id.and_then(|id| id.parse().ok()).map(TopicId).filter(|id| description_path(*id) == path);
            // The cold tier has no descriptions of its own.
            let Some(id) = id.filter(|_| place != Place::Cold) else { continue };
            let description: Description =
                serde_json::from_slice(&tier.get(&path).await?).map_err(|error| damaged(tier, &path, &error))?;
            description.config.check().map_err(|error| damaged(tier, &path, &error))?;
            self.topic_max = self.topic_max.max(id.0);
            let namesake = self.topics.iter().find(|(_, known)| known.name == description.name).map(|(id, _)| *id);
            match namesake {
                // Of two of one name the later one counts: the other one was being deleted.
                Some(other) if other > id => {}
                Some(other) => {
                    self.topics.remove(&other);
                    self.topics.insert(id, description);
                }
                None => drop(self.topics.insert(id, description)),
            }
        }
        Ok(())
    }
}

/// Segments that are missing are told, and not passed over.
fn check_joined(found: &Found, id: PartitionId, start: u64, live: &[Named]) -> Result<()> {
    let mut at = start;
    for (base, next, ..) in live {
        if *base > at {
            let topic = found.topics.get(&id.topic).map_or("?", |description| description.name.as_str());
            return Err(missing(topic, id.partition, at, *base));
        }
        at = *next;
    }
    Ok(())
}

fn missing(topic: &str, partition: u32, from: u64, until: u64) -> Error {
    Error::new(
        Kind::Internal,
        "tier-damaged",
        format!(
            "the segments of topic {topic}, partition {partition}, from offset {from} to {until} are missing; where they went to a cold tier, name it with --cold-tier"
        ),
    )
}

/// The segments that count, in order: of those that stand for the same offsets the one with the greatest number.
fn live(names: &mut [Named]) -> Vec<Named> {
    names.sort_by_key(|(_, _, number, _)| std::cmp::Reverse(*number));
    let mut taken: BTreeMap<u64, Named> = BTreeMap::new();
    for name in names.iter() {
        let (base, next, ..) = *name;
        let before = taken.range(..next).next_back();
        if before.is_none_or(|(_, (_, end, ..))| *end <= base) {
            taken.insert(base, *name);
        }
    }
    taken.into_values().collect()
}

fn partition_start(description: &Description, partition: u32) -> u64 {
    description.start_offsets.get(partition as usize).copied().unwrap_or(0)
}

/// What a name alone tells of a segment.
fn named(base_offset: u64, next_offset: u64, number: u64, place: Place) -> Segment {
    Segment {
        base_offset,
        next_offset,
        number,
        place,
        is_compacted: false,
        bytes: 0,
        batches_bytes: 0,
        records: 0,
        max_timestamp_ms: i64::MIN,
        sealed_ms: 0,
        tombstones_until_ms: i64::MAX,
    }
}

async fn look_at(tier: &Tier, place: Place, id: PartitionId, (base, next, number, _): Named) -> Result<Segment> {
    let mut segment = named(base, next, number, place);
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
    if footer.batches_bytes.checked_add(footer.index_bytes()) != Some(segment.bytes) {
        return Err(damaged(tier, &path, &"its parts do not add up"));
    }
    let index = tier.get_range(&path, footer.batches_bytes..segment.bytes).await?;
    Index::parse(&index, &segment).map_err(|error| damaged(tier, &path, &error))?;
    Ok(segment)
}

fn write(store: &Store, host: u64, places: &[Place], found: &Found) -> crate::store::Result<Restored> {
    let transaction = store.begin()?;
    let mut restored = Restored::default();
    {
        let mut tables = transaction.tables();
        tables.host_id(host)?;
        // The folder beside the database says nothing of its owner.
        for place in places.iter().filter(|place| **place != Place::Folder) {
            tables.put_claim(*place)?;
        }
        tables.put_numbers(found.topic_max.saturating_add(1), found.number_max.saturating_add(1))?;
        for (place, path) in &found.garbage {
            tables.put_garbage(*place, path)?;
        }
        for (id, description) in &found.topics {
            let mut topic = RestoredTopic { name: description.name.to_string(), ..RestoredTopic::default() };
            let mut config = description.config.clone();
            // The topic may have grown after it was described.
            let seen = found.checked.range(PartitionId { topic: *id, partition: 0 }..);
            let seen =
                seen.take_while(|(at, _)| at.topic == *id).last().map_or(0, |(at, _)| at.partition.saturating_add(1));
            config.partitions = config.partitions.max(seen);
            topic.partitions = config.partitions;
            for partition in 0..config.partitions {
                let at = PartitionId { topic: *id, partition };
                let segments = found.checked.get(&at).map_or(&[][..], Vec::as_slice);
                let start_offset = partition_start(description, partition);
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
            tables.put_unpublished(*id)?;
            tables.put(&crate::store::Row::Topic(TopicRow {
                id: *id,
                name: description.name.clone(),
                created_ms: description.created_ms,
                config,
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
        let mut names = [(0, 10, 1), (10, 20, 2), (20, 28, 3), (20, 30, 4), (0, 20, 5), (30, 31, 6)]
            .map(|(base, next, number)| (base, next, number, 0));
        assert_eq!(live(&mut names), [(0, 20, 5, 0), (20, 30, 4, 0), (30, 31, 6, 0)]);
        assert_eq!(live(&mut []), []);
    }
}
