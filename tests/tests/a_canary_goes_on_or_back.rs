//! A swap that is tried on one partition first goes on to all, or back, by itself.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use kafka_do_tests::{Host, guest, plugin, read_topic};
use serde_json::{Value, json};

fn filter(operand: i64, canary: Option<Value>) -> Value {
    let settings = json!({"path": "n", "comparison": "less", "operand": operand});
    let mut deployment = json!({"plugin": "filter-json", "inputs": ["in"], "output": "out", "settings": settings});
    if let Some(canary) = canary {
        deployment["canary"] = canary;
    }
    deployment
}

async fn host() -> Host {
    let host = Host::start().await;
    host.create_topic("in", 3).await;
    host.upload("filter-json", plugin("filter-json")).await.ok();
    host.upload("misbehave", guest("misbehave")).await.ok();
    host.put("/v1/deployments/d", filter(1_000_000, None)).await.ok();
    produce(&host, 0..1_500).await;
    host.caught_up("d").await;
    host
}

/// Numbered records, the same number of them to each partition.
async fn produce(host: &Host, numbers: std::ops::Range<usize>) {
    let records: Vec<Value> = numbers.map(|n| json!({"partition": n % 3, "value": {"n": n}})).collect();
    host.post("/v1/topics/in/records", json!({ "records": records })).await.ok();
}

fn generations(status: &Value) -> Vec<u64> {
    status["tasks"].as_array().unwrap().iter().map(|task| task["generation"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fares_well_goes_on() {
    let mut host = host().await;
    let canary = json!({"partition": 1, "watch_ms": 1_500});
    let status = host.put("/v1/deployments/d", filter(999_999, Some(canary))).await.ok();
    assert_eq!(status["swap"].as_array().unwrap().len(), 1, "one partition stood still");
    assert_eq!((&status["canary"]["generation"], &status["canary"]["partition"]), (&json!(2), &json!(1)));
    assert_eq!((&status["generation"], generations(&status)), (&json!(1), vec![1, 2, 1]));
    assert_eq!(status["generations"][1]["standing"], "canary");
    assert_eq!(host.put("/v1/deployments/d", filter(5, None)).await.problem(409), "canary-under-way");

    // What is being tried is known after a crash.
    host.kill_and_restart().await;
    produce(&host, 1_500..3_000).await;
    let status = host.wait_for("d", "all have it", |status| status["generation"] == 2 && status["lag"] == 0).await;
    assert_eq!((generations(&status), &status["canary"]), (vec![2, 2, 2], &Value::Null));
    produce(&host, 3_000..4_500).await;
    host.caught_up("d").await;

    // Ranges join, and nothing is lost or doubled.
    let status = host.get("/v1/deployments/d").await.ok();
    for partition in 0..3 {
        let ranges: Vec<_> = status["generations"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|generation| generation["partitions"].as_array().unwrap())
            .filter(|range| range["partition"] == partition)
            .map(|range| (range["from_offset"].as_u64().unwrap(), range["next_offset"].as_u64().unwrap()))
            .collect();
        assert_eq!((ranges.len(), ranges[0].0, ranges[0].1, ranges[1].1), (2, 0, ranges[1].0, 1_500), "{ranges:?}");
    }
    let out = read_topic(&host, "out").await;
    let mut numbers: Vec<_> = out.iter().flatten().map(|record| record.value["n"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..4_500).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_goes_back() {
    let host = host().await;
    let canary = json!({"partition": 2, "watch_ms": 600_000});
    let bad = json!({"plugin": "misbehave", "inputs": ["in"], "output": "out", "settings": {"mode": "trap-always"},
        "canary": canary});
    host.put("/v1/deployments/d", bad).await.ok();
    produce(&host, 1_500..1_800).await;
    let status = host.wait_for("d", "it went back", |status| status["generation"] == 3 && status["lag"] == 0).await;
    assert_eq!(generations(&status), [3, 3, 3]);
    assert_eq!(status["generations"][1]["standing"], "rolled-back");
    assert!(status["generations"][1]["reason"].as_str().unwrap().contains("trapped"), "{status}");
    assert_eq!(status["plugin"], "filter-json");
    assert_eq!(read_topic(&host, "out").await.iter().map(Vec::len).sum::<usize>(), 1_800);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_output_is_another_goes_back() {
    let host = host().await;
    let canary = json!({"partition": 0, "watch_ms": 600_000, "tolerance_percent": 20});
    host.put("/v1/deployments/d", filter(5, Some(canary))).await.ok();
    produce(&host, 1_500..3_000).await;
    let status = host.wait_for("d", "it went back", |status| status["generation"] == 3).await;
    let reason = status["generations"][1]["reason"].as_str().unwrap();
    assert!(reason.contains("more than 20% apart"), "{reason}");
    assert_eq!(status["settings"]["operand"], 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_decides_sooner() {
    let host = host().await;
    let canary = || Some(json!({"watch_ms": 600_000}));
    host.put("/v1/deployments/d", filter(2_000_000, canary())).await.ok();
    let status = host.post("/v1/deployments/d/promote", json!({})).await.ok();
    assert_eq!((&status["generation"], generations(&status)), (&json!(2), vec![2, 2, 2]));
    assert_eq!(host.post("/v1/deployments/d/promote", json!({})).await.problem(409), "no-canary");

    host.put("/v1/deployments/d", filter(3_000_000, canary())).await.ok();
    let status = host.post("/v1/deployments/d/rollback", json!({})).await.ok();
    assert_eq!((&status["generation"], generations(&status)), (&json!(4), vec![4, 4, 4]));
    assert_eq!(status["settings"]["operand"], 2_000_000);
    let wrong = filter(1, Some(json!({"partition": 3})));
    assert_eq!(host.put("/v1/deployments/d", wrong).await.problem(422), "unknown-partition");
    let new = filter(1, canary());
    assert_eq!(host.put("/v1/deployments/new", new).await.problem(422), "no-canary");
}
