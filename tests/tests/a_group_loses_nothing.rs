//! Twelve consumers in processes of their own over 24 partitions, some of them killed with -9 again and again, and the host
//! too: every record is read, a second time only where a lease had ended; and where offsets are committed with what is made
//! of the records, exactly once. `KAFKA_DO_TEST_RECORDS` makes it longer.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kafka_do_tests::{Host, binary, command, fetch_from};
use serde_json::{Value, json};

const CONSUMERS: usize = 12;
const PARTITIONS: u64 = 24;
const SESSION_MS: u64 = 3_000;
const CHUNK: u64 = 5_000;
/// Of each run: kills of consumers, of the host, spread over the records.
const CONSUMER_KILLS: u64 = 20;
const HOST_KILLS: u64 = 5;
const PATIENCE: Duration = Duration::from_mins(10);

fn records() -> u64 {
    std::env::var("KAFKA_DO_TEST_RECORDS").map_or(40_000, |records| records.parse().expect("a number"))
}

/// Stores the numbers from 0 on, over all partitions, each chunk until it is acknowledged.
async fn produce(url: String, client: reqwest::Client, count: u64) {
    let mut next = 0;
    while next < count {
        let end = (next + CHUNK).min(count);
        let partition = next / CHUNK % PARTITIONS;
        let lines = (next..end).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        let request = client
            .post(format!("{url}/v1/topics/in/records?partition={partition}"))
            .header("idempotency-key", format!("chunk-{next}"))
            .header("content-type", "application/x-ndjson")
            .body(lines);
        loop {
            let answer = request.try_clone().unwrap().send().await;
            match answer.map(|answer| answer.status().as_u16()) {
                Ok(200) => break,
                Ok(429 | 503) | Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                Ok(status) => panic!("{status}"),
            }
        }
        next = end;
    }
}

/// A consumer that can be killed, and what it leaves behind.
struct Consumer {
    child: Child,
    said: PathBuf,
    complained: PathBuf,
    is_killed: bool,
}

struct Fleet<'a> {
    folder: &'a Path,
    start: Box<dyn Fn() -> Command + 'a>,
    all: Vec<Consumer>,
    /// Those that run, by their place in `all`.
    running: Vec<usize>,
}

impl<'a> Fleet<'a> {
    fn new(folder: &'a Path, start: impl Fn() -> Command + 'a) -> Self {
        let mut fleet = Self { folder, start: Box::new(start), all: Vec::new(), running: Vec::new() };
        for _ in 0..CONSUMERS {
            fleet.launch();
        }
        fleet
    }

    fn launch(&mut self) {
        let number = self.all.len();
        let path = |kind: &str| self.folder.join(format!("{number}.{kind}"));
        let (said, complained) = (path("out"), path("err"));
        let mut command = (self.start)();
        command.stdin(Stdio::piped()).stdout(File::create(&said).unwrap()).stderr(File::create(&complained).unwrap());
        let child = command.spawn().unwrap();
        self.running.push(number);
        self.all.push(Consumer { child, said, complained, is_killed: false });
    }

    /// `kill -9`, and another one in its place.
    fn kill_one(&mut self, which: u64) {
        let place = usize::try_from(which).unwrap() % self.running.len();
        let consumer = &mut self.all[self.running.swap_remove(place)];
        consumer.child.kill().unwrap();
        consumer.child.wait().unwrap();
        consumer.is_killed = true;
        self.launch();
    }

