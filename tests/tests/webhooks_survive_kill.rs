//! `kill -9` while webhooks come in: who sends until there is an answer finds each of them stored once.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use kafka_do_tests::{Host, HostOptions, Webhook, plugin, read_stored};
use serde_json::json;

const POSTS: usize = 3_000;
const KILLS: usize = 6;
const SENDERS: usize = 8;
const SECRET: &str = "hunter2-and-nobody-else";

fn webhook(number: usize) -> Webhook {
    let body = json!({"number": number, "repository": {"full_name": format!("octo/{}", number % 17)}});
    Webhook::github(SECRET, "push", &format!("delivery-{number}"), &body)
}

async fn exactly_once(host: &Host) {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for record in read_stored(host, "events").await {
        let id = record.header("webhook-id").unwrap();
        let number: usize = id.strip_prefix("delivery-").unwrap().parse().unwrap();
        assert_eq!(record.value(), webhook(number).body, "{id} as it came");
        *times.entry(id.to_owned()).or_default() += 1;
    }
    let more: Vec<_> = times.iter().filter(|(_, times)| **times != 1).collect();
    assert!(more.is_empty(), "stored more than once: {more:?}");
    assert_eq!(times.len(), POSTS, "each is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_again_is_stored_once() {
    let mut host = HostOptions::default().variable("KAFKA_DO_SECRET_HOOKS", SECRET).start().await;
    host.upload("webhook-github", plugin("webhook-github")).await.ok();
    host.create_topic("events", 3).await;
    let settings = json!({"secret": {"$secret": "HOOKS"}, "key_path": "repository.full_name"});
    let deployment = json!({"plugin": "webhook-github", "output": "events", "settings": settings});
    host.put("/v1/deployments/events", deployment).await.ok();

    let (client, url) = (host.client().clone(), host.url() + "/hooks/events");
    let next = AtomicUsize::new(0);
    let answered = Mutex::new(Vec::new());
    let is_done = AtomicBool::new(false);
    let send = async || {
        let mut repeated = 0;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= POSTS {
                return repeated;
            }
            repeated += usize::from(webhook(number).deliver(&client, &url).await > 1);
            answered.lock().unwrap().push(number);
        }
    };
    let senders = async {
        let repeated = join_all((0..SENDERS).map(|_| send())).await;
        is_done.store(true, Ordering::Relaxed);
        repeated.iter().sum::<usize>()
    };
    let kill = async {
        for kill in 1..=KILLS {
            let due = POSTS * kill / (KILLS + 1);
            while next.load(Ordering::Relaxed) < due {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert!(!is_done.load(Ordering::Relaxed), "it is killed while webhooks come in");
            let before = answered.lock().unwrap().clone();
            host.kill_and_restart().await;
            // What was answered is known after the restart: it is taken for a repetition, and that from the first try.
            for number in before.iter().rev().take(20) {
                webhook(*number).deliver(&client, &url).await;
            }
        }
    };
    let (repeated, ()) = tokio::join!(senders, kill);
    exactly_once(&host).await;
    assert!(repeated > 0, "some were sent more than once");
    host.kill_and_restart().await;
    exactly_once(&host).await;
    eprintln!("{POSTS} webhooks, {KILLS} kills, {repeated} tried more than once");
}
