//! `kafka-do bench`: a host under load, as its clients see it.
//!
//! A closed loop: each connection sends its next request when it has the answer to the last one. What is sent is made
//! before the clock starts, and a connection and its driver share a task, so that the host has the machine to itself.

use std::pin::Pin;
use std::time::{Duration, Instant};

use anyhow::bail;
use bytes::Bytes;
use clap::{Args, ValueEnum};
use http_body_util::Full;
use hyper::{Method, Request, StatusCode};
use serde::Serialize;
use serde_json::json;
use tokio::task::JoinSet;

use super::client::{Answer, Backoff, Client, Content, Driver, Endpoint, Failure, Sender};
use super::output::{Column, Output, Table, micros, number, print, rate};
use super::topic;
use crate::clock::Clock;
use crate::limits::{BODY_BYTES_MAX, PRODUCE_RECORDS_MAX, RECORD_BYTES_MAX};

/// What stands around the random part of a value.
const FRAME: (&str, &str) = (r#"{"v":""#, r#""}"#);
const RECORD_BYTES_MIN: u64 = 16;
/// Requests are made beforehand, and sent again once all were sent: as many as fit into this, for all connections together.
const PREPARED_BYTES_MAX: usize = 64 << 20;
const PREPARED_MAX: usize = 32;

/// Measure a running host under load
///
/// Values are JSON of random text, of exactly the size that is asked for. A record is counted when its answer has come,
/// which is after the fsync; a latency is that of one request.
#[derive(Debug, Args)]
pub(super) struct Bench {
    /// What to measure [default: all]
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,
    /// How long each scenario runs
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Bytes of each value
    #[arg(long, value_name = "BYTES", default_value_t = 1_024,
          value_parser = clap::value_parser!(u64).range(RECORD_BYTES_MIN..=RECORD_BYTES_MAX as u64))]
    record_bytes: u64,
    /// Records of each request of the scenario produce
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=PRODUCE_RECORDS_MAX as u64))]
    batch: u64,
    /// Connections, each with one request in flight [default: 8 for produce, 64 for concurrent]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=5_000))]
    connections: Option<u64>,
    /// The topic to write to; made for this, and deleted afterwards
    #[arg(long, default_value = "kafka-do-bench")]
    topic: String,
    /// Partitions of the topic that is made
    #[arg(long, value_name = "N", default_value_t = 1)]
    partitions: u32,
    /// Keep the topic; one that is there already is used as it is
    #[arg(long)]
    keep: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Scenario {
    /// Throughput: requests of many records, on several connections
    Produce,
    /// One record in flight, on one connection
    Latency,
    /// Group commit: many connections, one record a request
    Concurrent,
}

