//! Whoever does not hear an answer may ask again: by a key, by a sequence, by the offset that is expected, or in a
//! transaction. What was stored is answered as it was, and stored once.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::time::Duration;

use futures_util::future::join_all;
use kafka_do_tests::{Host, Response, fetch_from};
use serde_json::{Value, json};

async fn keyed(host: &Host, path: &str, key: &str, body: &Value) -> Response {
    host.send(host.client().post(host.url() + path).header("idempotency-key", key).json(body)).await.unwrap()
}

/// A produce of a producer's, its sequence in the headers.
async fn sequenced(host: &Host, path: &str, producer: &Value, sequence: u64, body: &Value) -> Response {
    let request = host
        .client()
        .post(host.url() + path)
        .header("kafka-do-producer-id", producer["producer_id"].to_string())
        .header("kafka-do-producer-epoch", producer["epoch"].to_string())
        .header("kafka-do-sequence", sequence.to_string());
    host.send(request.json(body)).await.unwrap()
}

fn numbers(range: std::ops::Range<u64>) -> Value {
    json!({"records": range.map(|n| json!({"value": {"n": n}, "partition": 0})).collect::<Vec<_>>()})
}

/// The numbers that a partition holds, in order.
async fn stored(host: &Host, topic: &str, partition: usize) -> Vec<u64> {
    fetch_from(host, topic, partition, 0).await.iter().map(|record| record["value"]["n"].as_u64().unwrap()).collect()
}

/// The answer without the sign that it was given before.
fn first(answer: &Response) -> Value {
    let mut answer = answer.ok();
    answer.as_object_mut().unwrap().remove("duplicate");
    answer
}

fn is_duplicate(answer: &Response) -> bool {
    answer.ok().get("duplicate") == Some(&json!(true))
}

const PATH: &str = "/v1/topics/t/records";

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key() {
    let mut host = Host::start().await;
    host.create_topic("t", 3).await;
    let body =
        json!({"records": [{"key": "a", "value": {"n": 0}}, {"key": "b", "value": {"n": 1}}, {"value": {"n": 2}}]});
    let told = keyed(&host, PATH, "order-1", &body).await;
    assert!(!is_duplicate(&told));
    for _ in 0..3 {
        let again = keyed(&host, PATH, "order-1", &body).await;
        assert!(is_duplicate(&again));
        assert_eq!(first(&again), first(&told), "the same answer");
    }
    // Other requests under the same key are a mistake of the caller's, whatever differs.
    let other = json!({"records": [{"key": "a", "value": {"n": 7}}]});
    assert_eq!(keyed(&host, PATH, "order-1", &other).await.problem(422), "idempotency-key-reused");
    let partition = host.client().post(host.url() + PATH + "?partition=1").header("idempotency-key", "order-1");
    let partition = partition.header("content-type", "application/x-ndjson").body("{\"n\":0}");
    assert_eq!(host.send(partition).await.unwrap().problem(422), "idempotency-key-reused");
    for key in ["", "a b\u{e9}", &"x".repeat(256)] {
        let mut request = host.client().post(host.url() + PATH).json(&other);
        request = request.header("idempotency-key", reqwest::header::HeaderValue::from_bytes(key.as_bytes()).unwrap());
        host.send(request).await.unwrap().problem(400);
    }
    assert!(!is_duplicate(&keyed(&host, PATH, &"x".repeat(255), &other).await));
    // A request that was refused has taken no key.
    let wrong = json!({"records": [{"value": 1, "partition": 99}]});
    keyed(&host, PATH, "order-2", &wrong).await.problem(404);
    assert!(!is_duplicate(&keyed(&host, PATH, "order-2", &other).await));

    // Many at once: one is the first, all hear the same.
    let body = numbers(100..110);
    let answers = join_all((0..16).map(|_| keyed(&host, PATH, "order-3", &body))).await;
    assert_eq!(answers.iter().filter(|answer| !is_duplicate(answer)).count(), 1);
    assert!(answers.iter().all(|answer| first(answer) == first(&answers[0])));

    let count = host.high_watermarks("t").await.iter().sum::<u64>();
    assert_eq!(count, 3 + 1 + 1 + 10);
    host.kill_and_restart().await;
    let after = keyed(&host, PATH, "order-3", &body).await;
    assert!(is_duplicate(&after));
    assert_eq!(first(&after), first(&answers[0]), "it is remembered over a crash");
    assert_eq!(keyed(&host, PATH, "order-3", &other).await.problem(422), "idempotency-key-reused");
    assert_eq!(host.high_watermarks("t").await.iter().sum::<u64>(), count);

    // A topic that is deleted takes its keys with it.
    host.delete("/v1/topics/t").await.ok();
    host.create_topic("t", 3).await;
    assert!(!is_duplicate(&keyed(&host, PATH, "order-3", &body).await));
    assert_eq!(host.high_watermarks("t").await.iter().sum::<u64>(), 10);
}

