//! What is too old, too much, asked away or overwritten goes, in every tier, and nothing else does; whoever reads passes
//! over what is not there. What is merely old moves to where it is cheap.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kafka_do_tests::{
    Follower, Host, Numbered, exact, fetch_from, fetch_raw, partitions, plugin, sealed, segments, shown, until,
    until_equal,
};
use serde_json::{Value, json};

const SEGMENT_BYTES: u64 = 65_536;
/// Longer than a look at what is due and what it leads to take: where nothing changes, nothing will.
const BEAT: Duration = Duration::from_secs(1);

/// Small segments, and none that waits for more for long.
fn settings(more: Value) -> Value {
    let mut settings = json!({"segment_bytes": SEGMENT_BYTES, "segment_ms": 500});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// The offsets of a partition from its start on.
async fn offsets(host: &Host, topic: &str) -> Vec<u64> {
    let start = partitions(host, topic).await[0].start_offset;
    fetch_from(host, topic, 0, start).await.iter().map(|record| record["offset"].as_u64().unwrap()).collect()
}

async fn pass_all(host: &Host, name: &str, topic: &str) {
    host.upload("filter-json", plugin("filter-json")).await.ok();
    let all = json!({
        "plugin": "filter-json", "inputs": [topic], "output": format!("{name}-out"),
        "settings": {"path": "n", "comparison": "greater-or-equal", "operand": 0},
    });
    host.put(&format!("/v1/deployments/{name}"), all).await.ok();
}

/// The numbers that a deployment passed on.
async fn passed(host: &Host, name: &str) -> Vec<u64> {
    host.caught_up(name).await;
    let output = fetch_from(host, &format!("{name}-out"), 0, 0).await;
    output.iter().map(|record| record["value"]["n"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn by_their_time() {
    let mut host = Host::start().await;
    host.put("/v1/topics/t", settings(json!({"retention_ms": 3_600_000}))).await.ok();
    let now = now_ms();
    let send = |age_ms: i64, numbers: std::ops::Range<u64>| {
        let host = &host;
        let text = "x".repeat(1_000);
        let record = move |n: u64| json!({"value": {"n": n, "text": text}, "timestamp": now - age_ms});
        async move {
            let records: Vec<Value> = numbers.map(record).collect();
            host.post("/v1/topics/t/records", json!({ "records": records })).await.ok();
        }
    };
    // Two hours old, half an hour old, and two hours old again: what follows something that stays, stays.
    send(7_200_000, 0..200).await;
    until("the first are sealed or gone", async || (partitions(&host, "t").await[0].head_bytes == 0).then_some(()))
        .await;
    send(1_800_000, 200..400).await;
    send(7_200_000, 400..410).await;
    until_equal("the old ones are gone", 200, async || partitions(&host, "t").await[0].start_offset).await;
    sealed(&host, "t").await;
    exact(&host, "t", &[&host.data().join("tier")]).await;
    assert!(offsets(&host, "t").await.into_iter().eq(200..410));
    assert_eq!(host.get("/v1/topics/t/partitions/0/records?offset=199").await.problem(416), "offset-out-of-range");
    let oldest = host.get("/v1/topics/t/partitions/0/records?max_records=1").await.ok();
    assert_eq!(oldest["records"][0]["offset"], 200, "a read without an offset begins at the oldest");
    host.kill_and_restart().await;
    assert!(offsets(&host, "t").await.into_iter().eq(200..410));

    // A topic that is told so later forgets as well; offsets go on.
    host.patch("/v1/topics/t", json!({"retention_ms": 60_000})).await.ok();
    until_equal("all are gone", 410, async || partitions(&host, "t").await[0].start_offset).await;
    assert_eq!(exact(&host, "t", &[&host.data().join("tier")]).await, []);
    let answer = host.post("/v1/topics/t/records", json!({"value": {"n": 410}})).await.ok();
    assert_eq!(answer["records"][0]["offset"], 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_their_bytes() {
    let host = Host::start().await;
    let log = Numbered::new("t", 2);
    let bound = 4 * SEGMENT_BYTES;
    log.create(&host, settings(json!({"retention_bytes": bound}))).await;
    // Whoever follows slowly misses what goes, and goes on with what is there.
    log.produce(&host, 0..1_200).await;
    sealed(&host, "t").await;
    until("a partition holds what it may", async || {
        let partitions = partitions(&host, "t").await;
        partitions.iter().all(|partition| partition.segment_bytes <= bound + 2 * SEGMENT_BYTES).then_some(())
    })
    .await;
    exact(&host, "t", &[&host.data().join("tier")]).await;
    for (number, partition) in partitions(&host, "t").await.iter().enumerate() {
        assert!(partition.start_offset > 0 && partition.high_watermark == 600, "{partition:?}");
        assert!(partition.segment_bytes + 2 * SEGMENT_BYTES > bound, "no more goes than must: {partition:?}");
        let records = fetch_from(&host, "t", number, partition.start_offset).await;
        assert_eq!(records.len() as u64, 600 - partition.start_offset);
        for (offset, record) in (partition.start_offset..).zip(&records) {
            assert_eq!(record, &log.shown(number as u64, offset));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_they_are_deleted() {
    let mut host = Host::start().await;
    let log = Numbered::new("t", 1);
    log.create(&host, settings(json!({}))).await;
    log.produce(&host, 0..300).await;
    sealed(&host, "t").await;
    let path = |before: u64| format!("/v1/topics/t/partitions/0/records?before={before}");
    let standing = |start: u64, end: u64| json!({"partition": 0, "start_offset": start, "high_watermark": end});
    pass_all(&host, "late", "t").await;
    assert_eq!(passed(&host, "late").await.len(), 297);
    host.post("/v1/deployments/late/pause", json!({})).await.ok();

    assert_eq!(host.delete(&path(301)).await.problem(416), "offset-out-of-range");
    assert_eq!(host.delete("/v1/topics/t/partitions/1/records?before=0").await.problem(404), "unknown-partition");
    assert_eq!(host.delete("/v1/topics/t/partitions/0/records").await.status, 400);
    assert_eq!(host.delete(&path(0)).await.ok(), standing(0, 300));
    // In the middle of a segment, and of a batch.
    assert_eq!(host.delete(&path(101)).await.ok(), standing(101, 300));
    assert_eq!(host.delete(&path(50)).await.ok(), standing(101, 300), "what is deleted stays deleted");
    let left = exact(&host, "t", &[&host.data().join("tier")]).await;
    assert!(left[0].base > 0 && left[0].base <= 101 && left[0].next > 101, "{left:?}");
    for restarted in [false, true] {
        if restarted {
            host.kill_and_restart().await;
        }
        assert!(offsets(&host, "t").await.into_iter().eq(101..300));
        assert_eq!(host.get("/v1/topics/t/partitions/0/records?offset=100").await.problem(416), "offset-out-of-range");
        let raw = fetch_raw(&host, "t", 0, 101).await;
        let raw: Vec<Value> = raw.iter().flat_map(|batch| &batch.records).map(shown).collect();
        assert_eq!(raw.last(), Some(&log.shown(0, 299)));
        let followed = Follower::open(&host, "/v1/topics/t/records?from=earliest").await.rest().await;
        assert_eq!((followed.len(), &followed[0]["offset"]), (199, &json!(101)));
        let early = host.get("/v1/topics/t/partitions/0/records?timestamp=0&max_records=1").await.ok();
        assert_eq!(early["records"][0]["offset"], 101);
    }

    // In the head; and all of it.
    host.patch("/v1/topics/t", json!({"segment_ms": 600_000})).await.ok();
    log.produce(&host, 300..330).await;
    assert_eq!(host.delete(&path(310)).await.ok(), standing(310, 330));
    assert!(offsets(&host, "t").await.into_iter().eq(310..330));
    assert_eq!(host.delete(&path(330)).await.ok(), standing(330, 330));
    assert_eq!(offsets(&host, "t").await, [0_u64; 0]);
    assert_eq!(exact(&host, "t", &[&host.data().join("tier")]).await, []);
    host.kill_and_restart().await;
    log.produce(&host, 330..340).await;
    assert!(offsets(&host, "t").await.into_iter().eq(330..340));

    // A deployment whose place is gone goes on at the start, whether it was there or not.
    host.post("/v1/deployments/late/resume", json!({})).await.ok();
    assert_eq!(passed(&host, "late").await[297..], (330..340).collect::<Vec<u64>>());
    pass_all(&host, "new", "t").await;
    assert!(passed(&host, "new").await.into_iter().eq(330..340));
}

/// The keys of a round; each round overwrites those of the one before.
const KEYS: u64 = 40;

fn round(number: u64, without: &[u64]) -> Value {
    let record = |key: u64| {
        let n = number * KEYS + key;
        json!({"key": format!("k{key}"), "value": {"n": n, "text": "x".repeat(1_000)}, "headers": {"n": n.to_string()}})
    };
    json!({"records": (0..KEYS).filter(|key| !without.contains(key)).map(record).collect::<Vec<_>>()})
}

fn n_of(record: &Value) -> u64 {
    record["value"]["n"].as_u64().unwrap_or(u64::MAX)
}

/// The last record of each key.
fn latest(records: &[Value]) -> BTreeMap<String, Value> {
    records.iter().map(|record| (record["key"].as_str().unwrap().to_owned(), record.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn when_their_key_has_a_later_value() {
    let mut host = Host::start().await;
    host.put("/v1/topics/t", settings(json!({"cleanup_policy": "compact"}))).await.ok();
    let mut produced = Vec::new();
    let send = async |host: &Host, produced: &mut Vec<Value>, body: Value| {
        let answer = host.post("/v1/topics/t/records", body.clone()).await.ok();
        for (record, receipt) in body["records"].as_array().unwrap().iter().zip(answer["records"].as_array().unwrap()) {
            let mut record = record.clone();
            record["offset"] = receipt["offset"].clone();
            record["timestamp"] = receipt["timestamp"].clone();
            if record.get("headers").is_none() {
                record["headers"] = json!({});
            }
            assert_eq!(record["offset"], produced.len(), "one partition, without a gap");
            produced.push(record);
        }
    };
    for number in 0..30 {
        send(&host, &mut produced, round(number, &[])).await;
    }
    // Two keys are deleted; the grace for readers to see it is a day.
    let tombstones = json!({"records": [{"key": "k3", "value": null}, {"key": "k7", "value": null}]});
    send(&host, &mut produced, tombstones).await;
    let records = until("most of what was overwritten is gone", async || {
        let records = fetch_from(&host, "t", 0, 0).await;
        (records.len() < produced.len() / 4).then_some(records)
    })
    .await;
    for record in &records {
        let offset = usize::try_from(record["offset"].as_u64().unwrap()).unwrap();
        assert_eq!(record, &produced[offset], "what stays is as it was, where it was");
    }
    assert_eq!(latest(&records), latest(&produced), "of each key the latest stays");
    assert_eq!(latest(&records)["k3"]["value"], Value::Null);
    exact(&host, "t", &[&host.data().join("tier")]).await;

    // Whoever reads passes over the holes, by every way, and again after a restart.
    host.patch("/v1/topics/t", json!({"segment_ms": 600_000, "cleanup_policy": "delete"})).await.ok();
    let mut records = fetch_from(&host, "t", 0, 0).await;
    until("what was under way is done", async || {
        tokio::time::sleep(BEAT).await;
        let before = std::mem::replace(&mut records, fetch_from(&host, "t", 0, 0).await);
        (before == records).then_some(())
    })
    .await;
    let survived = |record: &Value| records.iter().any(|kept| kept["offset"] == record["offset"]);
    let hole = produced.iter().find(|record| !survived(record)).unwrap()["offset"].as_u64().unwrap();
    for restarted in [false, true] {
        if restarted {
            host.kill_and_restart().await;
        }
        let from_hole = fetch_from(&host, "t", 0, hole).await;
        let after: Vec<&Value> = records.iter().filter(|record| record["offset"].as_u64().unwrap() > hole).collect();
        assert!(from_hole.iter().eq(after), "a read may begin in a hole");
        let raw: Vec<Value> =
            fetch_raw(&host, "t", 0, 0).await.iter().flat_map(|batch| &batch.records).map(shown).collect();
        assert!(raw == records, "raw batches have the same holes");
        let followed = Follower::open(&host, "/v1/topics/t/records?from=earliest").await.rest().await;
        assert!(followed.iter().map(|item| &item["offset"]).eq(records.iter().map(|record| &record["offset"])));
        let middle = followed[followed.len() / 2]["cursor"].as_str().unwrap();
        let rest = Follower::open(&host, &format!("/v1/topics/t/records?cursor={middle}")).await.rest().await;
        assert_eq!(rest[..], followed[followed.len() / 2 + 1..]);
        // One record at a time, as a careful client reads.
        let mut next = 0;
        for record in records.iter().take(50) {
            let page = host.get(&format!("/v1/topics/t/partitions/0/records?offset={next}&max_records=1")).await.ok();
            assert_eq!(&page["records"][0], record);
            next = page["next_offset"].as_u64().unwrap();
        }
        let name = format!("d{restarted}");
        pass_all(&host, &name, "t").await;
        let numbers = records.iter().filter(|record| !record["value"].is_null()).map(n_of);
        assert!(passed(&host, &name).await.into_iter().eq(numbers), "a task passes over the holes");
    }

    // Once the grace is over the deletion itself goes, and the key with it. How long it is was settled for each deletion when
    // compaction met it: those from before stay for their day.
    let soon = json!({"tombstone_retention_ms": 100, "segment_ms": 500, "cleanup_policy": "compact"});
    host.patch("/v1/topics/t", soon).await.ok();
    let tombstones = json!({"records": [{"key": "k5", "value": null}, {"key": "k9", "value": null}]});
    send(&host, &mut produced, tombstones).await;
    let mut number = 30;
    until("nobody remembers the deleted keys", async || {
        if number < 100 {
            // Others are overwritten, so that there is something to compact.
            send(&host, &mut produced, round(number, &[3, 5, 7, 9])).await;
            number += 1;
        }
        let keys = latest(&fetch_from(&host, "t", 0, 0).await);
        (!keys.contains_key("k5") && !keys.contains_key("k9")).then_some(())
    })
    .await;
    let mut expected = latest(&produced);
    expected.retain(|key, _| key != "k5" && key != "k9");
    assert_eq!((&expected["k3"]["value"], &expected["k7"]["value"]), (&Value::Null, &Value::Null));
    assert_eq!(latest(&fetch_from(&host, "t", 0, 0).await), expected);
}

/// A key path says what is overwritten where a record comes without a key.
#[tokio::test(flavor = "multi_thread")]
async fn when_the_field_that_is_their_key_has() {
    let host = Host::start().await;
    let more = json!({"cleanup_policy": "compact", "key_path": "user.id", "partitions": 2});
    host.put("/v1/topics/t", settings(more)).await.ok();
    for number in 0..40 {
        let line = |user: u64| json!({"user": {"id": user}, "n": number, "text": "x".repeat(500)}).to_string();
        let lines: Vec<String> = (0..20).map(line).collect();
        host.try_produce("t", "", lines.join("\n")).await.unwrap().ok();
    }
    // A key that a record has counts for more than its field.
    let own = json!({"records": [{"key": "7", "value": {"user": {"id": 8}, "n": 99}}]});
    host.post("/v1/topics/t/records", own).await.ok();
    let all = async || {
        let mut all = fetch_from(&host, "t", 0, 0).await;
        all.extend(fetch_from(&host, "t", 1, 0).await);
        all
    };
    let records = until("most of what was overwritten is gone", async || {
        let records = all().await;
        (records.len() < 300).then_some(records)
    })
    .await;
    let expected = (0..20).map(|user| (user.to_string(), if user == 7 { 99 } else { 39 }));
    let found = latest(&records).into_iter().map(|(user, record)| (user, record["value"]["n"].as_u64().unwrap()));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), expected.collect::<BTreeMap<_, u64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn to_where_it_is_cheap() {
    let cold = tempfile::tempdir().unwrap();
    let url = format!("file://{}", cold.path().display());
    let mut host = Host::start_with(&["--cold-tier", &url]).await;
    let warm = host.data().join("tier");
    let log = Numbered::new("t", 2);
    log.create(&host, settings(json!({}))).await;
    log.produce(&host, 0..400).await;
    sealed(&host, "t").await;
    let stored = exact(&host, "t", &[&warm, cold.path()]).await;
    assert_eq!(segments(cold.path()), [], "none is to move");
    host.patch("/v1/topics/t", json!({"cold_after_ms": 500})).await.ok();
    let moved = async |host: &Host| {
        until("the old ones have moved", async || {
            let partitions = partitions(host, "t").await;
            let all_cold = |partition: &kafka_do_tests::Partition| partition.cold_segments == partition.segments;
            (partitions.iter().all(all_cold) && segments(&warm).is_empty()).then_some(())
        })
        .await;
    };
    moved(&host).await;
    let names = |segments: &[kafka_do_tests::Segment]| -> Vec<(usize, u64, u64)> {
        segments.iter().map(|segment| (segment.partition, segment.base, segment.next)).collect()
    };
    assert_eq!(names(&exact(&host, "t", &[cold.path()]).await), names(&stored), "each is there, once");
    log.check(&host, 400).await;
    for kill in 0..3 {
        let from = 400 + kill * 200;
        log.produce(&host, from..from + 200).await;
        host.kill_and_restart().await;
    }
    sealed(&host, "t").await;
    moved(&host).await;
    exact(&host, "t", &[cold.path()]).await;
    host.kill_and_restart().await;
    log.check(&host, 1_000).await;

    // A topic that is deleted is deleted there too, and what is too old goes from there.
    host.patch("/v1/topics/t", json!({"retention_bytes": 2 * SEGMENT_BYTES})).await.ok();
    until("the oldest go", async || partitions(&host, "t").await[0].start_offset.checked_sub(1)).await;
    exact(&host, "t", &[cold.path()]).await;
    host.delete("/v1/topics/t").await.ok();
    until("the cold tier is swept", async || segments(cold.path()).is_empty().then_some(())).await;
}
