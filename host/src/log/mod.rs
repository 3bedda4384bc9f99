//! The log: topics and their partitions, appended to by one writer, read by anyone.
//!
//! Four verbs, and the rest of the host asks for nothing else: [`Log::commit`] one unit, [`Log::read`] from an offset or a
//! time, [`Partition::wait`] for more, and create, alter and delete topics.
//!
//! ```text
//! Unit --admission--> queue --> writer: one redb transaction a round, one fsync --> tail --> readers
//! ```
//!
//! Knows nothing of groups, plugins or HTTP: rows that ride along in a unit are the store's business.

mod admission;
mod catalog;
mod commits;
mod follow;
mod partition;
mod read;
mod tail;
mod unit;
mod writer;

use std::sync::Arc;

use tokio::sync::{Mutex, oneshot};

pub use admission::Permit;
pub use catalog::Topic;
pub use follow::{Fetched, Follower};
pub use partition::Partition;
pub use read::Chunk;
pub use unit::{Append, OffsetGuard, Payload, Unit};

use crate::error::{Error, Kind, Result};
use crate::limits::PARTITIONS_MAX;
use crate::model::name::TopicName;
use crate::model::topic::{PartitionId, TopicConfig};
use crate::store::partitions::PartitionRow;
use crate::store::topics::TopicRow;
use crate::store::{Row, Store, Tables};
use crate::telemetry::Metrics;
use admission::Admission;
use catalog::Catalog;
use commits::Commits;
use writer::{Job, Writer};

/// The one handle to the log; shared by reference.
#[derive(Debug)]
pub struct Log {
    store: Arc<Store>,
    catalog: Catalog,
    admission: Admission,
    commits: Arc<Commits>,
    /// Creating, altering and deleting topics look first and act then: one at a time.
    altering: Mutex<()>,
    writer: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Log {
    /// Reads what topics there are and starts the writer.
    pub fn open(store: Arc<Store>, metrics: Arc<Metrics>) -> Result<Self> {
        let snapshot = store.snapshot()?;
        let catalog = Catalog::load(&snapshot)?;
        drop(snapshot);
        let (commits, writer) = Commits::start(Writer::new(Arc::clone(&store), metrics))?;
        Ok(Self {
            store,
            catalog,
            admission: Admission::new(),
            commits,
            altering: Mutex::new(()),
            writer: std::sync::Mutex::new(Some(writer)),
        })
    }

    /// Room for a request, or an error that says when to come back.
    pub fn try_admit(&self) -> Result<Permit> {
        self.admission.try_admit()
    }

    /// Commits a unit: all of it, or nothing of it. Answers with the base offset of each append, once it is on the disk.
    pub async fn commit(&self, unit: Unit) -> Result<Vec<u64>> {
        let (reply, answer) = oneshot::channel();
        self.commits.submit(Job::Unit(unit, reply)).await?;
        answer.await.map_err(|_| Error::shutting_down())?
    }

    /// Runs `change` inside the writer's next transaction; answers once that is on the disk.
    async fn alter(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> crate::store::Result<()> + Send + 'static,
    ) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.commits.submit(Job::Alter(Box::new(change), reply)).await?;
        answer.await.map_err(|_| Error::shutting_down())?
    }

    /// A number for a new deployment, given out once for ever.
    pub async fn next_deployment_id(&self) -> Result<crate::model::deployment::DeploymentId> {
        let (found, id) = oneshot::channel();
        self.alter(move |tables| {
            // The receiver waits below; it only goes when the whole call is dropped, and then nobody asks.
            let _ = found.send(tables.next_deployment_id()?);
            Ok(())
        })
        .await?;
        id.await.map_err(|_| Error::shutting_down())
    }

    pub fn topic(&self, name: &TopicName) -> Result<Arc<Topic>> {
        self.catalog.get(name).ok_or_else(|| {
            Error::not_found("unknown-topic", format!("there is no topic {name}; create it with PUT /v1/topics/{name}"))
        })
    }

    pub fn find_topic(&self, name: &TopicName) -> Option<Arc<Topic>> {
        self.catalog.get(name)
    }

    /// All topics, by name.
    pub fn topics(&self) -> Vec<Arc<Topic>> {
        self.catalog.list()
    }

    /// Creates the topic, or finds it as it is wanted. The flag says whether it is new.
    pub async fn create_topic(
        &self,
        name: &TopicName,
        config: Option<TopicConfig>,
        now_ms: i64,
    ) -> Result<(Arc<Topic>, bool)> {
        let _one_at_a_time = self.altering.lock().await;
        if let Some(topic) = self.catalog.get(name) {
            return match config {
                Some(wanted) if wanted != topic.config() => Err(Error::conflict(
                    "topic-exists",
                    format!(
                        "topic {name} exists with {} partitions, not {}; change it with PATCH /v1/topics/{name}",
                        topic.config().partitions,
                        wanted.partitions
                    ),
                )),
                _ => Ok((topic, false)),
            };
        }
        let config = config.unwrap_or_default();
        config.check()?;
        self.check_partitions(config.partitions)?;
        let (found, row) = oneshot::channel();
        let name = name.clone();
        self.alter(move |tables| {
            let row = TopicRow { id: tables.next_topic_id()?, name, created_ms: now_ms, config };
            put_partitions(tables, &row, 0)?;
            tables.put(&Row::Topic(row.clone()))?;
            let _ = found.send(row);
            Ok(())
        })
        .await?;
        let row = row.await.map_err(|_| Error::shutting_down())?;
        Ok((self.catalog.insert(row), true))
    }

    /// Gives the topic more partitions; their number never falls, since keys would move and records be lost.
    pub async fn grow_topic(&self, name: &TopicName, partitions: u32) -> Result<Arc<Topic>> {
        let _one_at_a_time = self.altering.lock().await;
        let topic = self.topic(name)?;
        let before = topic.config().partitions;
        if partitions < before {
            return Err(Error::conflict(
                "partitions-only-grow",
                format!(
                    "topic {name} has {before} partitions and cannot shrink to {partitions}; create another topic and copy what you keep"
                ),
            ));
        }
        let config = TopicConfig { partitions };
        config.check()?;
        self.check_partitions(partitions - before)?;
        if partitions == before {
            return Ok(topic);
        }
        let row = TopicRow { config, ..topic.row() };
        let written = row.clone();
        self.alter(move |tables| {
            put_partitions(tables, &written, before)?;
            tables.put(&Row::Topic(written))
        })
        .await?;
        topic.grow(row.config);
        Ok(topic)
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

    /// Commits what waits and stops the writer. Whatever comes later is refused.
    pub async fn close(&self) {
        self.commits.close();
        let writer = self.writer.lock().expect("nothing panics under this lock").take();
        if let Some(writer) = writer {
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
    }
}

fn put_partitions(tables: &mut Tables<'_>, topic: &TopicRow, from: u32) -> crate::store::Result<()> {
    for partition in from..topic.config.partitions {
        tables.put_partition(PartitionId { topic: topic.id, partition }, PartitionRow::EMPTY)?;
    }
    Ok(())
}
