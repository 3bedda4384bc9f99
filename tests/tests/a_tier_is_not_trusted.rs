//! Nothing in a tier is believed: whatever is damaged, missing or exchanged is a loud error that names the object, and never
//! wrong data; the rest goes on. And a tier that cannot keep a promise, or is somebody else's, is refused at the start.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use kafka_do_tests::{CarelessS3, Follower, Host, HostOptions, Numbered, S3, Segment, exact, files, sealed};
use serde_json::{Value, json};

/// Where each batch begins, and where the last one ends: RecordBatch v2 has its length after its base offset.
fn batches(segment: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    let mut at = 0;
    while at + 17 < segment.len() && segment[at + 16] == 2 {
        let length = u32::from_be_bytes(segment[at + 8..at + 12].try_into().unwrap());
        let end = at + 12 + usize::try_from(length).unwrap();
        if end > segment.len() {
            break;
        }
        at = end;
        starts.push(at);
    }
    assert!(starts.len() > 4, "several batches, and an end: {starts:?}");
    starts
}

/// One way in which an object can be other than it was; it is given the object and another one.
type Damage = (String, Box<dyn Fn(&[u8], &[u8]) -> Option<Vec<u8>>>);

fn flip(what: &str, place: impl Fn(&[u8]) -> usize + 'static, bit: u8) -> Damage {
    let damage = move |bytes: &[u8], _: &[u8]| {
        let mut bytes = bytes.to_vec();
        let place = place(&bytes);
        bytes[place] ^= 1 << bit;
        Some(bytes)
    };
    (format!("a bit of {what}"), Box::new(damage))
}

/// Nobody reads behind the end that the manifest names, so nobody has to notice this; what is read is right all the same.
const APPENDED: &str = "longer by a byte";

fn damages() -> Vec<Damage> {
    let mut damages: Vec<Damage> = Vec::new();
    // Kafka's own checksum does not cover what stands before it in a batch.
    for (field, place) in [
        ("the base offset", 7),
        ("the base offset, high", 1),
        ("the length", 11),
        ("the leader epoch", 15),
        ("the magic", 16),
        ("the checksum", 20),
        ("the attributes", 22),
        ("the last offset delta", 26),
        ("the first record", 64),
    ] {
        damages.push(flip(&format!("{field} of the first batch"), move |_| place, 0));
        damages.push(flip(&format!("{field} of the second batch"), move |bytes| batches(bytes)[1] + place, 1));
    }
    let end = |bytes: &[u8]| *batches(bytes).last().unwrap();
    damages.push(flip("the last batch's end", move |bytes| end(bytes) - 1, 6));
    for place in [0, 7, 12, 20, 27] {
        damages.push(flip(&format!("the index at {place}"), move |bytes| end(bytes) + place, 2));
    }
    for before_end in [1, 4, 8, 10, 14, 18, 22, 26, 34, 42, 50, 58, 64] {
        damages.push(flip(&format!("the footer, {before_end} from the end"), move |b| b.len() - before_end, 3));
    }
    for part in 1..8 {
        damages.push(flip(&format!("its middle, {part}/8"), move |bytes| bytes.len() * part / 8, 7));
    }
    let mut other = |what: &str, damage: fn(&[u8], &[u8]) -> Option<Vec<u8>>| {
        damages.push((what.to_owned(), Box::new(damage)));
    };
    other("missing", |_, _| None);
    other("empty", |_, _| Some(Vec::new()));
    other("cut by a byte", |bytes, _| Some(bytes[..bytes.len() - 1].to_vec()));
    other("cut in half", |bytes, _| Some(bytes[..bytes.len() / 2].to_vec()));
    other("cut to its batches", |bytes, _| Some(bytes[..*batches(bytes).last().unwrap()].to_vec()));
    other(APPENDED, |bytes, _| Some([bytes, &[0]].concat()));
    other("zeros", |bytes, _| Some(vec![0; bytes.len()]));
    other("whole, and another one's", |_, other| Some(other.to_vec()));
    damages
}

/// Reads a segment batch by batch: what comes is right. Answers the refusal, if there is one.
async fn read(host: &Host, log: &Numbered, segment: &Segment) -> Option<(u16, String)> {
    let mut next = segment.base;
    while next < segment.next {
        let path = format!("/v1/topics/{}/partitions/0/records?offset={next}&max_bytes=1", log.topic);
        let answer = host.get(&path).await;
        if answer.status != 200 {
            assert!(answer.status >= 500, "{}", answer.text);
            answer.problem(answer.status);
            return Some((answer.status, answer.json()["detail"].as_str().unwrap().to_owned()));
        }
        for record in answer.json()["records"].as_array().unwrap() {
            assert_eq!(record, &log.shown(0, next), "wrong data");
            next += 1;
        }
        assert_eq!(answer.json()["next_offset"], next);
    }
    None
}

