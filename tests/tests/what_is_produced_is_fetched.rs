//! Records go in by three content types and come out by three, by offset and by time, at once or as they come.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use kafka_do_tests::{Host, earthquakes, read_topic};
use serde_json::{Value, json};

#[tokio::test]
async fn in_three_forms() {
    let host = Host::start().await;
    host.create_topic("t", 1).await;
    let path = "/v1/topics/t/records";
    let many = json!({"records": [
        {"key": "a", "value": {"n": 1}, "headers": {"trace": "x", "again": ["1", "2"]}, "timestamp": 1000},
        {"value": null, "key": {"$base64": "/w=="}, "timestamp": "1970-01-01T00:00:02Z"},
    ]});
    let answer = host.post(path, many).await.ok();
    assert_eq!(
        answer,
        json!({"records": [
            {"partition": 0, "offset": 0, "timestamp": 1000},
            {"partition": 0, "offset": 1, "timestamp": 2000},
        ], "durability": "synced"})
    );
    let bare = host.post(path, json!({"value": "text", "timestamp": 3000})).await.ok();
    assert_eq!(bare["records"][0]["offset"], 2);
    host.try_produce("t", "?key_path=id", "{\"id\":7}\n[1]".into()).await.unwrap().ok();
    let raw = host
        .client()
        .post(host.url() + path)
        .header("content-type", "application/octet-stream")
        .header("kafka-do-key", "k");
    let raw = raw.body(vec![0xff, 0x00]).send().await.unwrap();
    assert_eq!(raw.status(), 200);

    let page = host.get("/v1/topics/t/partitions/0/records").await.ok();
    assert_eq!((&page["next_offset"], &page["high_watermark"]), (&json!(6), &json!(6)));
    let records = page["records"].as_array().unwrap();
    assert_eq!(
        records[0],
        json!({
            "offset": 0, "timestamp": 1000, "key": "a", "value": {"n": 1}, "headers": {"trace": "x", "again": ["1", "2"]},
        })
    );
    assert_eq!(
        records[1],
        json!({"offset": 1, "timestamp": 2000, "key": {"$base64": "/w=="}, "value": null, "headers": {}})
    );
    assert_eq!(records[2]["value"], "text");
    assert_eq!((&records[3]["key"], &records[3]["value"]), (&json!("7"), &json!({"id": 7})));
    assert_eq!((&records[4]["key"], &records[4]["value"]), (&Value::Null, &json!([1])));
    assert_eq!((&records[5]["key"], &records[5]["value"]), (&json!("k"), &json!({"$base64": "/wA="})));

    let by_offset = host.get("/v1/topics/t/partitions/0/records?offset=2&max_records=2").await.ok();
    assert_eq!((&by_offset["records"][0]["offset"], &by_offset["next_offset"]), (&json!(2), &json!(4)));
    for (time, offset) in [("0", 0), ("1001", 1), ("1970-01-01T00:00:03Z", 2), ("4000", 3)] {
        let page = host.get(&format!("/v1/topics/t/partitions/0/records?timestamp={time}&max_records=1")).await.ok();
        assert_eq!(page["records"][0]["offset"], offset, "{time}");
    }
    let later = host.get("/v1/topics/t/partitions/0/records?timestamp=9999999999999").await.ok();
    assert_eq!((&later["records"], &later["next_offset"]), (&json!([]), &json!(6)));

    let accept = |form: &'static str| {
        host.client().get(host.url() + "/v1/topics/t/partitions/0/records?offset=3").header("accept", form).send()
    };
    let lines = accept("application/x-ndjson").await.unwrap();
    assert_eq!(lines.headers()["kafka-do-next-offset"], "6");
    assert_eq!(lines.text().await.unwrap().lines().count(), 3);
    let raw = accept("application/octet-stream").await.unwrap().bytes().await.unwrap();
    assert_eq!(raw[16], 2, "RecordBatch v2");
}

/// Keys go where Kafka's own clients would send them, and what has a key stays in order.
#[tokio::test]
async fn a_topic_that_is_not_there_is_made_where_that_is_asked_for() {
    let host = Host::start().await;
    let record = json!({"value": 1});
    let refused = host.post("/v1/topics/new/records", record.clone()).await;
    assert_eq!((refused.status, host.get("/v1/topics/new").await.status), (404, 404));
    for offset in 0..2 {
        let stored = host.post("/v1/topics/new/records?create=true", record.clone()).await.ok();
        assert_eq!(stored["records"][0]["offset"], offset);
    }
    assert_eq!(host.get("/v1/topics/new").await.ok()["partitions"], 1, "the host's default");
    // What is there is left as it is.
    host.create_topic("wide", 3).await;
    host.post("/v1/topics/wide/records?create=true", record.clone()).await.ok();
    assert_eq!(host.get("/v1/topics/wide").await.ok()["partitions"], 3);
    // A request that is wrong makes nothing.
    let wrong = host.post("/v1/topics/wrong/records?create=true", json!({"records": [{"valu": 1}]})).await;
    assert_eq!((wrong.status, host.get("/v1/topics/wrong").await.status), (400, 404));
}

