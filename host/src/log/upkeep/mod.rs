//! Upkeep: what keeps the log in shape while records flow. The head is sealed into segments, segments go when their
//! retention is over, are compacted, and move to the tier they belong in; objects that are nobody's are deleted.
//!
//! Each is decided by a pure function (`retention`, `compaction`, `placement`) and acted on here. Every change of the
//! manifest is one transaction; an object is on record as garbage before it is sent and after it is let go, so that no
//! crash leaves one behind.

mod act;
mod compaction;
mod placement;
mod retention;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::read::blocking;
use super::{Log, Partition};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::limits::{
    CLAIM_MS, GARBAGE_AT_ONCE, GARBAGE_BATCH, SEALING_BYTES_MAX, SEALS_AT_ONCE, UPKEEP_MS, UPKEEP_SLOW_MS,
};
use crate::model::name::TopicName;
use crate::model::segment::{Place, Segment};
use crate::model::topic::{PartitionId, TopicConfig, TopicId};
use crate::shutdown::Shutdown;
use crate::store::topics::TopicRow;
use crate::tier::Claims;

/// What a tier knows of a topic beside its segments: enough to restore it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) name: TopicName,
    pub(super) created_ms: i64,
    pub(super) config: TopicConfig,
    /// Of each partition: where it begins.
    pub(super) start_offsets: Vec<u64>,
    /// And how far its segments reach at least.
    pub(super) sealed_until: Vec<u64>,
}

pub(super) fn description_path(topic: TopicId) -> String {
    format!("topics/{}/topic.json", topic.0)
}

/// The service that does it.
#[derive(Debug)]
pub struct Upkeep {
    log: Arc<Log>,
    clock: Clock,
    /// Who this host is to its tiers.
    host: u64,
    claims: Mutex<Claims>,
    /// The tiers are known to be this host's.
    is_claimed: AtomicBool,
    /// Objects that are on their way to a tier: on record as garbage, and not to be collected.
    sending: Arc<Mutex<HashSet<String>>>,
}

impl Upkeep {
    /// Makes sure that the tiers are this host's, and says what to do from here on.
    pub async fn start(log: Arc<Log>, clock: Clock, proposed_host: u64) -> Result<Self> {
        let (host, claims) = log
            .alter(move |tables| {
                let claims =
                    Claims { bucket: tables.has_claimed(Place::Bucket)?, cold: tables.has_claimed(Place::Cold)? };
                Ok((tables.host_id(proposed_host)?, claims))
            })
            .await?;
        let upkeep = Self {
            log,
            clock,
            host,
            claims: Mutex::new(claims),
            is_claimed: AtomicBool::new(false),
            sending: Arc::default(),
        };
        if let Some(error) = upkeep.claim().await? {
            tracing::warn!(%error, "a tier cannot be asked whose it is; nothing is sealed until it answers");
        }
        Ok(upkeep)
    }

    /// Claims the tiers; answers why that is not known yet where one does not answer.
    async fn claim(&self) -> Result<Option<Error>> {
        let before = *self.claims.lock();
        let claimed = self.log.archive.tiers().claim(self.host, before).await?;
        let new = Claims { bucket: claimed.bucket && !before.bucket, cold: claimed.cold && !before.cold };
        if new.bucket || new.cold {
            let topics: Vec<TopicId> = self.log.catalog.list().iter().map(|topic| topic.id()).collect();
            self.log
                .alter(move |tables| {
                    if new.cold {
                        tables.put_claim(Place::Cold)?;
                    }
                    if new.bucket {
                        tables.put_claim(Place::Bucket)?;
                        // A tier that is new to the host knows none of its topics.
                        for topic in topics {
                            tables.put_unpublished(topic)?;
                        }
                    }
                    Ok(())
                })
                .await?;
            *self.claims.lock() = Claims { bucket: before.bucket || new.bucket, cold: before.cold || new.cold };
        }
        self.is_claimed.store(claimed.unanswered.is_none(), Ordering::Release);
        Ok(claimed.unanswered)
    }

    /// Works until the shutdown begins. Sealing waits for nothing else: appends may be waiting for it.
    pub async fn run(self, shutdown: Shutdown) {
        tokio::select! {
            () = self.keep_the_head_small() => {}
            () = self.keep_segments_in_shape() => {}
            () = self.keep_tiers_clean() => {}
            () = shutdown.begun() => {}
        }
    }

    async fn keep_the_head_small(&self) {
        let mut claimed_at = Clock::instant();
        loop {
            if claimed_at.elapsed() >= Duration::from_millis(CLAIM_MS) {
                // A restore may have given the tier to another host.
                claimed_at = Clock::instant();
                self.is_claimed.store(false, Ordering::Release);
            }
            let worked = self.publish_and_seal().await;
            self.note(&worked);
            self.log.metrics.head_bytes.set(self.log.head.bytes().cast_signed());
            let pause = tokio::time::sleep(Duration::from_millis(UPKEEP_MS));
            tokio::select! {
                () = pause => {}
                // After a failure what is wanted has to wait: the tier may be down.
                () = self.log.head.wanted(), if worked.is_ok() => {}
            }
        }
    }