/// Reads a stream that begins at an offset; answers where it ends, and whether it broke off.
async fn stream(host: &Host, log: &Numbered, path: &str, from: u64) -> (u64, bool) {
    let mut next = from;
    let Ok(mut follower) = Follower::try_open(host, path).await else { return (next, true) };
    while let Some(item) = follower.next().await {
        let Ok(mut item) = item else { return (next, true) };
        let fields = item.as_object_mut().unwrap();
        fields.remove("cursor");
        fields.remove("partition");
        assert_eq!(item, log.shown(0, next), "wrong data");
        next += 1;
    }
    (next, false)
}

#[tokio::test(flavor = "multi_thread")]
async fn and_damage_is_told() {
    let mut host = Host::start().await;
    let log = Numbered { chunk: 8, ..Numbered::new("t", 1) };
    let other = Numbered::new("other", 1);
    let settings = json!({"segment_bytes": 65_536, "segment_ms": 1_000});
    let damages = damages();
    // A segment holds about 64 records; every second one is damaged.
    let count = damages.len() as u64 * 2 * 64 + 200;
    log.create(&host, settings.clone()).await;
    log.produce(&host, 0..count).await;
    sealed(&host, "t").await;
    let tier = host.data().join("tier");
    let mut stored = exact(&host, "t", &[&tier]).await;
    // The last one may be a short one, cut by its age.
    stored.retain(|segment| segment.bytes >= 65_536);
    assert!(stored.len() > damages.len() * 2, "{} segments", stored.len());
    other.create(&host, settings).await;
    other.produce(&host, 0..200).await;
    sealed(&host, "other").await;

    host.kill();
    for (pair, (what, damage)) in stored.chunks(2).zip(&damages) {
        let bytes = std::fs::read(&pair[0].path).unwrap();
        let neighbour = std::fs::read(&pair[1].path).unwrap();
        match damage(&bytes, &neighbour) {
            Some(changed) => {
                assert_ne!(changed, bytes, "{what}");
                std::fs::write(&pair[0].path, changed).unwrap();
            }
            None => std::fs::remove_file(&pair[0].path).unwrap(),
        }
    }
    host.restart().await;

    let mut unnoticed = Vec::new();
    for (pair, (what, _)) in stored.chunks(2).zip(&damages) {
        match read(&host, &log, &pair[0]).await {
            None if what == APPENDED => {}
            None => unnoticed.push(what),
            Some((_, detail)) => {
                assert!(detail.contains(pair[0].file_name()), "{what}: it names the object: {detail}");
            }
        }
        assert_eq!(read(&host, &log, &pair[1]).await, None, "its neighbour is whole");
        // A second look finds the same: no damage gets into the cache.
        if let Some((_, detail)) = read(&host, &log, &pair[0]).await {
            assert!(detail.contains(pair[0].file_name()), "{what}: {detail}");
        }
    }
    assert!(unnoticed.is_empty(), "damage that nobody noticed: {unnoticed:#?}");

    // A stream breaks off, rather than pass over what it cannot read: from the start, where nothing can be read, and later.
    let whole = &stored[stored.len() - 1];
    let before = |segment: &Segment| format!("/v1/topics/t/records?from={}", log.timestamp(0, segment.base));
    assert_eq!(stream(&host, &log, "/v1/topics/t/records?from=earliest", 0).await, (stored[0].base, true));
    let (end, broken) = stream(&host, &log, &before(&stored[1]), stored[1].base).await;
    assert!(broken && end <= stored[2].next, "the next damage ends it: {end} {broken}");
    assert_eq!(stream(&host, &log, &before(whole), whole.base).await, (count, false));

    // The rest goes on.
    other.check(&host, 200).await;
    other.produce(&host, 200..300).await;
    log.produce(&host, count..count + 10).await;
    let page = host.get(&format!("/v1/topics/t/partitions/0/records?offset={count}")).await.ok();
    assert_eq!(page["records"].as_array().unwrap().len(), 10);
    assert_eq!(host.get("/readyz").await.status, 200);
}

