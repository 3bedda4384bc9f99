//! The log against models of itself: upkeep that nobody may notice, and disks that fail.

mod faults;
mod upkeep;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use bytes::Bytes;

use super::*;
use crate::model::record::Record;
use crate::tier::Tier;

/// A log and what it stands on.
struct Bench {
    log: Arc<Log>,
    upkeep: Upkeep,
    clock: Arc<AtomicI64>,
}

impl Bench {
    async fn open(store: Arc<Store>, folder: &Path, sync: Sync, clock: Arc<AtomicI64>) -> Self {
        let tier = |name: &str| Tier::folder(&folder.join(name)).unwrap();
        let tiers = Arc::new(Tiers::new(tier("tier"), None, Some(tier("cold"))));
        let options = LogOptions { sync, head_bytes: 256 << 20 };
        let time = Clock::set(Arc::clone(&clock));
        let log = Log::open(store, tiers, &options, time.clone(), Arc::new(Metrics::default())).unwrap();
        let upkeep = Upkeep::start(Arc::clone(&log), time, 7).await.unwrap();
        Self { log, upkeep, clock }
    }

    async fn topic(&self, config: &TopicConfig) -> Arc<Topic> {
        self.log.create_topic(&TopicName::parse("t").unwrap(), config).await.unwrap().0
    }

    async fn append(&self, partition: &Arc<Partition>, records: Vec<Record>) -> Result<u64> {
        let appends = Append::new(Arc::clone(partition), records, None).into_iter().collect();
        match self.log.commit(Unit { appends, ..Unit::default() }).await? {
            Committed::Now(offsets) => Ok(offsets[0]),
            Committed::Before(_) => panic!("nothing was sent twice"),
        }
    }

    /// All records of a partition from `from` on, read in steps of so many bytes.
    async fn read_all(&self, partition: &Arc<Partition>, from: u64, bytes: usize) -> Vec<(u64, Record)> {
        let mut all = Vec::new();
        let mut at = from;
        while at < partition.high_watermark() {
            let chunk = self.log.read(partition, at, bytes).await.unwrap();
            for batch in &chunk.batches {
                for record in batch.plain().unwrap().records() {
                    let record = record.unwrap();
                    if record.offset >= at {
                        let copy = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
                        all.push((
                            record.offset,
                            Record {
                                timestamp_ms: record.timestamp_ms,
                                key: copy(record.key),
                                value: copy(record.value),
                                headers: Vec::new(),
                            },
                        ));
                    }
                }
            }
            assert!(chunk.next_offset > at, "a reader gets on");
            at = chunk.next_offset;
        }
        all
    }
}

/// Waits on a future as the host would run it.
fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}
