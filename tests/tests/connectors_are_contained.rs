//! A connector reaches what it was granted and nothing else, takes what it can hold and nothing more, and its secrets stay with
//! it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use kafka_do_tests::{Answer, BadServer, Host, HostOptions, Request, Webhook, plugin, read_stored, until_equal};
use serde_json::{Value, json};

const SECRET: &str = "s3cr3t-hunter2-and-nobody-else";
/// Largest body that a webhook may have.
const BODY_BYTES_MAX: usize = 7 << 20;
/// How long a test waits for a host to lose its patience with a slow body.
const PATIENCE: Duration = Duration::from_secs(12);

fn options() -> HostOptions {
    HostOptions::default().variable("KAFKA_DO_SECRET_HOOKS", SECRET)
}

/// A host that receives GitHub's webhooks at `/hooks/github`, into the topic `events`.
async fn receiving(options: HostOptions) -> Host {
    let host = options.start().await;
    host.upload("webhook-github", plugin("webhook-github")).await.ok();
    host.create_topic("events", 1).await;
    host.put("/v1/deployments/github", github(json!({}))).await.ok();
    host
}

fn github(more: Value) -> Value {
    let mut deployment =
        json!({"plugin": "webhook-github", "output": "events", "settings": {"secret": {"$secret": "HOOKS"}}});
    for (name, value) in more.as_object().unwrap() {
        deployment[name] = value.clone();
    }
    deployment
}

fn webhook(id: &str) -> Webhook {
    Webhook::github(SECRET, "push", id, &json!({"ref": "refs/heads/main"}))
}

/// A sink to a place, with one record waiting for it. What it was granted is another matter.
fn sink(url: &str, granted: &[String]) -> Value {
    let settings = json!({
        "url": url,
        "headers": {"authorization": {"$secret": "HOOKS"}},
        "retry": {"initial_ms": 5, "max_ms": 50},
    });
    json!({"plugin": "http-sink", "inputs": ["in"], "settings": settings, "grants": {"hosts": granted}})
}

async fn sinking(options: HostOptions) -> Host {
    let host = options.start().await;
    host.upload("http-sink", plugin("http-sink")).await.ok();
    host.create_topic("in", 1).await;
    host.post("/v1/topics/in/records", json!({"value": {"n": 1}})).await.ok();
    host
}

