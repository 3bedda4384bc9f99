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

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::{Log, Partition, Topic};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::limits::{GARBAGE_AT_ONCE, GARBAGE_BATCH, SEALS_AT_ONCE, UPKEEP_MS, UPKEEP_SLOW_MS};
use crate::model::name::TopicName;
use crate::model::segment::Place;
use crate::model::topic::{TopicConfig, TopicId};
use crate::shutdown::Shutdown;
use crate::tier::Claims;

/// What a tier knows of a topic beside its segments: enough to restore it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) name: TopicName,
    pub(super) created_ms: i64,
    pub(super) config: TopicConfig,
    /// Of each partition: where it begins.
    pub(super) start_offsets: Vec<u64>,
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

    /// Works until the shutdown begins. Sealing does not wait for compaction: appends may be waiting for it.
    pub async fn run(self, shutdown: Shutdown) {
        tokio::select! {
            () = self.keep_the_head_small() => {}
            () = self.keep_segments_in_shape() => {}
            () = shutdown.begun() => {}
        }
    }

    async fn keep_the_head_small(&self) {
        let mut slow_at = Clock::instant();
        loop {
            let begun = Clock::instant();
            let is_slow_turn = begun >= slow_at;
            if is_slow_turn {
                slow_at = begun + Duration::from_millis(UPKEEP_SLOW_MS);
            }
            let worked = self.turn(is_slow_turn).await;
            self.note(&worked);
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
                self.note(&self.keep_up(&topic).await);
            }
        }
    }

    fn note(&self, worked: &Result<()>) {
        if let Err(error) = worked {
            self.log.metrics.tier_failures.inc();
            tracing::warn!(%error, "upkeep failed; it is tried again");
        }
    }

    async fn turn(&self, is_slow_turn: bool) -> Result<()> {
        if !self.is_claimed.load(Ordering::Acquire) && self.claim().await?.is_some() {
            return Ok(());
        }
        let sealed = self.seal_what_is_due().await;
        let garbage = self.log.store.snapshot()?.garbage_count()?;
        if is_slow_turn || garbage > 0 {
            self.publish().await?;
            self.collect_garbage().await?;
        }
        let metrics = &self.log.metrics;
        metrics.head_bytes.set(self.log.head.bytes().cast_signed());
        metrics.garbage_objects.set(self.log.store.snapshot()?.garbage_count()?.cast_signed());
        sealed
    }

    /// Seals the partitions that have enough for a segment, those whose batches have waited long enough, and, while the
    /// head is over its bound, the largest.
    async fn seal_what_is_due(&self) -> Result<()> {
        let now_ms = self.clock.now_ms();
        let mut due: Vec<Arc<Partition>> = std::iter::from_fn(|| self.log.head.next_due()).collect();
        let mut seen: HashSet<_> = due.iter().map(|partition| partition.id()).collect();
        let mut others = Vec::new();
        for topic in self.log.catalog.list() {
            let after_ms = i64::try_from(topic.config().seal_after_ms()).unwrap_or(i64::MAX);
            for partition in topic.partitions() {
                let head = *partition.head.lock();
                if head.bytes == 0 || seen.contains(&partition.id()) {
                    continue;
                }
                if head.since_ms.is_some_and(|since| now_ms.saturating_sub(since) >= after_ms) {
                    seen.insert(partition.id());
                    due.push(partition);
                } else {
                    others.push((head.bytes, partition));
                }
            }
        }
        if self.log.head.is_over() {
            others.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
            let mut surplus = self.log.head.bytes().saturating_sub(self.log.head.bytes_max() / 2);
            for (bytes, partition) in others {
                if surplus == 0 {
                    break;
                }
                surplus = surplus.saturating_sub(bytes);
                due.push(partition);
            }
        }
        let failed = futures_util::stream::iter(due)
            .map(|partition| async move {
                let sealed = self.seal(&partition).await;
                if sealed.is_err() {
                    // It stays due.
                    self.log.head.sub(&partition, 0, now_ms);
                }
                sealed
            })
            .buffer_unordered(SEALS_AT_ONCE)
            .filter_map(|sealed| std::future::ready(sealed.err()))
            .collect::<Vec<Error>>()
            .await;
        failed.into_iter().next().map_or(Ok(()), Err)
    }

    /// Retention, compaction and moves of one topic.
    async fn keep_up(&self, topic: &Arc<Topic>) -> Result<()> {
        let config = topic.config();
        let tiers = self.log.archive.tiers();
        let retains = config.retention_ms.is_some() || config.retention_bytes.is_some();
        let moves = tiers.warm() != Place::Folder || (config.cold_after_ms.is_some() && tiers.cold().is_some());
        if !retains && !moves && !config.cleanup_policy.compacts() {
            return Ok(());
        }
        for partition in topic.partitions() {
            if partition.check_exists().is_err() {
                break;
            }
            if retains && config.cleanup_policy.deletes() {
                self.retain(&partition, &config).await?;
            }
            if config.cleanup_policy.compacts() {
                self.compact(&partition, &config).await?;
            }
            if moves {
                self.move_segments(&partition, &config).await?;
            }
        }
        Ok(())
    }

    /// Writes the descriptions of topics that changed.
    async fn publish(&self) -> Result<()> {
        let tiers = self.log.archive.tiers();
        let tier = tiers.at(tiers.warm())?;
        for id in self.log.store.snapshot()?.unpublished()? {
            let Some(topic) = self.log.catalog.find(id) else {
                // It is on its way into the catalog, or out.
                continue;
            };
            let version = topic.version();
            let description = Description {
                name: topic.name().clone(),
                created_ms: topic.created_ms(),
                config: TopicConfig::clone(&topic.config()),
                start_offsets: topic.partitions().iter().map(|partition| partition.start_offset()).collect(),
            };
            let json = serde_json::to_vec(&description).map_err(|error| Error::internal(error.to_string()))?;
            tier.put(&description_path(id), json.into()).await?;
            self.log
                .alter(move |tables| if topic.version() == version { tables.drop_unpublished(id) } else { Ok(()) })
                .await?;
        }
        Ok(())
    }

    /// Deletes objects that are nobody's.
    async fn collect_garbage(&self) -> Result<()> {
        let garbage = self.log.store.snapshot()?.garbage(GARBAGE_BATCH + self.sending.lock().len())?;
        let garbage: Vec<_> = garbage.into_iter().filter(|(_, path)| !self.sending.lock().contains(path)).collect();
        let deleted: Vec<(Place, String)> = futures_util::stream::iter(garbage)
            .map(|(place, path)| async move {
                let deleted = async { self.log.archive.tiers().at(place)?.delete(&path).await };
                match deleted.await {
                    Ok(()) => Some((place, path)),
                    Err(error) => {
                        self.log.metrics.tier_failures.inc();
                        tracing::warn!(%error, path, "an object that is nobody's could not be deleted; it is tried again");
                        None
                    }
                }
            })
            .buffer_unordered(GARBAGE_AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await;
        if deleted.is_empty() {
            return Ok(());
        }
        self.log
            .alter(move |tables| {
                for (place, path) in deleted {
                    tables.drop_garbage(place, &path)?;
                }
                Ok(())
            })
            .await
    }
}
