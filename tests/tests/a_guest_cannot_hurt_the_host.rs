//! Guests go wrong in every way there is. The host goes on, its neighbour does not notice, the operator sees why, and a
//! version that works goes on where the one that does not stood.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_do_tests::zoo::{CONNECTORS, Case, End, MARKED, Memory, Neighbour, RECORDS, ZOO, offered, values};
use kafka_do_tests::{Host, guest, read_topic, until_equal};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const INPUT: &str = "in";
/// Cases that run beside one another: more than the host has threads, so that guests which do not give theirs back would
/// have them all.
const AT_ONCE: usize = 8;
/// How long the neighbour is measured before anything goes wrong.
const CALM: Duration = Duration::from_secs(2);
/// The shortest time over which the median of the neighbour's latency says something.
const WINDOW: Duration = Duration::from_secs(2);
/// A host that guests block has a median of seconds, one whose guests come between it and its sockets of tenths of a second.
/// One that only shares its two cores with them, and with whatever else the machine does, stays far below this.
const FLAT: Duration = Duration::from_millis(100);
const FLAT_FACTOR: u32 = 5;
/// What the host may have taken for good in the end, and what it may have at most with as many greedy guests as there are
/// cases at once.
const GROWN_BYTES: u64 = 300 << 20;
const PEAK_BYTES: u64 = 1 << 30;