impl Bench {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        if self.batch.saturating_mul(self.record_bytes + 1) > BODY_BYTES_MAX as u64 {
            bail!(
                "{} records of {} bytes are over the {BODY_BYTES_MAX} bytes of a request; lower --batch",
                self.batch,
                self.record_bytes
            );
        }
        let path = topic::path(&self.topic);
        let is_there = match client.get(&path).await {
            Ok(_) => true,
            Err(Failure::Refused(refusal)) if refusal.status == StatusCode::NOT_FOUND => false,
            Err(failure) => return Err(failure.into()),
        };
        if !is_there {
            client.put(&path, Content::json(&json!({ "partitions": self.partitions }))?).await?;
        } else if !self.keep {
            bail!(
                "topic {} is there already, and would be deleted afterwards; name another, or say --keep",
                self.topic
            );
        }
        let outcome = tokio::select! {
            outcome = self.measure_all(client.endpoint(), output) => outcome,
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        };
        if !self.keep {
            client.delete(&path).await?;
        }
        outcome
    }

    async fn measure_all(&self, endpoint: &Endpoint, output: Output) -> anyhow::Result<()> {
        let all = Scenario::value_variants();
        let scenarios = if self.scenarios.is_empty() { all } else { self.scenarios.as_slice() };
        let mut measured = Vec::new();
        for scenario in scenarios {
            let result = self.measure(*scenario, endpoint).await?;
            if output.json {
                print(&serde_json::to_string(&result)?)?;
            }
            measured.push(result);
        }
        if output.json { Ok(()) } else { print(&table(&measured)) }
    }

    async fn measure(&self, scenario: Scenario, endpoint: &Endpoint) -> anyhow::Result<Measured> {
        let asked = self.connections.and_then(|connections| usize::try_from(connections).ok());
        let (connections, batch) = match scenario {
            Scenario::Produce => (asked.unwrap_or(8), usize::try_from(self.batch)?),
            Scenario::Latency => (1, 1),
            Scenario::Concurrent => (asked.unwrap_or(64), 1),
        };
        let record_bytes = usize::try_from(self.record_bytes)?;
        let path = format!("{}/records", topic::path(&self.topic));
        let prepared = (PREPARED_BYTES_MAX / connections / batch / record_bytes).clamp(1, PREPARED_MAX);
        let mut random = Random(0);
        let mut workers = Vec::with_capacity(connections);
        for _ in 0..connections {
            let bodies: Vec<_> = (0..prepared).map(|_| ndjson(batch, record_bytes, &mut random)).collect();
            let requests =
                bodies.into_iter().map(|body| endpoint.request(Method::POST, &path, Some(Content::ndjson(body))));
            let mut worker = Worker::connect(endpoint, requests.collect::<Result<_, _>>()?).await?;
            // The first request warms up the connection, and shows whether the host takes this at all.
            worker.exchange(0).await?;
            workers.push(worker);
        }

        let begun = Clock::instant();
        let until = begun + Duration::from_secs(self.seconds);
        let mut running: JoinSet<_> = workers.into_iter().map(|worker| worker.run(until)).collect();
        let mut total = Tally { latencies_us: Vec::new(), refused: 0, ended: begun };
        while let Some(tally) = running.join_next().await {
            let tally = tally??;
            total.latencies_us.extend(tally.latencies_us);
            total.refused += tally.refused;
            total.ended = total.ended.max(tally.ended);
        }
        if total.refused > 0 {
            eprintln!(
                "kafka-do: the host was busy, and refused {} requests for a while; they are not counted",
                number(total.refused)
            );
        }
        Ok(Measured::new(scenario, connections, batch, record_bytes, total.ended - begun, total.latencies_us))
    }
}

/// One connection with all that it will send.
struct Worker {
    endpoint: Endpoint,
    sender: Sender,
    driver: Pin<Box<Driver>>,
    requests: Vec<Request<Full<Bytes>>>,
}

struct Tally {
    latencies_us: Vec<u64>,
    refused: u64,
    ended: Instant,
}

impl Worker {
    async fn connect(endpoint: &Endpoint, requests: Vec<Request<Full<Bytes>>>) -> Result<Self, Failure> {
        let (sender, driver) = endpoint.connect().await?;
        Ok(Self { endpoint: endpoint.clone(), sender, driver: Box::pin(driver), requests })
    }

    async fn run(mut self, until: Instant) -> Result<Tally, Failure> {
        let mut tally = Tally { latencies_us: Vec::with_capacity(1 << 16), refused: 0, ended: until };
        let mut index = 0;
        let mut backoff = Backoff::new();
        loop {
            let sent = Clock::instant();
            if sent >= until {
                return Ok(tally);
            }
            match self.exchange(index).await {
                Ok(_) => {
                    tally.ended = Clock::instant();
                    let latency = tally.ended - sent;
                    tally.latencies_us.push(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
                }
                Err(failure) if failure.is_passing() && !backoff.is_over() => {
                    tally.refused += 1;
                    backoff.wait(&failure).await;
                }
                Err(failure) => return Err(failure),
            }
            index = (index + 1) % self.requests.len();
        }
    }

    /// Sends a request and reads the answer whole.
    async fn exchange(&mut self, index: usize) -> Result<Answer, Failure> {
        let Self { endpoint, sender, driver, requests } = self;
        let exchange = async {
            sender.ready().await.map_err(|error| endpoint.broken(&error))?;
            let response = sender.send_request(requests[index].clone()).await;
            endpoint.read(response.map_err(|error| endpoint.broken(&error))?).await
        };
        tokio::select! {
            biased;
            answer = exchange => answer,
            ended = driver => match ended {
                Ok(()) => Err(Failure::Broken(format!("{endpoint} closed the connection"))),
                Err(error) => Err(endpoint.broken(&error)),
            },
        }
    }
}

/// The same numbers on each run (splitmix64, Steele et al. 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Text that needs no escapes in JSON.
    fn text(&mut self, out: &mut Vec<u8>, bytes: usize) {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let end = out.len() + bytes;
        while out.len() < end {
            let mut bits = self.next();
            for _ in 0..(end - out.len()).min(10) {
                out.push(LETTERS[usize::from(bits.to_le_bytes()[0] & 63)]);
                bits >>= 6;
            }
        }
    }
}

