//! Sealed records lie in a bucket, a real S3 server's, and are read from there as from anywhere else. Whoever dies in the
//! middle of an upload, nothing is lost and nothing is left over; and a bucket alone is enough to have all of it again.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::path::Path;
use std::time::{Duration, Instant};

use kafka_do_tests::{
    Follower, Host, HostOptions, Numbered, S3, Segment, binary, command, exact, fetch_from, fetch_raw, files,
    partitions, plugin, sealed, segments, shown, until, until_equal,
};
use serde_json::{Value, json};

/// Small segments, and none that waits for more for long.
fn settings() -> Value {
    json!({"segment_bytes": 65_536, "segment_ms": 1_000})
}

/// The records from `offset` to before `until`, read from where a query begins, over as many pages as it takes.
async fn read(host: &Host, log: &Numbered, partition: u64, query: &str, offset: u64, until: u64) -> Vec<Value> {
    let path = format!("/v1/topics/{}/partitions/{partition}/records?max_records={}", log.topic, until - offset);
    let mut page = host.get(&format!("{path}&{query}")).await.ok();
    let mut records = Vec::new();
    loop {
        let next = page["next_offset"].as_u64().unwrap();
        records.extend(page["records"].as_array().unwrap().iter().cloned());
        assert_eq!(next, offset + records.len() as u64, "{partition} from {query}: a page ends where the next begins");
        if next >= until {
            records.truncate(usize::try_from(until - offset).unwrap());
            return records;
        }
        assert_ne!(page["records"], json!([]), "{partition} from {query}: a page of nothing");
        page = host.get(&format!("{path}&offset={next}")).await.ok();
    }
}

/// Reads that begin before, at and after each end of a segment, by offset and by time.
async fn boundaries(host: &Host, log: &Numbered, segments: &[Segment]) {
    let mut high_watermarks = Vec::new();
    for partition in partitions(host, log.topic).await {
        high_watermarks.push(partition.high_watermark);
    }
    for segment in segments {
        let partition = segment.partition as u64;
        for offset in [segment.base.saturating_sub(1), segment.base, segment.next - 1] {
            let until = (offset + 3).min(high_watermarks[segment.partition]);
            let expected: Vec<Value> = (offset..until).map(|offset| log.shown(partition, offset)).collect();
            // A record is the first of its own millisecond, and of the one before.
            let time = log.timestamp(partition, offset);
            for query in [format!("offset={offset}"), format!("timestamp={time}"), format!("timestamp={}", time - 1)] {
                let found = read(host, log, partition, &query, offset, until).await;
                assert!(found == expected, "{partition} from {query}: {found:#?}");
            }
        }
    }
}

