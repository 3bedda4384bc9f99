//! A plugin may ask to be called at a time, though no record comes: the wish is kept over restarts and swaps, and used up.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kafka_do_tests::{Host, guest, read_topic, until};
use serde_json::{Value, json};

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

async fn host() -> Host {
    let host = Host::start().await;
    host.create_topic("in", 1).await;
    host.upload("alarm", guest("alarm")).await.ok();
    host.put("/v1/deployments/d", json!({"plugin": "alarm", "inputs": ["in"], "output": "out"})).await.ok();
    host
}

async fn ask(host: &Host, name: &str, after_ms: u64) {
    let record = json!({"value": name, "headers": {"ring-in-ms": after_ms.to_string()}});
    host.post("/v1/topics/in/records", record).await.ok();
    host.caught_up("d").await;
}

/// What rang, and how much later than it was due.
async fn rung(host: &Host) -> Vec<(Value, i64)> {
    let records = read_topic(host, "out").await.remove(0);
    let rung = records.into_iter().filter(|record| !record.headers["rung"].is_null());
    rung.map(|record| {
        let due_ms: i64 = record.headers["rung"].as_str().unwrap().parse().unwrap();
        (record.value, record.timestamp - due_ms)
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn though_no_record_comes() {
    let mut host = host().await;
    ask(&host, "later", 900).await;
    ask(&host, "soon", 200).await;
    let names = |rung: &[(Value, i64)]| rung.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let all = until("both have rung", async || Some(rung(&host).await).filter(|rung| rung.len() == 2)).await;
    assert_eq!(names(&all), [json!("soon"), json!("later")]);
    assert!(all.iter().all(|(_, late_ms)| (0..2_000).contains(late_ms)), "{all:?}");

    // Killed before it is due, and started after; and swapped in between.
    ask(&host, "killed", 1_000).await;
    host.kill();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    host.restart().await;
    ask(&host, "swapped", 1_500).await;
    let swap = json!({"plugin": "alarm", "inputs": ["in"], "output": "out", "grants": {"topics": ["in-between"]}});
    host.create_topic("in-between", 1).await;
    assert_eq!(host.put("/v1/deployments/d", swap).await.ok()["generation"], 2);
    let begun_ms = now_ms();
    let all = until("all have rung", async || Some(rung(&host).await).filter(|rung| rung.len() == 4)).await;
    assert_eq!(names(&all), ["soon", "later", "killed", "swapped"].map(|name| json!(name)));
    assert!(now_ms() - begun_ms < 10_000);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(rung(&host).await.len(), 4, "each once");
}