#[tokio::test]
async fn keys_choose_partitions() {
    let host = Host::start().await;
    host.create_topic("quakes", 5).await;
    host.try_produce("quakes", "?key_path=net", kafka_do_tests::EARTHQUAKES.into()).await.unwrap().ok();
    let partitions = read_topic(&host, "quakes").await;
    let all = earthquakes();
    assert_eq!(partitions.iter().map(Vec::len).sum::<usize>(), all.len());
    for partition in &partitions {
        for record in partition {
            assert_eq!(record.key.as_deref(), record.value["net"].as_str());
        }
    }
    let nets: std::collections::BTreeSet<&str> = all.iter().map(|quake| quake["net"].as_str().unwrap()).collect();
    for net in nets {
        let holding: Vec<_> = partitions.iter().filter(|p| p.iter().any(|r| r.key.as_deref() == Some(net))).collect();
        assert_eq!(holding.len(), 1, "{net} is in one partition");
        let stored: Vec<_> = holding[0].iter().filter(|r| r.key.as_deref() == Some(net)).map(|r| &r.value).collect();
        let sent: Vec<_> = all.iter().filter(|quake| quake["net"] == net).collect();
        assert_eq!(stored, sent, "{net} is in order");
    }
}

#[tokio::test]
async fn a_long_poll_wakes_when_a_record_comes() {
    let host = Host::start().await;
    host.create_topic("t", 1).await;
    let begun = Instant::now();
    let empty = host.get("/v1/topics/t/partitions/0/records?wait_ms=200").await.ok();
    assert_eq!(empty["records"], json!([]));
    assert!(begun.elapsed() >= Duration::from_millis(200));
    let begun = Instant::now();
    let (page, ()) = tokio::join!(host.get("/v1/topics/t/partitions/0/records?offset=0&wait_ms=30000"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        host.post("/v1/topics/t/records", json!({"value": 1})).await.ok();
    });
    assert_eq!(page.ok()["records"][0]["value"], 1);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// Reads `count` items of a stream.
async fn items(host: &Host, path: &str, headers: &[(&'static str, &str)], count: usize) -> Vec<String> {
    let mut request = host.client().get(host.url() + path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut stream = response.bytes_stream();
    let mut text = String::new();
    let events = headers.iter().any(|(_, value)| *value == "text/event-stream");
    let separator = if events { "\n\n" } else { "\n" };
    while text.matches(separator).count() < count {
        let chunk = tokio::time::timeout(Duration::from_secs(20), stream.next()).await.expect("items come in time");
        text.push_str(std::str::from_utf8(&chunk.expect("the stream goes on").unwrap()).unwrap());
    }
    text.split_terminator(separator).take(count).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_everything_once() {
    let host = Host::start().await;
    host.create_topic("t", 3).await;
    let send = |range: std::ops::Range<u32>| {
        let lines: Vec<String> = range.map(|n| format!("{{\"n\":{n}}}")).collect();
        host.try_produce("t", "?key_path=n", lines.join("\n"))
    };
    let number = |item: &String| serde_json::from_str::<Value>(item).unwrap()["value"]["n"].as_u64().unwrap();
    send(0..300).await.unwrap().ok();

    let to_the_end = host.get("/v1/topics/t/records?from=earliest").await;
    let mut numbers: Vec<u64> = to_the_end.text.lines().map(|line| number(&line.to_owned())).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..300));

    // Half of it, then a break, then on from the cursor, while more comes.
    let first = items(&host, "/v1/topics/t/records?from=earliest&follow=true", &[], 150).await;
    let cursor = serde_json::from_str::<Value>(first.last().unwrap()).unwrap()["cursor"].as_str().unwrap().to_owned();
    let path = format!("/v1/topics/t/records?follow=true&cursor={cursor}");
    let (second, ()) = tokio::join!(items(&host, &path, &[], 250), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        send(300..400).await.unwrap().ok();
    });
    let mut numbers: Vec<u64> = first.iter().chain(&second).map(number).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..400), "no item is missing, none is there twice");

    // The same as server-sent events; Last-Event-ID goes on.
    let events =
        items(&host, "/v1/topics/t/records?from=earliest&follow=true", &[("accept", "text/event-stream")], 100).await;
    let id = events[99].lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let data = |event: &String| event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap().to_owned();
    let resumed = [("accept", "text/event-stream"), ("last-event-id", id)];
    let rest = items(&host, "/v1/topics/t/records?follow=true", &resumed, 300).await;
    let mut numbers: Vec<u64> = events.iter().chain(&rest).map(|event| number(&data(event))).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..400));

    // New partitions are followed as they come; from latest, only what is new.
    let (fresh, ()) = tokio::join!(items(&host, "/v1/topics/t/records?follow=true", &[], 2), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        host.patch("/v1/topics/t", json!({"partitions": 4})).await.ok();
        let records =
            json!({"records": [{"value": {"n": 1000}, "partition": 3}, {"value": {"n": 1001}, "partition": 0}]});
        host.post("/v1/topics/t/records", records).await.ok();
    });
    let mut numbers: Vec<u64> = fresh.iter().map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1000, 1001]);
}

/// Old records are read from the store when the tail no longer has them, and after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_left_the_tail_is_still_there() {
    let mut host = Host::start().await;
    host.create_topic("big", 2).await;
    let value = "x".repeat(10_000);
    for round in 0..100 {
        let lines: Vec<String> = (0..100).map(|n| format!("{{\"n\":{},\"x\":\"{value}\"}}", round * 100 + n)).collect();
        host.try_produce("big", "", lines.join("\n")).await.unwrap().ok();
    }
    let check = |partitions: Vec<Vec<kafka_do_tests::Record>>| {
        let mut numbers: Vec<u64> = partitions.iter().flatten().map(|r| r.value["n"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..10_000));
    };
    check(read_topic(&host, "big").await);
    host.kill_and_restart().await;
    check(read_topic(&host, "big").await);
    assert_eq!(host.delete("/v1/topics/big").await.status, 204);
    assert_eq!(host.get("/v1/topics/big").await.problem(404), "unknown-topic");
    host.create_topic("big", 1).await;
    assert_eq!(host.high_watermarks("big").await, [0], "a topic of the same name is another topic");
}
