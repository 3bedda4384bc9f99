//! The log: topics and their partitions, appended to by one writer, read by anyone.
//!
//! Four verbs, and the rest of the host asks for nothing else: [`Log::commit`] one unit, [`Log::read`] from an offset or a
//! time, [`Partition::wait`] for more, and create, alter and delete topics.
//!
//! ```text
//! Unit --admission--> queue --> writer: one redb transaction a round, one fsync --> tail --> readers
//!                                                  |                                           ^
//!                                                head  --upkeep: seal--> segments --archive----+
//! ```
//!
//! Knows nothing of groups, plugins or HTTP: rows that ride along in a unit are the store's business.

mod admission;
mod archive;
mod catalog;
mod commits;
mod events;
mod follow;
mod head;
mod newest;
mod once;
mod partition;
mod read;
mod restore;
mod tail;
#[cfg(test)]
mod tests;
mod unit;
mod upkeep;
mod writer;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, oneshot};

pub use admission::Permit;
pub use catalog::Topic;
pub use follow::{Fetched, Follower};
pub use newest::Newest;
pub use partition::Partition;
pub use read::{Chunk, unreadable};
pub use restore::{Restored, RestoredTopic, restore};
pub use unit::{Append, Committed, Guard, Once, Payload, Unit};
pub use upkeep::Upkeep;

use crate::clock::Clock;
use crate::config::Sync;
use crate::error::{Error, Kind, Result};
use crate::limits::{PARTITIONS_MAX, PRODUCERS_MAX};
use crate::model::name::TopicName;
use crate::model::request::ProducerId;
use crate::model::segment::Place;
use crate::model::topic::{PartitionId, TopicConfig};
use crate::shutdown::Shutdown;
use crate::store::partitions::PartitionRow;
use crate::store::topics::TopicRow;
use crate::store::{Row, Store, Tables};
use crate::telemetry::Metrics;
use crate::tier::Tiers;
use admission::Admission;
use archive::Archive;
use catalog::Catalog;
use commits::Commits;
use events::Events;
use head::Head;
use writer::{Job, Writer};

/// What the log is told when it is opened.
#[derive(Clone, Debug)]
pub struct LogOptions {
    pub sync: Sync,
    /// How many bytes may wait for their segments before they are sealed early.
    pub head_bytes: u64,
}

/// What the segments of a partition come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SegmentSums {
    pub segments: u64,
    /// Those of them that lie in the cold tier.
    pub cold: u64,
    pub bytes: u64,
}

/// The one handle to the log; shared by reference.
#[derive(Debug)]
pub struct Log {
    store: Arc<Store>,
    catalog: Catalog,
    admission: Admission,
    commits: Arc<Commits>,
    head: Arc<Head>,
    archive: Archive,
    /// Something was committed that is not synced.
    unsynced: Arc<AtomicBool>,
    metrics: Arc<Metrics>,
    clock: Clock,
    /// Creating, altering and deleting topics look first and act then: one at a time.
    altering: Mutex<()>,
    /// The writer's thread, and the one that counts the heads.
    threads: std::sync::Mutex<Vec<std::thread::JoinHandle<()>>>,
}

impl Log {
    /// Reads what topics there are and starts the writer.
    pub fn open(
        store: Arc<Store>,
        tiers: Arc<Tiers>,
        options: &LogOptions,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>> {
        let snapshot = store.snapshot()?;
        let catalog = Catalog::load(&snapshot)?;
        let head = Arc::new(Head::new(options.head_bytes));
        let unsynced = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            store: Arc::clone(&store),
            metrics: Arc::clone(&metrics),
            head: Arc::clone(&head),
            clock: clock.clone(),
            sync: options.sync,
            unsynced: Arc::clone(&unsynced),
            rounds: snapshot.round()?,
            tails: tail::TailBudget::default(),
            trouble: None,
            events: Events::default(),
        };
        let (commits, writer) = Commits::start(writer)?;
        let log = Arc::new(Self {
            store,
            catalog,
            admission: Admission::new(),
            commits,
            head,
            archive: Archive::new(tiers, Arc::clone(&metrics)),
            unsynced,
            metrics,
            clock,
            altering: Mutex::new(()),
            threads: std::sync::Mutex::new(vec![writer]),
        });
        log.count_heads(snapshot)?;
        Ok(log)
    }

