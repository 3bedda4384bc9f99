//! However appends, seals, moves, retention, compaction, deletions and restarts follow each other, the log reads as a plain
//! list does.

use std::sync::atomic::Ordering;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::limits::SEGMENT_BYTES_MIN;
use crate::model::batch::Compression;
use crate::model::topic::CleanupPolicy;

#[derive(Clone, Debug)]
enum Op {
    /// So many records with these keys and a value of so many bytes; an empty one is a tombstone.
    Append {
        keys: Vec<u8>,
        bytes: usize,
    },
    Seal,
    /// Time goes on by so much, and retention, compaction and moves come round.
    KeepUp {
        ms: i64,
    },
    /// Records before this part, in percent, go.
    Delete {
        percent: u64,
    },
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (vec(0u8..5, 1..20), prop_oneof![Just(0usize), 1usize..20, 5_000usize..40_000])
            .prop_map(|(keys, bytes)| Op::Append { keys, bytes }),
        4 => Just(Op::Seal),
        4 => (0i64..2_000).prop_map(|ms| Op::KeepUp { ms }),
        1 => (0u64..=100).prop_map(|percent| Op::Delete { percent }),
        1 => Just(Op::Restart),
    ]
}

fn config() -> impl Strategy<Value = TopicConfig> {
    let policy =
        prop_oneof![Just(CleanupPolicy::Delete), Just(CleanupPolicy::Compact), Just(CleanupPolicy::CompactAndDelete)];
    let compression = prop_oneof![Just(Compression::None), Just(Compression::Lz4), Just(Compression::Zstd)];
    let retention = (proptest::option::of(500u64..5_000), proptest::option::of(1_000u64..400_000));
    (policy, compression, retention, proptest::option::of(0u64..3_000), 0u64..2_000).prop_map(
        |(cleanup_policy, compression, (retention_ms, retention_bytes), cold_after_ms, tombstone_retention_ms)| {
            let deletes = cleanup_policy.deletes();
            TopicConfig {
                cleanup_policy,
                compression,
                retention_ms: retention_ms.filter(|_| deletes),
                retention_bytes: retention_bytes.filter(|_| deletes),
                cold_after_ms,
                tombstone_retention_ms,
                segment_bytes: SEGMENT_BYTES_MIN,
                ..TopicConfig::default()
            }
        },
    )
}

