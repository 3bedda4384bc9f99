//! The head: batches that wait for their segment. It is bounded, since after a crash the database is walked through once;
//! where the tier does not keep up, appends wait, and in the end are refused.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Partition;
use crate::error::{Error, Kind, Result};
use crate::limits::{HEAD_OVERFLOW_FACTOR, HEAD_WAIT_MS_MAX};

/// Of all partitions together. Counts may be below nothing for a moment: what the head held at the start is counted
/// while it is already being sealed.
#[derive(Debug)]
pub(super) struct Head {
    bytes: AtomicI64,
    bytes_max: u64,
    /// Partitions that have enough for a segment.
    due: Mutex<VecDeque<Weak<Partition>>>,
    /// There is something to seal.
    wanted: Notify,
    /// There is room again.
    freed: Notify,
}

/// Of one partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartitionHead {
    pub(super) bytes: i64,
    /// When the oldest batch came that is not sealed, or a little later.
    pub(super) since_ms: Option<i64>,
    /// It stands in the queue of those that are due, or is being sealed: by one at a time.
    pub(super) is_due: bool,
    /// The partition is deleted.
    is_forgotten: bool,
}

impl PartitionHead {
    /// Takes the partition for sealing, unless it is taken, or stands in the queue.
    pub(super) fn claim(&mut self) -> bool {
        !std::mem::replace(&mut self.is_due, true)
    }
}

impl Head {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { bytes: AtomicI64::new(0), bytes_max, due: Mutex::default(), wanted: Notify::new(), freed: Notify::new() }
    }

    pub(super) fn bytes(&self) -> u64 {
        u64::try_from(self.bytes.load(Ordering::Relaxed)).unwrap_or(0)
    }

    pub(super) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    pub(super) fn is_over(&self) -> bool {
        self.bytes() > self.bytes_max
    }

    /// Counts what a partition got.
    pub(super) fn add(&self, partition: &Arc<Partition>, bytes: u64, now_ms: i64) {
        let mut head = partition.head.lock();
        if head.is_forgotten {
            return;
        }
        self.bytes.fetch_add(bytes.cast_signed(), Ordering::Relaxed);
        head.bytes += bytes.cast_signed();
        head.since_ms.get_or_insert(now_ms);
        if is_enough(partition, &head) && !head.is_due {
            head.is_due = true;
            self.due.lock().push_back(Arc::downgrade(partition));
            self.wanted.notify_one();
        } else if self.is_over() {
            self.wanted.notify_one();
        }
    }

    /// Counts what a partition lost.
    pub(super) fn sub(&self, partition: &Arc<Partition>, bytes: u64) {
        {
            let mut head = partition.head.lock();
            if head.is_forgotten {
                return;
            }
            head.bytes -= bytes.cast_signed();
        }
        self.bytes.fetch_sub(bytes.cast_signed(), Ordering::Relaxed);
        self.freed.notify_waiters();
    }

    /// Counts no more of a partition that is deleted: what it had is gone.
    pub(super) fn forget(&self, partition: &Arc<Partition>) {
        let had = {
            let mut head = partition.head.lock();
            head.is_forgotten = true;
            std::mem::take(&mut head.bytes)
        };
        self.bytes.fetch_sub(had, Ordering::Relaxed);
        self.freed.notify_waiters();
    }

    /// The next partition that has enough for a segment; it is taken.
    pub(super) fn next_due(&self) -> Option<Arc<Partition>> {
        loop {
            let partition = self.due.lock().pop_front()?;
            if let Some(partition) = partition.upgrade() {
                return Some(partition);
            }
        }
    }

    /// Gives a partition back that was taken, with so many bytes sealed.
    pub(super) fn settle(&self, partition: &Arc<Partition>, bytes: u64, now_ms: i64) {
        self.sub(partition, bytes);
        let mut head = partition.head.lock();
        if head.bytes <= 0 {
            head.since_ms = None;
        } else if bytes > 0 {
            head.since_ms = Some(now_ms);
        }
        head.is_due = is_enough(partition, &head);
        if head.is_due {
            self.due.lock().push_back(Arc::downgrade(partition));
        }
    }

    /// Waits until there may be something to seal.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Waits until the head has room for more, and not for ever.
    pub(super) async fn room(&self) -> Result<()> {
        let is_full = || self.bytes() > self.bytes_max.saturating_mul(HEAD_OVERFLOW_FACTOR);
        if !is_full() {
            return Ok(());
        }
        let wait = async {
            loop {
                let freed = self.freed.notified();
                if !is_full() {
                    return;
                }
                self.wanted.notify_one();
                freed.await;
            }
        };
        tokio::time::timeout(Duration::from_millis(HEAD_WAIT_MS_MAX), wait).await.map_err(|_| {
            Error::new(
                Kind::Overloaded,
                "head-full",
                format!(
                    "{} bytes wait to go to the tier, which does not keep up; nothing of this was stored: send it again later, and look at kafka_do_tier_failures_total in /metrics",
                    self.bytes()
                ),
            )
        })
    }
}

fn is_enough(partition: &Partition, head: &PartitionHead) -> bool {
    head.bytes >= i64::try_from(partition.config().segment_bytes).unwrap_or(i64::MAX)
}
