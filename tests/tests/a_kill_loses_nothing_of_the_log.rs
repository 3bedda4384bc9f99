//! `kill -9` under load, again and again, also while the host is still starting: what was acknowledged is there once, in
//! order, and each producer's records form an unbroken chain of hashes. What was not acknowledged is sent again, and
//! doubles nothing. `KAFKA_DO_TEST_KILLS` makes it longer.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use kafka_do_tests::{Auditor, Chain, Host, exact, fetch_from, sealed, until};
use serde_json::{Value, json};

const PRODUCERS: u64 = 6;
const PARTITIONS: u64 = 3;
const FILLER_BYTES: usize = 300;

/// What all producers know of each other.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    acknowledged: AtomicU64,
    resent: AtomicU64,
    duplicates: AtomicU64,
}

/// Sends until it is told to stop, each request until it is acknowledged, and answers how far its chain got.
async fn produce(client: reqwest::Client, url: String, number: u64, shared: Arc<Shared>) -> u64 {
    let name = json!({"name": format!("producer-{number}")});
    let producer: Value = loop {
        let answer = client.post(format!("{url}/v1/producers")).json(&name).send().await;
        match answer {
            Ok(answer) if answer.status() == 201 => break answer.json().await.unwrap(),
            _ => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    let mut chain = Chain::default();
    while !shared.stop.load(Ordering::Relaxed) {
        let sequence = chain.length;
        let count = 1 + (sequence * 7 + number) % 20;
        let records: Vec<Value> = (0..count)
            .map(|_| json!({"partition": number % PARTITIONS, "value": chain.record(number, FILLER_BYTES)}))
            .collect();
        let request = client
            .post(format!("{url}/v1/topics/chain/records"))
            .header("kafka-do-producer-id", producer["producer_id"].to_string())
            .header("kafka-do-producer-epoch", producer["epoch"].to_string())
            .header("kafka-do-sequence", sequence.to_string())
            .json(&json!({ "records": records }));
        loop {
            let Ok(answer) = request.try_clone().unwrap().send().await else {
                shared.resent.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            let status = answer.status();
            // A body that is cut off by a kill is no answer.
            let Ok(body) = answer.text().await else { continue };
            if status == 200 {
                let body: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(body["records"].as_array().unwrap().len() as u64, count, "{body}");
                shared.duplicates.fetch_add(u64::from(body["duplicate"] == true), Ordering::Relaxed);
                break;
            }
            assert!(status == 503 || status == 429, "producer {number} at {sequence}: {status} {body}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        shared.acknowledged.fetch_add(count, Ordering::Relaxed);
    }
    chain.length
}

#[tokio::test(flavor = "multi_thread")]
async fn however_often() {
    let kills: u64 = std::env::var("KAFKA_DO_TEST_KILLS").map_or(10, |kills| kills.parse().expect("a number"));
    let mut host = Host::start_with(&["--head-bytes", "16MiB"]).await;
    let settings = json!({"partitions": PARTITIONS, "segment_bytes": 65_536, "segment_ms": 1_000});
    host.put("/v1/topics/chain", settings).await.ok();
    let shared = Arc::new(Shared::default());
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|number| tokio::spawn(produce(host.client().clone(), host.url(), number, Arc::clone(&shared))))
        .collect();

    let mut slowest = 0;
    for kill in 0..kills {
        // There is something to lose, and the kill falls elsewhere each time.
        let before = shared.acknowledged.load(Ordering::Relaxed);
        until("work is done between two kills", async || {
            (shared.acknowledged.load(Ordering::Relaxed) > before + 500).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(kill * 37 % 101)).await;
        host.kill();
        if kill % 3 == 2 {
            // Once more while it starts, and what the crash left half-done is half-done again.
            for _ in 0..2 {
                host.begin();
                tokio::time::sleep(Duration::from_millis(10 + kill * 53 % 97)).await;
                host.kill();
            }
        }
        host.restart().await;
        let after = host.greeting.split("after ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        slowest = slowest.max(after.parse::<u64>().unwrap());
    }
    shared.stop.store(true, Ordering::Relaxed);
    let mut lengths = Vec::new();
    for producer in producers {
        lengths.push(producer.await.unwrap());
    }
    assert_eq!(lengths.iter().sum::<u64>(), shared.acknowledged.load(Ordering::Relaxed));
    eprintln!(
        "{kills} kills, {} records, {} requests sent again, {} of them known, slowest start {slowest} ms",
        lengths.iter().sum::<u64>(),
        shared.resent.load(Ordering::Relaxed),
        shared.duplicates.load(Ordering::Relaxed),
    );
    assert!(slowest < 5_000, "a start took {slowest} ms");

    let audit = async |host: &Host| {
        let mut auditor = Auditor::default();
        for partition in 0..PARTITIONS {
            let records = fetch_from(host, "chain", usize::try_from(partition).unwrap(), 0).await;
            for (offset, record) in (0_u64..).zip(&records) {
                assert_eq!(record["offset"], offset, "offsets of partition {partition} have no gap");
                auditor.see(&record["value"]);
            }
        }
        let found: Vec<u64> = auditor.chains.values().map(|chain| chain.length).collect();
        assert_eq!(found, lengths, "all that was acknowledged is there, and nothing else");
    };
    audit(&host).await;
    // The same where nothing is in memory, and all of it comes from the tier; which holds nothing else.
    sealed(&host, "chain").await;
    host.kill_and_restart().await;
    audit(&host).await;
    exact(&host, "chain", &[&host.data().join("tier")]).await;
}
