//! One partition as readers and the writer see it: where it begins and ends, and its newest batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use super::head::PartitionHead;
use super::tail::Tail;
use crate::error::{Error, Kind, Result};
use crate::model::batch::Batch;
use crate::model::name::TopicName;
use crate::model::topic::{PartitionId, TopicConfig};
use crate::store::partitions::PartitionRow;

/// A topic's settings, shared by its partitions, and what tells its partitions' readers that something came.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) config: Arc<RwLock<Arc<TopicConfig>>>,
    /// Counts the commits that brought this topic records: one thing to wait on for whoever follows all partitions.
    pub(super) activity: Arc<watch::Sender<u64>>,
}

#[derive(Debug)]
pub struct Partition {
    id: PartitionId,
    topic: TopicName,
    /// What the store has. Only the writer changes it, after its commit.
    row: Mutex<PartitionRow>,
    pub(super) tail: RwLock<Tail>,
    high_watermark: watch::Sender<u64>,
    shared: Shared,
    pub(super) head: Mutex<PartitionHead>,
    /// Readers of what stands before this find it in the segments: the tail may still have it from before it was compacted.
    compacted_until: AtomicU64,
    deleted: AtomicBool,
}

impl Partition {
    pub(super) fn new(id: PartitionId, topic: TopicName, row: PartitionRow, shared: Shared) -> Self {
        Self {
            id,
            topic,
            row: Mutex::new(row),
            tail: RwLock::new(Tail::new(row.next_offset)),
            high_watermark: watch::Sender::new(row.next_offset),
            shared,
            head: Mutex::default(),
            compacted_until: AtomicU64::new(0),
            deleted: AtomicBool::new(false),
        }
    }

    pub fn id(&self) -> PartitionId {
        self.id
    }

    pub fn topic(&self) -> &TopicName {
        &self.topic
    }

    /// The topic's settings.
    pub fn config(&self) -> Arc<TopicConfig> {
        Arc::clone(&self.shared.config.read())
    }

    /// Bytes of batches that are not sealed yet.
    pub fn head_bytes(&self) -> u64 {
        u64::try_from(self.head.lock().bytes).unwrap_or(0)
    }

    /// The oldest offset that can be read.
    pub fn start_offset(&self) -> u64 {
        self.row.lock().start_offset
    }

    /// The offset that the next record will get; all before it are on the disk.
    pub fn high_watermark(&self) -> u64 {
        *self.high_watermark.borrow()
    }

    pub(super) fn row(&self) -> PartitionRow {
        *self.row.lock()
    }

    /// Waits until there is a record at `offset`, or the topic is deleted.
    pub async fn wait(&self, offset: u64) -> Result<()> {
        let mut watching = self.high_watermark.subscribe();
        let reached = watching.wait_for(|high_watermark| *high_watermark > offset || self.is_deleted()).await;
        reached.map_err(|_| Error::shutting_down())?;
        self.check_exists()
    }

    pub fn check_exists(&self) -> Result<()> {
        if self.is_deleted() {
            return Err(Error::not_found("unknown-topic", format!("topic {} was deleted", self.topic)));
        }
        Ok(())
    }

    /// Checks that `offset` can be read now or later.
    pub fn check_offset(&self, offset: u64) -> Result<()> {
        let (start, end) = (self.start_offset(), self.high_watermark());
        if (start..=end).contains(&offset) {
            return Ok(());
        }
        Err(Error::new(
            Kind::OutOfRange,
            "offset-out-of-range",
            format!(
                "offset {offset} lies outside partition {} of topic {}, which begins at {start} and goes on at {end}; read from one of these",
                self.id.partition, self.topic
            ),
        ))
    }

    pub(super) fn compacted_until(&self) -> u64 {
        self.compacted_until.load(Ordering::Acquire)
    }

    pub(in crate::log) fn mark_compacted(&self, until: u64) {
        self.compacted_until.fetch_max(until, Ordering::AcqRel);
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    pub(super) fn mark_deleted(&self, deleted: bool) {
        self.deleted.store(deleted, Ordering::Release);
        self.high_watermark.send_modify(|_| {});
    }

    /// Shows committed batches to readers. The writer calls it, once the store has them.
    pub(super) fn publish(&self, row: PartitionRow, batches: &[Batch]) {
        {
            let mut shown = self.row.lock();
            // What was deleted meanwhile stays deleted.
            *shown = PartitionRow { start_offset: shown.start_offset.max(row.start_offset), ..row };
        }
        self.tail.write().extend(batches);
        self.high_watermark.send_replace(row.next_offset);
        self.shared.activity.send_modify(|count| *count += 1);
    }

    /// Hides what stands before `offset` from readers.
    pub(super) fn raise_start(&self, offset: u64) {
        let mut row = self.row.lock();
        row.start_offset = row.start_offset.max(offset);
    }
}
