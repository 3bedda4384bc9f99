//! Whatever is wrong gets a problem document that says what to do, and leaves everything as it was.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use kafka_do_tests::{Host, guest, plugin, read_topic};
use serde_json::{Value, json};

async fn host() -> Host {
    let host = Host::start().await;
    host.create_topic("in", 2).await;
    host.upload("filter-json", plugin("filter-json")).await.ok();
    host
}

fn filter(settings: Value) -> Value {
    json!({"plugin": "filter-json", "inputs": ["in"], "output": "out", "settings": settings})
}

#[tokio::test]
async fn produce() {
    let host = host().await;
    for (body, status, code) in [
        (json!("text"), 400, "invalid-json"),
        (json!({"records": [{"value": 1}, {"value": 2, "colour": 3}]}), 400, "invalid-json"),
        (json!({"records": [{"value": 1}, {"key": "a"}]}), 400, "no-value"),
        (json!({"records": [{"value": 1}, {"value": 1, "partition": 2}]}), 404, "unknown-partition"),
        (
            json!({"records": [{"value": 1}, {"value": 1, "timestamp": 1_700_000_000_000_000_000_i64}]}),
            400,
            "invalid-timestamp",
        ),
        (json!({"records": []}), 400, "no-records"),
        (json!({"value": {"$base64": "???"}}), 400, "invalid-base64"),
    ] {
        let answer = host.post("/v1/topics/in/records", body.clone()).await;
        assert_eq!(answer.problem(status), code, "{body}");
    }
    let send = |media: &'static str, path: &'static str, body: Vec<u8>| host.send_bytes("POST", path, media, body);
    let path = "/v1/topics/in/records";
    for (media, path, body, status, code) in [
        ("application/json", path, b"{\"value\":".to_vec(), 400, "invalid-json"),
        ("application/json", path, b"{\"value\":\"\xff\"}".to_vec(), 400, "invalid-json"),
        ("application/x-ndjson", path, b"{\"a\":1}\n{\"a\":".to_vec(), 400, "invalid-json"),
        (
            "application/x-ndjson",
            "/v1/topics/in/records?key_path=a",
            b"{\"a\":1}\n{\"a\":[]}".to_vec(),
            400,
            "invalid-key",
        ),
        ("application/x-ndjson", "/v1/topics/in/records?key=a", b"1".to_vec(), 400, "invalid-query"),
        ("application/x-ndjson", "/v1/topics/in/records?key_path=a..b", b"1".to_vec(), 400, "invalid-path"),
        ("text/csv", path, b"a,b".to_vec(), 415, "unsupported-media-type"),
        ("application/octet-stream", path, vec![0; 17 << 20], 413, "body-too-large"),
        ("application/octet-stream", path, vec![0; 9 << 20], 413, "record-too-large"),
        ("application/x-ndjson", path, "1\n".repeat(50_001).into(), 413, "too-many-records"),
        ("application/json", "/v1/topics/nowhere/records", b"{\"value\":1}".to_vec(), 404, "unknown-topic"),
        ("application/json", "/v1/topics/no%20where/records", b"{\"value\":1}".to_vec(), 400, "invalid-path"),
    ] {
        let answer = send(media, path, body).await.unwrap();
        assert_eq!(answer.problem(status), code, "{media} {path}: {}", answer.text);
    }
    let topics = host.get("/v1/topics").await.ok();
    assert_eq!(topics["items"].as_array().unwrap().len(), 1, "no topic came of it: {topics}");
    assert_eq!(host.high_watermarks("in").await, [0, 0], "nothing was stored");
}

