//! Reading on one connection, in each form.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::bare::BareServer;
use super::fill::{Fill, Until};
use super::reading::{Form, Source, read_bare};
use super::report::{Measure, Target};
use super::run::{BARE_HTTP, Run};
use super::section::Section;
use crate::http::Client;

const TOPIC: &str = "consumed";
const PARTITIONS: u32 = 4;
const RECORD_BYTES: usize = 100;
const BATCH: usize = 5_000;
/// Nothing is sealed: how segments are read is another bench.
const SEGMENT_BYTES: u64 = 64 << 20;
const SEGMENT_MS: u64 = 86_400_000;

/// Each form with the least that it should come to.
const FORMS: [(Form, &str, Option<f64>); 4] = [
    (Form::Raw, "fetch, raw batches", Some(1_000.0)),
    (Form::Ndjson, "fetch, NDJSON", Some(1_000_000.0)),
    (Form::Stream, "stream of a topic, NDJSON", Some(1_000_000.0)),
    (Form::Json, "fetch, JSON", None),
];

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    let host = run.start_host_with(&["--head-bytes", "1GiB"])?;
    let settings = json!({"partitions": PARTITIONS, "segment_bytes": SEGMENT_BYTES, "segment_ms": SEGMENT_MS});
    Client::new(host.address)?.configure_topic(TOPIC, &settings).await?;
    let records = run.extent.consume_records * PARTITIONS as usize;
    eprintln!("Writing {records} records of {RECORD_BYTES} bytes to read.");
    let fill = Fill {
        topic: TOPIC,
        partitions: PARTITIONS,
        connections: PARTITIONS as usize,
        batch: BATCH,
        record_bytes: RECORD_BYTES,
        until: Until::Bytes(records * RECORD_BYTES),
    };
    fill.run(host.address).await?;

    let server = BareServer::start()?;
    let source = Source { address: host.address, topic: TOPIC, partitions: PARTITIONS };
    for (form, what, least) in FORMS {
        eprintln!("Measuring {what} for {} s.", run.extent.load_s);
        let read = source.read(form, Duration::from_secs(run.extent.load_s)).await?;
        let bare = read_bare(server.address, &read).await?;
        let measure = if form == Form::Raw {
            Measure::new(what, read.mb_per_s(), "MB/s").beside(BARE_HTTP, bare.mb_per_s())
        } else {
            // As many records as the bare server's bytes would have been.
            let bare_records_per_s = read.records as f64 / bare.elapsed.as_secs_f64();
            let name = format!("{what}, records of {RECORD_BYTES} bytes");
            Measure::new(name, read.records_per_s(), "records/s").beside(BARE_HTTP, bare_records_per_s)
        };
        let measure = match least {
            Some(least) => measure.target(Target::AtLeast(least)),
            None => measure,
        };
        run.add(Section::Consume, measure)?;
    }
    host.stop()
}
