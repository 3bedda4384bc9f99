//! Another version can be run over what is past, beside the one that runs, and leaves no trace.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use kafka_do_tests::{EARTHQUAKES, Host, HostOptions, earthquakes, guest, plugins, read_topic};
use serde_json::{Value, json};

async fn host() -> Host {
    let options = HostOptions::default().arguments(&["--plugins", plugins().to_str().unwrap()]);
    let host = options.start().await;
    host.create_topic("quakes", 3).await;
    let strong = json!({"plugin": "filter-json", "inputs": ["quakes"], "output": "strong-quakes",
        "settings": {"path": "mag", "comparison": "greater-or-equal", "operand": 5}});
    host.put("/v1/deployments/strong", strong).await.ok();
    host.try_produce("quakes", "?key_path=net", EARTHQUAKES.to_owned()).await.unwrap().ok();
    host.caught_up("strong").await;
    host
}

async fn replay(host: &Host, deployment: &str, request: Value) -> (Vec<Value>, Value) {
    let text = host.post(&format!("/v1/deployments/{deployment}/replay"), request).await.text;
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.last().unwrap()["summary"].clone();
    assert!(summary.is_object(), "the last line is the summary: {text}");
    (lines.iter().filter_map(|line| line.get("difference").cloned()).collect(), summary)
}

fn between(low: f64, high: f64) -> usize {
    earthquakes().iter().filter(|quake| quake["mag"].as_f64().is_some_and(|mag| (low..high).contains(&mag))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_are_shown_a_record() {
    let host = host().await;
    let before = host.get("/v1/deployments/strong").await.ok();
    let settings = json!({"path": "mag", "comparison": "greater-or-equal", "operand": 6});
    let (differences, summary) = replay(&host, "strong", json!({"settings": settings})).await;

    // What lies between the two thresholds is what the stricter one drops.
    let (all, strong, different) = (earthquakes().len(), between(5.0, 99.0), between(5.0, 6.0));
    assert!(different > 10);
    assert_eq!((&summary["records"], &summary["different"]), (&json!(all), &json!(different)), "{summary}");
    assert_eq!(summary["same"], all - different);
    assert_eq!(
        (&summary["before"]["records"], &summary["after"]["records"]),
        (&json!(strong), &json!(strong - different))
    );
    assert_eq!(differences.len(), different);
    for difference in &differences {
        let magnitude = difference["record"]["value"]["mag"].as_f64().unwrap();
        assert!((5.0..6.0).contains(&magnitude), "{difference}");
        assert_eq!(difference["before"]["records"][0]["value"], difference["record"]["value"]);
        assert_eq!(difference["before"]["records"][0]["topic"], "strong-quakes");
        assert_eq!(difference["after"], json!({"records": []}));
    }

    let after = host.get("/v1/deployments/strong").await.ok();
    assert_eq!(before, after, "the one that runs has not noticed");
    assert_eq!(read_topic(&host, "strong-quakes").await.iter().map(Vec::len).sum::<usize>(), strong);

    let (shown, summary) = replay(&host, "strong", json!({"settings": settings, "limit": 3})).await;
    assert_eq!((shown.len(), &summary["different"]), (3, &json!(different)), "what is not shown is counted");
    let (_, summary) = replay(&host, "strong", json!({})).await;
    assert_eq!((&summary["different"], &summary["same"]), (&json!(0), &json!(all)), "the same version makes the same");
    let (shown, summary) = replay(&host, "strong", json!({"compare": false, "from": "2100-01-01T00:00:00Z"})).await;
    assert_eq!((shown.len(), &summary["records"], &summary["before"]), (0, &json!(0), &Value::Null));

    let refused = async |request: Value| host.post("/v1/deployments/strong/replay", request).await;
    assert_eq!(refused(json!({"settings": {}})).await.problem(422), "invalid-settings");
    assert_eq!(refused(json!({"version": "beef"})).await.problem(404), "unknown-version");
    assert_eq!(refused(json!({"plugin": "nothing"})).await.problem(404), "unknown-plugin");
    assert_eq!(host.post("/v1/deployments/nobody/replay", json!({})).await.problem(404), "unknown-deployment");
}

#[tokio::test(flavor = "multi_thread")]
async fn state_is_of_the_replay_alone() {
    let host = host().await;
    host.upload("counter", guest("counter-state")).await.ok();
    let counted = json!({"plugin": "counter", "inputs": ["quakes"], "output": "counts"});
    host.put("/v1/deployments/counted", counted).await.ok();
    host.caught_up("counted").await;
    let state = host.get("/v1/deployments/counted/state/counts").await.ok();

    let (_, summary) = replay(&host, "counted", json!({"version": null})).await;
    assert_eq!(summary["different"], 0);
    assert_eq!(summary["after"]["records"], earthquakes().len());
    assert_eq!(host.get("/v1/deployments/counted/state/counts").await.ok(), state);

    // A version that fails is shown to fail, and hurts nobody.
    host.upload("misbehave", guest("misbehave")).await.ok();
    let request = json!({"plugin": "misbehave", "settings": {"mode": "trap-always"}, "limit": 1});
    let (differences, summary) = replay(&host, "counted", request).await;
    assert_eq!(summary["after"]["failed"], earthquakes().len());
    assert!(differences[0]["after"]["failed"].as_str().unwrap().contains("unreachable"), "{differences:?}");
    assert_eq!(host.get("/v1/deployments/counted").await.ok()["state"], "running");
}
