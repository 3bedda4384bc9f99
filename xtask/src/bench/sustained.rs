//! Produce that goes on long after the head is full, so that sealing runs meanwhile.

use anyhow::Result;
use serde_json::json;

use super::files::mib;
use super::fill::{Fill, Until};
use super::report::{Measure, Target};
use super::run::{APPEND, Run};
use super::section::Section;
use crate::http::Client;
use crate::quantile::quantile;

const TOPIC: &str = "sustained";
const PARTITIONS: u32 = 4;
const CONNECTIONS: usize = 8;
/// The database may be as much larger than what it holds: pages that are free, and pages that are half full.
const DATABASE_TARGET: f64 = 4.0;

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    let (head, written_mib) = (run.extent.head, run.extent.sustained_mib);
    let before = run.disk_before()?;
    let host = run.start_host_with(&["--head-bytes", head.flag])?;
    let client = Client::new(host.address)?;
    let settings = json!({"partitions": PARTITIONS, "segment_bytes": head.segment_mib << 20});
    client.configure_topic(TOPIC, &settings).await?;
    eprintln!("Measuring produce of {written_mib} MiB through a head of {} MiB.", head.mib);
    let fill = Fill {
        topic: TOPIC,
        partitions: PARTITIONS,
        connections: CONNECTIONS,
        batch: 100,
        record_bytes: 1_024,
        until: Until::Bytes(written_mib << 20),
    };
    let filled = fill.run(host.address).await?;
    let database = std::fs::metadata(run.data().join("head.redb"))?.len();
    let sealed = client.topic(TOPIC).await?.segment_bytes();
    host.stop()?;
    let disk = run.disk_meanwhile(before)?;

    let what = format!("{written_mib} MiB through a head of {} MiB", head.mib);
    let throughput = Measure::new(format!("durable produce, {what}"), filled.mib_per_s(), "MiB/s");
    run.add(Section::Sustained, throughput.beside(APPEND, disk.mib_per_s))?;
    for percent in [50, 99] {
        let latency = quantile(&filled.latencies_us, percent);
        let name = format!("request of 100 x 1 KiB, connections: {CONNECTIONS}, p{percent}");
        run.add(Section::Sustained, Measure::new(name, latency, "us"))?;
    }
    run.add(Section::Sustained, Measure::new("requests told to wait (429)", f64::from(filled.refused), "requests"))?;
    let waited = filled.waited.as_secs_f64() / CONNECTIONS as f64;
    run.add(Section::Sustained, Measure::new("waited for that, each connection", waited, "s"))?;
    let sealed = Measure::new("in segments at the end", mib(sealed), "MiB").beside("written", filled.mib);
    run.add(Section::Sustained, sealed)?;
    let database =
        Measure::new("head.redb at the end", mib(database), "MiB").beside("bound of the head", head.mib as f64);
    run.add(Section::Sustained, database.target(Target::RatioAtMost(DATABASE_TARGET)))
}