#[tokio::test]
async fn topics_and_reads() {
    let host = host().await;
    for (body, status, code) in [
        (json!({"partitions": 0}), 400, "invalid-partitions"),
        (json!({"partitions": 10_001}), 400, "invalid-partitions"),
        (json!({"partitions": "3"}), 400, "invalid-json"),
        (json!({"partitons": 3}), 400, "invalid-json"),
        (json!({"segment_bytes": 65_535}), 400, "invalid-topic"),
        (json!({"segment_bytes": (64 << 20) + 1}), 400, "invalid-topic"),
        (json!({"segment_ms": 0}), 400, "invalid-topic"),
        (json!({"retention_ms": 0}), 400, "invalid-topic"),
        (json!({"retention_bytes": -1}), 400, "invalid-json"),
        (json!({"cleanup_policy": "forget"}), 400, "invalid-json"),
        (json!({"cleanup_policy": "compact", "retention_ms": 1_000}), 400, "invalid-topic"),
        (json!({"compression": "gzip"}), 400, "invalid-json"),
        (json!({"retention_hours": 1}), 400, "invalid-json"),
    ] {
        assert_eq!(host.put("/v1/topics/new", body.clone()).await.problem(status), code, "{body}");
    }
    assert_eq!(host.put("/v1/topics/in", json!({"partitions": 3})).await.problem(409), "topic-exists");
    assert_eq!(host.patch("/v1/topics/in", json!({"partitions": 1})).await.problem(409), "partitions-only-grow");
    assert_eq!(host.patch("/v1/topics/in", json!({})).await.problem(400), "nothing-to-alter");
    assert_eq!(host.delete("/v1/topics/new").await.problem(404), "unknown-topic");
    for (path, status, code) in [
        ("/v1/topics/new", 404, "unknown-topic"),
        ("/v1/topics/in/partitions/2/records", 404, "unknown-partition"),
        ("/v1/topics/in/partitions/x/records", 400, "invalid-path"),
        ("/v1/topics/in/partitions/0/records?offset=1", 416, "offset-out-of-range"),
        ("/v1/topics/in/partitions/0/records?offset=0&timestamp=0", 400, "invalid-query"),
        ("/v1/topics/in/partitions/0/records?timestamp=soon", 400, "invalid-time"),
        ("/v1/topics/in/partitions/0/records?max_records=0", 400, "invalid-query"),
        ("/v1/topics/in/partitions/0/records?wait_ms=99999999", 400, "invalid-query"),
        ("/v1/topics/in/partitions/0/records?offest=0", 400, "invalid-query"),
        ("/v1/topics/in/records?from=whenever", 400, "invalid-time"),
        ("/v1/topics/in/records?cursor=a.b", 400, "invalid-cursor"),
        ("/v1/topics/in/records?cursor=7.7", 416, "offset-out-of-range"),
        ("/v1/topics?limit=0", 400, "invalid-limit"),
        ("/v1/nothing", 404, "unknown-path"),
    ] {
        assert_eq!(host.get(path).await.problem(status), code, "{path}");
    }
    assert_eq!(host.post("/v1/topics/in", json!({})).await.problem(405), "method-not-allowed");
}

#[tokio::test]
async fn plugins() {
    let host = host().await;
    let core_module = b"\0asm\x01\0\0\0".to_vec();
    let empty_component = b"\0asm\x0d\0\x01\0".to_vec();
    let mut torn = plugin("filter-json");
    torn.truncate(torn.len() / 2);
    for (component, code) in [
        (b"#!/bin/sh".to_vec(), "not-a-component"),
        (Vec::new(), "not-a-component"),
        (core_module, "core-module"),
        (empty_component, "no-role"),
        (torn, "invalid-component"),
        (guest("unknown-import"), "import-not-granted"),
    ] {
        let answer = host.upload("bad", component).await;
        assert_eq!(answer.problem(422), code, "{}", answer.text);
    }
    assert!(
        host.upload("bad", guest("unknown-import")).await.text.contains("other:thing/oracle"),
        "the import is named"
    );
    assert_eq!(host.get("/v1/plugins/bad").await.problem(404), "unknown-plugin");
    assert_eq!(host.delete("/v1/plugins/filter-json/versions/ffff").await.problem(404), "unknown-version");
    let plugins = host.get("/v1/plugins").await.ok();
    assert_eq!(plugins["items"].as_array().unwrap().len(), 1, "{plugins}");
    let stored: Vec<_> = std::fs::read_dir(host.data().join("tier/plugins")).unwrap().collect();
    assert_eq!(stored.len(), 1, "no bytes are left of what was refused");
}

