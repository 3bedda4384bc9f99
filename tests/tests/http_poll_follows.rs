//! What is polled stands in the topic once each, whatever pages it came in, and whatever died in between.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kafka_do_tests::{Answer, Attempt, BadServer, Host, HostOptions, Request, plugin, read_stored, until_equal};
use serde_json::{Value, json};

/// Items of a page, and of all.
const PAGE: u64 = 20;
const ITEMS: u64 = 1_000;
const KILLS: u64 = 3;

/// The items from a number on, as far as there are any so far.
fn page(from: u64, there_are: u64) -> Vec<Value> {
    let item = |n: u64| json!({"id": n, "name": format!("item {n}"), "at": format!("2024-01-01T00:00:00.{n:06}Z")});
    (from..(from + PAGE).min(there_are)).map(item).collect()
}

fn parameter(request: &Request, name: &str) -> Option<u64> {
    let (_, query) = request.target.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.parse().unwrap())
}

async fn start(server: &BadServer, settings: Value) -> Host {
    let host = HostOptions::default().arguments(&["--egress-private", "127.0.0.0/8"]).start().await;
    host.upload("http-poll", plugin("http-poll")).await.ok();
    host.create_topic("items", 1).await;
    let grants = json!({"hosts": [server.authority()]});
    let deployment = json!({"plugin": "http-poll", "output": "items", "settings": settings, "grants": grants});
    host.put("/v1/deployments/poll", deployment).await.ok();
    host
}

async fn stored(host: &Host) -> u64 {
    host.high_watermarks("items").await.iter().sum()
}

/// Waits until so many items are stored, and looks at each.
async fn holds(host: &Host, count: u64) {
    until_equal("all items are stored", count, async || stored(host).await).await;
    let mut times: BTreeMap<u64, u64> = BTreeMap::new();
    for record in read_stored(host, "items").await {
        let item: Value = serde_json::from_slice(record.value()).unwrap();
        let number = item["id"].as_u64().unwrap();
        assert_eq!(item, page(number, number + 1)[0], "it is as it came");
        *times.entry(number).or_default() += 1;
    }
    assert!(times.iter().map(|(&number, &times)| (number, times)).eq((0..count).map(|n| (n, 1))), "{times:?}");
}

/// Kills the host while it polls, and lets more come all the time.
async fn kill_while_it_polls(host: &mut Host, there_are: &AtomicU64) {
    for kill in 1..=KILLS {
        there_are.store(ITEMS * kill / (KILLS + 1), Ordering::Relaxed);
        let due = ITEMS * kill / (KILLS + 1) - ITEMS / (KILLS + 1) / 2;
        until_equal("it has polled so far", true, async || stored(host).await >= due).await;
        host.kill_and_restart().await;
    }
    there_are.store(ITEMS, Ordering::Relaxed);
}

/// The server is asked for what comes after the last item that is stored.
#[tokio::test(flavor = "multi_thread")]
async fn by_a_cursor_field() {
    let there_are = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&there_are);
    let server = BadServer::start(move |request: &Request| {
        let from = parameter(request, "since").map_or(0, |last| last + 1);
        let items = page(from, count.load(Ordering::Relaxed));
        let body = json!({"items": items}).to_string();
        Answer::Reply { status: 200, headers: vec![("content-type", "application/json".to_owned())], body }
    })
    .await;
    let settings = json!({
        "url": server.url() + "/items",
        "items": "items",
        "key_path": "id",
        "cursor": {"field": "id", "parameter": "since"},
        "interval_ms": 100,
    });
    let mut host = start(&server, settings).await;
    kill_while_it_polls(&mut host, &there_are).await;
    holds(&host, ITEMS).await;
}

/// Each page says where the next one is; a failure in between is tried again.
#[tokio::test(flavor = "multi_thread")]
async fn by_links_to_the_next_page() {
    let mut asked = 0_u32;
    let server = BadServer::start(move |request: &Request| {
        asked += 1;
        match asked % 9 {
            4 => return Answer::status(500),
            7 => return Answer::Close,
            _ => {}
        }
        let from = parameter(request, "from").unwrap_or_default();
        let body = Value::from(page(from, ITEMS)).to_string();
        let answer =
            Answer::Reply { status: 200, headers: vec![("content-type", "application/json".to_owned())], body };
        let next = from + PAGE;
        if next >= ITEMS {
            return answer;
        }
        answer.with("link", format!("</items?from=0>; rel=\"first\", </items?from={next}>; rel=\"next\""))
    })
    .await;
    let settings = json!({"url": server.url() + "/items", "cursor": {"link": true}, "interval_ms": 100});
    let mut host = start(&server, settings).await;
    for kill in 1..=KILLS {
        let due = ITEMS * kill / (KILLS + 2);
        until_equal("it has polled so far", true, async || stored(&host).await >= due).await;
        host.kill_and_restart().await;
    }
    holds(&host, ITEMS).await;
}

/// What has not changed is not sent again: the tag that came with the last answer goes out with the next request.
#[tokio::test(flavor = "multi_thread")]
async fn by_a_tag() {
    let version = Arc::new(AtomicU64::new(1));
    let now = Arc::clone(&version);
    let server = BadServer::start(move |request: &Request| {
        let tag = format!("\"v{}\"", now.load(Ordering::Relaxed));
        if request.header("if-none-match") == Some(&tag) {
            return Answer::status(304).with("etag", tag);
        }
        let body = json!({"state": tag}).to_string();
        let answer =
            Answer::Reply { status: 200, headers: vec![("content-type", "application/json".to_owned())], body };
        answer.with("etag", tag)
    })
    .await;
    let settings = json!({"url": server.url() + "/state", "interval_ms": 100});
    let mut host = start(&server, settings).await;
    for number in 1..=3 {
        version.store(number, Ordering::Relaxed);
        until_equal("the change is stored", number, async || stored(&host).await).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        if number == 2 {
            host.kill_and_restart().await;
            tokio::time::sleep(Duration::from_millis(600)).await;
        }
    }
    assert_eq!(stored(&host).await, 3, "what has not changed is not stored again");
    let with_status = |attempts: &[Attempt], wanted: u16| {
        let is_wanted = |attempt: &&Attempt| matches!(attempt.answer, Answer::Reply { status, .. } if status == wanted);
        attempts.iter().filter(is_wanted).count()
    };
    let attempts = server.attempts();
    assert_eq!(with_status(&attempts, 200), 3, "each state was sent once, also over the restart");
    assert!(with_status(&attempts, 304) > 10, "{} polls", attempts.len());
}
