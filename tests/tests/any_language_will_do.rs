//! A component made by another toolchain plays the same role: the example in Python, and functions of JavaScript.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::path::PathBuf;
use std::time::Instant;

use kafka_do_tests::{Host, plugin, read_topic};
use serde_json::{Value, json};

fn python() -> Vec<u8> {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/tools/python/python-processor.wasm");
    let path = std::env::var_os("KAFKA_DO_TEST_PYTHON").map_or_else(default, PathBuf::from);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run cargo xtask test", path.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn python_processes() {
    let mut host = Host::start().await;
    host.create_topic("users", 2).await;
    let uploaded = host.upload("hide", python()).await.ok();
    assert_eq!(uploaded["role"], "column-processing", "{uploaded}");
    let settings = json!({"fields": ["email"], "key": "a key of this test alone"});
    let deployment = json!({"plugin": "hide", "inputs": ["users"], "output": "hidden", "settings": settings});
    host.put("/v1/deployments/hide", deployment).await.ok();
    let user =
        |n: usize| json!({"key": format!("user-{n}"), "value": {"email": format!("{}@example.com", n % 3), "n": n}});
    let records: Vec<Value> = (0..300).map(user).collect();
    host.post("/v1/topics/users/records", json!({ "records": records })).await.ok();
    host.caught_up("hide").await;
    let hidden: Vec<_> = read_topic(&host, "hidden").await.into_iter().flatten().collect();
    assert_eq!(hidden.len(), 300);
    let mut pseudonyms: Vec<&str> = hidden.iter().map(|record| record.value["email"].as_str().unwrap()).collect();
    pseudonyms.sort_unstable();
    pseudonyms.dedup();
    assert_eq!(pseudonyms.len(), 3, "{pseudonyms:?}");
    assert!(pseudonyms.iter().all(|pseudonym| !pseudonym.contains('@')), "{pseudonyms:?}");

    // What was compiled once is on the disk.
    host.kill_and_restart().await;
    let begun = Instant::now();
    host.post("/v1/topics/users/records", json!({"value": {"email": "0@example.com"}})).await.ok();
    host.wait_for("hide", "it runs again", |status| status["state"] == "running" && status["lag"] == 0).await;
    assert!(begun.elapsed().as_secs() < 5, "18 MB of CPython take longer to compile: {:?}", begun.elapsed());
}

fn script(steps: &Value) -> Value {
    json!({"plugin": "script", "inputs": ["orders"], "output": "out", "settings": {"steps": steps}})
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_checked_and_run() {
    let host = Host::start().await;
    host.create_topic("orders", 3).await;
    host.upload("script", plugin("script")).await.ok();
    // What cannot work is refused when it is deployed, with its place.
    for (steps, said) in [
        (json!([{"filter": "o => o.amount >"}]), "step 1"),
        (json!([{"map": "o => o"}, {"filter": "o =>\n  o.amount > limit"}]), "line 2"),
        (json!([{"filter": "async o => true"}]), "async"),
        (json!([{"groupBy": "o => o.a"}]), "groupBy"),
    ] {
        let refused = host.put("/v1/deployments/d", script(&steps)).await;
        assert_eq!(refused.problem(422), "plugin-refused", "{steps}");
        assert!(refused.text.contains(said), "{steps}: {}", refused.text);
    }
    let unknown = script(&json!([{"shuffle": true}]));
    assert_eq!(host.put("/v1/deployments/d", unknown).await.problem(422), "invalid-settings");

    // A topic that is somebody's is not taken for one of its own, and stays as it is.
    host.create_topic("mine.repartition", 3).await;
    host.post("/v1/topics/mine.repartition/records", json!({"value": 1})).await.ok();
    let grouped = script(&json!([{"groupBy": "o => o.n"}, {"count": true}]));
    assert_eq!(host.put("/v1/deployments/mine", grouped.clone()).await.problem(409), "topic-exists");
    assert_eq!(host.high_watermarks("mine.repartition").await.iter().sum::<u64>(), 1);
    host.put("/v1/deployments/counts", grouped).await.ok();
    assert_eq!(
        host.patch("/v1/topics/counts.repartition", json!({"partitions": 9})).await.problem(409),
        "topic-in-use"
    );
    host.post("/v1/topics/orders/records", json!({"value": {"n": "early"}})).await.ok();
    host.caught_up("counts").await;
    let sums = script(&json!([{"groupBy": "o => o.n"}, {"sum": "o => o.n"}]));
    let other = host.put("/v1/deployments/counts", sums).await;
    assert_eq!(other.problem(422), "plugin-refused", "its state is of counts");
    host.delete("/v1/deployments/counts").await.ok();
    assert_eq!(host.get("/v1/topics/counts.repartition").await.status, 404, "what was its own goes with it");

    // One that throws rejects that record only; one that loops is cut off, and its record set aside.
    let steps =
        json!([{"filter": "o => o.bad ? o.bad.worse.worst : true"}, {"map": "o => ({ n: o.n, twice: o.n * 2 })"}]);
    host.put("/v1/deployments/d", script(&steps)).await.ok();
    let records: Vec<Value> = (0..100)
        .map(|n| if n == 50 { json!({"value": {"n": n, "bad": {}}}) } else { json!({"value": {"n": n}}) })
        .collect();
    host.post("/v1/topics/orders/records", json!({ "records": records })).await.ok();
    host.caught_up("d").await;
    let out: Vec<_> =
        read_topic(&host, "out").await.into_iter().flatten().filter(|of| !of.value["twice"].is_null()).collect();
    assert_eq!(out.len(), 99);
    assert!(out.iter().all(|record| record.value["twice"].as_i64() == record.value["n"].as_i64().map(|n| n * 2)));
    let letters: Vec<_> = read_topic(&host, "d.dead-letters").await.into_iter().flatten().collect();
    assert_eq!((letters.len(), &letters[0].value["n"]), (1, &json!(50)));
    assert!(letters[0].headers["dead-letter-reason"].as_str().unwrap().contains("worst"), "{:?}", letters[0].headers);
}
