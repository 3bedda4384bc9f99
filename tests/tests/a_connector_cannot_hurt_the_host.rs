//! Connectors go wrong in every way there is. Nothing is stored that should not be, whoever waits is told, the operator sees
//! why, and a version that works goes on.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use kafka_do_tests::zoo::{BAD_PARSERS, BAD_SINKS, BAD_SOURCES, BAD_WEBHOOKS, ConnectorEnd};
use kafka_do_tests::{Host, guest};
use serde_json::{Value, json};

/// Records that a sink is given, and that a well-behaved source finds.
const RECORDS: u64 = 5;

async fn failures(host: &Host, name: &str) -> String {
    host.get(&format!("/v1/deployments/{name}")).await.ok()["failures"].to_string()
}

/// It stands in this state, and says why.
async fn stands(host: &Host, name: &str, state: &str, says: &str) {
    let is_so = |status: &Value| {
        let reason = status["tasks"][0]["reason"].as_str().unwrap_or_default();
        status["tasks"][0]["state"] == state && reason.contains(says)
    };
    host.wait_for(name, says, is_so).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_its_answers() {
    let host = Host::start().await;
    host.upload("bad-webhook", guest("bad-webhook")).await.ok();
    let deployment = |mode: &str| json!({"plugin": "bad-webhook", "output": "out", "settings": {"mode": mode}});
    let mut stored = 0;
    for case in BAD_WEBHOOKS {
        let mode = case.mode;
        host.put("/v1/deployments/hook", deployment(mode)).await.ok();
        let answer = host.post("/hooks/hook", json!({"mode": mode})).await;
        match case.end {
            ConnectorEnd::Works => {
                assert_eq!(answer.status, 204, "{mode}: {}", answer.text);
                stored += 1;
            }
            ConnectorEnd::Told { status, says } => {
                assert_eq!(answer.status, status, "{mode}: {}", answer.text);
                let told = if status == 400 || mode == "retry" { answer.text } else { failures(&host, "hook").await };
                assert!(told.contains(says), "{mode}: {told}");
            }
            ConnectorEnd::Stands { .. } => unreachable!("a webhook has no task"),
        }
        assert_eq!(host.high_watermarks("out").await, [stored], "{mode}");
        host.put("/v1/deployments/hook", deployment("answer")).await.ok();
        assert_eq!(host.post("/hooks/hook", json!(mode)).await.status, 204, "{mode} is cured");
        stored += 1;
    }
}

/// Nothing of what a parser makes up is done.
#[tokio::test(flavor = "multi_thread")]
async fn by_its_readings() {
    let host = Host::start().await;
    host.upload("literal-parser", guest("literal-parser")).await.ok();
    host.create_topic("orders", 1).await;
    let deployment = |mode: &str| json!({"plugin": "literal-parser", "settings": {"mode": mode}});
    let sentence = json!({"text": json!({"unclear": {"text": "What?", "suggestions": []}}).to_string()});
    for case in BAD_PARSERS {
        let mode = case.mode;
        host.put("/v1/deployments/words", deployment(mode)).await.ok();
        let answer = host.post("/v1/ask", sentence.clone()).await;
        match case.end {
            ConnectorEnd::Works => assert_eq!(answer.ok()["question"]["text"], "What?"),
            ConnectorEnd::Told { status, says } => {
                answer.problem(status);
                let detail = answer.json()["detail"].to_string().replace("\\\"", "\"");
                assert!(detail.contains(says), "{mode}: {detail}");
            }
            ConnectorEnd::Stands { .. } => unreachable!("a parser has no task"),
        }
        host.put("/v1/deployments/words", deployment("literal")).await.ok();
        assert_eq!(host.post("/v1/ask", sentence.clone()).await.ok()["question"]["text"], "What?", "{mode} is cured");
    }
    assert_eq!(host.get("/v1/topics").await.ok()["items"].as_array().unwrap().len(), 1);
    // One that keeps failing after its swap goes back by itself.
    host.put("/v1/deployments/words", deployment("trap")).await.ok();
    for _ in 0..3 {
        host.post("/v1/ask", sentence.clone()).await.problem(503);
    }
    host.wait_for("words", "it goes back", |status| status["settings"]["mode"] == "literal").await;
    host.post("/v1/ask", sentence).await.ok();
}

/// One that keeps failing after its swap goes back, and the sender's next try is taken.
#[tokio::test(flavor = "multi_thread")]
async fn and_goes_back_by_itself() {
    let host = Host::start().await;
    host.upload("bad-webhook", guest("bad-webhook")).await.ok();
    let deployment = |mode: &str| json!({"plugin": "bad-webhook", "output": "out", "settings": {"mode": mode}});
    host.put("/v1/deployments/hook", deployment("answer")).await.ok();
    host.put("/v1/deployments/hook", deployment("trap")).await.ok();
    for _ in 0..3 {
        assert_eq!(host.post("/hooks/hook", json!(1)).await.status, 503);
    }
    host.wait_for("hook", "it goes back", |status| status["settings"]["mode"] == "answer").await;
    assert_eq!(host.post("/hooks/hook", json!(1)).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_its_deliveries() {
    let host = Host::start().await;
    host.create_topic("in", 1).await;
    let lines: Vec<String> = (0..RECORDS).map(|n| json!({ "n": n }).to_string()).collect();
    host.try_produce("in", "", lines.join("\n")).await.unwrap().ok();
    host.upload("bad-sink", guest("bad-sink")).await.ok();
    for case in BAD_SINKS {
        let name = format!("sink-{}", case.mode);
        let deployment = |mode: &str| json!({"plugin": "bad-sink", "inputs": ["in"], "settings": {"mode": mode}});
        host.put(&format!("/v1/deployments/{name}"), deployment(case.mode)).await.ok();
        if let ConnectorEnd::Stands { state, says } = case.end {
            stands(&host, &name, state, says).await;
            let status = host.get(&format!("/v1/deployments/{name}")).await.ok();
            assert_eq!(status["lag"], RECORDS, "{name}");
            assert_eq!(host.high_watermarks(&format!("{name}.dead-letters")).await, [0], "{name}");
            host.put(&format!("/v1/deployments/{name}"), deployment("deliver")).await.ok();
        }
        host.caught_up(&name).await;
        host.delete(&format!("/v1/deployments/{name}")).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_what_it_finds() {
    let host = Host::start().await;
    host.upload("bad-source", guest("bad-source")).await.ok();
    for case in BAD_SOURCES {
        let name = format!("source-{}", case.mode);
        let out = format!("{name}-out");
        let deployment = |mode: &str| json!({"plugin": "bad-source", "output": out, "settings": {"mode": mode}});
        host.put(&format!("/v1/deployments/{name}"), deployment(case.mode)).await.ok();
        if let ConnectorEnd::Stands { state, says } = case.end {
            stands(&host, &name, state, says).await;
            assert_eq!(host.high_watermarks(&out).await, [0], "{name}");
            host.put(&format!("/v1/deployments/{name}"), deployment("poll")).await.ok();
        }
        let found =
            kafka_do_tests::until_equal("it has found all", vec![RECORDS], async || host.high_watermarks(&out).await);
        found.await;
        host.delete(&format!("/v1/deployments/{name}")).await.ok();
    }
}