/// Lines of exactly so many bytes each, without their line breaks.
fn ndjson(lines: usize, line_bytes: usize, random: &mut Random) -> Bytes {
    let mut out = Vec::with_capacity(lines * (line_bytes + 1));
    for _ in 0..lines {
        out.extend_from_slice(FRAME.0.as_bytes());
        random.text(&mut out, line_bytes - FRAME.0.len() - FRAME.1.len());
        out.extend_from_slice(FRAME.1.as_bytes());
        out.push(b'\n');
    }
    out.into()
}

/// What a scenario came to. Rates are of whole answers; MiB are of values alone.
#[derive(Debug, Serialize)]
struct Measured {
    scenario: Scenario,
    connections: usize,
    records: usize,
    seconds: f64,
    records_per_s: f64,
    mib_per_s: f64,
    p50_us: u64,
    p99_us: u64,
    p999_us: u64,
    max_us: u64,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn new(
        scenario: Scenario,
        connections: usize,
        batch: usize,
        record_bytes: usize,
        took: Duration,
        mut latencies_us: Vec<u64>,
    ) -> Self {
        latencies_us.sort_unstable();
        let records = latencies_us.len() * batch;
        let seconds = took.as_secs_f64();
        let per_second = records as f64 / seconds.max(1e-9);
        let at = |per_mille| percentile(&latencies_us, per_mille);
        Self {
            scenario,
            connections,
            records,
            seconds: rounded(seconds),
            records_per_s: rounded(per_second),
            mib_per_s: rounded(per_second * record_bytes as f64 / f64::from(1 << 20)),
            p50_us: at(500),
            p99_us: at(990),
            p999_us: at(999),
            max_us: at(1_000),
        }
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

/// By nearest rank: a latency that was measured, never one between two.
fn percentile(sorted: &[u64], per_mille: usize) -> u64 {
    let rank = (sorted.len() * per_mille).div_ceil(1_000).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

fn table(measured: &[Measured]) -> String {
    let mut table = Table::new(&[
        Column::Text("scenario"),
        Column::Number("connections"),
        Column::Number("records"),
        Column::Number("seconds"),
        Column::Number("records/s"),
        Column::Number("MiB/s"),
        Column::Number("p50"),
        Column::Number("p99"),
        Column::Number("p99.9"),
        Column::Number("max"),
    ]);
    for one in measured {
        let name = one.scenario.to_possible_value();
        table.add([
            name.map(|name| name.get_name().to_owned()).unwrap_or_default(),
            one.connections.to_string(),
            number(one.records as u64),
            format!("{:.1}", one.seconds),
            rate(one.records_per_s),
            format!("{:.1}", one.mib_per_s),
            micros(one.p50_us),
            micros(one.p99_us),
            micros(one.p999_us),
            micros(one.max_us),
        ]);
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_json_of_the_size_that_was_asked_for() {
        let mut random = Random(0);
        for bytes in [16, 17, 1_024] {
            let body = ndjson(3, bytes, &mut random);
            let lines: Vec<_> = body.trim_ascii_end().split(|byte| *byte == b'\n').collect();
            assert_eq!(lines.len(), 3);
            for line in &lines {
                assert_eq!(line.len(), bytes);
                assert!(serde_json::from_slice::<serde_json::Value>(line).unwrap()["v"].is_string());
            }
            assert_ne!(lines[0], lines[1]);
        }
    }

    #[test]
    fn percentiles_are_measured_values() {
        let sorted: Vec<u64> = (1..=1_000).collect();
        assert_eq!([500, 990, 999, 1_000].map(|per_mille| percentile(&sorted, per_mille)), [500, 990, 999, 1_000]);
        assert_eq!([500, 1_000].map(|per_mille| percentile(&[7], per_mille)), [7, 7]);
        assert_eq!(percentile(&[], 500), 0);
    }
}
