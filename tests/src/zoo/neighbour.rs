//! A well-behaved deployment on topics of its own, which a steady trickle goes through: what it takes from the produce of a
//! record until its output can be fetched.
//!
//! The trickle does not wait for answers: a host that stands still for a second shows in every record of that second, and
//! not only in the one that was on its way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::wait::until_equal;
use crate::{Host, plugin};

const INPUT: &str = "calm-in";
const OUTPUT: &str = "calm-out";
const INTERVAL: Duration = Duration::from_millis(25);
const POLL_MS: u64 = 1_000;

/// When each record came out.
type Arrivals = Arc<Mutex<HashMap<u64, Instant>>>;

pub struct Neighbour {
    begun: Instant,
    end: oneshot::Sender<()>,
    /// Answers how many records it produced.
    producing: JoinHandle<u64>,
    reading: JoinHandle<()>,
    arrivals: Arrivals,
}

/// How long each record took, by when it was due.
#[derive(Debug)]
pub struct Latencies(Vec<(Instant, Duration)>);

impl Neighbour {
    /// Deploys it, and lets the trickle begin.
    pub async fn start(host: &Arc<Host>) -> Self {
        host.create_topic(INPUT, 1).await;
        host.upload("filter-json", plugin("filter-json")).await.ok();
        let settings = json!({"path": "n", "comparison": "greater-or-equal", "operand": 0});
        let deployment = json!({"plugin": "filter-json", "inputs": [INPUT], "output": OUTPUT, "settings": settings});
        host.put("/v1/deployments/neighbour", deployment).await.ok();
        let begun = Instant::now();
        let arrivals = Arrivals::default();
        let (end, ended) = oneshot::channel();
        let producing = tokio::spawn(produce(Arc::clone(host), begun, ended));
        let reading = tokio::spawn(read(Arc::clone(host), Arc::clone(&arrivals)));
        Self { begun, end, producing, reading, arrivals }
    }

    /// Lets the trickle end, and waits until each record is through, once.
    pub async fn end(self) -> Latencies {
        self.end.send(()).expect("it goes on until then");
        let produced = self.producing.await.expect("the neighbour's records are taken");
        let arrived = || self.arrivals.lock().expect("no panic").len() as u64;
        until_equal("the neighbour has passed everything on", produced, async || arrived()).await;
        assert!(!self.reading.is_finished(), "the neighbour's records are fetched, each once");
        self.reading.abort();
        let arrivals = self.arrivals.lock().expect("no panic");
        let latency = |(n, arrived): (&u64, &Instant)| {
            let due = due(self.begun, *n);
            (due, arrived.saturating_duration_since(due))
        };
        Latencies(arrivals.iter().map(latency).collect())
    }
}

impl Latencies {
    /// The median of the records that were due between the two.
    pub fn median(&self, from: Instant, until: Instant) -> Duration {
        let within = self.0.iter().filter(|(due, _)| (from..until).contains(due));
        let mut latencies: Vec<_> = within.map(|(_, latency)| *latency).collect();
        assert!(!latencies.is_empty(), "no record was due in {:?}", until - from);
        latencies.sort_unstable();
        latencies[latencies.len() / 2]
    }

    pub fn longest(&self) -> Duration {
        self.0.iter().map(|(_, latency)| *latency).max().unwrap_or_default()
    }
}

fn due(begun: Instant, n: u64) -> Instant {
    begun + INTERVAL * u32::try_from(n).expect("it ends before")
}

async fn produce(host: Arc<Host>, begun: Instant, mut ended: oneshot::Receiver<()>) -> u64 {
    let mut requests = JoinSet::new();
    let mut n = 0;
    loop {
        tokio::select! {
            _ = &mut ended => break,
            () = tokio::time::sleep_until(due(begun, n).into()) => {}
        }
        let host = Arc::clone(&host);
        requests.spawn(async move { host.post("/v1/topics/calm-in/records", json!({"value": {"n": n}})).await.ok() });
        n += 1;
    }
    requests.join_all().await;
    n
}

async fn read(host: Arc<Host>, arrivals: Arrivals) {
    let mut next = 0;
    loop {
        let path = format!("/v1/topics/{OUTPUT}/partitions/0/records?offset={next}&wait_ms={POLL_MS}");
        let page = host.get(&path).await.ok();
        let now = Instant::now();
        for record in page["records"].as_array().expect("records") {
            let n = record["value"]["n"].as_u64().expect("a number");
            let twice = arrivals.lock().expect("no panic").insert(n, now);
            assert!(twice.is_none(), "{n} came out twice");
        }
        next = page["next_offset"].as_u64().expect("a number");
    }
}