/// All forms of a read give all of it.
async fn every_form(host: &Host, log: &Numbered, count: u64) {
    log.check(host, count).await;
    let mut followed = vec![Vec::new(); usize::try_from(log.partitions).unwrap()];
    let path = format!("/v1/topics/{}/records?from=earliest", log.topic);
    for mut item in Follower::open(host, &path).await.rest().await {
        let fields = item.as_object_mut().unwrap();
        fields.remove("cursor");
        let partition = usize::try_from(fields.remove("partition").unwrap().as_u64().unwrap()).unwrap();
        followed[partition].push(item);
    }
    for (partition, followed) in followed.iter().enumerate() {
        let batches = fetch_raw(host, log.topic, partition, 0).await;
        let raw: Vec<Value> = batches.iter().flat_map(|batch| &batch.records).map(shown).collect();
        let json = fetch_from(host, log.topic, partition, 0).await;
        assert!(raw == json, "raw batches of {partition} hold the same records");
        assert!(followed == &json, "a follower sees the same records of {partition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn and_are_read_across_every_boundary() {
    let s3 = S3::start().await;
    let mut host = s3.host("some/prefix").start().await;
    let log = Numbered::new("t", 2);
    log.create(&host, settings()).await;
    log.produce(&host, 0..1_000).await;
    let mut follower = Follower::open(&host, "/v1/topics/t/records?from=earliest&follow=true").await;
    let first = follower.take(1_000).await;
    let cursor = first[999]["cursor"].as_str().unwrap();
    log.produce(&host, 1_000..1_500).await;
    // What it has not read yet is sealed under its hands.
    sealed(&host, "t").await;
    let stored = exact(&host, "t", &[&s3.folder("some/prefix")]).await;
    assert!(stored.len() > 20, "{} segments", stored.len());
    let mut second = follower.take(500).await;
    let mut resumed = Follower::open(&host, &format!("/v1/topics/t/records?cursor={cursor}")).await.rest().await;
    let place = |item: &Value| (item["partition"].as_u64().unwrap(), item["offset"].as_u64().unwrap());
    second.sort_by_key(place);
    resumed.sort_by_key(place);
    let same = |(a, b): (&Value, &Value)| place(a) == place(b) && a["value"] == b["value"];
    assert!(second.len() == resumed.len() && second.iter().zip(&resumed).all(same), "a cursor goes on in a segment");
    boundaries(&host, &log, &stored).await;
    every_form(&host, &log, 1_500).await;

    // Now without anything in memory; and with a head that goes on where the segments end.
    host.kill_and_restart().await;
    let reads = host.metric("kafka_do_tier_reads_total").await;
    host.patch("/v1/topics/t", json!({"segment_ms": 600_000})).await.ok();
    boundaries(&host, &log, &stored).await;
    log.produce(&host, 1_500..1_560).await;
    every_form(&host, &log, 1_560).await;
    assert!(partitions(&host, "t").await.iter().all(|partition| partition.head_bytes > 0));
    assert!(host.metric("kafka_do_tier_reads_total").await > reads, "it was the bucket that was read");

    // What is deleted leaves the bucket.
    host.delete("/v1/topics/t").await.ok();
    until_equal("the bucket is swept", Vec::<Segment>::new(), async || segments(&s3.folder("some/prefix"))).await;
    until_equal("nothing is left to sweep", 0, async || host.metric("kafka_do_garbage_objects").await).await;
}

/// Stops the server with an upload on its way to it.
async fn stop_in_mid_upload(s3: &S3, host: &Host, log: &Numbered, count: &mut u64) {
    for _ in 0..30 {
        s3.pause();
        log.produce(host, *count..*count + 200).await;
        *count += 200;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            if s3.has_unread() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // It was stopped between a request and its answer: the host waits for that, and sends nothing else.
        s3.resume();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no upload is ever under way");
}

#[tokio::test(flavor = "multi_thread")]
async fn though_the_server_dies_in_mid_upload() {
    let mut s3 = S3::start().await;
    let host = s3.host("tier").start().await;
    let log = Numbered::new("t", 2);
    log.create(&host, settings()).await;
    log.produce(&host, 0..200).await;
    let mut count = 200;
    for round in 0..4 {
        if round % 2 == 0 {
            // The server hangs, and dies with an upload in its hands.
            stop_in_mid_upload(&s3, &host, &log, &mut count).await;
        } else {
            // It dies while it works.
            log.produce(&host, count..count + 200).await;
            count += 200;
        }
        s3.kill();
        log.produce(&host, count..count + 100).await;
        count += 100;
        // What is in the head is read though the bucket is away.
        let newest = (count - 1) / 2;
        let page = host.get(&format!("/v1/topics/t/partitions/1/records?offset={newest}")).await.ok();
        assert_eq!(page["records"], json!([log.shown(1, newest)]));
        if round == 3 {
            // It is away for longer than all tries take.
            until("the bucket is missed", async || {
                (host.metric("kafka_do_tier_failures_total").await > 0).then_some(())
            })
            .await;
        }
        s3.restart().await;
    }
    sealed(&host, "t").await;
    exact(&host, "t", &[&s3.folder("tier")]).await;
    log.check(&host, count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn though_the_host_dies_in_mid_upload() {
    let s3 = S3::start().await;
    let mut host = s3.host("tier").start().await;
    let log = Numbered::new("t", 2);
    log.create(&host, settings()).await;
    let mut count = 0;
    for round in 0..6 {
        if round % 2 == 0 {
            stop_in_mid_upload(&s3, &host, &log, &mut count).await;
            host.kill();
            // The request outlives its sender: the server stores a segment that nobody knows of.
            s3.resume();
            until("the server is done", async || (!s3.has_unread()).then_some(())).await;
        } else {
            log.produce(&host, count..count + 200).await;
            count += 200;
            host.kill();
        }
        host.restart().await;
    }
    sealed(&host, "t").await;
    exact(&host, "t", &[&s3.folder("tier")]).await;
    log.check(&host, count).await;
}

/// Whoever names a bucket later keeps what was sealed before.
#[tokio::test(flavor = "multi_thread")]
async fn and_what_a_folder_holds_stays_readable() {
    let s3 = S3::start().await;
    let data = tempfile::tempdir().unwrap();
    let log = Numbered::new("t", 2);
    {
        let mut host = HostOptions::default().data(data.path()).start().await;
        log.create(&host, settings()).await;
        log.produce(&host, 0..300).await;
        sealed(&host, "t").await;
        exact(&host, "t", &[&data.path().join("tier")]).await;
        assert!(host.terminate().await.success());
    }
    let host = s3.host("tier").data(data.path()).start().await;
    log.produce(&host, 300..600).await;
    sealed(&host, "t").await;
    exact(&host, "t", &[&data.path().join("tier"), &s3.folder("tier")]).await;
    assert!(!segments(&s3.folder("tier")).is_empty());
    log.check(&host, 600).await;
}

/// What `kafka-do restore` says, and whether it went well.
fn restore(s3: &S3, from: &str, data: &Path) -> (bool, String) {
    let mut restore = command(binary());
    restore.args(["restore", "--from", from, "--data"]).arg(data).args(s3.flags()).envs(s3.keys());
    let output = restore.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_bucket_alone() {
    let s3 = S3::start().await;
    let logs = [Numbered::new("plain", 2), Numbered { filler_bytes: 3_000, ..Numbered::new("squeezed", 3) }];
    let mut more = settings();
    more["compression"] = json!("zstd");
    more["retention_bytes"] = json!(1_u64 << 40);
    let (before, kept);
    let old = Numbered::new("old", 1);
    {
        let mut host = s3.host("prefix").start().await;
        // What was too old does not come back either, but its offsets are not given again.
        old.create(&host, json!({"segment_bytes": 65_536, "segment_ms": 1_000, "retention_ms": 1_000})).await;
        old.produce(&host, 0..100).await;
        until_equal("the old ones are gone", 100, async || partitions(&host, "old").await[0].start_offset).await;
        logs[0].create(&host, settings()).await;
        logs[1].create(&host, more).await;
        // What was deleted does not come back.
        let gone = Numbered::new("gone", 1);
        gone.create(&host, settings()).await;
        gone.produce(&host, 0..100).await;
        sealed(&host, "gone").await;
        host.delete("/v1/topics/gone").await.ok();
        for log in &logs {
            log.produce(&host, 0..600).await;
            sealed(&host, log.topic).await;
        }
        until_equal("nothing is left to sweep", 0, async || host.metric("kafka_do_garbage_objects").await).await;
        until("the bucket knows where what is empty goes on", async || {
            let described: Vec<Value> = files(&s3.folder("prefix"))
                .iter()
                .filter(|path| path.ends_with("topic.json"))
                .map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
                .collect();
            let old = described.iter().find(|topic| topic["name"] == "old")?;
            (old["start_offsets"] == json!([100])).then_some(())
        })
        .await;
        before = host.get("/v1/topics").await.ok();
        kept = files(&s3.folder("prefix"));
        assert!(host.terminate().await.success());
        // With the host its data folder goes: only the bucket is left.
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("again");
    let (went_well, said) = restore(&s3, &s3.url("nowhere"), &data);
    assert!(!went_well && said.contains("nowhere"), "an empty place is no backup: {said}");
    let (went_well, said) = restore(&s3, &s3.url("prefix"), &data);
    assert!(went_well, "{said}");
    assert_eq!(files(&s3.folder("prefix")), kept, "a restore only reads");
    let (went_well, said) = restore(&s3, &s3.url("prefix"), &data);
    assert!(!went_well && said.contains("again"), "what is there is not overwritten: {said}");

    let mut host = s3.host("prefix").data(&data).start().await;
    assert_eq!(host.get("/v1/topics").await.ok(), before);
    for log in &logs {
        every_form(&host, log, 600).await;
    }
    let answer = host.post("/v1/topics/old/records", old.body(100..101)).await.ok();
    assert_eq!(answer["records"][0]["offset"], 100);
    // And it is a host like any other: what comes is sealed after what was there.
    for log in &logs {
        log.produce(&host, 600..900).await;
        sealed(&host, log.topic).await;
    }
    host.upload("filter-json", plugin("filter-json")).await.ok();
    let all = json!({
        "plugin": "filter-json", "inputs": ["plain"], "output": "out",
        "settings": {"path": "n", "comparison": "greater-or-equal", "operand": 0},
    });
    host.put("/v1/deployments/d", all).await.ok();
    host.caught_up("d").await;
    host.kill_and_restart().await;
    for log in &logs {
        log.check(&host, 900).await;
    }
    // A record without a value has no number: the filter drops it.
    let numbers = (0..900).filter(|n| n % 97 != 96).count();
    assert_eq!(host.high_watermarks("out").await.iter().sum::<u64>(), numbers as u64);
}
