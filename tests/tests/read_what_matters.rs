//! A read of a topic takes what it is asked for and nothing else: up to a time, so many, the newest, those that satisfy
//! conditions; in segments and in the head, whatever the order of times.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use kafka_do_tests::{Follower, Host, binary, command, sealed};
use serde_json::{Value, json};

const PARTITIONS: u64 = 3;
const BEGIN_MS: i64 = 1_700_000_000_000;
const NAMES: [&str; 4] = ["Ada", "Ben", "San Francisco", "7"];

/// A record as it was sent.
#[derive(Clone, Debug)]
struct Sent {
    partition: u64,
    offset: u64,
    timestamp: i64,
    value: Value,
}

/// Numbers that look like chance and are the same in each run.
fn scattered(n: u64) -> u64 {
    let mixed = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32
}

/// The record of this number. Times go on from record to record and stray on the way, so that some are the same.
fn sent(n: u64) -> Sent {
    let stray = i64::try_from(scattered(n) % 400).unwrap();
    let value = match n % 16 {
        3 => Value::Null,
        7 => json!({"$base64": "AAE="}),
        11 => json!(n),
        _ => json!({
            "n": n,
            "amount": scattered(n * 3) % 200,
            "customer": {"name": NAMES[usize::try_from(scattered(n * 5) % 4).unwrap()], "tags": [n % 3, "x"]},
        }),
    };
    let timestamp = BEGIN_MS + i64::try_from(n).unwrap() * 10 + stray - 200;
    Sent { partition: n % PARTITIONS, offset: n / PARTITIONS, timestamp, value }
}

async fn produce(host: &Host, numbers: std::ops::Range<u64>) {
    for n in numbers.clone().step_by(60) {
        let records: Vec<Value> = (n..(n + 60).min(numbers.end))
            .map(sent)
            .map(|Sent { partition, timestamp, value, .. }| {
                json!({"partition": partition, "timestamp": timestamp, "value": value})
            })
            .collect();
        host.post("/v1/topics/t/records", json!({ "records": records })).await.ok();
    }
}

type IsWanted = fn(&Value) -> bool;

/// A query of conditions, and what it means.
fn conditions() -> Vec<(&'static str, IsWanted)> {
    fn amount(value: &Value) -> Option<u64> {
        value["amount"].as_u64()
    }
    fn name(value: &Value) -> Option<&str> {
        value["customer"]["name"].as_str()
    }
    vec![
        ("where=amount%3E100", |value| amount(value).is_some_and(|amount| amount > 100)),
        ("where=amount%3E%3D50&where=amount%3C60", |value| {
            amount(value).is_some_and(|amount| (50..60).contains(&amount))
        }),
        ("where=customer.name=Ada", |value| name(value) == Some("Ada")),
        ("where=customer.name=%22San+Francisco%22", |value| name(value) == Some("San Francisco")),
        ("where=customer.name!=Ada", |value| name(value).is_some_and(|name| name != "Ada")),
        ("where=customer.name=7", |value| name(value) == Some("7")),
        ("where=customer.name~ran&where=amount%3C=20", |value| {
            name(value).is_some_and(|name| name.contains("ran")) && amount(value).is_some_and(|amount| amount <= 20)
        }),
        ("where=customer.tags.0=2", |value| value["customer"]["tags"][0] == 2),
        ("where=customer.tags~x&where=n%3C100", |value| value["n"].as_u64().is_some_and(|n| n < 100)),
        ("where=missing!=1", |_| false),
    ]
}

/// What a read shows of where a record stands.
fn place(item: &Value) -> (u64, u64) {
    (item["partition"].as_u64().unwrap(), item["offset"].as_u64().unwrap())
}

async fn read(host: &Host, query: &str) -> Vec<Value> {
    Follower::open(host, &format!("/v1/topics/t/records?{query}")).await.rest().await
}

/// The records that a read must bring, in the order of each partition; between partitions there is none.
#[track_caller]
fn same(found: &[Value], expected: &[Sent], query: &str) {
    for partition in 0..PARTITIONS {
        let found: Vec<_> = found.iter().map(place).filter(|place| place.0 == partition).collect();
        let expected: Vec<_> =
            expected.iter().filter(|sent| sent.partition == partition).map(|sent| (partition, sent.offset)).collect();
        assert_eq!(found, expected, "{query}");
    }
}

