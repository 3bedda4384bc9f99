//! A deletion has the last word, and a change is whole even where whoever asked for it hangs up.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::time::Duration;

use kafka_do_tests::{Host, guest};
use serde_json::{Value, json};

fn deployment(mode: &str) -> Value {
    json!({"plugin": "misbehave", "inputs": ["in"], "output": "out", "settings": {"mode": mode}})
}

async fn host() -> Host {
    let host = Host::start().await;
    host.create_topic("in", 1).await;
    host.upload("misbehave", guest("misbehave")).await.ok();
    host
}

/// Once a deployment was paused while it was being deleted, and came back at the next start, to begin anew.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_waited_behind_it() {
    let mut host = host().await;
    // A guest that loops makes the deletion wait for its call to be cut off.
    host.put("/v1/deployments/d", deployment("loop-forever")).await.ok();
    host.post("/v1/topics/in/records", json!({"value": 1})).await.ok();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let later = |call: &'static str| {
        let host = &host;
        async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            host.post(&format!("/v1/deployments/d/{call}"), json!({})).await
        }
    };
    let (deleted, paused, rolled_back) =
        tokio::join!(host.delete("/v1/deployments/d"), later("pause"), later("rollback"));
    assert_eq!(deleted.status, 204, "{}", deleted.text);
    assert_eq!(paused.problem(404), "unknown-deployment");
    assert_eq!(rolled_back.problem(404), "unknown-deployment");
    host.kill_and_restart().await;
    assert_eq!(host.get("/v1/deployments/d").await.problem(404), "unknown-deployment");
}

/// Once a client that hung up left topics that only a restart could find, and deployments without tasks.
#[tokio::test(flavor = "multi_thread")]
async fn changes_of_clients_that_hang_up_are_whole() {
    let host = host().await;
    for number in 0..100_u32 {
        let request = host.client().put(format!("{}/v1/topics/t{number}", host.url())).json(&json!({"partitions": 2}));
        let _ = request.timeout(Duration::from_micros(u64::from(number * 20))).send().await;
    }
    host.put("/v1/deployments/d", deployment("loop-forever")).await.ok();
    host.post("/v1/topics/in/records", json!({"value": 1})).await.ok();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let delete = host.client().delete(host.url() + "/v1/deployments/d").timeout(Duration::from_millis(300));
    assert!(delete.send().await.is_err(), "the client does not stay to hear");

    let names = |list: &Value| {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(host.get("/v1/deployments/d").await.problem(404), "unknown-deployment");
    let before = names(&host.get("/v1/topics").await.ok());
    let mut host = host;
    host.kill_and_restart().await;
    assert_eq!(names(&host.get("/v1/topics").await.ok()), before, "what is stored is what was shown");
}
