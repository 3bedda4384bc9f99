//! What operators and tools ask for: health, metrics, a description of every call, plugins from a folder.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::HashSet;

use kafka_do_tests::{Host, plugin};
use serde_json::json;

#[tokio::test]
async fn to_operators_and_tools() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("my-filter.wasm"), plugin("filter-json")).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a plugin").unwrap();
    let mut host = Host::start_with(&["--plugins", folder.path().to_str().unwrap()]).await;
    assert!(host.greeting.contains("ready on http://127.0.0.1:"), "{}", host.greeting);
    assert_eq!(host.get("/healthz").await.text, "ok\n");
    assert_eq!(host.get("/readyz").await.status, 200);

    let registered = host.get("/v1/plugins/my-filter").await.ok();
    assert_eq!(registered["role"], "processing");
    assert_eq!(registered["versions"].as_array().unwrap().len(), 1);
    assert!(registered["settings_schema"]["properties"]["path"].is_object(), "{registered}");
    let version = registered["version"].as_str().unwrap().to_owned();
    host.kill_and_restart().await;
    let again = host.get("/v1/plugins/my-filter").await.ok();
    assert_eq!(again["version"], version.as_str(), "the same bytes are the same version");
    assert_eq!(again["versions"].as_array().unwrap().len(), 1);

    host.create_topic("t", 1).await;
    host.post("/v1/topics/t/records", json!({"value": 1})).await.ok();
    let metrics = host.get("/metrics").await.text;
    assert!(metrics.contains("kafka_do_produced_records_total 1"), "{metrics}");
    for metric in [
        "head_bytes",
        "segments_sealed_total",
        "sealed_bytes_total",
        "tier_reads_total",
        "tier_read_bytes_total",
        "tier_failures_total",
        "segment_cache_hits_total",
        "segment_cache_misses_total",
        "garbage_objects",
        "groups",
        "group_members",
        "group_polls_total",
        "group_commits_total",
        "group_sessions_expired_total",
        "group_dead_letters_total",
    ] {
        assert!(metrics.contains(&format!("\nkafka_do_{metric} ")), "{metric}: {metrics}");
    }
    assert!(metrics.ends_with("# EOF\n"));

    let document = host.get("/openapi.json").await.ok();
    let paths = document["paths"].as_object().unwrap();
    for (path, methods) in [
        ("/v1/ask", &["post"][..]),
        ("/v1/topics", &["get"]),
        ("/v1/topics/{topic}", &["get", "put", "patch", "delete"]),
        ("/v1/topics/{topic}/records", &["get", "post"]),
        ("/v1/topics/{topic}/partitions/{partition}/records", &["get", "delete"]),
        ("/v1/producers", &["post"]),
        ("/v1/transactions", &["post"]),
        ("/v1/queries", &["post"]),
        ("/v1/plugins", &["get"]),
        ("/v1/plugins/{plugin}", &["get", "put", "delete"]),
        ("/v1/plugins/{plugin}/versions/{version}", &["delete"]),
        ("/v1/groups", &["get"]),
        ("/v1/groups/{group}", &["get", "delete"]),
        ("/v1/groups/{group}/reset", &["post"]),
        ("/v1/groups/{group}/stream", &["get"]),
        ("/v1/groups/{group}/members", &["post"]),
        ("/v1/groups/{group}/members/{member}", &["delete"]),
        ("/v1/groups/{group}/members/{member}/poll", &["post"]),
        ("/v1/groups/{group}/members/{member}/commit", &["post"]),
        ("/v1/groups/{group}/members/{member}/heartbeat", &["post"]),
        ("/v1/groups/{group}/members/{member}/acknowledge", &["post"]),
        ("/v1/deployments", &["get"]),
        ("/v1/deployments/{deployment}", &["get", "put", "delete"]),
        ("/v1/deployments/{deployment}/pause", &["post"]),
        ("/v1/deployments/{deployment}/resume", &["post"]),
        ("/v1/deployments/{deployment}/rollback", &["post"]),
        ("/v1/deployments/{deployment}/promote", &["post"]),
        ("/v1/deployments/{deployment}/replay", &["post"]),
        ("/v1/deployments/{deployment}/state/{table}", &["get"]),
        ("/v1/pipelines", &["get", "post"]),
        ("/v1/pipelines/{pipeline}", &["get", "delete"]),
        ("/hooks/{deployment}", &["get", "head", "post", "put", "patch", "delete", "options"]),
        ("/metrics", &["get"]),
        ("/healthz", &["get"]),
        ("/readyz", &["get"]),
    ] {
        for method in methods {
            assert!(paths[path][*method]["responses"].is_object(), "{method} {path} is described");
            assert!(paths[path][*method]["summary"].is_string(), "{method} {path} has a summary");
        }
    }
    assert_eq!(paths.len(), 35, "every path has its row above");

    let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
    let names: Vec<_> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "a name is of one operation: {names:?}");
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document.pointer(reference).is_some(), "{reference} is referred to, and described");
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let host = Host::start().await;
    for topic in ["a", "b", "c"] {
        host.create_topic(topic, 1).await;
    }
    let names = |page: &serde_json::Value| {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|topic| topic["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let first = host.get("/v1/topics?limit=2").await.ok();
    assert_eq!((names(&first), &first["next"]), (vec!["a".into(), "b".into()], &json!("b")));
    let second = host.get("/v1/topics?limit=2&after=b").await.ok();
    assert_eq!((names(&second), second.get("next")), (vec!["c".into()], None));
}