    /// Counts what the heads hold, beside everything else: it looks at every batch, and nobody waits for it.
    fn count_heads(self: &Arc<Self>, snapshot: crate::store::Snapshot) -> Result<()> {
        let log = Arc::downgrade(self);
        let count = move || {
            let heads = snapshot.head_bytes();
            drop(snapshot);
            let Some(log) = log.upgrade() else { return };
            match heads {
                Ok(heads) => {
                    let now_ms = log.clock.now_ms();
                    let topics: HashMap<_, _> =
                        log.catalog.list().into_iter().map(|topic| (topic.id(), topic)).collect();
                    for (id, bytes) in heads {
                        let topic = topics.get(&id.topic);
                        if let Some(partition) = topic.and_then(|topic| topic.partition(id.partition).ok()) {
                            log.head.add(&partition, bytes, now_ms);
                        }
                    }
                }
                Err(error) => tracing::error!(%error, "the head cannot be counted; it is sealed late"),
            }
        };
        let thread = std::thread::Builder::new()
            .name("log-head".into())
            .spawn(count)
            .map_err(|error| Error::internal(format!("a thread cannot be started: {error}")))?;
        self.threads.lock().expect("nothing panics under this lock").push(thread);
        Ok(())
    }

    /// Syncs what was committed without, every so often, until the shutdown.
    pub fn sync_every(self: &Arc<Self>, interval: Duration, shutdown: &Shutdown) {
        let (log, stop) = (Arc::clone(self), shutdown.clone());
        shutdown.spawn(async move {
            while !stop.has_begun() {
                tokio::select! {
                    () = tokio::time::sleep(interval) => {}
                    () = stop.begun() => {}
                }
                if log.unsynced.load(Ordering::Acquire)
                    && let Err(error) = log.alter(|_| Ok(())).await
                {
                    tracing::error!(%error, "what was committed could not be synced");
                    if error.code == writer::HALTED {
                        return;
                    }
                }
            }
        });
    }

    /// Room for a request, or an error that says when to come back.
    pub fn try_admit(&self) -> Result<Permit> {
        self.admission.try_admit()
    }

    /// Commits a unit: all of it, or nothing of it. Answers once it is where the host's `sync` has it.
    pub async fn commit(&self, unit: Unit) -> Result<Committed> {
        if !unit.appends.is_empty() {
            self.head.room().await?;
        }
        let (reply, answer) = oneshot::channel();
        self.commits.submit(Job::Unit(unit, reply)).await?;
        answer.await.map_err(|_| Error::shutting_down())?
    }

