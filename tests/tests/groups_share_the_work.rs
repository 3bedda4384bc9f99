//! Consumer groups over HTTP: who is given what, what is refused and why, and what a restart of the host leaves standing.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use kafka_do_tests::{Follower, Host, Member, assigned, plugin, read_topic, records, until};
use serde_json::{Value, json};

async fn fill(host: &Host, topic: &str, partitions: u32, records: u64) {
    host.create_topic(topic, partitions).await;
    let all: Vec<Value> = (0..records).map(|n| json!({"partition": n % u64::from(partitions), "value": n})).collect();
    host.post(&format!("/v1/topics/{topic}/records"), json!({ "records": all })).await.ok();
}

fn values(batch: &Value) -> Vec<u64> {
    records(batch).iter().map(|record| record["value"].as_u64().unwrap()).collect()
}

/// Polls and commits until nothing is left for the member; answers what it was given.
async fn drain(host: &Host, member: &Member) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let batch = member.poll(host, json!({"max_records": 100})).await.ok();
        if records(&batch).is_empty() {
            return all;
        }
        all.extend(values(&batch));
        member.commit(host, &batch).await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_leased_and_repeated_and_committed_once() {
    let host = Host::start().await;
    fill(&host, "orders", 2, 100).await;
    let a = Member::join(&host, "g", json!({"topics": ["orders"]})).await;
    assert_eq!(assigned(&a.joined), [0, 1]);
    assert_eq!(a.joined["heartbeat_ms"], 10_000);
    let first = a.batch(&host, 10).await;
    assert_eq!(records(&first).len(), 10);
    let record = &records(&first)[0];
    for field in ["topic", "partition", "offset", "timestamp", "key", "value", "headers"] {
        assert!(record.get(field).is_some(), "{field}: {record}");
    }
    // Lost answers: the same batch, with the token and without.
    for body in [json!({"token": first["token"], "max_records": 3}), json!({})] {
        let again = a.poll(&host, body).await.ok();
        assert_eq!((&again["token"], &again["records"]), (&first["token"], &first["records"]));
    }
    let committed = a.commit(&host, &first).await.ok();
    assert_eq!((assigned(&committed), &committed["epoch"]), (vec![0, 1], &first["epoch"]));
    assert_eq!(a.commit(&host, &first).await.ok(), committed, "a commit may be repeated");
    let second = a.poll(&host, json!({"token": first["token"], "max_records": 1})).await.ok();
    assert_ne!(second["token"], first["token"]);
    // A batch is committed bit by bit, by offsets.
    let at = &records(&second)[0];
    let offset =
        json!([{"topic": "orders", "partition": at["partition"], "offset": at["offset"].as_u64().unwrap() + 1}]);
    host.post(&a.path("/commit"), json!({ "offsets": offset })).await.ok();
    let mut seen: BTreeSet<u64> = values(&first).into_iter().chain(values(&second)).collect();
    let rest = drain(&host, &a).await;
    assert_eq!(rest.len(), 89);
    seen.extend(rest);
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
    let empty = a.poll(&host, json!({})).await.ok();
    assert!(records(&empty).is_empty());
    a.commit(&host, &empty).await.ok();
    let group = host.get("/v1/groups/g").await.ok();
    assert_eq!((&group["state"], &group["lag"], &group["stalled"]), (&json!("stable"), &json!(0), &json!([])));
    a.leave(&host).await;
    assert_eq!(a.poll(&host, json!({})).await.problem(404), "unknown-member");
    assert_eq!(host.get("/v1/groups/g").await.ok()["state"], "empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_waits_for_records_and_for_partitions() {
    let host = Host::start().await;
    host.create_topic("t", 2).await;
    let a = Member::join(&host, "g", json!({"topics": ["t"], "start": "latest"})).await;
    let begun = Instant::now();
    assert!(records(&a.poll(&host, json!({"wait_ms": 300})).await.ok()).is_empty());
    assert!(begun.elapsed() >= Duration::from_millis(300));
    let produce = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        host.post("/v1/topics/t/records", json!({"value": 1, "partition": 1})).await.ok();
    };
    let begun = Instant::now();
    let (polled, ()) = tokio::join!(a.poll(&host, json!({"wait_ms": 20_000})), produce);
    assert_eq!(values(&polled.ok()), [1]);
    assert!(begun.elapsed() < Duration::from_secs(5));
    // Somebody who has nothing is given a partition while it waits.
    let b = Member::join(&host, "g", json!({"topics": ["t"]})).await;
    let c = Member::join(&host, "g", json!({"topics": ["t"]})).await;
    assert_eq!(assigned(&c.joined), [0; 0]);
    let leave = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        a.leave(&host).await;
    };
    let (polled, ()) = tokio::join!(c.poll(&host, json!({"wait_ms": 20_000})), leave);
    assert_eq!(assigned(&polled.ok()).len(), 1);
    b.leave(&host).await;
    for wrong in [json!({"wait_ms": 60_001}), json!({"max_records": 0}), json!({"token": "*"}), json!({"colour": 1})] {
        c.poll(&host, wrong).await.problem(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_a_partition_is_refused_and_told_what_it_has() {
    let host = Host::start().await;
    fill(&host, "t", 2, 20).await;
    let quick = json!({"topics": ["t"], "session_timeout_ms": 20_000, "max_poll_interval_ms": 600});
    let a = Member::join(&host, "g", quick.clone()).await;
    let batch = a.batch(&host, 10).await;
    let b = Member::join(&host, "g", json!({"topics": ["t"]})).await;
    assert_eq!(assigned(&b.joined), [0; 0], "what is in somebody's hands stays there");
    // It is heard, and does not commit: its partitions go to the other.
    let held = until("the other has both", async || {
        host.post(&a.path("/heartbeat"), json!(null)).await;
        let polled = b.poll(&host, json!({})).await.ok();
        (assigned(&polled).len() == 2).then_some(polled)
    })
    .await;
    let refused = a.commit(&host, &batch).await;
    assert_eq!(refused.problem(409), "lease-ended");
    let told = refused.json();
    assert_eq!((assigned(&told), told["epoch"].is_u64()), (vec![], true), "{told}");
    let other = json!({"offsets": [{"topic": "t", "partition": 0, "offset": 5}]});
    let refused = host.post(&a.path("/commit"), other).await;
    assert_eq!((refused.problem(409).as_str(), assigned(&refused.json())), ("not-assigned", vec![]));
    // It names itself in the description, and has its share again once it polls.
    let group = host.get("/v1/groups/g").await.ok();
    assert_eq!(group["stalled"], json!([a.id]), "{group:#}");
    if !records(&held).is_empty() {
        b.commit(&host, &held).await.ok();
    }
    until("it has its share again", async || {
        drain(&host, &b).await;
        let polled = a.poll(&host, json!({"wait_ms": 100})).await.ok();
        (assigned(&polled).len() == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_member_that_starts_anew_keeps_its_partitions() {
    let host = Host::start().await;
    fill(&host, "t", 6, 60).await;
    let named = |name: &str| json!({"topics": ["t"], "instance_id": name, "assignor": "range"});
    let a = Member::join(&host, "g", named("a")).await;
    let b = Member::join(&host, "g", named("b")).await;
    assert_eq!(assigned(&b.joined), [3, 4, 5]);
    let again = Member::join(&host, "g", named("a")).await;
    assert_eq!((assigned(&again.joined), &again.joined["epoch"]), (vec![0, 1, 2], &b.joined["epoch"]));
    assert_eq!(a.poll(&host, json!({})).await.problem(409), "instance-replaced");
    assert_eq!(assigned(&b.poll(&host, json!({})).await.ok()), [3, 4, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_picks_up_topics_and_partitions_as_they_come() {
    let host = Host::start().await;
    let a = Member::join(&host, "g", json!({"pattern": "log-.*", "start": "latest"})).await;
    assert_eq!(assigned(&a.joined), [0; 0]);
    fill(&host, "log-1", 1, 5).await;
    fill(&host, "other", 1, 5).await;
    // It came after the group, so nothing of it is missed.
    assert_eq!(values(&a.batch(&host, 100).await), [0, 1, 2, 3, 4]);
    drain(&host, &a).await;
    host.patch("/v1/topics/log-1", json!({"partitions": 2})).await.ok();
    host.post("/v1/topics/log-1/records", json!({"value": 7, "partition": 1})).await.ok();
    assert_eq!(values(&a.batch(&host, 100).await), [7]);
    host.delete("/v1/topics/log-1").await.ok();
    until("what is gone is not assigned", async || {
        assigned(&a.poll(&host, json!({})).await.ok()).is_empty().then_some(())
    })
    .await;
    for wrong in [json!({"pattern": "("}), json!({}), json!({"topics": []}), json!({"topics": ["a"], "pattern": "b"})] {
        host.post("/v1/groups/g/members", wrong).await.problem(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_host_ends_no_session_and_no_lease() {
    let mut host = Host::start().await;
    fill(&host, "t", 4, 40).await;
    let a = Member::join(&host, "g", json!({"topics": ["t"]})).await;
    let b = Member::join(&host, "g", json!({"topics": ["t"]})).await;
    let (of_a, of_b) = (a.batch(&host, 5).await, b.batch(&host, 5).await);
    host.kill_and_restart().await;
    // Somebody new is given nothing of what may be in hand.
    let c = Member::join(&host, "g", json!({"topics": ["t"]})).await;
    assert_eq!(assigned(&c.joined), [0; 0]);
    let again = a.poll(&host, json!({"token": of_a["token"]})).await.ok();
    assert_eq!((&again["token"], &again["records"]), (&of_a["token"], &of_a["records"]));
    a.commit(&host, &of_a).await.ok();
    b.commit(&host, &of_b).await.ok();
    host.kill_and_restart().await;
    a.commit(&host, &of_a).await.ok();
    let mut all: Vec<u64> = [values(&of_a), values(&of_b)].concat();
    until("all is read", async || {
        for member in [&a, &b, &c] {
            all.extend(drain(&host, member).await);
        }
        (host.get("/v1/groups/g").await.ok()["lag"] == 0).then_some(())
    })
    .await;
    all.sort_unstable();
    assert_eq!(all, (0..40).collect::<Vec<_>>(), "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_reset_and_deleted() {
    let host = Host::start().await;
    fill(&host, "t", 1, 50).await;
    fill(&host, "u", 1, 10).await;
    let a = Member::join(&host, "g", json!({"topics": ["t", "u"]})).await;
    assert_eq!(drain(&host, &a).await.len(), 60);
    let path = "/v1/groups/g/reset";
    assert_eq!(host.post(path, json!({"to": "earliest"})).await.problem(409), "group-active");
    let dry = host.post(path, json!({"to": "earliest", "dry_run": true})).await.ok();
    assert_eq!(dry["partitions"][0], json!({"topic": "t", "partition": 0, "from": 50, "to": 0}));
    assert!(records(&a.poll(&host, json!({})).await.ok()).is_empty(), "it was dry");
    let timestamp = host.get("/v1/topics/t/partitions/0/records?offset=20&max_records=1").await.ok();
    let time = &timestamp["records"][0]["timestamp"];
    for (to, expected) in [
        (json!({"offset": 20}), 20),
        (json!({"by": -5}), 45),
        (json!({"by": -500}), 0),
        (json!({"offset": 5_000}), 50),
        (json!("latest"), 50),
        (json!({ "time": time }), 0),
        (json!("2001-01-01T00:00:00Z"), 0),
    ] {
        let plan = host.post(path, json!({"to": to, "topic": "t", "dry_run": true})).await.ok();
        assert_eq!(plan["partitions"][0]["to"], expected, "{to}: {plan}");
    }
    for to in [json!("3"), json!("-1"), json!("soon"), json!(5), json!({"offset": -1}), json!({"by": "1"})] {
        host.post(path, json!({"to": to, "dry_run": true})).await.problem(400);
    }
    // By force, while it reads: what it holds is taken from it.
    host.post(path, json!({"to": {"offset": 10}, "topic": "t", "force": true})).await.ok();
    let batch = a.batch(&host, 5).await;
    host.post(path, json!({"to": {"offset": 40}, "topic": "t", "force": true})).await.ok();
    assert_eq!(a.commit(&host, &batch).await.problem(409), "lease-ended");
    assert_eq!(drain(&host, &a).await, (40..50).collect::<Vec<_>>());
    assert_eq!(host.delete("/v1/groups/g").await.problem(409), "group-active");
    a.leave(&host).await;
    host.post(path, json!({"to": "earliest"})).await.ok();
    assert_eq!(host.get("/v1/groups/g").await.ok()["lag"], 60);
    let list = host.get("/v1/groups").await.ok();
    assert_eq!(list["items"][0], json!({"group": "g", "state": "empty", "mode": "consumer", "members": 0, "lag": 60}));
    host.delete("/v1/groups/g").await.ok();
    for answer in [host.get("/v1/groups/g").await, host.delete("/v1/groups/g").await] {
        assert_eq!(answer.problem(404), "unknown-group");
    }
    // The name is free, and knows nothing.
    let a = Member::join(&host, "g", json!({"topics": ["u"]})).await;
    assert_eq!(drain(&host, &a).await.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_and_what_came_of_it_are_one_transaction() {
    let mut host = Host::start().await;
    fill(&host, "in", 1, 30).await;
    host.create_topic("out", 1).await;
    let a = Member::join(&host, "g", json!({"topics": ["in"]})).await;
    let transact = |member: &Member, batch: &Value| {
        let doubled: Vec<_> = values(batch).iter().map(|n| json!({"topic": "out", "value": n * 2})).collect();
        let commit = json!({"group": "g", "member_id": member.id, "token": batch["token"]});
        json!({"records": doubled, "commits": [commit]})
    };
    let first = a.batch(&host, 10).await;
    host.post("/v1/transactions", transact(&a, &first)).await.ok();
    // The answer was lost: what is stored is not stored again.
    assert_eq!(host.post("/v1/transactions", transact(&a, &first)).await.problem(409), "already-committed");
    let mut twice = transact(&a, &first);
    twice["commits"] = json!([twice["commits"][0], twice["commits"][0]]);
    assert_eq!(host.post("/v1/transactions", twice).await.problem(400), "invalid-offsets");
    let second = a.poll(&host, json!({"max_records": 10})).await.ok();
    assert_eq!(values(&second), (10..20).collect::<Vec<_>>());
    // With a key it is answered as it was, also after a restart.
    let send = |host: &Host| {
        let request = host.client().post(host.url() + "/v1/transactions").header("idempotency-key", "second");
        request.json(&transact(&a, &second))
    };
    let stored = host.send(send(&host)).await.unwrap().ok();
    host.kill_and_restart().await;
    let again = host.send(send(&host)).await.unwrap().ok();
    assert_eq!((&again["records"], &again["duplicate"]), (&stored["records"], &json!(true)));
    // Offsets by themselves, with what they must stand at.
    let third = a.batch(&host, 10).await;
    let move_to = |offset: u64| json!({"offsets": [{"group": "g", "topic": "in", "partition": 0, "offset": offset}]});
    host.post("/v1/transactions", move_to(25)).await.ok();
    // Somebody moved the group within the batch: what comes of all of it is not written.
    assert_eq!(host.post("/v1/transactions", transact(&a, &third)).await.problem(409), "lease-ended");
    // What is left is a batch that can be committed so.
    let rest = a.batch(&host, 10).await;
    assert_eq!(values(&rest), (25..30).collect::<Vec<_>>());
    host.post("/v1/transactions", move_to(20)).await.ok();
    let third = a.batch(&host, 10).await;
    let offset =
        |expected: u64| json!([{"group": "g", "topic": "in", "partition": 0, "offset": 30, "expected": expected}]);
    let records = json!([{"topic": "out", "value": "done"}]);
    let wrong = host.post("/v1/transactions", json!({"records": records, "offsets": offset(10)})).await;
    assert_eq!(wrong.problem(409), "offset-moved");
    host.post("/v1/transactions", json!({"records": records, "offsets": offset(20)})).await.ok();
    a.commit(&host, &third).await.ok();
    let out = &read_topic(&host, "out").await[0];
    assert_eq!(out.len(), 21);
    assert!((0..20).zip(out).all(|(n, record)| record.value == json!(n * 2)));
    assert!(kafka_do_tests::records(&a.poll(&host, json!({})).await.ok()).is_empty());
    // A batch that is nobody's any more takes its records along; one that was stored is known, though nobody has it.
    a.leave(&host).await;
    assert_eq!(host.send(send(&host)).await.unwrap().ok()["duplicate"], true);
    assert_eq!(host.post("/v1/transactions", transact(&a, &second)).await.problem(404), "unknown-member");
}

/// A member was given a batch of nothing where all records ahead of it had been deleted, with a token that no client commits:
/// from then on its polls answered nothing, whatever came.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_passed_by() {
    let host = Host::start().await;
    for (group, mode) in [("g", "consumer"), ("s", "share")] {
        let topic = format!("of-{group}");
        fill(&host, &topic, 1, 10).await;
        let a = Member::join(&host, group, json!({"topics": [topic], "mode": mode})).await;
        host.delete(&format!("/v1/topics/{topic}/partitions/0/records?before=10")).await.ok();
        let empty = a.poll(&host, json!({})).await.ok();
        assert!(records(&empty).is_empty());
        assert_eq!(host.get(&format!("/v1/groups/{group}")).await.ok()["lag"], 0);
        host.post(&format!("/v1/topics/{topic}/records"), json!({"value": 10})).await.ok();
        let batch = a.poll(&host, json!({"token": empty["token"], "wait_ms": 5_000})).await.ok();
        assert_eq!(values(&batch), [10]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_not_believed() {
    let mut host = Host::start().await;
    fill(&host, "t", 1, 10).await;
    let a = Member::join(&host, "g", json!({"topics": ["t"]})).await;
    let batch = a.batch(&host, 5).await;
    let b = Member::join(&host, "h", json!({"topics": ["t"]})).await;
    // Somebody else's, and one of more than there is: member 1, lease 1, topic 1, partition 0, from 0 on, very much.
    for token in [&batch["token"], &json!("AgICAACAgICAgEA")] {
        let refused = host.post(&b.path("/commit"), json!({ "token": token })).await;
        assert_eq!(refused.problem(409), "lease-ended", "{token}");
    }
    host.kill_and_restart().await;
    let refused = host.post(&a.path("/commit"), json!({"token": "AgICAACAgICAgEA"})).await;
    assert_eq!(refused.problem(409), "lease-ended");
    assert_eq!(values(&a.poll(&host, json!({"token": "AgICAACAgICAgEA", "max_records": 3})).await.ok()), [0, 1, 2]);
    for token in ["", "*", "AAAA="] {
        host.post(&a.path("/commit"), json!({ "token": token })).await.problem(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_joins_reads_and_leaves_with_its_connection() {
    let host = Host::start().await;
    fill(&host, "t", 1, 12).await;
    let mut stream = Follower::open(&host, "/v1/groups/g/stream?topics=t&max_records=5").await;
    let mut seen = Vec::new();
    for size in [5, 5, 2] {
        let items = stream.take(size).await;
        seen.extend(items.iter().map(|item| item["value"].as_u64().unwrap()));
        let last = items.last().unwrap();
        let path = format!("/v1/groups/g/members/{}/commit", last["member_id"].as_str().unwrap());
        host.post(&path, json!({"token": last["token"]})).await.ok();
    }
    assert_eq!(seen, (0..12).collect::<Vec<_>>());
    host.post("/v1/topics/t/records", json!({"value": 12})).await.ok();
    assert_eq!(stream.take(1).await[0]["value"], 12);
    drop(stream);
    until("it has left", async || (host.get("/v1/groups/g").await.ok()["state"] == "empty").then_some(())).await;
    // What it had not committed is there for the next.
    let a = Member::join(&host, "g", json!({"topics": ["t"]})).await;
    assert_eq!(values(&a.batch(&host, 10).await), [12]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_share_one_partition_record_by_record() {
    let mut host = Host::start().await;
    fill(&host, "t", 1, 20).await;
    let share = json!({"topics": ["t"], "mode": "share", "lock_ms": 1_500, "max_deliveries": 2});
    let a = Member::join(&host, "s", share.clone()).await;
    let b = Member::join(&host, "s", share.clone()).await;
    let (of_a, of_b) = (a.batch(&host, 5).await, b.batch(&host, 5).await);
    assert_eq!((values(&of_a), values(&of_b)), ((0..5).collect(), (5..10).collect()));
    assert_eq!(records(&of_a)[0]["delivery_count"], 1);
    let say = |member: &Member, kind: &str, offsets: &[u64]| {
        let body = json!({"acknowledgements": [{"topic": "t", "partition": 0, "offsets": offsets, "type": kind}]});
        (member.path("/acknowledge"), body)
    };
    let post = async |host: &Host, (path, body): (String, Value)| host.post(&path, body).await;
    assert_eq!(post(&host, say(&a, "accept", &[0, 5])).await.problem(409), "not-acquired");
    assert_eq!(post(&host, say(&a, "accept", &[0, 0])).await.problem(400), "invalid-offsets");
    for _ in 0..2 {
        post(&host, say(&a, "accept", &[0, 1])).await.ok();
    }
    post(&host, say(&a, "reject", &[2])).await.ok();
    post(&host, say(&a, "release", &[3])).await.ok();
    assert_eq!(values(&a.poll(&host, json!({})).await.ok()), [4], "what it still has");
    b.commit(&host, &of_b).await.ok();
    // 4 is let lie until its time is over; it and 3 come again, and are dead letters after that.
    let second = b.batch(&host, 50).await;
    assert!(values(&second).contains(&3) && !values(&second).contains(&2), "{second:#}");
    let done: Vec<u64> = values(&second).into_iter().filter(|n| *n > 4).collect();
    post(&host, say(&b, "accept", &done)).await.ok();
    until("two died of old age", async || {
        let polled = a.poll(&host, json!({"max_records": 1})).await.ok();
        drop(polled);
        (host.get("/v1/topics/s.dead-letters").await.status == 200
            && host.high_watermarks("s.dead-letters").await[0] == 3)
            .then_some(())
    })
    .await;
    let letters = &read_topic(&host, "s.dead-letters").await[0];
    let mut dead: Vec<u64> = letters.iter().map(|letter| letter.value.as_u64().unwrap()).collect();
    dead.sort_unstable();
    assert_eq!(dead, [2, 3, 4]);
    let headers = &letters.iter().find(|letter| letter.value == json!(3)).unwrap().headers;
    assert_eq!((&headers["dead-letter-topic"], &headers["dead-letter-offset"]), (&json!("t"), &json!("3")));
    assert_eq!(headers["dead-letter-deliveries"], "2");
    // What is accepted stays so over a restart; the rest comes again.
    host.kill_and_restart().await;
    let left = until("the rest is read", async || {
        let batch = a.poll(&host, json!({"max_records": 50, "wait_ms": 100})).await.ok();
        let group = host.get("/v1/groups/s").await.ok();
        a.commit(&host, &batch).await.ok();
        (group["lag"] == 0).then_some(group)
    })
    .await;
    assert_eq!(left["partitions"][0]["committed"], 20, "{left:#}");
    assert_eq!(host.post("/v1/groups/s/members", json!({"topics": ["t"]})).await.problem(409), "group-mode");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_a_group_of_its_name() {
    let host = Host::start().await;
    fill(&host, "flights", 2, 10).await;
    host.upload("filter-json", plugin("filter-json")).await.ok();
    let settings = json!({"path": "x", "comparison": "equal", "operand": 1});
    let deploy = json!({"plugin": "filter-json", "inputs": ["flights"], "output": "late", "settings": settings});
    host.put("/v1/deployments/late", deploy.clone()).await.ok();
    host.caught_up("late").await;
    let group = host.get("/v1/groups/late").await.ok();
    assert_eq!((&group["deployment"], &group["lag"], &group["state"]), (&json!("late"), &json!(0), &json!("stable")));
    assert_eq!(group["partitions"][1]["committed"], 5);
    assert_eq!(host.get("/v1/groups").await.ok()["items"][0]["deployment"], "late");
    for answer in [
        host.post("/v1/groups/late/members", json!({"topics": ["flights"]})).await,
        host.post("/v1/groups/late/reset", json!({"to": "earliest"})).await,
        host.delete("/v1/groups/late").await,
    ] {
        assert_eq!(answer.problem(409), "group-in-use");
    }
    Member::join(&host, "mine", json!({"topics": ["flights"]})).await;
    assert_eq!(host.put("/v1/deployments/mine", deploy).await.problem(409), "group-exists");
    host.delete("/v1/deployments/late").await.ok();
    assert_eq!(host.get("/v1/groups/late").await.problem(404), "unknown-group");
    Member::join(&host, "late", json!({"topics": ["flights"]})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_without_members_goes_after_its_time() {
    let host = Host::start_with(&["--group-retention", "1500ms"]).await;
    fill(&host, "t", 1, 5).await;
    let idle = Member::join(&host, "idle", json!({"topics": ["t"]})).await;
    let busy = Member::join(&host, "busy", json!({"topics": ["t"]})).await;
    drain(&host, &idle).await;
    idle.leave(&host).await;
    until("it is gone", async || {
        busy.poll(&host, json!({})).await.ok();
        (host.get("/v1/groups/idle").await.status == 404).then_some(())
    })
    .await;
    assert_eq!(host.get("/v1/groups/busy").await.ok()["lag"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_is_told_in_records_and_in_time() {
    let host = Host::start().await;
    fill(&host, "t", 2, 10).await;
    let a = Member::join(&host, "g", json!({"topics": ["t"], "session_timeout_ms": 3_000})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let group = host.get("/v1/groups/g").await.ok();
    let partition = &group["partitions"][0];
    assert_eq!((&group["lag"], &partition["lag"], &partition["member_id"]), (&json!(10), &json!(5), &json!(a.id)));
    assert!(partition["lag_ms"].as_u64().unwrap() >= 300, "{partition}");
    assert_eq!(group["members"][0]["state"], "stable");
    // It is heard and does not poll, though there is something for it.
    until("it is named as stalled", async || {
        host.post(&a.path("/heartbeat"), json!(null)).await.ok();
        (host.get("/v1/groups/g").await.ok()["stalled"] == json!([a.id])).then_some(())
    })
    .await;
    let metrics = host.get("/metrics").await.text;
    assert!(metrics.contains("kafka_do_group_lag{group=\"g\"} 10"), "{metrics}");
}
