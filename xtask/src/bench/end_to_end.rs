//! From a produce to the long poll that sees it.

use std::time::Duration;

use anyhow::{Result, bail};

use super::fill::ndjson;
use super::report::Measure;
use super::run::{FDATASYNC, Run};
use super::section::Section;
use crate::clock;
use crate::http::Client;
use crate::quantile::quantile;
use crate::wire::{Connection, number};

const TOPIC: &str = "end-to-end";
const RECORD_BYTES: usize = 1_024;
/// What a poll's request is given to arrive, so that it waits when the record is sent.
const ARRIVE: Duration = Duration::from_millis(2);

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    let before = run.disk_before()?;
    let host = run.start_host(None)?;
    Client::new(host.address)?.create_topic(TOPIC, 1).await?;
    let mut producer = Connection::open(host.address).await?;
    let mut consumer = Connection::open(host.address).await?;
    let time = Duration::from_secs(run.extent.load_s);
    eprintln!("Measuring from end to end for {} s.", time.as_secs());
    let path = format!("/v1/topics/{TOPIC}/records?partition=0");
    let mut latencies_us = Vec::new();
    let begun = clock::now();
    for offset in 0.. {
        if begun.elapsed() > time {
            break;
        }
        let record = ndjson(1, RECORD_BYTES, offset);
        let poll = format!("/v1/topics/{TOPIC}/partitions/0/records?offset={offset}&wait_ms=10000");
        let polling = async {
            let headers = consumer.get(&poll, "application/x-ndjson", |_| {}).await?;
            anyhow::Ok((clock::now(), number(&headers, "kafka-do-next-offset")?))
        };
        let producing = async {
            tokio::time::sleep(ARRIVE).await;
            let sent = clock::now();
            producer.produce(&path, record).await?;
            anyhow::Ok(sent)
        };
        let ((seen, next), sent) = tokio::try_join!(polling, producing)?;
        if next != offset + 1 {
            bail!("the poll at offset {offset} came back without the record");
        }
        latencies_us.push(seen.duration_since(sent).as_secs_f64() * 1e6);
    }
    host.stop()?;
    let disk = run.disk_meanwhile(before)?;
    for percent in [50, 99] {
        let latency = quantile(&latencies_us, percent);
        let measure = Measure::new(format!("produce to long poll, p{percent}"), latency, "us");
        run.add(Section::EndToEnd, measure.beside(FDATASYNC, disk.fdatasync_us))?;
    }
    Ok(())
}