async fn check(bench: &Bench, partition: &Arc<Partition>, config: &TopicConfig, model: &[Record], sealed: usize) {
    partition.tail.write().forget();
    let start = partition.start_offset();
    assert_eq!(partition.high_watermark(), model.len() as u64, "no offset is lost or given twice");
    let expected: Vec<(u64, Record)> =
        (0..).zip(model.iter().cloned()).filter(|(offset, _)| *offset >= start).collect();
    for bytes in [1, 30_000, usize::MAX] {
        let found = bench.read_all(partition, start, bytes).await;
        if config.cleanup_policy.compacts() {
            // What is there is as it was, in order; what is the latest of its key is there, and so is all that was never
            // sealed.
            assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));
            assert!(found.iter().all(|(offset, record)| *record == model[usize::try_from(*offset).unwrap()]));
            for (offset, record) in &expected {
                let at = usize::try_from(*offset).unwrap();
                let is_latest = model[at + 1..].iter().all(|later| later.key != record.key);
                if at >= sealed || (is_latest && record.value.is_some()) {
                    assert!(found.iter().any(|(found, _)| found == offset), "offset {offset} is gone");
                }
            }
        } else {
            assert_eq!(found, expected);
        }
    }
    // A time leads to the first record of that time or later.
    let found = bench.read_all(partition, start, 30_000).await;
    for time in [0, 500, 1_500, 4_000] {
        let expected = found.iter().find(|(_, record)| record.timestamp_ms >= time);
        let offset = bench.log.offset_at_time(partition, time).await.unwrap();
        assert_eq!(offset, expected.map_or(partition.high_watermark(), |(offset, _)| *offset), "time {time}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn reads_as_a_plain_list_does(config in config(), ops in vec(op(), 1..40)) {
        run(async {
            let dir = tempfile::tempdir().unwrap();
            let open = || Arc::new(Store::open(&dir.path().join("head.redb")).unwrap());
            let clock = Arc::new(AtomicI64::new(1_000));
            let mut bench = Bench::open(open(), dir.path(), Sync::Always, Arc::clone(&clock)).await;
            let mut topic = bench.topic(&config).await;
            let mut model: Vec<Record> = Vec::new();
            let mut sealed = 0;
            for op in ops {
                let partition = topic.partition(0).unwrap();
                match op {
                    Op::Append { keys, bytes } => {
                        let now_ms = bench.clock.load(Ordering::Relaxed);
                        let records: Vec<Record> = keys
                            .iter()
                            .map(|key| Record {
                                timestamp_ms: now_ms,
                                key: Some(Bytes::copy_from_slice(&[*key])),
                                value: (bytes > 0).then(|| vec![*key; bytes].into()),
                                headers: Vec::new(),
                            })
                            .collect();
                        assert_eq!(bench.append(&partition, records.clone()).await.unwrap(), model.len() as u64);
                        model.extend(records);
                    }
                    Op::Seal => {
                        let head = bench.log.store.snapshot().unwrap().head_base(partition.id()).unwrap();
                        bench.upkeep.publish().await.unwrap();
                        bench.upkeep.seal(&partition).await.unwrap();
                        if head.is_some() {
                            let head = bench.log.store.snapshot().unwrap().head_base(partition.id()).unwrap();
                            sealed = usize::try_from(head.unwrap_or(model.len() as u64)).unwrap();
                        }
                    }
                    Op::KeepUp { ms } => {
                        bench.clock.fetch_add(ms, Ordering::Relaxed);
                        bench.upkeep.keep_up(&partition).await.unwrap();
                        bench.upkeep.publish().await.unwrap();
                        bench.upkeep.collect_garbage().await.unwrap();
                    }
                    Op::Delete { percent } => {
                        let (start, end) = (partition.start_offset(), partition.high_watermark());
                        let offset = start + (end - start) * percent / 100;
                        bench.log.delete_records(&partition, offset).await.unwrap();
                        assert_eq!(partition.start_offset(), offset);
                    }
                    Op::Restart => {
                        bench.log.close().await;
                        drop((partition, topic));
                        let Bench { log, upkeep, .. } = bench;
                        drop((log, upkeep));
                        bench = Bench::open(open(), dir.path(), Sync::Always, Arc::clone(&clock)).await;
                        topic = bench.log.topic(&TopicName::parse("t").unwrap()).unwrap();
                        assert_eq!(*topic.config(), config);
                    }
                }
                let partition = topic.partition(0).unwrap();
                check(&bench, &partition, &config, &model, sealed).await;
            }
            // Every object in the tiers is in the manifest, and the other way round.
            bench.upkeep.publish().await.unwrap();
            bench.upkeep.collect_garbage().await.unwrap();
            let partition = topic.partition(0).unwrap();
            let segments = bench.log.store.snapshot().unwrap().segments(partition.id()).unwrap();
            let mut expected: Vec<String> = segments.iter().map(|segment| segment.path(partition.id())).collect();
            let mut found = Vec::new();
            for place in [Place::Folder, Place::Cold] {
                found.extend(bench.log.archive.tiers().at(place).unwrap().list("topics/").await.unwrap());
            }
            found.retain(|path| path.ends_with(".segment"));
            expected.sort();
            found.sort();
            assert_eq!(found, expected);
            bench.log.close().await;
        });
    }
}

/// The same through a restore: what was sealed comes back as it was, from the tier alone.
#[test]
fn what_was_sealed_is_restored() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(1_000));
        let store = Arc::new(Store::open(&dir.path().join("head.redb")).unwrap());
        let bench = Bench::open(store, dir.path(), Sync::Always, clock).await;
        let config = TopicConfig { segment_bytes: SEGMENT_BYTES_MIN, partitions: 2, ..TopicConfig::default() };
        let topic = bench.topic(&config).await;
        bench.upkeep.publish().await.unwrap();
        for partition in topic.partitions() {
            for round in 0..5u8 {
                let record =
                    Record { timestamp_ms: round.into(), value: Some(vec![round; 30_000].into()), ..Record::default() };
                bench.append(&partition, vec![record; 4]).await.unwrap();
                bench.upkeep.seal(&partition).await.unwrap();
            }
        }
        let first = topic.partition(0).unwrap();
        bench.log.delete_records(&first, 6).await.unwrap();
        bench.upkeep.publish().await.unwrap();
        let tiers =
            [Place::Folder, Place::Cold].map(|place| (place, bench.log.archive.tiers().at(place).unwrap().clone()));
        let new = Arc::new(Store::open(&dir.path().join("new.redb")).unwrap());
        let restored = restore(&new, &tiers, 8, |_, _| {}).await.unwrap();
        assert_eq!((restored.topics.len(), restored.topics[0].segments), (1, 9));
        let again = Bench::open(new, dir.path(), Sync::Always, Arc::clone(&bench.clock)).await;
        let found = again.log.topic(topic.name()).unwrap();
        assert_eq!((found.config(), found.created_ms()), (topic.config(), topic.created_ms()));
        for (before, after) in topic.partitions().iter().zip(found.partitions()) {
            let start = before.start_offset();
            assert_eq!((after.start_offset(), after.high_watermark()), (start, before.high_watermark()));
            before.tail.write().forget();
            assert_eq!(again.read_all(&after, start, 1).await, bench.read_all(before, start, 1).await);
        }
        bench.log.close().await;
        again.log.close().await;
    });
}
