//! What a sink is given reaches a server that answers late, wrongly or not at all: each record at least once, in the order of
//! its key, or it is a dead letter. A server that is gone costs no memory, and a host that is killed no record.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kafka_do_tests::{
    Answer, BadServer, Host, HostOptions, Manners, Request, SinkAudit, Stored, plugin, read_stored, scrambled,
    until_equal,
};
use serde_json::{Value, json};

const PARTITIONS: u32 = 3;
const RECORDS: u64 = 3_000;
/// Records of a partition that share a key are some twenty.
const KEYS: u64 = 50;
const CHUNK: u64 = 500;
const SECRET: &[u8] = b"hunter2-and-nobody-else-has-it!!";

/// More than the worst record of a hostile server needs, and what a poisoned one gets.
const ATTEMPTS: usize = 6;

/// One in so many records is always answered 500.
const POISON: u64 = 400;
/// What is never taken is answered so, once.
const REFUSED: u64 = 1_234;

/// What waits while the server is away, and for how long it is.
const WAITING: u64 = 24_000;
const FILLER_BYTES: usize = 4_000;
const AWAY: Duration = Duration::from_secs(5);
/// What a sink may have of the host's memory while 96 MB wait: an instance and the batch in its hands, for each partition.
const GROWTH_MIB_MAX: f64 = 24.0;

const KILLS: u64 = 4;

/// Each record's value is its own; the key is that of several.
async fn produce(host: &Host, numbers: std::ops::Range<u64>, filler_bytes: usize) {
    let filler = "x".repeat(filler_bytes);
    let mut next = numbers.start;
    while next < numbers.end {
        let end = (next + CHUNK).min(numbers.end);
        let record = |n: u64| json!({"key": format!("key-{}", n % KEYS), "value": {"n": n, "filler": filler}});
        let records: Vec<Value> = (next..end).map(record).collect();
        host.post("/v1/topics/in/records", json!({ "records": records })).await.ok();
        next = end;
    }
}

fn number_of(request: &Request) -> u64 {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    body["n"].as_u64().unwrap()
}

fn is_poison(number: u64) -> bool {
    number % POISON == 7
}

/// Fails a part of the records, each some times and then no more.
#[derive(Default)]
struct Hostile {
    /// By idempotency key.
    tries: HashMap<String, u64>,
}

impl Manners for Hostile {
    fn unread(&mut self, head: &Request) -> Option<Answer> {
        let key = head.header("idempotency-key")?;
        let tries = self.tries.entry(key.to_owned()).or_default();
        *tries += 1;
        let hash = key.bytes().fold(0, |hash, byte| scrambled(hash ^ u64::from(byte)));
        (*tries == 1 && hash.is_multiple_of(40)).then_some(Answer::Close)
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let number = number_of(request);
        if number == REFUSED {
            return Answer::status(422);
        }
        if is_poison(number) {
            return Answer::status(500);
        }
        let tries = self.tries[request.header("idempotency-key").unwrap()];
        let failures = [2, 1, 1, 0, 0, 0, 0, 0, 0, 0][usize::try_from(scrambled(number) % 10).unwrap()];
        if tries > failures {
            return Answer::status(if number.is_multiple_of(2) { 200 } else { 204 });
        }
        match scrambled(number * 4 + tries) % 32 {
            0 => Answer::Hang,
            1 => Answer::status(429).with("retry-after", 1),
            2..10 => Answer::status(429).with("retry-after", 0),
            10..16 => Answer::Close,
            16..20 => Answer::status(503),
            _ => Answer::status(500),
        }
    }
}

/// A host with the sink to a server, over three partitions.
async fn start(server: &BadServer) -> Host {
    let secret = format!("whsec_{}", STANDARD.encode(SECRET));
    let options = HostOptions::default().arguments(&["--egress-private", "127.0.0.0/8"]);
    let host = options.variable("KAFKA_DO_SECRET_SINK", &secret).start().await;
    host.upload("http-sink", plugin("http-sink")).await.ok();
    host.create_topic("in", PARTITIONS).await;
    let settings = json!({
        "url": server.url() + "/records",
        "secret": {"$secret": "SINK"},
        "timeout_ms": 300,
        "max_attempts": ATTEMPTS,
        "retry": {"initial_ms": 5, "max_ms": 50},
        "breaker": {"failures": 20, "cooldown_ms": 100},
    });
    let grants = json!({"hosts": [server.authority()]});
    let deployment = json!({"plugin": "http-sink", "inputs": ["in"], "settings": settings, "grants": grants});
    host.put("/v1/deployments/sink", deployment).await.ok();
    host
}

async fn dead_letters(host: &Host) -> Vec<Stored> {
    let status = host.get("/v1/deployments/sink").await.ok();
    read_stored(host, status["dead_letter_topic"].as_str().unwrap()).await
}

fn place(letter: &Stored) -> (usize, u64) {
    let number = |name: &str| letter.header(name).unwrap().parse::<u64>().unwrap();
    (usize::try_from(number("dead-letter-partition")).unwrap(), number("dead-letter-offset"))
}

fn anonymous_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let kib = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB")).unwrap();
    kib.parse::<f64>().unwrap() / 1024.0
}

