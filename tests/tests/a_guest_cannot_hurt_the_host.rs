//! One component goes wrong in every way there is; the host goes on, its neighbour does not notice, and the operator sees
//! why.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use kafka_do_tests::{Host, guest, plugin, read_topic};
use serde_json::{Value, json};

async fn host() -> Host {
    let host = Host::start().await;
    host.create_topic("in", 1).await;
    host.upload("misbehave", guest("misbehave")).await.ok();
    host.upload("filter-json", plugin("filter-json")).await.ok();
    let neighbour = json!({
        "plugin": "filter-json", "inputs": ["in"], "output": "neighbour-out",
        "settings": {"path": "n", "comparison": "greater-or-equal", "operand": 0},
    });
    host.put("/v1/deployments/neighbour", neighbour).await.ok();
    host
}

fn deployment(mode: &str) -> Value {
    json!({"plugin": "misbehave", "inputs": ["in"], "output": format!("{mode}-out"), "settings": {"mode": mode}})
}

async fn produce(host: &Host, numbers: std::ops::Range<u32>) {
    let lines: Vec<String> = numbers.map(|n| format!("{{\"n\":{n}}}")).collect();
    host.try_produce("in", "", lines.join("\n")).await.unwrap().ok();
}

fn reason(status: &Value) -> String {
    status["tasks"][0]["reason"].as_str().unwrap_or_default().to_owned()
}

/// Each of these fails every time: the task stands still, says why, and nothing comes out.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_it_does() {
    let host = host().await;
    let modes = [
        ("trap-always", "trap"),
        ("loop-forever", "longer than"),
        ("hog-memory", "memory"),
        ("huge-outcome", ""),
        ("wrong-topic", "not granted"),
        ("reject-outside", "broke its contract"),
        ("deep-recursion", "trap"),
        ("fatal", "cannot go on"),
    ];
    for (mode, _) in modes {
        host.put(&format!("/v1/deployments/{mode}"), deployment(mode)).await.ok();
    }
    produce(&host, 0..100).await;
    // The neighbour first: it is done long before the loop is cut off.
    let begun = std::time::Instant::now();
    host.caught_up("neighbour").await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "the neighbour was held up for {:?}", begun.elapsed());
    for (mode, why) in modes {
        let status = host
            .wait_for(mode, "it failed", |status| ["failing", "stopped"].iter().any(|state| status["state"] == *state))
            .await;
        assert!(reason(&status).contains(why), "{mode}: {}", reason(&status));
        assert!(!status["failures"].as_array().unwrap().is_empty(), "{mode}");
        assert_eq!(status["tasks"][0]["next_offset"], 0, "{mode} moved on");
        assert_eq!(host.high_watermarks(&format!("{mode}-out")).await, [0], "{mode} wrote");
    }
    assert_eq!(host.get("/v1/deployments/fatal").await.ok()["state"], "stopped");
    produce(&host, 100..200).await;
    host.caught_up("neighbour").await;
    assert_eq!(host.high_watermarks("neighbour-out").await, [200]);
    for (mode, _) in modes {
        host.delete(&format!("/v1/deployments/{mode}")).await.ok();
    }
    assert_eq!(host.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_flood_passes() {
    let host = host().await;
    host.put("/v1/deployments/log-flood", deployment("log-flood")).await.ok();
    produce(&host, 0..10).await;
    host.caught_up("log-flood").await;
    assert_eq!(host.high_watermarks("log-flood-out").await, [10]);
}

/// A batch that is rejected is taken apart: the one record that is to blame becomes a dead letter.
#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_batch_costs_one_record() {
    let host = host().await;
    host.put("/v1/deployments/d", deployment("reject-marked")).await.ok();
    let lines = "{\"n\":0}\n{\"n\":1,\"x\":\"poison\"}\n{\"n\":2}";
    host.try_produce("in", "", lines.into()).await.unwrap().ok();
    let status = host.caught_up("d").await;
    assert_eq!(status["generations"][0]["partitions"][0]["rejected"], 1, "{status}");
    let passed: Vec<_> = read_topic(&host, "reject-marked-out").await.remove(0).into_iter().map(|r| r.value).collect();
    assert_eq!(passed, [json!({"n": 0}), json!({"n": 2})]);
    let letters = read_topic(&host, status["dead_letter_topic"].as_str().unwrap()).await.remove(0);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].value, json!({"n": 1, "x": "poison"}));
    let headers = &letters[0].headers;
    assert_eq!(headers["dead-letter-topic"], "in");
    assert_eq!(headers["dead-letter-offset"], "1");
    assert!(headers["dead-letter-reason"].as_str().unwrap().contains("told to reject"), "{headers}");
}

/// A record that traps is found, and named by its offset; what came before it is through.
#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_is_named() {
    let host = host().await;
    host.put("/v1/deployments/d", deployment("trap-in-process")).await.ok();
    host.try_produce("in", "", "{\"n\":0}\n{\"n\":1}\n{\"x\":\"poison\"}\n{\"n\":3}".into()).await.unwrap().ok();
    let status = host
        .wait_for("d", "it stands before the poison", |status| {
            status["tasks"][0]["next_offset"] == 2 && status["state"] == "failing"
        })
        .await;
    assert!(reason(&status).contains("trap"), "{status}");
    let passed = read_topic(&host, "trap-in-process-out").await.remove(0);
    assert_eq!(passed.len(), 2);
    // A version that can take it goes on from there.
    let mut cure = deployment("pass");
    cure["output"] = json!("trap-in-process-out");
    host.put("/v1/deployments/d", cure).await.ok();
    host.caught_up("d").await;
    assert_eq!(read_topic(&host, "trap-in-process-out").await.remove(0).len(), 4);
}
