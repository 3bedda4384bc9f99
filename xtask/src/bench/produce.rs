//! Durable produce: its throughput, its latency, and that of many small producers.

use anyhow::Result;

use super::bare::BareServer;
use super::load::load;
use super::report::{Measure, Target};
use super::run::{APPEND, BARE_HTTP, FDATASYNC, Run};
use super::section::Section;

/// Connections, and what part of the raw disk they should come to.
const PRODUCE: [(&str, f64); 3] = [("1", 0.4), ("4", 0.4), ("8", 0.6)];
const CONCURRENT_CONNECTIONS: &str = "64";
const CONCURRENT_TARGET: f64 = 0.35;

pub(super) fn disk(run: &mut Run<'_>, when: &str) -> Result<()> {
    let disk = run.look_at_disk()?;
    let append = Measure::new(format!("disk, {APPEND}, {when}"), disk.mib_per_s, "MiB/s");
    run.add(Section::Disk, append)?;
    run.add(Section::Disk, Measure::new(format!("disk, {FDATASYNC}, {when}"), disk.fdatasync_us, "us"))
}

pub(super) fn produce(run: &mut Run<'_>) -> Result<()> {
    for (connections, least) in PRODUCE {
        let before = run.disk_before()?;
        let arguments = ["produce", "--batch", "100", "--connections", connections];
        let load = run.load_host("durable produce", &arguments)?;
        let disk = run.disk_meanwhile(before)?;
        let name = format!("durable produce, 100 x 1 KiB, connections: {connections}");
        let measure = Measure::new(name, load.mib_per_s, "MiB/s").beside(APPEND, disk.mib_per_s);
        run.add(Section::Produce, measure.target(Target::RatioAtLeast(least)))?;
    }
    Ok(())
}

pub(super) fn latency(run: &mut Run<'_>) -> Result<()> {
    let before = run.disk_before()?;
    let load = run.load_host("one record in flight", &["latency"])?;
    let disk = run.disk_meanwhile(before)?;
    let p50 = Measure::new("one record in flight, p50", load.p50_us, "us").beside(FDATASYNC, disk.fdatasync_us);
    run.add(Section::Latency, p50.target(Target::RatioAtMost(2.0)))?;
    let p99 = Measure::new("one record in flight, p99", load.p99_us, "us").beside(FDATASYNC, disk.fdatasync_us);
    run.add(Section::Latency, p99)
}

pub(super) fn concurrent(run: &mut Run<'_>) -> Result<()> {
    let what = "64 producers of single records";
    let arguments = ["concurrent", "--connections", CONCURRENT_CONNECTIONS];
    let durable = run.load_host(what, &arguments)?;
    let server = BareServer::start()?;
    eprintln!("Measuring the same on a bare HTTP server.");
    let bare = load(run.binary, server.address, run.extent.load_s, &arguments)?;
    let requests = Measure::new(what, durable.records_per_s, "requests/s").beside(BARE_HTTP, bare.records_per_s);
    run.add(Section::Concurrent, requests.target(Target::RatioAtLeast(CONCURRENT_TARGET)))?;
    for (which, durable_us, bare_us) in [("p50", durable.p50_us, bare.p50_us), ("p99", durable.p99_us, bare.p99_us)] {
        let measure = Measure::new(format!("{what}, {which}"), durable_us, "us").beside(BARE_HTTP, bare_us);
        run.add(Section::Concurrent, measure)?;
    }
    Ok(())
}
