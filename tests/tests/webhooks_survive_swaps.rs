//! Swap after swap while webhooks come in at full speed: each is answered 2xx at the first try, and is stored once.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use kafka_do_tests::{Host, HostOptions, Webhook, plugin, read_stored};
use serde_json::{Value, json};

/// Webhooks unless `KAFKA_DO_TEST_WEBHOOK_POSTS` says otherwise; 50,000 in the long lane.
const POSTS: usize = 5_000;
const SWAPS: usize = 20;
/// Connections, each of which has one request under way.
const SENDERS: usize = 8;
const SECRET: &str = "hunter2-and-nobody-else";

/// The component as another version: a custom section at the end changes its hash and nothing else.
fn stamped(mut component: Vec<u8>, stamp: u8) -> Vec<u8> {
    let section = [&[5][..], b"stamp", &[stamp]].concat();
    component.push(0);
    component.push(u8::try_from(section.len()).unwrap());
    component.extend(section);
    component
}

/// Each number makes another generation than the one before: the key comes and goes, and the code is another one.
fn receiver(number: usize, versions: &[String]) -> Value {
    let mut settings = json!({"secret": {"$secret": "HOOKS"}});
    if number % 2 == 1 {
        settings["key_path"] = json!("repository.full_name");
    }
    let version = &versions[number / 2 % versions.len()];
    json!({"plugin": "webhook-github", "version": version, "output": "events", "settings": settings})
}

fn webhook(number: usize) -> Webhook {
    let body = json!({"number": number, "repository": {"full_name": format!("octo/{}", number % 17)}});
    Webhook::github(SECRET, "push", &format!("delivery-{number}"), &body)
}

async fn upload(host: &Host, stamp: u8) -> String {
    let component = stamped(plugin("webhook-github"), stamp);
    let uploaded = host.upload("webhook-github", component).await.ok();
    uploaded["version"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn not_one_is_turned_away() {
    let posts = std::env::var("KAFKA_DO_TEST_WEBHOOK_POSTS").map_or(POSTS, |posts| posts.parse().unwrap());
    let host = HostOptions::default().variable("KAFKA_DO_SECRET_HOOKS", SECRET).start().await;
    let versions = [upload(&host, 1).await, upload(&host, 2).await];
    host.create_topic("events", 3).await;
    host.put("/v1/deployments/events", receiver(0, &versions)).await.ok();

    let begun = Instant::now();
    let next = AtomicUsize::new(0);
    let send = async || {
        let client = reqwest::Client::builder().pool_max_idle_per_host(1).build().unwrap();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= posts {
                return;
            }
            let answer = webhook(number).try_post_over(&client, &host, "/hooks/events").await;
            let answer = answer.unwrap_or_else(|error| panic!("{number} is not answered: {error:?}"));
            assert!((200..300).contains(&answer.status), "{number}: {} {}", answer.status, answer.text);
        }
    };
    let swap = async {
        for number in 1..=SWAPS {
            let due = posts * number / (SWAPS + 1);
            while next.load(Ordering::Relaxed) < due {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            host.put("/v1/deployments/events", receiver(number, &versions)).await.ok();
        }
        assert!(next.load(Ordering::Relaxed) < posts, "swaps and posts end together");
    };
    tokio::join!(join_all((0..SENDERS).map(|_| send())), swap);
    let taken = begun.elapsed();
    let status = host.get("/v1/deployments/events").await.ok();
    assert_eq!(status["generation"], SWAPS + 1, "{status}");

    let stored = read_stored(&host, "events").await;
    assert_eq!(stored.len(), posts, "each is stored once");
    let ids: BTreeSet<&str> = stored.iter().map(|record| record.header("webhook-id").unwrap()).collect();
    assert_eq!(ids.len(), posts, "ids differ");
    let mut with_repository = 0;
    for record in &stored {
        let id = record.header("webhook-id").unwrap();
        let number: usize = id.strip_prefix("delivery-").unwrap().parse().unwrap();
        let webhook = webhook(number);
        assert_eq!(record.value(), webhook.body, "{id} as it came");
        let repository = webhook.field("repository.full_name").unwrap();
        with_repository += usize::from(record.key() == Some(&repository));
        assert!(record.key() == Some(&repository) || record.key() == Some(id), "{id}: {:?}", record.key());
    }
    assert!(
        (posts / 10..posts * 9 / 10).contains(&with_repository),
        "{with_repository} were stored by generations with a key"
    );
    // What was stored before a swap is known after it.
    for number in (0..posts).step_by(posts / 50) {
        let answer = webhook(number).post(&host, "/hooks/events").await;
        assert!((200..300).contains(&answer.status), "{number}: {} {}", answer.status, answer.text);
    }
    assert_eq!(host.high_watermarks("events").await.iter().sum::<u64>(), posts as u64);
    eprintln!("{posts} webhooks in {taken:?} over {SWAPS} swaps");
}