#[test]
fn every_guest_and_every_mode_is_in_the_zoo() {
    let mut offered = offered();
    offered.sort();
    let mut zoo: Vec<_> = ZOO.iter().map(|case| (case.guest.to_owned(), case.mode.map(str::to_owned))).collect();
    for (guest, cases) in CONNECTORS {
        zoo.extend(cases.iter().map(|case| (guest.to_owned(), Some(case.mode.to_owned()))));
    }
    zoo.sort();
    assert_eq!(zoo, offered, "each has one case in tests/src/zoo");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_it_does() {
    let host = Arc::new(Host::start().await);
    host.create_topic(INPUT, 1).await;
    let lines: Vec<String> = values().iter().map(Value::to_string).collect();
    host.try_produce(INPUT, "", lines.join("\n")).await.unwrap().ok();
    host.upload("misbehave", guest("misbehave")).await.ok();

    let neighbour = Neighbour::start(&host).await;
    host.caught_up("neighbour").await;
    let calm = Instant::now();
    tokio::time::sleep(CALM).await;
    let calm = calm..Instant::now();
    let memory = Memory::watch(host.pid());
    let before = memory.now();

    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for case in ZOO {
        let (host, turns) = (Arc::clone(&host), Arc::clone(&turns));
        running.spawn(async move {
            let _turn = turns.acquire().await.unwrap();
            let begun = Instant::now();
            run(&host, case).await;
            (case, begun, Instant::now())
        });
    }
    let mut windows = Vec::new();
    let mut failed = Vec::new();
    while let Some(case) = running.join_next().await {
        match case {
            Ok(window) => windows.push(window),
            Err(error) => failed.push(error.to_string()),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let shortest = windows.iter().map(|(_, begun, _)| *begun + WINDOW).max().unwrap();
    tokio::time::sleep_until(shortest.into()).await;
    let latencies = neighbour.end().await;

    let at_rest = latencies.median(calm.start, calm.end);
    let flat = FLAT.max(at_rest * FLAT_FACTOR);
    let mut held_up = Vec::new();
    for (case, begun, ended) in windows {
        let took = ended - begun;
        let beside = latencies.median(begun, ended.max(begun + WINDOW));
        println!("{:<20} {took:>8.1?}, the neighbour {beside:>8.1?}", case.name());
        if beside > flat {
            held_up.push(format!("{beside:?} beside {}", case.name()));
        }
    }
    println!("the neighbour at rest {at_rest:?}, at most {:?}", latencies.longest());
    assert!(held_up.is_empty(), "the neighbour takes {at_rest:?} at rest, and {}", held_up.join(", "));
    let (grown, peak) = (memory.now().saturating_sub(before), memory.peak().saturating_sub(before));
    println!("the host has {before} bytes, then {grown} more, at most {peak} more");
    assert!(grown < GROWN_BYTES, "the host has {grown} bytes more than before");
    assert!(peak < PEAK_BYTES, "the host had {peak} bytes more than before");

    assert_eq!(host.get("/readyz").await.status, 200);
    host.delete("/v1/deployments/neighbour").await.ok();
    until_equal("no instance is left", 0, async || host.metric("kafka_do_plugin_instances").await).await;
}

async fn run(host: &Host, case: &Case) {
    let name = case.name();
    match case.end {
        End::UploadRefused { code, says } => {
            let answer = host.upload(name, guest(case.guest)).await;
            assert_eq!(answer.problem(422), code, "{name}");
            assert!(answer.text.contains(says), "{name}: {}", answer.text);
            assert_eq!(host.get(&format!("/v1/plugins/{name}")).await.problem(404), "unknown-plugin");
        }
        End::DeployRefused { status, code, says } => {
            upload(host, case).await;
            let answer = host.put(&path(name), deployment(case)).await;
            assert_eq!(answer.problem(status), code, "{name}");
            assert!(answer.text.contains(says), "{name}: {}", answer.text);
            assert_eq!(host.get(&path(name)).await.problem(404), "unknown-deployment");
            assert_eq!(host.get(&format!("/v1/topics/{name}-out")).await.problem(404), "unknown-topic", "{name}");
        }
        End::SwapRefused { code, says } => {
            host.upload(name, guest("misbehave")).await.ok();
            let mut good = deployment(case);
            good["settings"] = json!({"mode": "pass"});
            host.put(&path(name), good).await.ok();
            host.caught_up(name).await;
            upload(host, case).await;
            let answer = host.put(&path(name), deployment(case)).await;
            assert_eq!(answer.problem(422), code, "{name}");
            assert!(answer.text.contains(says), "{name}: {}", answer.text);
            let status = host.get(&path(name)).await.ok();
            assert_eq!((&status["generation"], &status["state"]), (&json!(1), &json!("running")), "{status}");
            delete(host, name).await;
        }
        End::Stands { state, next_offset, says } => {
            host.put(&path(name), deployment(case)).await.ok();
            stands(host, case, state, next_offset, says).await;
            is_cured(host, case).await;
            delete(host, name).await;
            // Once more, and away with it while it misbehaves.
            host.put(&path(name), deployment(case)).await.ok();
            host.wait_for(name, "it fails again", |status| status["state"] == state).await;
            delete(host, name).await;
        }
        End::Passes { dead_letters } => {
            upload(host, case).await;
            host.put(&path(name), deployment(case)).await.ok();
            let status = host.caught_up(name).await;
            assert_eq!(host.high_watermarks(&format!("{name}-out")).await, [RECORDS - dead_letters], "{name}");
            assert_eq!(dead_letters_of(host, &status).await, dead_letters, "{name}");
            if case.guest == "misbehave" {
                keeps_no_state(host, name).await;
            }
            delete(host, name).await;
        }
    }
}

/// What does not misbehave by its settings is a plugin of its own.
async fn upload(host: &Host, case: &Case) {
    if case.guest != "misbehave" {
        host.upload(case.name(), guest(case.guest)).await.ok();
    }
}

fn path(name: &str) -> String {
    format!("/v1/deployments/{name}")
}

fn deployment(case: &Case) -> Value {
    let name = case.name();
    let plugin = if case.mode.is_some() { case.guest } else { name };
    json!({"plugin": plugin, "inputs": [INPUT], "output": format!("{name}-out"), "settings": case.settings()})
}

async fn delete(host: &Host, name: &str) {
    host.delete(&path(name)).await.ok();
    assert_eq!(host.get(&path(name)).await.problem(404), "unknown-deployment");
}

/// The task stands where it should, says where and why, and has left nothing.
async fn stands(host: &Host, case: &Case, state: &str, next_offset: u64, says: &str) {
    let name = case.name();
    let place =
        [("topic", json!(INPUT)), ("partition", json!(0)), ("generation", json!(1)), ("offset", json!(next_offset))];
    let is_told = |status: &Value| {
        let failures = status["failures"].as_array().unwrap();
        failures.iter().any(|failure| place.iter().all(|(field, value)| failure[field] == *value))
    };
    let is_so = |status: &Value| {
        status["state"] == state && status["tasks"][0]["next_offset"] == next_offset && is_told(status)
    };
    let status = host.wait_for(name, "it stands", is_so).await;
    let explains = |reason: &Value| reason.as_str().is_some_and(|reason| reason.contains(says));
    assert!(explains(&status["tasks"][0]["reason"]), "{name}: {status:#}");
    assert!(
        status["failures"].as_array().unwrap().iter().any(|failure| explains(&failure["reason"])),
        "{name}: {status:#}"
    );
    assert_eq!(host.high_watermarks(&format!("{name}-out")).await, [next_offset], "{name} wrote");
    assert_eq!(dead_letters_of(host, &status).await, 0, "{name}");
    keeps_no_state(host, name).await;
}

/// A version that works takes over, and has processed each record once.
async fn is_cured(host: &Host, case: &Case) {
    let name = case.name();
    let mut good = deployment(case);
    good["settings"] = json!({"mode": "pass"});
    host.put(&path(name), good).await.ok();
    host.caught_up(name).await;
    let passed = read_topic(host, &format!("{name}-out")).await.remove(0);
    let passed: Vec<Value> = passed.into_iter().map(|record| record.value).collect();
    assert_eq!(passed, values(), "{name}");
    keeps_no_state(host, name).await;
}

async fn keeps_no_state(host: &Host, name: &str) {
    let state = host.get(&format!("{}/state/scratch", path(name))).await.ok();
    assert_eq!(state["items"], json!([]), "{name}");
}

async fn dead_letters_of(host: &Host, status: &Value) -> u64 {
    host.high_watermarks(status["dead_letter_topic"].as_str().unwrap()).await.iter().sum()
}

/// A batch that is rejected is taken apart: the one record that is to blame becomes a dead letter, which says what happened.
#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_batch_costs_one_record() {
    let host = Host::start().await;
    host.create_topic(INPUT, 1).await;
    host.upload("misbehave", guest("misbehave")).await.ok();
    let case = ZOO.iter().find(|case| case.mode == Some("reject-marked")).unwrap();
    host.put("/v1/deployments/d", deployment(case)).await.ok();
    let lines: Vec<String> = values().iter().map(Value::to_string).collect();
    host.try_produce(INPUT, "", lines.join("\n")).await.unwrap().ok();
    let status = host.caught_up("d").await;
    assert_eq!(status["generations"][0]["partitions"][0]["rejected"], 1, "{status}");
    let passed: Vec<_> = read_topic(&host, "reject-marked-out").await.remove(0).into_iter().map(|r| r.value).collect();
    let mut expected = values();
    let marked = expected.remove(usize::try_from(MARKED).unwrap());
    assert_eq!(passed, expected);
    let letters = read_topic(&host, status["dead_letter_topic"].as_str().unwrap()).await.remove(0);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].value, marked);
    let headers = &letters[0].headers;
    assert_eq!(headers["dead-letter-topic"], INPUT);
    assert_eq!(headers["dead-letter-offset"], MARKED.to_string());
    assert!(headers["dead-letter-reason"].as_str().unwrap().contains("told to reject"), "{headers}");
}