/// The answer is lost, and the host with it: asking again under the same key stores it once, whatever had happened.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_over_kills() {
    let mut host = Host::start().await;
    host.create_topic("t", 1).await;
    for round in 0..8_u64 {
        let body = numbers(round * 100..(round + 1) * 100);
        let key = format!("round-{round}");
        let request = host.client().post(host.url() + PATH).header("idempotency-key", &key).json(&body);
        let lost = tokio::spawn(request.send());
        tokio::time::sleep(Duration::from_micros(round * 700)).await;
        host.kill_and_restart().await;
        let heard = lost.await.unwrap().is_ok_and(|answer| answer.status() == 200);
        let again = keyed(&host, PATH, &key, &body).await;
        assert!(!heard || is_duplicate(&again), "what was acknowledged was stored");
    }
    assert!(stored(&host, "t", 0).await.into_iter().eq(0..800));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_sequence() {
    let mut host = Host::start().await;
    host.create_topic("t", 2).await;
    host.create_topic("u", 1).await;
    let producer = host.post("/v1/producers", json!({})).await;
    assert_eq!(producer.status, 201);
    let producer = producer.ok();
    assert_eq!(producer["epoch"], 0);
    let mut answers = Vec::new();
    for request in 0..7_u64 {
        let body = numbers(request * 3..(request + 1) * 3);
        let told = sequenced(&host, PATH, &producer, request * 3, &body).await;
        assert!(!is_duplicate(&told));
        answers.push(told);
    }
    host.kill_and_restart().await;
    // The last five are known, and answered as they were.
    for request in (2..7).rev() {
        let body = numbers(request * 3..(request + 1) * 3);
        let again = sequenced(&host, PATH, &producer, request * 3, &body).await;
        assert!(is_duplicate(&again));
        assert_eq!(first(&again), first(&answers[usize::try_from(request).unwrap()]));
    }
    // What is older, what leaves a gap and what overlaps is refused, and nothing is stored.
    for (sequence, range) in [(0, 0..3), (22, 22..25), (1_000, 22..25), (20, 20..23), (18, 18..20)] {
        let answer = sequenced(&host, PATH, &producer, sequence, &numbers(range)).await;
        assert_eq!(answer.problem(409), "out-of-order-sequence", "{sequence}");
    }
    sequenced(&host, PATH, &producer, 21, &numbers(21..24)).await.ok();
    assert!(stored(&host, "t", 0).await.into_iter().eq(0..24));

    // Each topic has its own sequence; each partition that a request names has one too.
    assert!(!is_duplicate(&sequenced(&host, "/v1/topics/u/records", &producer, 0, &numbers(0..1)).await));
    let lines = async |partition: u32, sequence: u64, body: &'static str| {
        let request = host
            .client()
            .post(format!("{}{PATH}?partition={partition}", host.url()))
            .header("kafka-do-producer-id", producer["producer_id"].to_string())
            .header("kafka-do-producer-epoch", producer["epoch"].to_string())
            .header("kafka-do-sequence", sequence.to_string())
            .header("content-type", "application/x-ndjson");
        host.send(request.body(body)).await.unwrap()
    };
    assert!(!is_duplicate(&lines(1, 0, "{\"n\":0}\n{\"n\":1}").await));
    assert!(is_duplicate(&lines(1, 0, "{\"n\":0}\n{\"n\":1}").await));
    assert_eq!(lines(1, 5, "{\"n\":9}").await.problem(409), "out-of-order-sequence");
    assert!(!is_duplicate(&lines(1, 2, "{\"n\":2}").await));
    assert!(stored(&host, "t", 1).await.into_iter().eq(0..3));

    // The three headers belong together, and are numbers.
    let unknown = json!({"producer_id": 999_999, "epoch": 0});
    assert_eq!(sequenced(&host, PATH, &unknown, 0, &numbers(0..1)).await.problem(404), "unknown-producer");
    let later = json!({"producer_id": producer["producer_id"], "epoch": 1});
    let answer = sequenced(&host, PATH, &later, 24, &numbers(24..25)).await;
    assert!((400..500).contains(&answer.status), "an epoch that was never given: {}", answer.text);
    for headers in [
        &[("kafka-do-producer-id", "1")][..],
        &[("kafka-do-sequence", "1")],
        &[("kafka-do-producer-id", "1"), ("kafka-do-producer-epoch", "0")],
        &[("kafka-do-producer-id", "1"), ("kafka-do-producer-epoch", "0"), ("kafka-do-sequence", "-1")],
        &[("kafka-do-producer-id", "x"), ("kafka-do-producer-epoch", "0"), ("kafka-do-sequence", "1")],
    ] {
        let mut request = host.client().post(host.url() + PATH).json(&numbers(0..1));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        host.send(request).await.unwrap().problem(400);
    }
    assert_eq!(host.high_watermarks("t").await, [24, 3]);
}

