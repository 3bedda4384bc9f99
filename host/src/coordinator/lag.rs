//! How far behind a group is, in records and in time.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::Coordinator;
use super::status::PartitionStatus;
use crate::limits::LAG_READS_AT_ONCE;
use crate::log::Partition;
use crate::store::offsets::Offset;

/// Where a group stands in a partition. The lag in time takes a look at the log, and is looked up by [`Coordinator::age`].
pub(super) fn partition_status(partition: &Partition, offset: Option<Offset>) -> PartitionStatus {
    let high_watermark = partition.high_watermark();
    let from = offset.map_or_else(|| partition.start_offset(), |offset| offset.next.max(partition.start_offset()));
    PartitionStatus {
        topic: partition.topic().to_string(),
        partition: partition.id().partition,
        committed: offset.map(|offset| offset.next),
        high_watermark,
        lag: high_watermark.saturating_sub(from),
        lag_ms: None,
        last_commit_ms: offset.map(|offset| offset.at_ms).filter(|at_ms| *at_ms != 0),
        member_id: None,
        in_flight: None,
    }
}

impl Coordinator {
    /// For how long the oldest record has waited that the group has not read, of each partition.
    pub(super) async fn age(&self, partitions: Vec<(Arc<Partition>, PartitionStatus)>) -> Vec<PartitionStatus> {
        let now_ms = self.clock.now_ms();
        let looked = partitions.into_iter().map(|(partition, mut status)| async move {
            if status.lag == 0 {
                status.lag_ms = Some(0);
            } else {
                let from = status.committed.unwrap_or(0).max(partition.start_offset());
                let first_ms = self.timestamp_at(&partition, from).await;
                status.lag_ms = first_ms.map(|first_ms| now_ms.saturating_sub(first_ms).max(0).cast_unsigned());
            }
            status
        });
        stream::iter(looked).buffered(LAG_READS_AT_ONCE).collect().await
    }

    /// When the record was made that is read next from an offset on; `None` where nobody can tell.
    async fn timestamp_at(&self, partition: &Arc<Partition>, from: u64) -> Option<i64> {
        let chunk = self.log.read(partition, from, 1).await.ok()?;
        for batch in &chunk.batches {
            let plain = batch.plain().ok()?;
            let found = plain.records().find(|record| record.as_ref().map_or(true, |record| record.offset >= from));
            if let Some(found) = found {
                return found.ok().map(|record| record.timestamp_ms);
            }
        }
        None
    }
}
