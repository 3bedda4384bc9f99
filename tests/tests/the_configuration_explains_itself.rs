//! A file, then the environment, then flags: what is said later counts, what is misspelt is an error that names it, and the
//! host can say where each value came from, but for those that are secret.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::path::Path;
use std::time::Duration;

use kafka_do_tests::{Host, HostOptions, binary, command, fetch_from};
use serde_json::{Value, json};

const SECRET: &str = "hunter2-and-nobody-else";

/// What `kafka-do config` says, and whether it went well.
fn config(file: Option<&Path>, variables: &[(&str, &str)], arguments: &[&str]) -> (bool, String) {
    let mut config = command(binary());
    config.arg("config").args(arguments).envs(variables.iter().copied());
    if let Some(file) = file {
        config.arg("--config").arg(file);
    }
    let output = config.output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!said.contains(SECRET), "a secret is told: {said}");
    (output.status.success(), said)
}

/// Value and source of a key.
fn told(listed: &Value, key: &str) -> (Value, String) {
    let found = listed.as_array().unwrap().iter().find(|row| row["key"] == key);
    let found = found.unwrap_or_else(|| panic!("{key} is listed: {listed:#}"));
    (found["value"].clone(), found["source"].as_str().unwrap().to_owned())
}

fn written(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn by_its_sources() {
    let file = written(&format!(
        "data = \"/from/file\"\nhttp = \"127.0.0.1:1111\"\nsync = \"100ms\"\ntier = \"s3://bucket/prefix\"\n\
         tier_endpoint = \"http://127.0.0.1:9\"\ntier_access_key_id = \"id\"\ntier_secret_access_key = \"{SECRET}\"\n\
         allowed_hosts = [\"a.example\", \"b.example\"]\n"
    ));
    let variables = [
        ("KAFKA_DO_HTTP", "127.0.0.1:2222"),
        ("KAFKA_DO_SYNC", "50ms"),
        ("KAFKA_DO_TIER_REGION", "eu-north-1"),
        ("KAFKA_DO_COLD_TIER_SECRET_ACCESS_KEY", SECRET),
    ];
    let (went_well, said) = config(Some(file.path()), &variables, &["--json", "--sync", "always"]);
    assert!(went_well, "{said}");
    let listed: Value = serde_json::from_str(&said).unwrap();
    for (key, value, source) in [
        ("data", json!("/from/file"), "file"),
        ("http", json!("127.0.0.1:2222"), "environment"),
        ("sync", json!("always"), "flag"),
        ("head_bytes", json!("256MiB"), "default"),
        ("plugins", Value::Null, "default"),
        ("allowed_hosts", json!(["a.example", "b.example"]), "file"),
        ("tier", json!("s3://bucket/prefix"), "file"),
        ("tier_region", json!("eu-north-1"), "environment"),
        ("tier_secret_access_key", json!("(set)"), "file"),
        ("cold_tier_secret_access_key", json!("(set)"), "environment"),
        ("cold_tier", Value::Null, "default"),
    ] {
        assert_eq!(told(&listed, key), (value, source.to_owned()), "{key}");
    }
    // For people: the same keys, values and sources, a line each.
    let (went_well, said) = config(Some(file.path()), &variables, &["--sync", "always"]);
    assert!(went_well, "{said}");
    for row in listed.as_array().unwrap() {
        let (key, source) = (row["key"].as_str().unwrap(), row["source"].as_str().unwrap());
        let line = said.lines().find(|line| line.split_whitespace().next() == Some(key));
        assert!(line.is_some_and(|line| line.contains(source)), "{key} {source}: {said}");
    }
    let (went_well, said) = config(None, &[], &["--json"]);
    assert!(went_well, "{said}");
    let listed: Value = serde_json::from_str(&said).unwrap();
    assert!(listed.as_array().unwrap().iter().all(|row| row["source"] == "default"), "{listed:#}");
    assert_eq!(told(&listed, "http").0, "127.0.0.1:7070");
    // Secrets are in files and variables; a flag would stand in everybody's list of processes.
    let (went_well, said) = config(None, &[], &["--tier-secret-access-key", "x"]);
    assert!(!went_well && said.contains("--tier-secret-access-key"), "{said}");
}

#[tokio::test]
async fn by_its_mistakes() {
    for (text, names) in [
        ("dta = \"/a\"", &["dta", "data"][..]),
        ("http = 7070", &["http"]),
        ("http = \"localhost\"", &["http"]),
        ("sync = \"soon\"", &["sync", "soon", "always"]),
        ("sync = \"0ms\"", &["sync"]),
        ("head_bytes = \"lots\"", &["head_bytes", "lots"]),
        ("head_bytes = \"1KiB\"", &["head_bytes", "1KiB"]),
        ("tier = \"ftp://a/b\"", &["tier", "ftp://a/b", "s3://"]),
        ("tier = \"s3://\"", &["tier", "s3://"]),
        ("data = [", &["data"]),
        // The line that is wrong is quoted, but for what is secret in it.
        ("tier_secret_access_key = [\"hunter2-and-nobody-else\"]", &["tier_secret_access_key"]),
        ("tier_secret_access_kye = \"hunter2-and-nobody-else\"", &["tier_secret_access_kye"]),
        ("tier_secret_access_key = \"hunter2-and-nobody-else", &["line 1"]),
    ] {
        let file = written(text);
        let (went_well, said) = config(Some(file.path()), &[], &[]);
        assert!(!went_well, "{text}: {said}");
        assert!(said.contains(file.path().to_str().unwrap()), "the file is named: {said}");
        for name in names {
            assert!(said.contains(name), "{text}: {name} is named: {said}");
        }
        let path = file.path().to_str().unwrap();
        let said = HostOptions::default().arguments(&["--config", path]).refused().await;
        assert!(said.contains(names[0]) && !said.contains(SECRET), "serve says it too: {said}");
    }
    for (variable, value, names) in [
        ("KAFKA_DO_DTA", "/a", &["KAFKA_DO_DTA"][..]),
        ("KAFKA_DO_SYNC", "soon", &["KAFKA_DO_SYNC", "soon"]),
        ("KAFKA_DO_HEAD_BYTES", "-1", &["KAFKA_DO_HEAD_BYTES"]),
        ("KAFKA_DO_HTTP", "nowhere", &["KAFKA_DO_HTTP", "nowhere"]),
        ("KAFKA_DO_TIER_SECRET_KEY", SECRET, &["KAFKA_DO_TIER_SECRET_KEY"]),
    ] {
        let (went_well, said) = config(None, &[(variable, value)], &[]);
        assert!(!went_well && names.iter().all(|name| said.contains(name)), "{variable}: {said}");
        let said = HostOptions::default().variable(variable, value).refused().await;
        assert!(names.iter().all(|name| said.contains(name)) && !said.contains(SECRET), "{variable}: {said}");
    }
    for arguments in [&["--sync", "soon"][..], &["--head-bytes", "lots"], &["--dta", "/a"]] {
        let (went_well, said) = config(None, &[], arguments);
        assert!(!went_well && said.contains(arguments[0]), "{arguments:?}: {said}");
    }
    let (went_well, said) = config(Some(Path::new("/no/such/file.toml")), &[], &[]);
    assert!(!went_well && said.contains("/no/such/file.toml"), "{said}");
    // Those of the clients are no mistake.
    let (went_well, said) = config(None, &[("KAFKA_DO_URL", "http://127.0.0.1:1")], &[]);
    assert!(went_well, "{said}");
}

async fn durability(host: &Host) -> Value {
    host.create_topic("t", 1).await;
    host.post("/v1/topics/t/records", json!({"value": 1})).await.ok()["durability"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn by_what_an_answer_promises() {
    let file = written("sync = \"70ms\"\nallowed_hosts = [\"records.example\"]\n");
    let path = file.path().to_str().unwrap();
    assert_eq!(durability(&Host::start().await).await, "synced");
    let host = Host::start_with(&["--config", path]).await;
    assert_eq!(durability(&host).await, "within 70 ms");
    let named = host.client().get(host.url() + "/v1/topics").header("host", "records.example");
    assert_eq!(host.send(named).await.unwrap().status, 200);
    let options = HostOptions::default().arguments(&["--config", path]).variable("KAFKA_DO_SYNC", "60ms");
    assert_eq!(durability(&options.clone().start().await).await, "within 60 ms");
    let mut host = options.arguments(&["--sync", "50ms"]).start().await;
    assert_eq!(durability(&host).await, "within 50 ms");

    // And it is kept: after that time a kill loses nothing.
    for n in 0..100 {
        host.post("/v1/topics/t/records", json!({"value": n})).await.ok();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    host.kill_and_restart().await;
    assert_eq!(fetch_from(&host, "t", 0, 0).await.len(), 101);
    // Whoever shuts it down loses nothing either.
    let place = json!({"group": "g", "topic": "t", "partition": 0, "offset": 5, "expected": null});
    let body = json!({"records": [{"topic": "t", "value": 1}], "offsets": [place]});
    assert_eq!(host.post("/v1/transactions", body.clone()).await.ok()["durability"], "within 50 ms");
    assert!(host.terminate().await.success());
    host.restart().await;
    assert_eq!(fetch_from(&host, "t", 0, 0).await.len(), 102);
    assert_eq!(host.post("/v1/transactions", body).await.problem(409), "offset-moved");
}
