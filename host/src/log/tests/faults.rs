//! Disks that fail: whatever is acknowledged is there once the log is opened again, once and in order; whatever is refused
//! is not; and a log whose disk fails for a moment goes on by itself.

use proptest::prelude::*;

use super::*;
use crate::store::faulty::FaultyDisk;

/// What a value says: the number of the record.
fn record(number: u64) -> Record {
    Record { value: Some(number.to_string().into()), ..Record::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn acknowledged_is_there_and_refused_is_not(
        seed: u64,
        rounds in proptest::collection::vec((1usize..6, proptest::option::of(1u64..60), any::<bool>()), 1..25),
    ) {
        run(async {
            let dir = tempfile::tempdir().unwrap();
            let disk = FaultyDisk::new(seed);
            let clock = Arc::new(AtomicI64::new(1_000));
            let open = || Arc::new(Store::open_with(disk.opener(), None).unwrap());
            let mut bench = Bench::open(open(), dir.path(), Sync::Always, Arc::clone(&clock)).await;
            let mut topic = bench.topic(&TopicConfig::default()).await;
            let mut number = 0;
            // What must be there, in order; and what may be there at the end of that.
            let mut acknowledged: Vec<String> = Vec::new();
            for (records, fails_within, crashes) in rounds {
                let partition = topic.partition(0).unwrap();
                if let Some(calls) = fails_within {
                    disk.fail_within(calls);
                }
                let sent: Vec<Record> = (0..records).map(|_| { number += 1; record(number) }).collect();
                let values: Vec<String> = sent
                    .iter()
                    .map(|r| String::from_utf8(r.value.clone().unwrap().to_vec()).unwrap())
                    .collect();
                match bench.append(&partition, sent).await {
                    Ok(offset) => {
                        assert_eq!(offset, acknowledged.len() as u64);
                        acknowledged.extend(values);
                    }
                    Err(error) => assert_ne!(error.code, "outcome-unknown", "the disk recovers at once: {error}"),
                }
                if crashes {
                    bench.log.close().await;
                    drop((partition, topic));
                    let Bench { log, upkeep, .. } = bench;
                    drop((log, upkeep));
                    bench = Bench::open(open(), dir.path(), Sync::Always, Arc::clone(&clock)).await;
                    topic = bench.log.topic(&TopicName::parse("t").unwrap()).unwrap();
                }
                let partition = topic.partition(0).unwrap();
                let found: Vec<String> = bench
                    .read_all(&partition, 0, usize::MAX)
                    .await
                    .into_iter()
                    .map(|(_, record)| String::from_utf8(record.value.unwrap().to_vec()).unwrap())
                    .collect();
                assert_eq!(found, acknowledged);
            }
            bench.log.close().await;
        });
    }
}
