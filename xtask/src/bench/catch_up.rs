//! Reading what was sealed into segments, from the disk.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::json;

use super::files::{evict, files, mib, read_through, segments};
use super::fill::{Fill, Until};
use super::reading::{Form, Source};
use super::report::Measure;
use super::run::Run;
use super::section::Section;
use crate::clock;
use crate::http::Client;

const TOPIC: &str = "sealed";
const PARTITIONS: u32 = 4;
const CONNECTIONS: usize = 8;
const REFERENCE: &str = "reading the segment files";
const FORMS: [(Form, &str); 2] = [(Form::Raw, "raw batches"), (Form::Stream, "stream as NDJSON")];
const SEALED_MAX: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(100);

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    let head = run.extent.head;
    let arguments = ["--head-bytes", head.flag];
    let host = run.start_host_with(&arguments)?;
    let settings = json!({"partitions": PARTITIONS, "segment_bytes": head.segment_mib << 20});
    Client::new(host.address)?.configure_topic(TOPIC, &settings).await?;
    eprintln!("Writing {} MiB to catch up with.", run.extent.sustained_mib);
    let fill = Fill {
        topic: TOPIC,
        partitions: PARTITIONS,
        connections: CONNECTIONS,
        batch: 100,
        record_bytes: 1_024,
        until: Until::Bytes(run.extent.sustained_mib << 20),
    };
    fill.run(host.address).await?;
    wait_until_sealed(host.address, TOPIC, u64::from(PARTITIONS) * (head.segment_mib << 20) as u64).await?;
    host.stop()?;

    let segments = segments(&run.data())?;
    evict(&segments)?;
    let begun = clock::now();
    let segment_bytes = read_through(&segments)?;
    let reference = begun.elapsed();
    for (form, what) in FORMS {
        let host = run.restart_host(&arguments)?;
        evict(&files(&run.data())?)?;
        eprintln!("Measuring catch-up, {what}.");
        let source = Source { address: host.address, topic: TOPIC, partitions: PARTITIONS };
        let read = source.read(form, Duration::ZERO).await?;
        host.stop()?;
        let measure = if form == Form::Raw {
            let files_mb_per_s = segment_bytes as f64 / 1e6 / reference.as_secs_f64();
            Measure::new(format!("catch-up, {what}"), read.mb_per_s(), "MB/s").beside(REFERENCE, files_mb_per_s)
        } else {
            let files_records_per_s = read.records as f64 / reference.as_secs_f64();
            let name = format!("catch-up, {what}, records of 1 KiB");
            Measure::new(name, read.records_per_s(), "records/s").beside(REFERENCE, files_records_per_s)
        };
        run.add(Section::CatchUp, measure)?;
    }
    let sealed = Measure::new("in segments", mib(segment_bytes), "MiB");
    run.add(Section::CatchUp, sealed.beside("written", run.extent.sustained_mib as f64))
}

/// Returns once no more stands in the head than each partition's share.
pub(super) async fn wait_until_sealed(address: SocketAddr, topic: &str, head_bytes: u64) -> Result<()> {
    let client = Client::new(address)?;
    let begun = clock::now();
    loop {
        let left = client.topic(topic).await?.head_bytes();
        if left <= head_bytes {
            return Ok(());
        }
        if begun.elapsed() > SEALED_MAX {
            bail!("{left} bytes of {topic} are not sealed after {} s", SEALED_MAX.as_secs());
        }
        tokio::time::sleep(POLL).await;
    }
}