#[tokio::test]
async fn deployments() {
    let host = host().await;
    host.upload("misbehave", guest("misbehave")).await.ok();
    let good = json!({"path": "mag", "comparison": "greater", "operand": 1});
    let with = |field: &str, value: Value| {
        let mut request = filter(good.clone());
        request[field] = value;
        request
    };
    let misbehave =
        json!({"plugin": "misbehave", "inputs": ["in"], "output": "out", "settings": {"mode": "open-fails"}});
    for (request, status, code) in [
        (filter(json!({})), 422, "invalid-settings"),
        (filter(json!({"path": "mag", "comparison": "bigger", "operand": 1})), 422, "invalid-settings"),
        (filter(json!({"path": "mag", "comparison": "greater", "operand": 1, "extra": 1})), 422, "invalid-settings"),
        (with("plugin", json!("nothing")), 404, "unknown-plugin"),
        (with("version", json!("ffff")), 404, "unknown-version"),
        (with("inputs", json!(["nowhere"])), 404, "unknown-topic"),
        (with("inputs", json!([])), 400, "invalid-inputs"),
        (with("inputs", json!(["in", "in"])), 400, "invalid-inputs"),
        (with("output", json!("in")), 400, "output-is-input"),
        (with("grants", json!({"topics": ["nowhere"]})), 404, "unknown-topic"),
        (with("grants", json!({"hosts": ["example.com:443"]})), 400, "not-of-this-role"),
        (with("grants", json!({"hosts": ["example.com"]})), 400, "invalid-json"),
        (with("grants", json!({"topic_prefixes": [""]})), 400, "invalid-grant"),
        (with("grants", json!({"topic_prefixes": ["in"]})), 400, "output-is-input"),
        (with("grants", json!({"files": ["/etc"]})), 400, "invalid-json"),
        (with("path", json!("/webhooks")), 400, "not-of-this-role"),
        (with("path", json!("/v1/topics")), 400, "invalid-json"),
        (with("start", json!("sometime")), 400, "invalid-time"),
        (with("colour", json!("red")), 400, "invalid-json"),
        (misbehave, 422, "plugin-refused"),
    ] {
        let answer = host.put("/v1/deployments/d", request.clone()).await;
        assert_eq!(answer.problem(status), code, "{request}: {}", answer.text);
    }
    assert_eq!(host.get("/v1/deployments/d").await.problem(404), "unknown-deployment");
    let topics = host.get("/v1/topics").await.ok();
    assert_eq!(topics["items"].as_array().unwrap().len(), 1, "no output topic was made: {topics}");
    for call in ["pause", "resume", "rollback"] {
        assert_eq!(host.post(&format!("/v1/deployments/d/{call}"), json!({})).await.problem(404), "unknown-deployment");
    }
}

/// A refused swap leaves the old generation at work, with its settings and its place.
#[tokio::test]
async fn a_refused_swap() {
    let host = host().await;
    host.upload("misbehave", guest("misbehave")).await.ok();
    let good = filter(json!({"path": "n", "comparison": "greater", "operand": 1}));
    host.put("/v1/deployments/d", good.clone()).await.ok();
    host.try_produce("in", "?partition=0", "{\"n\":1}\n{\"n\":2}".into()).await.unwrap().ok();
    host.caught_up("d").await;
    let mut other_input = good.clone();
    host.create_topic("other", 2).await;
    other_input["inputs"] = json!(["other"]);
    let open_fails =
        json!({"plugin": "misbehave", "inputs": ["in"], "output": "out", "settings": {"mode": "open-fails"}});
    let writes =
        json!({"plugin": "misbehave", "inputs": ["in"], "output": "out", "settings": {"mode": "write-in-open"}});
    for (request, status, code) in [
        (filter(json!({"path": "n"})), 422, "invalid-settings"),
        (open_fails, 422, "plugin-refused"),
        (writes, 422, "plugin-refused"),
        (other_input, 409, "inputs-are-fixed"),
    ] {
        assert_eq!(host.put("/v1/deployments/d", request).await.problem(status), code);
    }
    host.try_produce("in", "?partition=0", "{\"n\":1}\n{\"n\":3}".into()).await.unwrap().ok();
    let status = host.caught_up("d").await;
    assert_eq!((&status["generation"], &status["state"]), (&json!(1), &json!("running")));
    let passed: Vec<_> = read_topic(&host, "out").await.into_iter().flatten().map(|record| record.value).collect();
    assert_eq!(passed, [json!({"n": 2}), json!({"n": 3})]);
    assert_eq!(host.delete("/v1/topics/in").await.problem(409), "topic-in-use");
    assert_eq!(host.delete("/v1/plugins/filter-json").await.problem(409), "plugin-in-use");
    assert_eq!(host.post("/v1/deployments/d/rollback", json!({})).await.problem(409), "nothing-to-roll-back-to");
}

/// A state table that vanished between two versions would take its state along.
#[tokio::test]
async fn a_vanished_state_table() {
    let host = host().await;
    host.upload("changing", guest("counter-state")).await.ok();
    let request = json!({"plugin": "changing", "inputs": ["in"], "output": "out"});
    host.put("/v1/deployments/d", request).await.ok();
    host.upload("changing", plugin("filter-json")).await.ok();
    let request = json!({
        "plugin": "changing", "inputs": ["in"], "output": "out",
        "settings": {"path": "n", "comparison": "greater", "operand": 1},
    });
    assert_eq!(host.put("/v1/deployments/d", request).await.problem(422), "state-table-vanished");
    assert_eq!(host.get("/v1/deployments/d").await.ok()["generation"], 1);
}

/// A page of somebody else's, or a name that was pointed at this machine, does not reach the host.
#[tokio::test]
async fn strangers() {
    let host = host().await;
    for (header, value, code) in
        [("origin", "https://evil.example.com", "foreign-origin"), ("host", "evil.example.com", "foreign-host")]
    {
        let request = host.client().get(host.url() + "/v1/topics").header(header, value);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 403);
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["type"], format!("https://kafka.do/problems/{code}"));
    }
}
