//! A deployment may read several topics: equal keys meet, in the order of their time.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use kafka_do_tests::{Host, plugin, read_topic};
use serde_json::{Value, json};

/// Passes every record on.
fn passing(inputs: &Value) -> Value {
    let settings = json!({"path": "n", "comparison": "greater-or-equal", "operand": 0});
    json!({"plugin": "filter-json", "inputs": inputs, "output": "out", "settings": settings})
}

async fn host() -> Host {
    let host = Host::start().await;
    host.upload("filter-json", plugin("filter-json")).await.ok();
    for topic in ["left", "right"] {
        host.create_topic(topic, 2).await;
    }
    host
}

/// Records of these times, each with its topic and number as its value.
async fn produce(host: &Host, topic: &str, times: impl IntoIterator<Item = i64>) {
    let record = |(n, time): (usize, i64)| json!({"partition": n % 2, "timestamp": time, "value": {"topic": topic, "time": time, "n": n}});
    let records: Vec<Value> = times.into_iter().enumerate().map(record).collect();
    host.post(&format!("/v1/topics/{topic}/records"), json!({ "records": records })).await.ok();
}

fn shown(value: &Value) -> (i64, &str) {
    (value["time"].as_i64().unwrap(), value["topic"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_order_of_time() {
    let mut host = host().await;
    // Far more than one step takes, so that every boundary is crossed: times of both topics interleave, and some are equal.
    produce(&host, "left", (0..20_000).map(|n| n * 2)).await;
    produce(&host, "right", (0..20_000).map(|n| n * 3)).await;
    host.put("/v1/deployments/d", passing(&json!(["right", "left"]))).await.ok();
    host.kill_and_restart().await;
    let status = host.caught_up("d").await;
    assert_eq!(status["tasks"][0]["inputs"].as_array().unwrap().len(), 2);
    for records in read_topic(&host, "out").await {
        assert_eq!(records.len(), 20_000);
        // Of equal times, that of the topic named first.
        let order: Vec<_> =
            records.iter().map(|record| shown(&record.value)).map(|(time, of)| (time, of != "right")).collect();
        assert!(order.is_sorted(), "event time goes on");
    }

    // The ledger has a line a partition of each input.
    let ranges = status["generations"][0]["partitions"].as_array().unwrap();
    let range = |of: &Value| {
        (
            of["topic"].as_str().unwrap().to_owned(),
            of["partition"].as_u64().unwrap(),
            of["next_offset"].as_u64().unwrap(),
        )
    };
    let mut ranges: Vec<_> = ranges.iter().map(range).collect();
    ranges.sort();
    let expected = [("left", 0), ("left", 1), ("right", 0), ("right", 1)];
    assert_eq!(ranges, expected.map(|(topic, partition)| (topic.to_owned(), partition, 10_000)));

    // An input without records holds nobody up.
    produce(&host, "left", [1_000_000, 1_000_001]).await;
    host.caught_up("d").await;
    let group = host.get("/v1/groups/d").await.ok();
    assert_eq!(group["partitions"].as_array().unwrap().len(), 4, "{group}");
    assert!(group["partitions"].as_array().unwrap().iter().all(|partition| partition["lag"] == 0), "{group}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_from_where_it_is_told() {
    let host = host().await;
    produce(&host, "left", 0..10).await;
    produce(&host, "right", 0..10).await;
    host.create_topic("more", 2).await;
    produce(&host, "more", 0..10).await;
    let inputs = json!(["left", {"topic": "right", "start": "latest"}, {"topic": "more", "start": 6}]);
    host.put("/v1/deployments/d", passing(&inputs)).await.ok();
    host.caught_up("d").await;
    produce(&host, "right", 100..102).await;
    host.caught_up("d").await;
    let out = read_topic(&host, "out").await;
    let count = |topic: &str| out.iter().flatten().filter(|record| record.value["topic"] == topic).count();
    assert_eq!((count("left"), count("right"), count("more")), (10, 2, 4));

    // A swap may add an input, which begins where it is told, and takes none away.
    host.create_topic("late", 2).await;
    produce(&host, "late", 0..10).await;
    assert_eq!(host.put("/v1/deployments/d", passing(&json!(["left", "late"]))).await.problem(409), "inputs-are-fixed");
    let grown = json!(["late", "left", "right", "more"]);
    let status = host.put("/v1/deployments/d", passing(&grown)).await.ok();
    assert_eq!((&status["generation"], &status["inputs"]), (&json!(2), &grown));
    host.caught_up("d").await;
    let out = read_topic(&host, "out").await;
    assert_eq!(out.iter().flatten().count(), 26, "ten more, and none twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_meet_is_refused() {
    let host = host().await;
    host.create_topic("wide", 4).await;
    let deploy = async |inputs: Value| host.put("/v1/deployments/d", passing(&inputs)).await;
    assert_eq!(deploy(json!(["left", "wide"])).await.problem(422), "not-co-partitioned");
    assert_eq!(deploy(json!(["left", "left"])).await.problem(400), "invalid-inputs");
    assert_eq!(deploy(json!(["left", "nowhere"])).await.problem(404), "unknown-topic");
    assert_eq!(deploy(json!([])).await.problem(400), "invalid-inputs");
    assert_eq!(deploy(json!([{"topic": "left", "start": "soon"}])).await.problem(400), "invalid-time");
    assert_eq!(deploy(json!(["left", "out"])).await.problem(400), "output-is-input");

    // One topic that grows waits for the other.
    deploy(json!(["left", "right"])).await.ok();
    host.patch("/v1/topics/left", json!({"partitions": 3})).await.ok();
    assert_eq!(host.get("/v1/deployments/d").await.ok()["tasks"].as_array().unwrap().len(), 2);
    host.patch("/v1/topics/right", json!({"partitions": 3})).await.ok();
    let status = host.get("/v1/deployments/d").await.ok();
    assert_eq!(status["tasks"].as_array().unwrap().len(), 3, "{status}");
}