    async fn keep_segments_in_shape(&self) {
        loop {
            tokio::time::sleep(Duration::from_millis(UPKEEP_SLOW_MS)).await;
            if !self.is_claimed.load(Ordering::Acquire) {
                continue;
            }
            for topic in self.log.catalog.list() {
                for partition in topic.partitions() {
                    self.note(&self.keep_up(&partition).await);
                }
            }
        }
    }

    async fn keep_tiers_clean(&self) {
        loop {
            let pause_ms = match self.collect_garbage().await {
                Ok(left) => {
                    self.log.metrics.garbage_objects.set(left.cast_signed());
                    UPKEEP_MS
                }
                Err(error) => {
                    self.note(&Err(error));
                    UPKEEP_SLOW_MS
                }
            };
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        }
    }

    fn note(&self, worked: &Result<()>) {
        if let Err(error) = worked {
            self.log.metrics.tier_failures.inc();
            tracing::warn!(%error, "upkeep failed; it is tried again");
        }
    }

    /// The description of a topic comes before its segments: a restore takes no segments without.
    async fn publish_and_seal(&self) -> Result<()> {
        if !self.is_claimed.load(Ordering::Acquire) && self.claim().await?.is_some() {
            return Ok(());
        }
        self.publish().await?;
        self.seal_what_is_due().await
    }

    /// Seals the partitions that have enough for a segment, those whose batches have waited long enough, and, while the
    /// head is over its bound, the largest.
    async fn seal_what_is_due(&self) -> Result<()> {
        let now_ms = self.clock.now_ms();
        let mut due: Vec<Arc<Partition>> = std::iter::from_fn(|| self.log.head.next_due()).collect();
        let mut others = Vec::new();
        let is_over = self.log.head.is_over();
        for topic in self.log.catalog.list() {
            let after_ms = i64::try_from(topic.config().seal_after_ms()).unwrap_or(i64::MAX);
            for partition in topic.partitions() {
                let mut head = partition.head.lock();
                if head.bytes <= 0 || head.is_due {
                    continue;
                }
                let (bytes, since_ms) = (head.bytes.cast_unsigned(), head.since_ms);
                if since_ms.is_some_and(|since| now_ms.saturating_sub(since) >= after_ms) && head.claim() {
                    drop(head);
                    due.push(partition);
                } else if is_over {
                    drop(head);
                    others.push((bytes, partition));
                }
            }
        }
        if is_over {
            others.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
            let mut surplus = self.log.head.bytes().saturating_sub(self.log.head.bytes_max() / 2);
            for (bytes, partition) in others {
                if surplus == 0 {
                    break;
                }
                surplus = surplus.saturating_sub(bytes);
                if partition.head.lock().claim() {
                    due.push(partition);
                }
            }
        }
        let room = Semaphore::new(SEALING_BYTES_MAX);
        let room = &room;
        let failed = futures_util::stream::iter(due)
            .map(|partition| async move {
                // A segment stands in memory twice while it is put together.
                let bytes = 2 * partition.head_bytes().min(partition.config().segment_bytes);
                let bytes = u32::try_from(bytes.min(SEALING_BYTES_MAX as u64)).unwrap_or(u32::MAX);
                let _room = room.acquire_many(bytes).await;
                let sealed = self.seal(&partition).await;
                self.log.head.settle(&partition, *sealed.as_ref().unwrap_or(&0), self.clock.now_ms());
                sealed
            })
            .buffer_unordered(SEALS_AT_ONCE)
            .filter_map(|sealed| std::future::ready(sealed.err()))
            .collect::<Vec<Error>>()
            .await;
        failed.into_iter().next().map_or(Ok(()), Err)
    }

    /// Retention, compaction and moves of one partition.
    pub(super) async fn keep_up(&self, partition: &Arc<Partition>) -> Result<()> {
        if partition.check_exists().is_err() {
            return Ok(());
        }
        let config = partition.config();
        let tiers = self.log.archive.tiers();
        let retains = config.retention_ms.is_some() || config.retention_bytes.is_some();
        if retains && config.cleanup_policy.deletes() {
            self.retain(partition, &config).await?;
        }
        if config.cleanup_policy.compacts() {
            self.compact(partition, &config).await?;
        }
        if tiers.warm() != Place::Folder || (config.cold_after_ms.is_some() && tiers.cold().is_some()) {
            self.move_segments(partition, &config).await?;
        }
        Ok(())
    }

