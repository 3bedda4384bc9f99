//! Swap after swap while records flow: each record comes out once and in its place, and the host has no more memory at the end
//! than near the beginning.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kafka_do_tests::{Host, plugin, read_topic};
use serde_json::{Value, json};

/// Swaps unless `KAFKA_DO_TEST_SWAPS` says otherwise; 1,000 in the long lane.
const SWAPS: usize = 200;
const PARTITIONS: usize = 2;
const BATCH: usize = 200;
/// What the host may grow by between a fifth of the way and the end: the newest records, which it keeps at hand, and no
/// instance, no code and no generation.
const GROWTH_MIB_MAX: f64 = 48.0;

/// Passes everything; each number makes another generation.
fn filter(number: usize) -> Value {
    let settings =
        json!({"path": "n", "comparison": "greater-or-equal", "operand": -1 - i64::try_from(number % 7).unwrap()});
    json!({"plugin": "filter-json", "inputs": ["in"], "output": "out", "settings": settings})
}

fn anonymous_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let kib = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB")).unwrap();
    kib.parse::<f64>().unwrap() / 1024.0
}

#[tokio::test(flavor = "multi_thread")]
async fn one_after_the_other() {
    let swaps = std::env::var("KAFKA_DO_TEST_SWAPS").map_or(SWAPS, |swaps| swaps.parse().unwrap());
    let host = Host::start().await;
    host.create_topic("in", u32::try_from(PARTITIONS).unwrap()).await;
    host.upload("filter-json", plugin("filter-json")).await.ok();
    host.put("/v1/deployments/d", filter(0)).await.ok();

    let is_done = AtomicBool::new(false);
    let produce = async {
        let mut sent = 0;
        while !is_done.load(Ordering::Relaxed) {
            let record = |n: usize| json!({"partition": n % PARTITIONS, "value": {"n": n}});
            let records: Vec<Value> = (sent..sent + BATCH).map(record).collect();
            host.post("/v1/topics/in/records", json!({ "records": records })).await.ok();
            sent += BATCH;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        sent
    };
    let swap = async {
        let mut pauses = Vec::new();
        let mut early_mib = 0.0;
        for number in 1..=swaps {
            let status = host.put("/v1/deployments/d", filter(number)).await.ok();
            let swap = status["swap"].as_array().unwrap();
            pauses.extend(swap.iter().map(|partition| partition["pause_us"].as_u64().unwrap()));
            if number == swaps / 5 {
                early_mib = anonymous_mib(host.pid());
            }
        }
        is_done.store(true, Ordering::Relaxed);
        (pauses, anonymous_mib(host.pid()) - early_mib)
    };
    let (sent, (mut pauses, grown_mib)) = tokio::join!(produce, swap);
    let status = host.caught_up("d").await;
    assert_eq!(status["generation"], swaps + 1);
    assert_eq!(status["failures"], json!([]));
    for (partition, records) in read_topic(&host, "out").await.into_iter().enumerate() {
        let numbers: Vec<_> = records.iter().map(|record| record.value["n"].as_u64().unwrap()).collect();
        let expected: Vec<_> = (0..sent).filter(|n| n % PARTITIONS == partition).map(|n| n as u64).collect();
        assert!(numbers == expected, "partition {partition}: {} records, expected {}", numbers.len(), expected.len());
    }
    pauses.sort_unstable();
    let p99 = pauses[pauses.len() * 99 / 100];
    eprintln!("{swaps} swaps, {sent} records, pause p99 {p99} us, grown by {grown_mib:.1} MiB");
    assert!(grown_mib < GROWTH_MIB_MAX, "grown by {grown_mib} MiB");
}