/// All queries against the plain way of answering them.
async fn agrees(host: &Host, count: u64) {
    let all: Vec<Sent> = (0..count).map(sent).collect();
    let everything: (&str, IsWanted) = ("", |_| true);
    for (conditions, is_wanted) in conditions().into_iter().chain([everything]) {
        let wanted: Vec<Sent> = all.iter().filter(|sent| is_wanted(&sent.value)).cloned().collect();
        same(&read(host, conditions).await, &wanted, conditions);

        for until in [BEGIN_MS - 1_000, BEGIN_MS + 1_003, BEGIN_MS + 1_000_000] {
            let query = format!("{conditions}&until={until}");
            let before: Vec<Sent> = wanted.iter().filter(|sent| sent.timestamp < until).cloned().collect();
            same(&read(host, &query).await, &before, &query);
        }

        for limit in [1, 10, 100_000] {
            let query = format!("{conditions}&limit={limit}");
            let found = read(host, &query).await;
            assert_eq!(found.len(), wanted.len().min(limit), "{query}");
            let is_wanted = |item: &Value| wanted.iter().any(|sent| (sent.partition, sent.offset) == place(item));
            assert!(found.iter().all(is_wanted), "{query}");
        }

        let mut by_time = wanted.clone();
        by_time.sort_by_key(|sent| (sent.timestamp, sent.partition, sent.offset));
        for last in [1, 10, 137, 10_000] {
            let query = format!("{conditions}&last={last}");
            let newest = &by_time[by_time.len().saturating_sub(last)..];
            let expected: Vec<_> = newest.iter().map(|sent| (sent.partition, sent.offset)).collect();
            let found: Vec<_> = read(host, &query).await.iter().map(place).collect();
            assert_eq!(found, expected, "{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_model_would() {
    let host = Host::start().await;
    let settings = json!({"partitions": PARTITIONS, "segment_bytes": 65_536, "segment_ms": 1_000});
    host.put("/v1/topics/t", settings).await.ok();
    produce(&host, 0..3_000).await;
    agrees(&host, 3_000).await;
    sealed(&host, "t").await;
    agrees(&host, 3_000).await;
    // A part in segments, a part in the head.
    host.patch("/v1/topics/t", json!({"segment_ms": 600_000})).await.ok();
    produce(&host, 3_000..3_600).await;
    agrees(&host, 3_600).await;
}

#[tokio::test]
async fn and_goes_on_behind_what_it_left_out() {
    let host = Host::start().await;
    host.create_topic("t", 3).await;
    produce(&host, 0..600).await;
    let mut found = Vec::new();
    let mut query = "where=amount%3E150&limit=7".to_owned();
    loop {
        let some = read(&host, &query).await;
        let Some(last) = some.last() else { break };
        query = format!("where=amount%3E150&limit=7&cursor={}", last["cursor"].as_str().unwrap());
        found.extend(some);
    }
    let wanted: Vec<Sent> = (0..600).map(sent).filter(|sent| sent.value["amount"].as_u64() > Some(150)).collect();
    same(&found, &wanted, "in parts of seven");
    // From the cursor of the newest a follower goes on at the end.
    let newest = read(&host, "last=2").await;
    assert_eq!(newest[0]["cursor"], "200.200.200");
    assert_eq!(newest[0]["cursor"], newest[1]["cursor"]);
}

/// Nothing matches, and the client hears so at once.
#[tokio::test]
async fn a_follower_begins_before_the_first_that_matches() {
    let host = Host::start().await;
    host.create_topic("t", 3).await;
    produce(&host, 0..60).await;
    let path = "/v1/topics/t/records?from=earliest&follow=true&where=n=1000";
    let opened = host.client().get(host.url() + path).header("accept", "text/event-stream").send();
    let response = tokio::time::timeout(Duration::from_secs(5), opened).await.expect("its head comes").unwrap();
    assert_eq!(response.headers()["kafka-do-cursor"], "0.0.0");
    let mut body = response.bytes_stream();
    host.post("/v1/topics/t/records", json!({"partition": 1, "value": {"n": 1_000}})).await.ok();
    let event = tokio::time::timeout(Duration::from_secs(5), body.next()).await.expect("in time").unwrap().unwrap();
    let event = String::from_utf8(event.to_vec()).unwrap();
    assert!(event.starts_with("id: 20.21.20\ndata: {") && event.contains("\"n\":1000"), "{event}");
}

#[tokio::test]
async fn a_follower_ends_when_its_time_has_come() {
    let host = Host::start().await;
    host.create_topic("t", 3).await;
    let now_ms = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        i64::try_from(now.as_millis()).unwrap()
    };
    let until = now_ms() + 2_000;
    let begun = Instant::now();
    let path = format!("/v1/topics/t/records?from=earliest&follow=true&until={until}");
    let mut follower = Follower::open(&host, &path).await;
    let records =
        json!({"records": [{"value": 1}, {"value": 2, "timestamp": until}, {"value": 3, "timestamp": until - 1}]});
    host.post("/v1/topics/t/records", records).await.ok();
    let mut values: Vec<i64> = follower.rest().await.iter().map(|item| item["value"].as_i64().unwrap()).collect();
    values.sort_unstable();
    assert_eq!(values, [1, 3]);
    let waited = begun.elapsed();
    assert!(waited > Duration::from_millis(1_500) && waited < Duration::from_secs(20), "{waited:?}");

    // What is past ends where the topic does.
    let begun = Instant::now();
    assert_eq!(Follower::open(&host, &path).await.rest().await.len(), 2);
    let seen = Follower::open(&host, "/v1/topics/t/records?from=earliest&follow=true&limit=2").await.rest().await;
    assert_eq!(seen.len(), 2);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let host = Host::start().await;
    host.create_topic("t", 1).await;
    let many = vec!["where=a=1"; 17].join("&");
    let cases = [
        ("last=0", "invalid-query"),
        ("last=10001", "invalid-query"),
        ("last=5&from=earliest", "invalid-query"),
        ("last=5&follow=true", "invalid-query"),
        ("last=5&cursor=0", "invalid-query"),
        ("last=5&until=1", "invalid-query"),
        ("limit=0", "invalid-query"),
        ("limit=-1", "invalid-query"),
        ("limit=1&limit=2", "invalid-query"),
        ("until=tomorrow", "invalid-time"),
        ("where=amount", "invalid-condition"),
        ("where=%3E5", "invalid-condition"),
        ("where=a==5", "invalid-condition"),
        ("wehre=a=5", "invalid-query"),
        (&many, "invalid-query"),
    ];
    for (query, code) in cases {
        assert_eq!(host.get(&format!("/v1/topics/t/records?{query}")).await.problem(400), code, "{query}");
    }
    let response = host.get("/v1/topics/t/records?limit=many").await;
    assert_eq!(response.problem(400), "invalid-query");
    assert!(response.text.contains("limit: "), "the parameter is named: {}", response.text);
    assert_eq!(host.get("/v1/topics/other/records?last=1").await.problem(404), "unknown-topic");
}

/// The newest are in memory at once, and there is a bound to that.
#[tokio::test]
async fn newest_that_are_too_large_are_refused() {
    let host = Host::start().await;
    host.create_topic("t", 1).await;
    let large = "x".repeat(4 << 20);
    for n in 0..9 {
        host.post("/v1/topics/t/records", json!({"value": large, "key": n.to_string()})).await.ok();
    }
    assert_eq!(host.get("/v1/topics/t/records?last=9").await.problem(413), "newest-too-large");
    assert_eq!(read(&host, "last=3").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_asks_the_same() {
    let host = Host::start().await;
    host.create_topic("t", 3).await;
    produce(&host, 0..300).await;
    let consume = async |arguments: &[&str]| {
        let mut command = command(binary());
        command.args(["--url", &host.url(), "consume", "t", "--format", "json"]).args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.success(), text)
    };
    let places = |text: &str| text.lines().map(|line| place(&serde_json::from_str(line).unwrap())).collect::<Vec<_>>();
    let newest: Vec<_> =
        read(&host, "where=amount%3E100&where=customer.name=Ada&last=4").await.iter().map(place).collect();
    let (done, text) = consume(&["--where", "amount > 100", "--where", "customer.name=Ada", "--last", "4"]).await;
    assert!(done, "{text}");
    assert_eq!(places(&text), newest);

    let until = (BEGIN_MS + 500).to_string();
    let wanted = (0..300).map(sent).filter(|sent| sent.timestamp < BEGIN_MS + 500).count();
    for more in [&[][..], &["--from", "earliest", "--follow"]] {
        let (done, text) = consume(&[&["--until", &until], more].concat()).await;
        assert!(done, "{text}");
        assert_eq!(places(&text).len(), wanted);
    }
    assert_eq!(places(&consume(&["--max", "5"]).await.1).len(), 5);
    for refused in [&["--last", "5", "--follow"][..], &["--where", "a=1", "--group", "g"], &["--until", "tomorrow"]] {
        assert!(!consume(refused).await.0, "{refused:?}");
    }
    let (done, text) = consume(&["--where", "amount"]).await;
    assert!(!done && text.contains("amount>100"), "{text}");
}
