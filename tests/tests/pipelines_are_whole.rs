//! A pipeline comes as one, and goes as one.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use kafka_do_tests::{EARTHQUAKES, Host, HostOptions, plugins, read_topic};
use serde_json::{Value, json};

fn strong() -> Value {
    json!({"name": "strong", "plugin": "filter-json", "inputs": ["quakes"], "output": "strong-quakes",
        "settings": {"path": "mag", "comparison": "greater-or-equal", "operand": 5}})
}

fn counted(settings: &Value) -> Value {
    json!({"name": "counted", "plugin": "count-window", "inputs": ["strong-quakes"], "output": "per-day", "settings": settings})
}

fn daily() -> Value {
    json!({"key_path": "net", "time_path": "time", "window_ms": 86_400_000, "grace_ms": 86_400_000})
}

async fn topics(host: &Host) -> Vec<String> {
    let topics = host.get("/v1/topics").await.ok();
    topics["items"].as_array().unwrap().iter().map(|topic| topic["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_or_nothing() {
    let options = HostOptions::default().arguments(&["--plugins", plugins().to_str().unwrap()]);
    let mut host = options.start().await;
    host.create_topic("quakes", 3).await;
    host.try_produce("quakes", "?key_path=net", EARTHQUAKES.to_owned()).await.unwrap().ok();

    // The second is refused: there is no first either, nor any topic of theirs.
    let create = |deployments: Value| json!({"name": "quakes-per-day", "deployments": deployments});
    let wrong = create(json!([strong(), counted(&json!({"key_path": "net", "window_ms": 0}))]));
    assert_eq!(host.post("/v1/pipelines", wrong).await.problem(422), "invalid-settings");
    assert_eq!(topics(&host).await, ["quakes"]);
    assert_eq!(host.get("/v1/deployments/strong").await.problem(404), "unknown-deployment");
    assert_eq!(host.get("/v1/pipelines/quakes-per-day").await.problem(404), "unknown-pipeline");
    let twice = create(json!([strong(), strong()]));
    assert_eq!(host.post("/v1/pipelines", twice).await.problem(400), "invalid-pipeline");
    assert_eq!(host.post("/v1/pipelines", create(json!([]))).await.problem(400), "invalid-pipeline");
    let mut back = counted(&daily());
    (back["output"], back["inputs"]) = (json!("quakes"), json!(["strong-quakes"]));
    let round = host.post("/v1/pipelines", create(json!([strong(), back]))).await;
    assert_eq!(round.problem(400), "pipeline-feeds-itself");
    assert!(round.text.contains("strong and counted"), "{}", round.text);
    let mut unknown = strong();
    unknown["colour"] = json!("red");
    assert_eq!(host.post("/v1/pipelines", create(json!([unknown]))).await.problem(400), "invalid-json");
    assert!(host.get("/v1/groups").await.ok()["items"].as_array().unwrap().is_empty());

    // In any order: the topic between them is made, with as many partitions as the first input.
    let made = host.post("/v1/pipelines", create(json!([counted(&daily()), strong()]))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(host.get("/v1/topics/strong-quakes").await.ok()["partitions"], 3);
    let again = create(json!([strong()]));
    assert_eq!(host.post("/v1/pipelines", again).await.problem(409), "pipeline-exists");
    let taken = json!({"name": "other", "deployments": [strong()]});
    assert_eq!(host.post("/v1/pipelines", taken).await.problem(409), "deployment-exists");
    host.caught_up("strong").await;
    host.caught_up("counted").await;
    let per_day = read_topic(&host, "per-day").await;
    assert!(per_day.iter().map(Vec::len).sum::<usize>() > 2, "the chain runs: {per_day:?}");

    // It outlives the process, and has one status.
    host.kill_and_restart().await;
    host.caught_up("counted").await;
    let status = host.get("/v1/pipelines/quakes-per-day").await.ok();
    assert_eq!((&status["state"], &status["lag"]), (&json!("running"), &json!(0)), "{status}");
    let names: Vec<_> = status["deployments"].as_array().unwrap().iter().map(|of| of["name"].clone()).collect();
    assert_eq!(names, ["counted", "strong"]);
    host.post("/v1/deployments/counted/pause", json!({})).await.ok();
    assert_eq!(host.get("/v1/pipelines").await.ok()["items"][0]["state"], "paused", "it is as its worst part");

    // One delete.
    assert_eq!(host.delete("/v1/deployments/strong").await.problem(409), "part-of-a-pipeline");
    assert_eq!(host.delete("/v1/pipelines/quakes-per-day").await.status, 204);
    for gone in
        ["/v1/deployments/strong", "/v1/deployments/counted", "/v1/pipelines/quakes-per-day", "/v1/groups/strong"]
    {
        assert_eq!(host.get(gone).await.status, 404, "{gone}");
    }
    assert_eq!(host.get("/v1/topics/per-day").await.status, 200, "topics stay");
}
