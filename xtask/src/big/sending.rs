//! What is sent: a connection a partition, so that the order in a partition is known, each with one request in flight.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use indicatif::{HumanCount, ProgressBar};
use serde::Serialize;

use super::flights::{Chain, Flights, Link};
use super::{PARTITIONS, TOPIC};
use crate::clock;
use crate::quantile::quantile;
use crate::wire::Connection;

/// Records of one request.
const BATCH: usize = 1_000;
/// Into how many parts of equally many records the run is divided.
pub(super) const SLICES: usize = 24;

/// What one partition holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Partition {
    pub(super) partition: usize,
    #[serde(flatten)]
    pub(super) link: Link,
}

pub(super) struct Sent {
    pub(super) partitions: Vec<Partition>,
    pub(super) slices: Vec<Slice>,
    pub(super) value_bytes: u64,
}

/// How a part of the run went.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Slice {
    /// Records that were sent when it ended, and when that was.
    pub(super) records: usize,
    pub(super) at_s: f64,
    /// Of the requests that were taken.
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) most_ms: f64,
    /// How often a request was told to wait, and how long all of them waited for that.
    pub(super) refused: u32,
    pub(super) waited_s: f64,
}

/// The slice under way.
#[derive(Default)]
struct Tally {
    sent: usize,
    value_bytes: u64,
    latencies_ms: Vec<f64>,
    refused: u32,
    waited: Duration,
    slices: Vec<Slice>,
}

/// Sends all records, and answers what each partition should hold.
pub(super) async fn send(address: SocketAddr, flights: &Flights, bar: &ProgressBar) -> Result<Sent> {
    let tally = Mutex::new(Tally::default());
    let begun = clock::now();
    let one = async |partition: usize| {
        let mut connection = Connection::open(address).await?;
        let path = format!("/v1/topics/{TOPIC}/records?partition={partition}");
        let mut chain = Chain::default();
        let mut numbers = (partition..flights.records).step_by(PARTITIONS).peekable();
        let mut bytes = 0;
        while numbers.peek().is_some() {
            let mut lines = Vec::with_capacity(bytes);
            let before = chain.records;
            for number in numbers.by_ref().take(BATCH) {
                let from = lines.len();
                flights.write(number, &mut lines);
                chain.add(&lines[from..lines.len() - 1]);
            }
            let records = usize::try_from(chain.records - before)?;
            bytes = lines.len();
            let produced = connection.produce(&path, Bytes::from(lines)).await?;
            let mut tally = tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            tally.sent += records;
            tally.value_bytes += (bytes - records) as u64;
            tally.latencies_ms.push(produced.latency.as_secs_f64() * 1e3);
            tally.refused += produced.refused;
            tally.waited += produced.waited;
            bar.set_position(tally.sent as u64);
            if tally.sent * SLICES >= flights.records * (tally.slices.len() + 1) {
                tally.end_slice(begun.elapsed());
            }
        }
        anyhow::Ok(Partition { partition, link: chain.link() })
    };
    let (a, b, c, d) = tokio::try_join!(one(0), one(1), one(2), one(3))?;
    let tally = tally.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Sent { partitions: vec![a, b, c, d], slices: tally.slices, value_bytes: tally.value_bytes })
}

impl Tally {
    fn end_slice(&mut self, at: Duration) {
        let latencies = std::mem::take(&mut self.latencies_ms);
        let slice = Slice {
            records: self.sent,
            at_s: at.as_secs_f64(),
            p50_ms: quantile(&latencies, 50),
            p99_ms: quantile(&latencies, 99),
            most_ms: quantile(&latencies, 100),
            refused: std::mem::take(&mut self.refused),
            waited_s: std::mem::take(&mut self.waited).as_secs_f64(),
        };
        self.slices.push(slice);
    }
}

pub(super) fn table(slices: &[Slice]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["records", "at", "p50", "p99", "most", "told to wait", "waited"]);
    for slice in slices {
        table.add_row([
            HumanCount(slice.records as u64).to_string(),
            format!("{:.1} s", slice.at_s),
            format!("{:.1} ms", slice.p50_ms),
            format!("{:.1} ms", slice.p99_ms),
            format!("{:.1} ms", slice.most_ms),
            slice.refused.to_string(),
            format!("{:.0} s", slice.waited_s),
        ]);
    }
    table.to_string()
}