    /// Runs `change` inside the writer's next transaction; answers what it answers, once that is on the disk.
    async fn alter<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> crate::store::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (found, result) = oneshot::channel();
        let (reply, answer) = oneshot::channel();
        let change = move |tables: &mut Tables<'_>| {
            // The receiver waits below; it only goes when the whole call is dropped, and then nobody asks.
            let _ = found.send(change(tables)?);
            Ok(())
        };
        self.commits.submit(Job::Alter(Box::new(change), reply)).await?;
        answer.await.map_err(|_| Error::shutting_down())??;
        result.await.map_err(|_| Error::shutting_down())
    }

    /// A number for a new deployment, given out once for ever.
    pub async fn next_deployment_id(&self) -> Result<crate::model::deployment::DeploymentId> {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method alone is not general enough over lifetimes"
        )]
        let id = self.alter(|tables| tables.next_deployment_id()).await;
        id
    }

    /// A new producer, or the next epoch of the one of that name.
    pub async fn start_producer(&self, name: Option<String>) -> Result<(ProducerId, u16)> {
        let now_ms = self.clock.now_ms();
        let started = self.alter(move |tables| {
            let is_known = match &name {
                Some(name) => tables.has_producer(name)?,
                None => false,
            };
            if !is_known && tables.producer_count()? > 2 * PRODUCERS_MAX {
                // Those that come and are refused make room.
                tables.forget_silent_producers(u64::MAX, now_ms)?;
                return Ok(None);
            }
            tables.start_producer(name.as_deref(), now_ms).map(Some)
        });
        started.await?.ok_or_else(|| {
            Error::new(
                Kind::Overloaded,
                "too-many-producers",
                format!("more than {PRODUCERS_MAX} producers were started within the hour; start one and keep it"),
            )
        })
    }

    pub fn topic(&self, name: &TopicName) -> Result<Arc<Topic>> {
        self.catalog.get(name).ok_or_else(|| {
            Error::not_found("unknown-topic", format!("there is no topic {name}; create it with PUT /v1/topics/{name}"))
        })
    }

    pub fn find_topic(&self, name: &TopicName) -> Option<Arc<Topic>> {
        self.catalog.get(name)
    }

    /// Counts the changes of what topics and partitions there are. Whoever has seen a count and then looks has seen all that
    /// it counts.
    pub fn topic_changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.catalog.changes()
    }

    /// All topics, by name.
    pub fn topics(&self) -> Vec<Arc<Topic>> {
        self.catalog.list()
    }

    /// Finds the topic, or creates it with `config`. The flag says whether it is new.
    pub async fn create_topic(&self, name: &TopicName, config: &TopicConfig) -> Result<(Arc<Topic>, bool)> {
        let _one_at_a_time = self.altering.lock().await;
        if let Some(topic) = self.catalog.get(name) {
            return Ok((topic, false));
        }
        config.check()?;
        self.check_partitions(config.partitions)?;
        let (name, config, created_ms) = (name.clone(), config.clone(), self.clock.now_ms());
        let row = self
            .alter(move |tables| {
                let row = TopicRow { id: tables.next_topic_id()?, name, created_ms, config };
                put_partitions(tables, &row, 0)?;
                tables.put_unpublished(row.id)?;
                tables.put(&Row::Topic(row.clone()))?;
                Ok(row)
            })
            .await?;
        Ok((self.catalog.insert(row), true))
    }

    /// Gives the topic the settings that `alter` makes of its present ones. The number of partitions never falls, since
    /// keys would move and records be lost.
    pub async fn alter_topic(
        &self,
        name: &TopicName,
        alter: impl FnOnce(&mut TopicConfig) + Send,
    ) -> Result<Arc<Topic>> {
        let _one_at_a_time = self.altering.lock().await;
        let topic = self.topic(name)?;
        let mut row = topic.row();
        let before = row.config.clone();
        alter(&mut row.config);
        if row.config.partitions < before.partitions {
            return Err(Error::conflict(
                "partitions-only-grow",
                format!(
                    "topic {name} has {} partitions and cannot shrink to {}; create another topic and copy what you keep",
                    before.partitions, row.config.partitions
                ),
            ));
        }
        row.config.check()?;
        self.check_partitions(row.config.partitions - before.partitions)?;
        if row.config == before {
            return Ok(topic);
        }
        let written = row.clone();
        self.alter(move |tables| {
            put_partitions(tables, &written, before.partitions)?;
            tables.put_unpublished(written.id)?;
            tables.put(&Row::Topic(written))
        })
        .await?;
        topic.alter(row.config);
        self.catalog.changed();
        Ok(topic)
    }

    /// Deletes the records of a partition before `offset`.
    pub async fn delete_records(&self, partition: &Arc<Partition>, offset: u64) -> Result<()> {
        partition.check_exists()?;
        if offset > partition.high_watermark() {
            return partition.check_offset(offset);
        }
        self.drop_before(partition, offset).await?;
        tracing::info!(topic = %partition.topic(), partition = partition.id().partition, offset, "records were deleted up to an offset");
        Ok(())
    }

    /// Takes everything before `offset` out of a partition, in all tiers.
    async fn drop_before(&self, partition: &Arc<Partition>, offset: u64) -> Result<()> {
        let target = Arc::clone(partition);
        // The last batch may go, and with it what it says of the time.
        let max_timestamp_ms = partition.row().max_timestamp_ms;
        let dropped = self
            .alter(move |tables| {
                let id = target.id();
                if target.is_deleted() {
                    return Ok(0);
                }
                let mut row = tables.partition(id)?;
                if row.start_offset < offset {
                    row.start_offset = offset;
                    row.next_offset = row.next_offset.max(offset);
                    row.max_timestamp_ms = row.max_timestamp_ms.max(max_timestamp_ms);
                    tables.put_partition(id, row)?;
                }
                tables.drop_segments_before(id, offset)?;
                tables.put_unpublished(id.topic)?;
                tables.drop_batches_below(id, offset)
            })
            .await?;
        partition.raise_start(offset);
        self.head.sub(partition, dropped);
        Ok(())
    }

    /// Deletes the topic and all that is in it. Appends that wait for the writer behind this are refused.
    pub async fn delete_topic(&self, name: &TopicName) -> Result<()> {
        let _one_at_a_time = self.altering.lock().await;
        let topic = self.topic(name)?;
        let gone = Arc::clone(&topic);
        let deleted = self.alter(move |tables| {
            tables.put(&Row::TopicGone(gone.row()))?;
            gone.mark_deleted(true);
            Ok(())
        });
        if let Err(error) = deleted.await {
            topic.mark_deleted(false);
            return Err(error);
        }
        self.catalog.remove(name);
        for partition in topic.partitions() {
            self.head.forget(&partition);
        }
        Ok(())
    }

    fn check_partitions(&self, more: u32) -> Result<()> {
        let partitions = self.catalog.partition_count() + u64::from(more);
        if partitions > PARTITIONS_MAX {
            return Err(Error::new(
                Kind::TooLarge,
                "too-many-partitions",
                format!(
                    "{partitions} partitions is over the {PARTITIONS_MAX} that one host keeps; delete topics, or use fewer partitions"
                ),
            ));
        }
        Ok(())
    }

    /// What the segments of each partition come to.
    pub async fn segment_sums(&self, topic: &Topic) -> Result<Vec<SegmentSums>> {
        let (store, ids) = (Arc::clone(&self.store), topic.partitions().iter().map(|p| p.id()).collect::<Vec<_>>());
        read::blocking(move || {
            let snapshot = store.snapshot()?;
            let mut all = Vec::with_capacity(ids.len());
            for id in ids {
                let mut sums = SegmentSums::default();
                for segment in snapshot.segments(id)? {
                    sums.segments += 1;
                    sums.bytes += segment.bytes;
                    sums.cold += u64::from(segment.place == Place::Cold);
                }
                all.push(sums);
            }
            Ok(all)
        })
        .await
    }

    /// Commits what waits and stops the writer. Whatever comes later is refused.
    pub async fn close(&self) {
        if self.unsynced.load(Ordering::Acquire)
            && let Err(error) = self.alter(|_| Ok(())).await
        {
            tracing::error!(%error, "what was committed last could not be synced");
        }
        self.commits.close();
        let threads = std::mem::take(&mut *self.threads.lock().expect("nothing panics under this lock"));
        for thread in threads {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

fn put_partitions(tables: &mut Tables<'_>, topic: &TopicRow, from: u32) -> crate::store::Result<()> {
    for partition in from..topic.config.partitions {
        tables.put_partition(PartitionId { topic: topic.id, partition }, PartitionRow::EMPTY)?;
    }
    Ok(())
}