#[tokio::test(flavor = "multi_thread")]
async fn to_a_hostile_server() {
    let server = BadServer::start(Hostile::default()).await;
    let host = start(&server).await;
    let begun = Instant::now();
    produce(&host, 0..RECORDS, 10).await;

    // When each dead letter could first be read.
    let mut letters: BTreeMap<(usize, u64), Instant> = BTreeMap::new();
    loop {
        let status = host.get("/v1/deployments/sink").await.ok();
        for letter in dead_letters(&host).await {
            letters.entry(place(&letter)).or_insert_with(Instant::now);
        }
        if status["lag"] == 0 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "it takes too long: {status:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let taken = begun.elapsed();
    // Whoever sent a dead letter again would do so now.
    tokio::time::sleep(Duration::from_secs(1)).await;

    let records = read_stored(&host, "in").await;
    assert_eq!(records.len() as u64, RECORDS);
    let attempts = server.attempts();
    let audit = SinkAudit::new(&records, &attempts);
    audit.settled(&letters);
    audit.in_order();
    audit.signed(SECRET);

    // Nothing that the server would have taken is a dead letter, and each of these says why.
    let found = dead_letters(&host).await;
    let numbers = found.iter().map(|letter| {
        let value: Value = serde_json::from_slice(letter.value()).unwrap();
        (value["n"].as_u64().unwrap(), letter.header("dead-letter-reason").unwrap().to_owned())
    });
    let numbers: BTreeMap<u64, String> = numbers.collect();
    assert_eq!(found.len(), numbers.len(), "each is a dead letter once");
    let expected: Vec<u64> = (0..RECORDS).filter(|&number| is_poison(number) || number == REFUSED).collect();
    assert!(numbers.keys().copied().eq(expected.iter().copied()), "{numbers:?}");
    let tried = |number: u64| {
        let read = attempts.iter().filter(|attempt| !attempt.request.body.is_empty());
        read.filter(|attempt| number_of(&attempt.request) == number).count()
    };
    for (&number, reason) in &numbers {
        let (status, times) = if number == REFUSED { ("422", 1..=1) } else { ("500", ATTEMPTS - 1..=ATTEMPTS) };
        assert!(reason.contains(status), "{number}: {reason}");
        assert!(times.contains(&tried(number)), "{number} was tried {} times", tried(number));
    }
    let repeated = audit.repeated();
    assert_eq!(repeated, 0, "what was delivered is not sent again while the host lives");
    eprintln!("{RECORDS} records in {} requests, {taken:?}, {} dead letters", attempts.len(), found.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn to_a_server_that_is_away() {
    let mut server = BadServer::start(|_: &Request| Answer::status(200)).await;
    let host = start(&server).await;
    produce(&host, 0..RECORDS, FILLER_BYTES).await;
    host.caught_up("sink").await;
    // What is stored meanwhile fills the host's caches, with a sink or without; so it is measured from there.
    host.post("/v1/deployments/sink/pause", json!({})).await.ok();
    server.stop().await;
    produce(&host, RECORDS..RECORDS + WAITING, FILLER_BYTES).await;
    let before_mib = anonymous_mib(host.pid());
    host.post("/v1/deployments/sink/resume", json!({})).await.ok();
    tokio::time::sleep(AWAY).await;
    let grown_mib = anonymous_mib(host.pid()) - before_mib;
    eprintln!("{WAITING} records wait, and the sink to nobody has {grown_mib:.1} MiB");
    assert!(grown_mib < GROWTH_MIB_MAX, "grown by {grown_mib} MiB");
    let away = host.get("/v1/deployments/sink").await.ok();
    assert_eq!(away["lag"], WAITING, "they wait: {away:#}");

    server.listen().await;
    host.caught_up("sink").await;
    let (records, attempts) = (read_stored(&host, "in").await, server.attempts());
    let audit = SinkAudit::new(&records, &attempts);
    audit.settled(&BTreeMap::new());
    audit.in_order();
    assert_eq!(dead_letters(&host).await.len(), 0, "a server that is away is no reason to give up a record");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_host_that_is_killed() {
    let mut asked = 0_u32;
    let server = BadServer::start(move |_: &Request| {
        asked += 1;
        Answer::status(if asked.is_multiple_of(50) { 503 } else { 200 })
    })
    .await;
    let mut host = start(&server).await;
    produce(&host, 0..RECORDS, 10).await;
    for kill in 1..=KILLS {
        let due = usize::try_from(RECORDS * kill / (KILLS + 2)).unwrap();
        until_equal("so many were sent", true, async || server.count() >= due).await;
        host.kill_and_restart().await;
    }
    host.caught_up("sink").await;
    let (records, attempts) = (read_stored(&host, "in").await, server.attempts());
    let audit = SinkAudit::new(&records, &attempts);
    audit.settled(&BTreeMap::new());
    audit.in_order();
    audit.signed(SECRET);
    assert_eq!(dead_letters(&host).await.len(), 0, "nothing was given up");
    eprintln!("{KILLS} kills, {} of {RECORDS} were delivered more than once", audit.repeated());
}
