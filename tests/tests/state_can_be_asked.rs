//! What a plugin keeps can be asked for, by key, prefix and range, and read elsewhere, as a changelog.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::BTreeMap;

use kafka_do_tests::{Host, guest, read_topic};
use serde_json::{Value, json};

const KEYS: usize = 250;
const RECORDS: usize = 2_000;

async fn counting(changelog: Value) -> Host {
    let host = Host::start().await;
    host.create_topic("in", 3).await;
    host.upload("counter", guest("counter-state")).await.ok();
    let deployment = json!({"plugin": "counter", "inputs": ["in"], "output": "out", "changelog": changelog});
    host.put("/v1/deployments/d", deployment).await.ok();
    let records: Vec<Value> =
        (0..RECORDS).map(|n| json!({"key": format!("key-{:03}", n % KEYS), "value": n})).collect();
    host.post("/v1/topics/in/records", json!({ "records": records })).await.ok();
    host.caught_up("d").await;
    host
}

fn expected() -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for n in 0..RECORDS {
        *counts.entry(format!("key-{:03}", n % KEYS)).or_default() += 1;
    }
    counts
}

async fn page(host: &Host, query: &str) -> Value {
    host.get(&format!("/v1/deployments/d/state/counts{query}")).await.ok()
}

fn keys(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn by_key_prefix_and_range() {
    let host = counting(json!(false)).await;
    for (key, count) in expected().into_iter().step_by(17) {
        let found = page(&host, &format!("?key={key}")).await;
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
        assert_eq!((&found["items"][0]["key"], &found["items"][0]["value"]), (&json!(key), &json!(count)));
        let partition = &found["items"][0]["partition"];
        assert_eq!(
            page(&host, &format!("?key={key}&partition={partition}")).await,
            found,
            "it is where it is said to be"
        );
    }
    assert_eq!(page(&host, "?key=nobody").await, json!({"items": []}));

    let all: Vec<String> = expected().into_keys().collect();
    assert_eq!(keys(&page(&host, "").await), all, "in the order of keys, over all partitions");
    assert_eq!(keys(&page(&host, "?prefix=key-12").await), all[120..130]);
    assert_eq!(keys(&page(&host, "?from=key-100&until=key-103").await), all[100..103]);
    assert_eq!(keys(&page(&host, "?prefix=6b65792d313939&encoding=hex").await), ["key-199"]);

    let mut paged = Vec::new();
    let mut after = String::new();
    loop {
        let found = page(&host, &format!("?limit=7{after}")).await;
        paged.extend(keys(&found));
        match found["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(paged, all, "pages join without a gap or an overlap");

    let ask = async |path: &str| host.get(&format!("/v1/deployments/{path}")).await;
    assert_eq!(ask("d/state/nothing").await.problem(404), "unknown-state-table");
    assert_eq!(ask("nobody/state/counts").await.problem(404), "unknown-deployment");
    assert_eq!(ask("d/state/counts?partition=3").await.problem(404), "unknown-partition");
    assert_eq!(ask("d/state/counts?key=a&prefix=b").await.problem(400), "invalid-query");
    assert_eq!(ask("d/state/counts?limit=0").await.problem(400), "invalid-limit");
    assert_eq!(ask("d/state/counts?after=x").await.problem(400), "invalid-cursor");
    assert_eq!(ask("d/state/counts?key=x&encoding=hex").await.problem(400), "invalid-key");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_changelog() {
    let host = counting(json!(true)).await;
    let topic = host.get("/v1/topics/d.counts.changelog").await.ok();
    assert_eq!((&topic["partitions"], &topic["cleanup_policy"]), (&json!(3), &json!("compact")), "{topic}");
    // The latest value of each key is the state; partition by partition.
    let mut latest = BTreeMap::new();
    for (partition, records) in read_topic(&host, "d.counts.changelog").await.into_iter().enumerate() {
        for record in records {
            let key = record.key.unwrap();
            let found = page(&host, &format!("?key={key}")).await;
            assert_eq!(found["items"][0]["partition"], partition, "changes stand in the partition of their state");
            latest.insert(key, record.value.as_u64().unwrap());
        }
    }
    assert_eq!(latest, expected());
    assert_eq!(host.delete("/v1/topics/d.counts.changelog").await.problem(409), "topic-in-use");

    let wrong = json!({"plugin": "counter", "inputs": ["in"], "output": "out", "changelog": ["other"]});
    assert_eq!(host.put("/v1/deployments/d", wrong).await.problem(422), "unknown-state-table");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_looked_at_first() {
    let host = counting(json!(true)).await;
    host.delete("/v1/deployments/d").await.ok();
    let deployment = |restore: bool| {
        json!({"plugin": "counter", "inputs": ["in"], "output": "out", "start": "latest", "changelog": true,
            "restore_state": restore})
    };
    assert_eq!(host.put("/v1/deployments/d", deployment(false)).await.problem(409), "changelog-exists");
    let mut anywhere = deployment(true);
    anywhere.as_object_mut().unwrap().remove("start");
    assert_eq!(host.put("/v1/deployments/d", anywhere).await.problem(400), "restore-needs-a-start");
    assert_eq!(host.patch("/v1/topics/d.counts.changelog", json!({"partitions": 9})).await.status, 200);
    let narrow = host.put("/v1/deployments/d", deployment(true)).await;
    assert_eq!(narrow.problem(409), "not-co-partitioned", "keys would not be where they are looked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changelog_is_whole_or_not_there() {
    let host = counting(json!(false)).await;
    let late = json!({"plugin": "counter", "inputs": ["in"], "output": "out", "changelog": true});
    assert_eq!(host.put("/v1/deployments/d", late).await.problem(409), "changelog-too-late");
}

#[tokio::test(flavor = "multi_thread")]
async fn state_is_restored() {
    let host = counting(json!(true)).await;
    let before = page(&host, "").await;
    host.delete("/v1/deployments/d").await.ok();
    let deployment = |restore: bool| {
        json!({"plugin": "counter", "inputs": ["in"], "output": "out", "start": "latest", "changelog": true,
            "restore_state": restore})
    };
    host.put("/v1/deployments/d", deployment(true)).await.ok();
    assert_eq!(page(&host, "").await, before, "the state is what it was");
    host.post("/v1/topics/in/records", json!({"key": "key-000", "value": 1})).await.ok();
    host.caught_up("d").await;
    let count = page(&host, "?key=key-000").await["items"][0]["value"].as_u64().unwrap();
    assert_eq!(count, expected()["key-000"] + 1, "and it goes on");
}