    /// Writes the descriptions of topics that changed, and deletes those of topics that are gone.
    pub(super) async fn publish(&self) -> Result<()> {
        let store = Arc::clone(&self.log.store);
        let changed = blocking(move || {
            let snapshot = store.snapshot()?;
            let changed = snapshot.unpublished()?;
            if changed.is_empty() {
                return Ok(Vec::new());
            }
            let topics: HashMap<TopicId, TopicRow> = snapshot.topics()?.into_iter().map(|row| (row.id, row)).collect();
            let describe = |id: TopicId| match topics.get(&id) {
                None => Ok(None),
                Some(row) => Ok::<_, Error>(Some(Description {
                    name: row.name.clone(),
                    created_ms: row.created_ms,
                    config: row.config.clone(),
                    start_offsets: snapshot.start_offsets(id)?,
                    sealed_until: (0..row.config.partitions)
                        .map(|partition| snapshot.sealed_until(PartitionId { topic: id, partition }))
                        .collect::<crate::store::Result<_>>()?,
                })),
            };
            changed.into_iter().map(|(id, changes)| Ok((id, changes, describe(id)?))).collect::<Result<Vec<_>>>()
        });
        let published: Vec<Result<(TopicId, u64)>> = futures_util::stream::iter(changed.await?)
            .map(|(id, changes, description)| async move {
                let tiers = self.log.archive.tiers();
                let path = description_path(id);
                if let Some(description) = description {
                    let json = serde_json::to_vec(&description).map_err(|error| Error::internal(error.to_string()))?;
                    tiers.at(tiers.warm())?.put(&path, json.into()).await?;
                } else {
                    // It may also be where segments went before a bucket was named.
                    tiers.at(tiers.warm())?.delete(&path).await?;
                    tiers.at(Place::Folder)?.delete(&path).await?;
                }
                Ok((id, changes))
            })
            .buffer_unordered(GARBAGE_AT_ONCE)
            .collect()
            .await;
        let (done, failed): (Vec<_>, Vec<_>) = published.into_iter().partition(Result::is_ok);
        let done: Vec<(TopicId, u64)> = done.into_iter().flatten().collect();
        if !done.is_empty() {
            self.log
                .alter(move |tables| {
                    for (id, changes) in done {
                        tables.drop_unpublished(id, changes)?;
                    }
                    Ok(())
                })
                .await?;
        }
        failed.into_iter().find_map(Result::err).map_or(Ok(()), Err)
    }

    /// Deletes objects that are nobody's; answers how many are left. One that cannot be deleted stands in nobody's way.
    pub(super) async fn collect_garbage(&self) -> Result<u64> {
        let mut after = None;
        let mut first_failure = None;
        loop {
            let (store, sending, from) = (Arc::clone(&self.log.store), Arc::clone(&self.sending), after.clone());
            let look = blocking(move || {
                // Both looks as one: a segment leaves the record of garbage before it leaves those that are being sent, so
                // what is in the snapshot and is being sent cannot be missed.
                let sending = sending.lock();
                let snapshot = store.snapshot()?;
                let garbage = snapshot.garbage(from.as_ref(), GARBAGE_BATCH)?;
                let last = garbage.last().cloned();
                // What a topic has lost is told in its description before it is deleted: a restore believes that.
                let unpublished: HashSet<TopicId> = snapshot.unpublished()?.into_iter().map(|(id, _)| id).collect();
                let is_told =
                    |path: &str| Segment::parse_path(path).is_none_or(|(id, ..)| !unpublished.contains(&id.topic));
                let wanted = garbage.into_iter().filter(|(_, path)| !sending.contains(path) && is_told(path));
                let wanted = wanted.collect::<Vec<_>>();
                Ok((wanted, last, snapshot.garbage_count()?))
            });
            let (wanted, last, left) = look.await?;
            let Some(last) = last else { return first_failure.map_or(Ok(left), Err) };
            after = Some(last);
            if !wanted.is_empty() {
                // What is nobody's to this host may be another's that has been given the tier.
                self.log.archive.tiers().check_owner(self.host).await?;
            }
            let deleted: Vec<Result<(Place, String)>> = futures_util::stream::iter(wanted)
                .map(|(place, path)| async move {
                    self.log.archive.tiers().at(place)?.delete(&path).await?;
                    Ok((place, path))
                })
                .buffer_unordered(GARBAGE_AT_ONCE)
                .collect()
                .await;
            let (deleted, failed): (Vec<_>, Vec<_>) = deleted.into_iter().partition(Result::is_ok);
            let deleted: Vec<(Place, String)> = deleted.into_iter().flatten().collect();
            if !deleted.is_empty() {
                self.log
                    .alter(move |tables| {
                        for (place, path) in deleted {
                            tables.drop_garbage(place, &path)?;
                        }
                        Ok(())
                    })
                    .await?;
            }
            first_failure = first_failure.or(failed.into_iter().find_map(Result::err));
        }
    }
}
