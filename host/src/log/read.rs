//! Reading: from the tail where the offset is that new, else from the store. A reader holds no transaction: what it gets
//! is its own.

use std::sync::Arc;

use super::{Log, Partition};
use crate::error::{Error, Result};
use crate::model::batch::Batch;

/// Whole batches; the first may begin before the offset that was asked for.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub batches: Vec<Batch>,
    /// The high watermark when the batches were taken.
    pub high_watermark: u64,
}

impl Log {
    /// What stands at `from` and after it, up to `bytes_max`, but at least one batch where there is one. Does not wait.
    pub async fn read(&self, partition: &Arc<Partition>, from: u64, bytes_max: usize) -> Result<Chunk> {
        partition.check_exists()?;
        partition.check_offset(from)?;
        let high_watermark = partition.high_watermark();
        if let Some(batches) = partition.tail.read().read(from, bytes_max) {
            return Ok(Chunk { batches, high_watermark });
        }
        let store = Arc::clone(&self.store);
        let id = partition.id();
        let mut batches = blocking(move || Ok(store.snapshot()?.batches(id, from, bytes_max)?)).await?;
        // The store may be a commit ahead of what readers are shown.
        batches.retain(|batch| batch.base_offset() < high_watermark);
        Ok(Chunk { batches, high_watermark })
    }

    /// The offset of the first record of this time or later; the high watermark where all are earlier.
    pub async fn offset_at_time(&self, partition: &Arc<Partition>, timestamp_ms: i64) -> Result<u64> {
        partition.check_exists()?;
        let high_watermark = partition.high_watermark();
        let store = Arc::clone(&self.store);
        let id = partition.id();
        let batch = blocking(move || Ok(store.snapshot()?.batch_at_time(id, timestamp_ms)?)).await?;
        let Some(batch) = batch else { return Ok(high_watermark) };
        for record in batch.records() {
            let record = record.map_err(|error| Error::internal(format!("topic {}: {error}", partition.topic())))?;
            if record.timestamp_ms >= timestamp_ms {
                return Ok(record.offset.min(high_watermark));
            }
        }
        Ok(batch.next_offset().min(high_watermark))
    }
}

/// Runs what waits for the disk where it holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(error.to_string()))?
}