/// A task stands still before what it cannot read, says which object it is, and goes on once that is back.
#[tokio::test(flavor = "multi_thread")]
async fn and_a_task_waits_for_what_is_missing() {
    let mut host = Host::start().await;
    let log = Numbered::new("t", 1);
    log.create(&host, json!({"segment_bytes": 65_536, "segment_ms": 1_000})).await;
    log.produce(&host, 0..400).await;
    sealed(&host, "t").await;
    let stored = exact(&host, "t", &[&host.data().join("tier")]).await;
    let missing = &stored[2];
    let aside = host.data().join("aside");
    host.kill();
    std::fs::rename(&missing.path, &aside).unwrap();
    host.restart().await;
    host.upload("filter-json", kafka_do_tests::plugin("filter-json")).await.ok();
    let all = json!({
        "plugin": "filter-json", "inputs": ["t"], "output": "out",
        "settings": {"path": "n", "comparison": "greater-or-equal", "operand": 0},
    });
    host.put("/v1/deployments/d", all).await.ok();
    let names_it = |status: &Value| {
        let reason = status["tasks"][0]["reason"].as_str().unwrap_or_default();
        status["state"] == "failing" && reason.contains(missing.file_name())
    };
    let status = host.wait_for("d", "it names the object", names_it).await;
    assert_eq!(status["tasks"][0]["next_offset"], missing.base, "it stands before it");
    std::fs::rename(&aside, &missing.path).unwrap();
    host.caught_up("d").await;
    let numbers = (0..400).filter(|n| n % 97 != 96).count();
    assert_eq!(host.high_watermarks("out").await.iter().sum::<u64>(), numbers as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_taken_from_its_owner() {
    let s3 = S3::start().await;
    let folder = tempfile::tempdir().unwrap();
    let shared = format!("file://{}", folder.path().display());
    let in_folder = || HostOptions::default().arguments(&["--tier", &shared]);
    let in_bucket = || s3.host("tier");
    let owner = in_folder().start().await;
    let second_owner = in_bucket().start().await;
    let log = Numbered::new("t", 1);
    for owner in [&owner, &second_owner] {
        log.create(owner, json!({"segment_bytes": 65_536, "segment_ms": 1_000})).await;
        log.produce(owner, 0..200).await;
        sealed(owner, "t").await;
    }
    let (kept, second_kept) = (files(folder.path()), files(&s3.folder("tier")));
    assert!(kept.iter().any(|path| path.ends_with("kafka-do.json")), "{kept:?}");
    let told = in_folder().refused().await;
    assert!(told.contains(&shared) && told.contains("belongs to host"), "{told}");
    let told = in_bucket().refused().await;
    assert!(told.contains("s3://records/tier") && told.contains("belongs to host"), "{told}");
    // A cold tier is a tier.
    let told = HostOptions::default().arguments(&["--cold-tier", &shared]).refused().await;
    assert!(told.contains(&shared) && told.contains("belongs to host"), "{told}");
    assert_eq!(files(folder.path()), kept, "whoever was refused left no trace");
    assert_eq!(files(&s3.folder("tier")), second_kept, "whoever was refused left no trace");
    for mut owner in [owner, second_owner] {
        owner.kill_and_restart().await;
        log.check(&owner, 200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_taken_at_its_word() {
    let s3 = CarelessS3::start().await;
    let told = s3.host().refused().await;
    assert!(told.contains("If-None-Match"), "it says what the store does not do: {told}");
    assert!(told.contains("s3://records/tier"), "{told}");
    let left: Vec<_> = files(&s3.folder()).into_iter().filter(|path| path.ends_with(".segment")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Keys that the store does not know are found at the start, and not with the first segment.
#[tokio::test(flavor = "multi_thread")]
async fn nor_used_without_its_leave() {
    let s3 = S3::start().await;
    let told =
        s3.host("tier").variable("KAFKA_DO_TIER_SECRET_ACCESS_KEY", "wrong-secret-of-a-stranger").refused().await;
    assert!(told.contains("s3://records/tier"), "{told}");
    assert!(!told.contains("wrong-secret-of-a-stranger"), "no secret is told: {told}");
    assert_eq!(files(&s3.folder("tier")), Vec::<std::path::PathBuf>::new());
    // s3s-fs makes a bucket for whoever names one; this one does not.
    let s3 = CarelessS3::start().await;
    let told = s3.host_at("s3://no-such-bucket/tier").refused().await;
    assert!(told.contains("no-such-bucket"), "{told}");
}