    /// Ends those that still run, as Ctrl-C would.
    fn stop(&mut self) {
        for number in std::mem::take(&mut self.running) {
            let child = &mut self.all[number].child;
            let pid = rustix::process::Pid::from_child(child);
            rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Fleet<'_> {
    fn drop(&mut self) {
        for consumer in &mut self.all {
            let _ = consumer.child.kill();
            let _ = consumer.child.wait();
        }
    }
}

/// Lets records be produced and consumed, and kills consumers and the host meanwhile, until all is read.
async fn run(host: &mut Host, fleet: &mut Fleet<'_>, count: u64) {
    let producing = tokio::spawn(produce(host.url(), host.client().clone(), count));
    let begun = Instant::now();
    let (mut kills, mut host_kills) = (0, 0);
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(begun.elapsed() < PATIENCE, "it takes too long");
        let group = host.get("/v1/groups/g").await;
        if group.status == 404 {
            continue;
        }
        let group = group.ok();
        let read: u64 = group["partitions"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|partition| partition["committed"].as_u64())
            .sum();
        // However fast it goes, all kills take place.
        while kills < CONSUMER_KILLS && read * (CONSUMER_KILLS + 1) > kills * count {
            kills += 1;
            fleet.kill_one(kills * 7);
        }
        if read == count && host_kills == HOST_KILLS {
            break;
        }
        if host_kills < HOST_KILLS && read * (HOST_KILLS + 1) > (host_kills * 2 + 1) * count / 2 {
            host_kills += 1;
            host.kill_and_restart().await;
        }
    }
    producing.await.unwrap();
    fleet.stop();
    eprintln!(
        "{count} records in {:.1} s, {kills} consumers killed, the host {host_kills} times",
        begun.elapsed().as_secs_f64()
    );
    assert_eq!((kills, host_kills), (CONSUMER_KILLS, HOST_KILLS));
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_reads_anything_twice_but_where_a_lease_ended() {
    let count = records();
    let mut host = Host::start().await;
    host.create_topic("in", u32::try_from(PARTITIONS).unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let url = host.url();
    let start = move || {
        let mut consume = command(binary());
        consume.args(["consume", "in", "--group", "g", "--format", "json", "--url", &url]);
        consume.arg("--session-timeout").arg(format!("{SESSION_MS}ms"));
        consume
    };
    let mut fleet = Fleet::new(folder.path(), start);
    run(&mut host, &mut fleet, count).await;

    let mut readers: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let mut lost_lease = BTreeSet::new();
    for (number, consumer) in fleet.all.iter().enumerate() {
        let text = std::fs::read_to_string(&consumer.said).unwrap();
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let record: Value = serde_json::from_str(line).unwrap();
            readers.entry(record["value"].as_u64().unwrap()).or_default().push(number);
        }
        let complained = std::fs::read_to_string(&consumer.complained).unwrap();
        let has_lost = complained.contains("the session ended") || complained.contains("nothing was committed");
        if consumer.is_killed || has_lost {
            lost_lease.insert(number);
        }
    }
    assert_eq!(readers.len() as u64, count, "every record is read");
    let twice = readers.values().filter(|readers| readers.len() > 1).count();
    for (value, readers) in &readers {
        let good = readers.iter().filter(|reader| !lost_lease.contains(reader)).count();
        assert!(good <= 1, "{value} was read by {readers:?}, and only the leases of {lost_lease:?} had ended");
    }
    eprintln!("{twice} records were read again after a lease had ended");
    let group = host.get("/v1/groups/g").await.ok();
    assert!(group["members"].as_array().unwrap().len() <= lost_lease.len(), "whoever was stopped has left: {group:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn and_writes_exactly_once_what_it_commits_together() {
    let count = records();
    let mut host = Host::start().await;
    for topic in ["in", "out"] {
        host.create_topic(topic, u32::try_from(PARTITIONS).unwrap()).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = host.url();
    let start = move || {
        let mut consumer = command(env!("CARGO_BIN_EXE_exactly-once"));
        consumer.args([url.as_str(), "g", "in", "out", &SESSION_MS.to_string()]);
        consumer
    };
    let mut fleet = Fleet::new(folder.path(), start);
    run(&mut host, &mut fleet, count).await;
    for consumer in &fleet.all {
        let complained = std::fs::read_to_string(&consumer.complained).unwrap();
        assert!(complained.is_empty(), "{complained}");
    }
    let mut total = 0;
    for partition in 0..usize::try_from(PARTITIONS).unwrap() {
        let copies = fetch_from(&host, "out", partition, 0).await;
        total += copies.len() as u64;
        // Each in its place, once: what was copied from an offset stands at that offset.
        for (offset, copy) in copies.iter().enumerate() {
            assert_eq!((&copy["value"][0], &copy["value"][1]), (&json!(partition), &json!(offset)));
        }
    }
    assert_eq!(total, count);
}