/// Deploys a sink, and waits until its status tells of what is looked for.
async fn is_told(host: &Host, deployment: Value, wanted: &[&str]) {
    let put = host.put("/v1/deployments/sink", deployment).await;
    let says_it = |text: &str| wanted.iter().all(|wanted| text.contains(wanted));
    if (200..300).contains(&put.status) {
        host.wait_for("sink", &format!("it tells of {wanted:?}"), |status| says_it(&status.to_string())).await;
    } else {
        put.problem(422);
        assert!(says_it(&put.text), "it tells of {wanted:?}: {}", put.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_reached_without_a_grant() {
    let granted = BadServer::start(|_: &Request| Answer::status(200)).await;
    let other = BadServer::start(|_: &Request| Answer::status(200)).await;
    let host = sinking(options().arguments(&["--egress-private", "127.0.0.0/8"])).await;
    is_told(&host, sink(&other.url(), &[]), &["grant", &other.authority()]).await;
    is_told(&host, sink(&other.url(), &[granted.authority()]), &["grant", &other.authority()]).await;
    assert_eq!(other.count(), 0, "nothing was sent");
    // The grant alone was missing.
    host.put("/v1/deployments/sink", sink(&other.url(), &[other.authority()])).await.ok();
    host.caught_up("sink").await;
    assert_eq!((other.count(), granted.count()), (1, 0));
}

/// A redirect is no way around a grant.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_leads_nowhere() {
    let other = BadServer::start(|_: &Request| Answer::status(200)).await;
    let elsewhere = other.url();
    let server = BadServer::start(move |_: &Request| Answer::status(307).with("location", &elsewhere)).await;
    let host = sinking(options().arguments(&["--egress-private", "127.0.0.0/8"])).await;
    host.put("/v1/deployments/sink", sink(&server.url(), &[server.authority()])).await.ok();
    until_equal("it is asked", true, async || server.count() > 0).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(other.count(), 0, "nothing was sent to where the redirect leads");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_a_private_address_is_no_way_in() {
    let server = BadServer::start(|_: &Request| Answer::status(200)).await;
    let host = sinking(options()).await;
    let port = server.authority().rsplit_once(':').unwrap().1.to_owned();
    for name in ["localhost", "127.0.0.1"] {
        let place = format!("{name}:{port}");
        let url = format!("http://{place}");
        is_told(&host, sink(&url, std::slice::from_ref(&place)), &["private", "--egress-private"]).await;
    }
    assert_eq!(server.count(), 0, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_is_paused_asks_to_come_again() {
    let host = receiving(options()).await;
    host.post("/v1/deployments/github/pause", json!({})).await.ok();
    let answer = webhook("1").post(&host, "/hooks/github").await;
    answer.problem(503);
    assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    assert!(read_stored(&host, "events").await.is_empty());
    host.post("/v1/deployments/github/resume", json!({})).await.ok();
    assert_eq!(webhook("1").post(&host, "/hooks/github").await.status / 100, 2);
    assert_eq!(read_stored(&host, "events").await.len(), 1);

    host.delete("/v1/deployments/github").await;
    assert_eq!(webhook("2").post(&host, "/hooks/github").await.problem(404), "unknown-deployment");
    assert_eq!(webhook("2").post(&host, "/hooks/nobody").await.problem(404), "unknown-deployment");
    // One that receives nothing has no address.
    host.upload("filter-json", plugin("filter-json")).await.ok();
    let settings = json!({"path": "n", "comparison": "greater", "operand": 0});
    let filter = json!({"plugin": "filter-json", "inputs": ["events"], "output": "out", "settings": settings});
    host.put("/v1/deployments/filter", filter).await.ok();
    webhook("3").post(&host, "/hooks/filter").await.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_belongs_to_one() {
    let mut host = receiving(options()).await;
    let claim = |path: &str| github(json!({"path": path}));
    host.put("/v1/deployments/github", claim("/webhooks/github")).await.ok();
    host.put("/v1/deployments/other", claim("/webhooks/github")).await.problem(409);
    for path in
        ["/v1/webhooks", "/v1", "/hooks/other", "/metrics", "/", "webhooks", "/web hooks", "/webhooks/../v1/topics"]
    {
        let refused = host.put("/v1/deployments/other", claim(path)).await;
        assert!(matches!(refused.status, 400 | 409 | 422), "{path}: {} {}", refused.status, refused.text);
        refused.problem(refused.status);
    }
    assert_eq!(host.get("/v1/deployments/other").await.status, 404, "none of them came to be");
    let paths = ["/webhooks/github", "/webhooks/github/below?x=1", "/hooks/github", "/hooks/github/below"];
    for (number, path) in paths.into_iter().enumerate() {
        let answer = webhook(&number.to_string()).post(&host, path).await;
        assert_eq!(answer.status / 100, 2, "{path}: {}", answer.text);
    }
    assert_eq!(webhook("x").post(&host, "/webhooks/githubs").await.status, 404);
    host.kill_and_restart().await;
    // The claim outlives the process.
    webhook("5").deliver(host.client(), &(host.url() + "/webhooks/github")).await;
    assert_eq!(read_stored(&host, "events").await.len(), 5);
    // Who lets go of a path leaves it to others.
    host.put("/v1/deployments/github", github(json!({}))).await.ok();
    assert_eq!(webhook("6").post(&host, "/webhooks/github").await.status, 404);
    host.put("/v1/deployments/other", claim("/webhooks/github")).await.ok();
    assert_eq!(webhook("7").post(&host, "/webhooks/github").await.status / 100, 2);
}

/// Some senders look whether anybody is there before they send.
#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_is_answered() {
    let host = receiving(options()).await;
    let url = host.url() + "/hooks/github";
    let get = host.send(host.client().get(&url)).await.unwrap();
    let head = host.send(host.client().head(&url)).await.unwrap();
    assert!(get.status < 500 && get.status != 404, "{} {}", get.status, get.text);
    assert_eq!((head.status, head.text.as_str()), (get.status, ""));
    assert!(read_stored(&host, "events").await.is_empty(), "and nothing was stored");

    host.upload("webhook", plugin("webhook")).await.ok();
    let challenge = json!({"parameter": "hub.challenge", "verify_parameter": "hub.verify_token"});
    let settings = json!({"verify": {"method": "bearer"}, "secret": {"$secret": "HOOKS"}, "challenge": challenge});
    let deployment = json!({"plugin": "webhook", "output": "events", "settings": settings});
    host.put("/v1/deployments/any", deployment).await.ok();
    let ask = async |token: &str| {
        let query = format!("?hub.mode=subscribe&hub.challenge=1158%2B201&hub.verify_token={token}");
        host.get(&format!("/hooks/any/below{query}")).await
    };
    let asked = ask(SECRET).await;
    assert_eq!((asked.status, asked.text.as_str()), (200, "1158+201"));
    assert_eq!(ask("guessed").await.status, 403);
    let options = host.client().request("OPTIONS".parse().unwrap(), host.url() + "/hooks/any");
    let options = host.send(options.header("webhook-request-origin", "events.example.com")).await.unwrap();
    assert_eq!(
        (options.status, &options.headers["webhook-allowed-origin"]),
        (200, &"events.example.com".parse().unwrap())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_or_too_slow_is_refused() {
    let host = receiving(options()).await;
    let body = |bytes: usize| {
        let filler = bytes - json!({"filler": ""}).to_string().len();
        Webhook::github(SECRET, "push", &bytes.to_string(), &json!({"filler": "x".repeat(filler)}))
    };
    let fair = body(BODY_BYTES_MAX / 2).post(&host, "/hooks/github").await;
    assert_eq!(fair.status / 100, 2, "{}", fair.text);
    // It may be refused while it is still on its way; then the connection breaks off.
    let too_large = body(BODY_BYTES_MAX + 1);
    if let Ok(answer) = too_large.try_post_over(host.client(), &host, "/hooks/github").await {
        answer.problem(413);
    }
    let stored = read_stored(&host, "events").await;
    assert!(stored.iter().all(|record| record.value().len() <= BODY_BYTES_MAX));

    let address = host.url().replace("http://", "");
    let told = tokio::task::spawn_blocking(move || slow_body(&address)).await.unwrap();
    match told {
        Some(told) => assert!(told.starts_with("HTTP/1.1 408 "), "{told}"),
        None => eprintln!("SKIPPED: the host waits for a slow body for more than {PATIENCE:?}"),
    }
    assert_eq!(read_stored(&host, "events").await.len(), stored.len());
    // What just fits as a body fits as a record too.
    let largest = body(BODY_BYTES_MAX).post(&host, "/hooks/github").await;
    assert_eq!(largest.status / 100, 2, "{}", largest.text);
}

/// Sends a part of a body, and answers what comes of it.
fn slow_body(address: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("POST /hooks/github HTTP/1.1\r\nhost: {address}\r\ncontent-length: 100\r\n\r\n{{\"slow\":");
    stream.write_all(head.as_bytes()).unwrap();
    let mut told = vec![0; 4_096];
    let read = stream.read(&mut told).ok()?;
    told.truncate(read);
    Some(String::from_utf8(told).unwrap())
}

/// Whether a file below the folder holds the text.
fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// A server that repeats what it was told, where a reason might show it.
fn says_it_back(request: &Request) -> Answer {
    let said = request.header("authorization").unwrap().to_owned();
    assert_eq!(said, SECRET, "the plugin itself has it");
    Answer::Reply { status: 422, headers: Vec::new(), body: format!("no, {said}") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_does_not_come_back_out() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let options = options().arguments(&["--egress-private", "127.0.0.0/8"]).log(&log);
    let mut host = receiving(options).await;
    webhook("1").post(&host, "/hooks/github").await;
    let mut told = Vec::new();
    let server = BadServer::start(says_it_back).await;
    host.upload("http-sink", plugin("http-sink")).await.ok();
    host.create_topic("in", 1).await;
    host.post("/v1/topics/in/records", json!({"value": {"n": 1}})).await.ok();
    // Wrong in ways that an error could tell of by showing the value.
    let secret = json!({"$secret": "HOOKS"});
    for name in ["nonsense", "topic_prefix", "key_path"] {
        let mut wrong = github(json!({}));
        wrong["settings"][name] = secret.clone();
        told.push(host.put("/v1/deployments/wrong", wrong).await.text);
    }
    for name in ["nonsense", "url", "method", "batch", "timeout_ms"] {
        let mut wrong = sink(&server.url(), &[server.authority()]);
        wrong["settings"][name] = secret.clone();
        let refused = host.put("/v1/deployments/wrong-sink", wrong).await;
        assert!((400..500).contains(&refused.status), "{name}: {} {}", refused.status, refused.text);
        told.push(refused.text);
    }
    told.push(host.put("/v1/deployments/sink", sink(&server.url(), &[server.authority()])).await.text);
    let status = host.caught_up("sink").await;
    assert!(server.count() > 0);
    let letters = read_stored(&host, status["dead_letter_topic"].as_str().unwrap()).await;
    told.push(letters[0].header("dead-letter-reason").unwrap().to_owned());

    host.kill_and_restart().await;
    webhook("1").deliver(host.client(), &(host.url() + "/hooks/github")).await;
    for path in [
        "/v1/deployments",
        "/v1/deployments/github",
        "/v1/deployments/sink",
        "/v1/plugins",
        "/v1/plugins/webhook-github",
        "/v1/topics",
        "/v1/groups",
        "/v1/config",
        "/metrics",
    ] {
        told.push(host.get(path).await.text);
    }
    host.terminate().await;
    told.push(std::fs::read_to_string(&log).unwrap());
    for text in told {
        assert!(!text.contains(SECRET), "{text}");
    }
    assert!(holds(&host.data(), "webhook-github"), "the data can be looked through");
    assert!(!holds(&host.data(), SECRET), "a secret is not written down");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_missing_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets");
    std::fs::write(&file, format!("OTHER=x\nFILED={SECRET}\n")).unwrap();
    let host = receiving(options().arguments(&["--secrets", file.to_str().unwrap()])).await;
    let with = |name: &str| github(json!({"settings": {"secret": {"$secret": name}}}));
    let refused = host.put("/v1/deployments/github", with("NOBODY")).await;
    assert_eq!(refused.problem(422), "unknown-secret");
    assert!(refused.text.contains("KAFKA_DO_SECRET_NOBODY"), "{}", refused.text);
    assert_eq!(webhook("1").post(&host, "/hooks/github").await.status / 100, 2, "what ran goes on");
    host.put("/v1/deployments/github", with("FILED")).await.ok();
    assert_eq!(webhook("2").post(&host, "/hooks/github").await.status / 100, 2);
    host.put("/v1/deployments/github", with("OTHER")).await.ok();
    assert_eq!(webhook("3").post(&host, "/hooks/github").await.status, 401);
}
