//! Memory at rest and after load.

use std::time::Duration;

use anyhow::Result;

use super::fill::{Fill, Until};
use super::reading::{Form, Source};
use super::report::Measure;
use super::run::Run;
use super::section::Section;
use crate::http::Client;
use crate::process;

const TOPIC: &str = "remembered";
const PARTITIONS: u32 = 4;
const CONNECTIONS: usize = 8;
/// What the host is given to come to rest.
const REST: Duration = Duration::from_secs(1);

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    let host = run.start_host_with(&["--head-bytes", run.extent.head.flag])?;
    let pid = host.pid();
    let here = process::memory(std::process::id())?.resident_mib;
    let rest = add(run, pid, "at rest", ("the program that measures", here)).await?;

    Client::new(host.address)?.create_topic(TOPIC, PARTITIONS).await?;
    eprintln!("Measuring memory under produce for {} s.", run.extent.load_s);
    let until = Until::Elapsed(Duration::from_secs(run.extent.load_s));
    let fill =
        Fill { topic: TOPIC, partitions: PARTITIONS, connections: CONNECTIONS, batch: 100, record_bytes: 1_024, until };
    let filled = fill.run(host.address).await?;
    add(run, pid, &format!("after a produce of {:.0} MiB", filled.mib), ("at rest", rest)).await?;

    let source = Source { address: host.address, topic: TOPIC, partitions: PARTITIONS };
    for (form, what) in [(Form::Raw, "raw batches"), (Form::Stream, "a stream as NDJSON")] {
        source.read(form, Duration::ZERO).await?;
        add(run, pid, &format!("after reading it all as {what}"), ("at rest", rest)).await?;
    }
    host.stop()
}

async fn add(run: &mut Run<'_>, pid: u32, when: &str, (reference, mib): (&str, f64)) -> Result<f64> {
    tokio::time::sleep(REST).await;
    let memory = process::memory(pid)?;
    let resident = Measure::new(format!("resident {when}"), memory.resident_mib, "MiB").beside(reference, mib);
    run.add(Section::Memory, resident)?;
    run.add(Section::Memory, Measure::new(format!("anonymous {when}"), memory.anonymous_mib, "MiB"))?;
    Ok(memory.resident_mib)
}
