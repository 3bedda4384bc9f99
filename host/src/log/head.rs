//! The head: batches that wait for their segment. It is bounded, since after a crash the database is walked through once;
//! where the tier does not keep up, appends wait, and in the end are refused.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Partition;
use crate::error::{Error, Kind, Result};
use crate::limits::{HEAD_OVERFLOW_FACTOR, HEAD_WAIT_MS_MAX};

/// Of all partitions together.
#[derive(Debug)]
pub(super) struct Head {
    bytes: AtomicU64,
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
    pub(super) bytes: u64,
    /// When the oldest batch came that is not sealed, or a little later.
    pub(super) since_ms: Option<i64>,
    /// It stands in the queue of those that are due.
    is_due: bool,
}

impl Head {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { bytes: AtomicU64::new(0), bytes_max, due: Mutex::default(), wanted: Notify::new(), freed: Notify::new() }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    pub(super) fn is_over(&self) -> bool {
        self.bytes() > self.bytes_max
    }

    /// Counts what a partition got.
    pub(super) fn add(&self, partition: &Arc<Partition>, bytes: u64, now_ms: i64) {
        let all = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let segment_bytes = partition.config().segment_bytes;
        let mut head = partition.head.lock();
        head.bytes += bytes;
        head.since_ms.get_or_insert(now_ms);
        if head.bytes >= segment_bytes && !head.is_due {
            head.is_due = true;
            self.due.lock().push_back(Arc::downgrade(partition));
            self.wanted.notify_one();
        } else if all > self.bytes_max {
            self.wanted.notify_one();
        }
    }

    /// Counts what a partition lost.
    pub(super) fn sub(&self, partition: &Arc<Partition>, bytes: u64, now_ms: i64) {
        let segment_bytes = partition.config().segment_bytes;
        {
            let mut head = partition.head.lock();
            head.bytes = head.bytes.saturating_sub(bytes);
            head.since_ms = (head.bytes > 0).then_some(now_ms);
            head.is_due = head.bytes >= segment_bytes;
            if head.is_due {
                self.due.lock().push_back(Arc::downgrade(partition));
            }
        }
        // Counted in two places, each on its own: neither may fall below nothing.
        let _ = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |all| Some(all.saturating_sub(bytes)));
        self.freed.notify_waiters();
    }

    /// The next partition that has enough for a segment.
    pub(super) fn next_due(&self) -> Option<Arc<Partition>> {
        loop {
            let partition = self.due.lock().pop_front()?;
            if let Some(partition) = partition.upgrade() {
                partition.head.lock().is_due = false;
                return Some(partition);
            }
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
