//! A generation that fails in its trial is rolled back by itself; any other by one call.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use kafka_do_tests::{Host, guest, read_topic};
use serde_json::{Value, json};

fn deployment(mode: &str) -> Value {
    json!({"plugin": "misbehave", "inputs": ["in"], "output": "out", "settings": {"mode": mode}})
}

async fn host() -> Host {
    let host = Host::start().await;
    host.create_topic("in", 3).await;
    host.upload("misbehave", guest("misbehave")).await.ok();
    host.put("/v1/deployments/d", deployment("pass")).await.ok();
    host
}

async fn produce(host: &Host, count: usize) {
    let lines: Vec<String> = (0..count).map(|n| format!("{{\"k\":\"k{}\",\"n\":{n}}}", n % 7)).collect();
    host.try_produce("in", "?key_path=k", lines.join("\n")).await.unwrap().ok();
}

async fn passed(host: &Host) -> usize {
    read_topic(host, "out").await.iter().map(Vec::len).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn by_itself() {
    let host = host().await;
    produce(&host, 100).await;
    host.caught_up("d").await;
    for bad in ["trap-always", "fatal"] {
        let before = host.get("/v1/deployments/d").await.ok()["generation"].as_u64().unwrap();
        host.put("/v1/deployments/d", deployment(bad)).await.ok();
        produce(&host, 100).await;
        let status = host.wait_for("d", "it went back", |status| status["generation"] == before + 2).await;
        let generations = status["generations"].as_array().unwrap();
        let failed = &generations[generations.len() - 2];
        assert_eq!(failed["standing"], "rolled-back");
        assert!(failed["reason"].as_str().unwrap().contains("failed in its trial"), "{failed}");
        assert_eq!(status["settings"]["mode"], "pass");
    }
    host.caught_up("d").await;
    assert_eq!(passed(&host).await, 300, "nothing was lost, nothing was repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_request() {
    let mut host = host().await;
    produce(&host, 10).await;
    host.caught_up("d").await;
    // `reject-marked` passes what is not marked: a generation that works, and is not wanted all the same.
    host.put("/v1/deployments/d", deployment("reject-marked")).await.ok();
    produce(&host, 10).await;
    host.caught_up("d").await;
    let status = host.post("/v1/deployments/d/rollback", json!({})).await.ok();
    assert_eq!((&status["generation"], &status["settings"]["mode"]), (&json!(3), &json!("pass")));
    assert_eq!(status["swap"].as_array().unwrap().len(), 3);
    assert_eq!(host.post("/v1/deployments/d/rollback", json!({})).await.problem(409), "nothing-to-roll-back-to");

    // Its history, its pause and its place outlive the process.
    let paused = host.post("/v1/deployments/d/pause", json!({})).await.ok();
    assert_eq!(paused["state"], "paused");
    produce(&host, 10).await;
    host.kill_and_restart().await;
    let status = host.wait_for("d", "it is loaded", |status| status["state"] == "paused").await;
    assert_eq!(status["generation"], 3);
    assert_eq!(status["lag"], 10);
    assert_eq!(status["generations"][1]["standing"], "rolled-back");
    host.post("/v1/deployments/d/resume", json!({})).await.ok();
    host.caught_up("d").await;
    assert_eq!(passed(&host).await, 30);

    host.delete("/v1/deployments/d").await.ok();
    assert_eq!(host.get("/v1/deployments/d").await.problem(404), "unknown-deployment");
    assert_eq!(host.get("/v1/topics/out").await.status, 200, "topics stay");
    // The name is free; whoever takes it begins anew.
    host.put("/v1/deployments/d", deployment("pass")).await.ok();
    host.caught_up("d").await;
    assert_eq!(passed(&host).await, 60);
}
