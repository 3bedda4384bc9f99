//! A topic that compresses holds the same records as one that does not, for every reader: clients in each form, processors,
//! and other implementations of the batch format, which get the batches as they are stored.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use futures_util::future::join_all;
use kafka_do_tests::{
    Follower, Host, Numbered, exact, fetch_from, fetch_raw, partitions, plugin, sealed, segments, shown,
};
use serde_json::{Value, json};

/// The codecs of the attributes of a RecordBatch v2.
const CODECS: [(&str, u8); 3] = [("none", 0), ("lz4", 3), ("zstd", 4)];

/// The codec of each batch in some bytes: its length stands at 8, its attributes at 21.
fn codecs(mut batches: &[u8]) -> Vec<u8> {
    let mut codecs = Vec::new();
    while batches.len() > 61 && batches[16] == 2 {
        let length = u32::from_be_bytes(batches[8..12].try_into().unwrap());
        codecs.push(batches[22] & 7);
        batches = &batches[12 + usize::try_from(length).unwrap()..];
    }
    codecs
}

/// All records as lines, page by page.
async fn ndjson(host: &Host, topic: &str) -> Vec<Value> {
    let mut records = Vec::new();
    let mut next = 0;
    loop {
        let path =
            format!("/v1/topics/{topic}/partitions/0/records?offset={next}&max_bytes=16777216&max_records=50000");
        let request = host.client().get(host.url() + &path).header("accept", "application/x-ndjson");
        let page = host.send(request).await.unwrap();
        assert_eq!(page.status, 200, "{}", page.text);
        records.extend(page.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        let number = |name: &str| page.headers[name].to_str().unwrap().parse::<u64>().unwrap();
        let next_offset = number("kafka-do-next-offset");
        if next_offset == number("kafka-do-high-watermark") {
            return records;
        }
        assert!(next_offset > next, "{topic}: a page of nothing at {next}");
        next = next_offset;
    }
}

async fn every_form(host: &Host, topic: &str, codec: u8) -> Vec<Value> {
    let json = fetch_from(host, topic, 0, 0).await;
    let batches = fetch_raw(host, topic, 0, 0).await;
    assert!(batches.iter().all(|batch| batch.compression as u8 == codec), "{topic}: batches come as they are stored");
    let raw: Vec<Value> = batches.iter().flat_map(|batch| &batch.records).map(shown).collect();
    assert!(raw == json, "{topic}: another implementation reads the same records");
    assert!(ndjson(host, topic).await == json, "{topic}: NDJSON");
    let path = format!("/v1/topics/{topic}/records?from=earliest");
    let mut followed = Follower::open(host, &path).await.rest().await;
    for item in &mut followed {
        let fields = item.as_object_mut().unwrap();
        fields.remove("cursor");
        fields.remove("partition");
    }
    assert!(followed == json, "{topic}: followed");
    json
}

#[tokio::test(flavor = "multi_thread")]
async fn for_every_reader() {
    let mut host = Host::start().await;
    host.upload("filter-json", plugin("filter-json")).await.ok();
    let log = |topic| Numbered { filler_bytes: 2_000, ..Numbered::new(topic, 1) };
    for (topic, codec) in CODECS {
        let log = log(topic);
        log.create(&host, json!({"compression": topic, "segment_bytes": 131_072})).await;
        assert_eq!(host.get(&format!("/v1/topics/{topic}")).await.ok()["compression"], topic);
        log.produce(&host, 0..300).await;
        let all = json!({
            "plugin": "filter-json", "inputs": [topic], "output": format!("{topic}-out"),
            "settings": {"path": "n", "comparison": "greater-or-equal", "operand": 0},
        });
        host.put(&format!("/v1/topics/{topic}-out"), json!({"compression": topic})).await.ok();
        host.put(&format!("/v1/deployments/{topic}"), all).await.ok();
        every_form(&host, topic, codec).await;
    }
    for (topic, codec) in CODECS {
        log(topic).check(&host, 300).await;
        host.caught_up(topic).await;
        let passed = every_form(&host, &format!("{topic}-out"), codec).await;
        let numbers = passed.iter().map(|record| record["value"]["n"].as_u64().unwrap());
        assert!(numbers.eq((0..300).filter(|n| n % 97 != 96)), "a processor reads and writes {topic}");
    }
    // Sealed, and read from the tier by a host that has nothing in memory.
    let mut sizes = Vec::new();
    for (topic, _) in CODECS {
        host.patch(&format!("/v1/topics/{topic}"), json!({"segment_ms": 500})).await.ok();
        sealed(&host, topic).await;
        sizes.push(partitions(&host, topic).await[0].segment_bytes);
    }
    // Hexadecimal digits carry half a byte each.
    assert!(sizes[1] < sizes[0] && sizes[2] * 3 < sizes[0] * 2, "compressed is smaller: {sizes:?}");
    host.kill_and_restart().await;
    for (topic, codec) in CODECS {
        every_form(&host, topic, codec).await;
        log(topic).check(&host, 300).await;
    }
    let mut found: Vec<Vec<u8>> = Vec::new();
    for segment in segments(&host.data().join("tier")) {
        let mut codecs = codecs(&std::fs::read(&segment.path).unwrap());
        codecs.dedup();
        found.push(codecs);
    }
    found.sort();
    found.dedup();
    assert_eq!(found, CODECS.map(|(_, codec)| vec![codec]), "segments hold what the head held");

    // What compresses from now on, and what does not any more, stand side by side.
    host.patch("/v1/topics/zstd", json!({"compression": "lz4"})).await.ok();
    log("zstd").produce(&host, 300..330).await;
    host.patch("/v1/topics/zstd", json!({"compression": "none"})).await.ok();
    log("zstd").produce(&host, 330..360).await;
    let batches = fetch_raw(&host, "zstd", 0, 0).await;
    let mut codecs: Vec<u8> = batches.iter().map(|batch| batch.compression as u8).collect();
    codecs.dedup();
    assert_eq!(codecs, [4, 3, 0]);
    log("zstd").check(&host, 360).await;
    sealed(&host, "zstd").await;
    log("zstd").check(&host, 360).await;
    host.put("/v1/topics/new", json!({"compression": "gzip"})).await.problem(400);
}

/// Batches of every size and make: merged from many producers, of one large value, of nothing at all, of noise.
#[tokio::test(flavor = "multi_thread")]
async fn for_every_batch() {
    let mut host = Host::start().await;
    for (topic, codec) in &CODECS[1..] {
        host.put(&format!("/v1/topics/{topic}"), json!({"compression": topic, "segment_bytes": 65_536})).await.ok();
        let path = format!("/v1/topics/{topic}/records");
        let one = |n: u64| host.post(&path, json!({"key": format!("k{n}"), "value": {"n": n}, "headers": {"h": "x"}}));
        for answer in join_all((0..64).map(one)).await {
            answer.ok();
        }
        let large = json!({"value": "x".repeat(6 << 20)});
        let mut state = 1_u64;
        let noise: String = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b' ' + u8::try_from((state >> 40) % 90).unwrap())
        })
        .filter(|c| !matches!(c, '"' | '\\'))
        .take(300_000)
        .collect();
        for value in
            [large, json!({"value": null}), json!({"value": ""}), json!({ "value": noise }), json!({"value": 1})]
        {
            host.post(&path, value).await.ok();
        }
        let before = every_batch(&host, topic, *codec, &noise).await;
        host.patch(&format!("/v1/topics/{topic}"), json!({"segment_ms": 500})).await.ok();
        sealed(&host, topic).await;
        host.kill_and_restart().await;
        assert!(every_batch(&host, topic, *codec, &noise).await == before, "the same after a restart");
    }
    host.delete("/v1/topics/lz4").await.ok();
    exact(&host, "zstd", &[&host.data().join("tier")]).await;
}

async fn every_batch(host: &Host, topic: &str, codec: u8, noise: &str) -> Vec<Value> {
    let records = fetch_from(host, topic, 0, 0).await;
    assert_eq!(records.len(), 69);
    let mut small: Vec<u64> = records[..64].iter().map(|record| record["value"]["n"].as_u64().unwrap()).collect();
    small.sort_unstable();
    assert!(small.into_iter().eq(0..64));
    assert_eq!(records[64]["value"].as_str().map(str::len), Some(6 << 20));
    assert_eq!((&records[65]["value"], &records[66]["value"]), (&Value::Null, &json!("")));
    assert_eq!((&records[67]["value"], &records[68]["value"]), (&json!(noise), &json!(1)));
    let batches = fetch_raw(host, topic, 0, 0).await;
    let raw: Vec<Value> = batches.iter().flat_map(|batch| &batch.records).map(shown).collect();
    assert!(raw == records, "another implementation reads the same records");
    assert!(batches.iter().any(|batch| batch.compression as u8 == codec));
    records
}