/// Who comes under a name that another one still sends under: the other one is shut out.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_name() {
    let mut host = Host::start().await;
    host.create_topic("t", 1).await;
    let old = host.post("/v1/producers", json!({"name": "till"})).await.ok();
    sequenced(&host, PATH, &old, 0, &numbers(0..5)).await.ok();
    let new = host.post("/v1/producers", json!({"name": "till"})).await.ok();
    assert_eq!(new["producer_id"], old["producer_id"]);
    assert_eq!(new["epoch"].as_u64().unwrap(), old["epoch"].as_u64().unwrap() + 1);
    let other = host.post("/v1/producers", json!({"name": "other"})).await.ok();
    assert_ne!(other["producer_id"], old["producer_id"]);
    for restarted in [false, true] {
        if restarted {
            host.kill_and_restart().await;
        }
        for sequence in [0, 5] {
            let body = numbers(sequence..sequence + 5);
            assert_eq!(sequenced(&host, PATH, &old, sequence, &body).await.problem(409), "producer-fenced");
        }
    }
    // A new epoch counts from the beginning.
    assert!(!is_duplicate(&sequenced(&host, PATH, &new, 0, &numbers(5..8)).await));
    assert!(is_duplicate(&sequenced(&host, PATH, &new, 0, &numbers(5..8)).await));
    sequenced(&host, PATH, &new, 3, &numbers(8..9)).await.ok();
    assert!(stored(&host, "t", 0).await.into_iter().eq(0..9));
    let newest = host.post("/v1/producers", json!({"name": "till"})).await.ok();
    assert_eq!(newest["epoch"].as_u64().unwrap(), new["epoch"].as_u64().unwrap() + 1);
    host.post("/v1/producers", json!({"name": ""})).await.problem(400);
    host.post("/v1/producers", json!({"nmae": "x"})).await.problem(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_offset_that_is_expected() {
    let host = Host::start().await;
    host.create_topic("t", 1).await;
    host.create_topic("wide", 2).await;
    let append = async |topic: &str, query: &str, line: String| host.try_produce(topic, query, line).await.unwrap();
    append("t", "?expected_offset=0", "{\"n\":0}".into()).await.ok();
    assert_eq!(append("t", "?expected_offset=0", "{\"n\":0}".into()).await.problem(409), "offset-moved");
    assert_eq!(append("t", "?expected_offset=2", "{\"n\":0}".into()).await.problem(409), "offset-moved");
    append("t", "?expected_offset=1&partition=0", "{\"n\":1}\n{\"n\":2}".into()).await.ok();
    append("wide", "?expected_offset=0&partition=1", "{\"n\":0}".into()).await.ok();
    assert_eq!(append("wide", "?expected_offset=0&partition=1", "1".into()).await.problem(409), "offset-moved");
    append("wide", "?expected_offset=0", "{\"n\":0}".into()).await.problem(400);
    append("t", "?expected_offset=x", "{\"n\":0}".into()).await.problem(400);

    // A register that many write: of those that expect the same, one wins.
    for next in 3..13 {
        let query = format!("?expected_offset={next}");
        let writers = (0..8).map(|_| host.try_produce("t", &query, format!("{{\"n\":{next}}}")));
        let answers: Vec<Response> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert!(answers.iter().all(|answer| answer.status == 200 || answer.problem(409) == "offset-moved"));
    }
    assert!(stored(&host, "t", 0).await.into_iter().eq(0..13));
}

fn transaction(n: u64, offsets: Value) -> Value {
    json!({
        "records": [
            {"topic": "debit", "key": "a", "value": {"n": n}},
            {"topic": "credit", "key": "b", "value": {"n": n}, "headers": {"h": "x"}, "timestamp": 5},
        ],
        "offsets": offsets,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_transaction() {
    let mut host = Host::start().await;
    for topic in ["debit", "credit", "orders"] {
        host.create_topic(topic, 1).await;
    }
    let orders = "{}\n".repeat(9);
    host.try_produce("orders", "", orders).await.unwrap().ok();
    let path = "/v1/transactions";
    let place = |offset: u64, expected: Value| json!([{"group": "g", "topic": "orders", "partition": 0, "offset": offset, "expected": expected}]);
    let told = host.post(path, transaction(0, place(1, Value::Null))).await.ok();
    assert_eq!(told["durability"], "synced");
    assert_eq!(told["records"][0]["topic"], "debit");
    let timestamp = told["records"][0]["timestamp"].as_i64().unwrap();
    assert!(timestamp > 1_000_000_000_000, "the time of the append: {told}");
    assert_eq!(told["records"][1], json!({"topic": "credit", "partition": 0, "offset": 0, "timestamp": 5}));

    // The guard: where the group stands now. After a crash too.
    assert_eq!(host.post(path, transaction(9, place(2, Value::Null))).await.problem(409), "offset-moved");
    host.kill_and_restart().await;
    for wrong in [json!(0), json!(2), Value::Null] {
        assert_eq!(host.post(path, transaction(9, place(2, wrong))).await.problem(409), "offset-moved");
    }
    host.post(path, transaction(1, place(2, json!(1)))).await.ok();
    // Without a guard it is set; a group of another name stands elsewhere; without offsets there are only records.
    let unguarded = json!([{"group": "g", "topic": "orders", "partition": 0, "offset": 7}]);
    host.post(path, transaction(2, unguarded)).await.ok();
    host.post(path, json!({"records": [], "offsets": place(8, json!(7))})).await.ok();
    let others = json!([{"group": "h", "topic": "orders", "partition": 0, "offset": 3, "expected": null}]);
    host.post(path, transaction(3, others)).await.ok();
    host.post(path, transaction(4, json!([]))).await.ok();

    // All or nothing: one thing that is wrong, and nothing is stored, no offset moved.
    let wrong = |records: Value, offsets: Value| json!({"records": records, "offsets": offsets});
    let good = json!({"topic": "debit", "value": {"n": 9}});
    for (body, status, code) in [
        (wrong(json!([good, {"topic": "nowhere", "value": 1}]), place(9, json!(8))), 404, "unknown-topic"),
        (
            wrong(json!([good, {"topic": "credit", "value": 1, "partition": 7}]), place(9, json!(8))),
            404,
            "unknown-partition",
        ),
        (wrong(json!([good, {"topic": "credit"}]), place(9, json!(8))), 400, "no-value"),
        (
            wrong(
                json!([good]),
                json!([
                    {"group": "g", "topic": "orders", "partition": 0, "offset": 9, "expected": 8},
                    {"group": "h", "topic": "orders", "partition": 0, "offset": 9, "expected": 8},
                ]),
            ),
            409,
            "offset-moved",
        ),
        (
            wrong(json!([good]), json!([{"group": "g", "topic": "nowhere", "partition": 0, "offset": 9}])),
            404,
            "unknown-topic",
        ),
        (
            wrong(json!([good]), json!([{"group": "g", "topic": "orders", "partition": 4, "offset": 9}])),
            404,
            "unknown-partition",
        ),
        // No group can have read what is not there.
        (wrong(json!([good]), place(10, json!(8))), 416, "offset-out-of-range"),
    ] {
        assert_eq!(host.post(path, body.clone()).await.problem(status), code, "{body}");
    }
    host.post(path, json!({"records": [], "offsets": []})).await.problem(400);
    host.post(path, json!({"recods": []})).await.problem(400);
    host.post(path, json!({"records": [], "offsets": place(8, json!(8))})).await.ok();
    let names = host.get("/v1/topics").await.ok();
    assert_eq!(names["items"].as_array().unwrap().len(), 3, "no topic came of it");
    for topic in ["debit", "credit"] {
        assert!(stored(&host, topic, 0).await.into_iter().eq(0..5), "{topic}");
    }

    // Under a key it can be sent again.
    let body = transaction(5, json!([]));
    let told = keyed(&host, path, "transfer-1", &body).await;
    let answers = join_all((0..8).map(|_| keyed(&host, path, "transfer-1", &body))).await;
    assert!(answers.iter().all(|again| is_duplicate(again) && first(again) == first(&told)));
    host.kill_and_restart().await;
    assert_eq!(first(&keyed(&host, path, "transfer-1", &body).await), first(&told));
    let other = transaction(6, json!([]));
    assert_eq!(keyed(&host, path, "transfer-1", &other).await.problem(422), "idempotency-key-reused");
    assert!(stored(&host, "credit", 0).await.into_iter().eq(0..6));
}

/// Workers that share a group, read the same input and write under a guard; the host is killed while they do. Each input
/// takes effect once.
#[tokio::test(flavor = "multi_thread")]
async fn in_transactions_over_kills() {
    const INPUTS: u64 = 600;
    let mut host = Host::start().await;
    for topic in ["in", "debit", "credit"] {
        host.create_topic(topic, 1).await;
    }
    let lines: Vec<String> = (0..INPUTS).map(|n| format!("{{\"n\":{n}}}")).collect();
    host.try_produce("in", "", lines.join("\n")).await.unwrap().ok();

    let worker = |client: reqwest::Client, url: String| async move {
        // Where the group stands is found out by trying: the guard alone decides.
        let mut next = 0;
        while next < INPUTS {
            let end = (next + 1 + next % 5).min(INPUTS);
            let inputs = format!("{url}/v1/topics/in/partitions/0/records?offset={next}&max_records={}", end - next);
            let Ok(inputs) = client.get(inputs).send().await else { continue };
            let Ok(inputs) = inputs.json::<Value>().await else { continue };
            let mut records = Vec::new();
            for input in inputs["records"].as_array().unwrap() {
                for topic in ["debit", "credit"] {
                    records.push(json!({"topic": topic, "value": input["value"]}));
                }
            }
            let expected = if next == 0 { Value::Null } else { json!(next) };
            let place = json!({"group": "w", "topic": "in", "partition": 0, "offset": end, "expected": expected});
            let body = json!({"records": records, "offsets": [place]});
            match client.post(format!("{url}/v1/transactions")).json(&body).send().await.map(|answer| answer.status()) {
                // It is done, by this worker or by another one: a conflict and a lost answer look alike to the next step.
                Ok(status) if status == 200 || status == 409 => next = end,
                // Whether it was stored is not known; the guard will tell.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                Ok(status) => assert!(status == 503 || status == 429, "{status}"),
            }
        }
    };
    // All take the same steps, so a conflict means that the step is done.
    let workers: Vec<_> = (0..3).map(|_| tokio::spawn(worker(host.client().clone(), host.url()))).collect();
    for kill in 1..=4_u64 {
        let watermark = kill * INPUTS / 6;
        kafka_do_tests::until("work is done", async || {
            (host.high_watermarks("credit").await[0] >= watermark).then_some(())
        })
        .await;
        host.kill_and_restart().await;
    }
    for worker in workers {
        worker.await.unwrap();
    }
    for topic in ["debit", "credit"] {
        assert!(stored(&host, topic, 0).await.into_iter().eq(0..INPUTS), "{topic}: each input once, in order");
    }
}
