//! From 1 to 10,000 partitions.

use std::time::Duration;

use anyhow::Result;

use super::fill::{Fill, Until};
use super::report::Measure;
use super::run::{APPEND, Run};
use super::section::Section;
use crate::clock;
use crate::http::Client;
use crate::process;

const TOPIC: &str = "partitioned";
const CONNECTIONS: usize = 8;
/// The curves, of which the page has a plot each.
pub(super) const THROUGHPUT: &str = "produce by partitions";
pub(super) const START: &str = "start by partitions";
pub(super) const MEMORY: &str = "memory by partitions";

struct Partitioned {
    create_ms: f64,
    mib_per_s: f64,
    resident_mib: f64,
    start_ms: f64,
}

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    let mut one: Option<Partitioned> = None;
    for partitions in run.extent.partitions.iter().copied() {
        eprintln!("Measuring a topic, partitions: {partitions}.");
        let before = run.disk_before()?;
        let found = partitioned(run, partitions).await?;
        let disk = run.disk_meanwhile(before)?;
        let one = one.get_or_insert(Partitioned { ..found });
        let (reference, x) = ("with the fewest partitions", f64::from(partitions));
        let name = |what: &str| format!("{what}, partitions: {partitions}");
        let throughput = Measure::new(name("durable produce, 100 x 1 KiB"), found.mib_per_s, "MiB/s");
        let start = Measure::new(name("start over it"), found.start_ms, "ms").beside(reference, one.start_ms);
        let memory =
            Measure::new(name("resident after it"), found.resident_mib, "MiB").beside(reference, one.resident_mib);
        let create = Measure::new(name("making the topic"), found.create_ms, "ms").beside(reference, one.create_ms);
        run.add(Section::Partitions, throughput.beside(APPEND, disk.mib_per_s).at(THROUGHPUT, x))?;
        run.add(Section::Partitions, start.at(START, x))?;
        run.add(Section::Partitions, memory.at(MEMORY, x))?;
        run.add(Section::Partitions, create)?;
    }
    Ok(())
}

async fn partitioned(run: &Run<'_>, partitions: u32) -> Result<Partitioned> {
    let host = run.start_host(None)?;
    let client = Client::new(host.address)?;
    let begun = clock::now();
    client.create_topic(TOPIC, partitions).await?;
    let create_ms = begun.elapsed().as_secs_f64() * 1e3;
    let until = Until::Elapsed(Duration::from_secs(run.extent.load_s));
    let fill = Fill { topic: TOPIC, partitions, connections: CONNECTIONS, batch: 100, record_bytes: 1_024, until };
    let filled = fill.run(host.address).await?;
    let resident_mib = process::memory(host.pid())?.resident_mib;
    host.stop()?;
    let host = run.restart_host(&[])?;
    let start_ms = host.ready_after.as_secs_f64() * 1e3;
    host.stop()?;
    Ok(Partitioned { create_ms, mib_per_s: filled.mib_per_s(), resident_mib, start_ms })
}
