//! filter-json from end to end: records that stand in a topic go through the plugin into another one.

use std::io::Read;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::http::Client;
use crate::process::cpu_seconds;
use crate::{clock, paths};

/// Records of one request.
const BATCH: usize = 2_000;
/// How many records the sample is repeated to, where the real data is missing: as many.
const RECORDS: usize = 336_776;
const CATCH_UP: Duration = Duration::from_mins(5);

/// Records, and a filter for them.
pub(super) struct Data {
    pub(super) what: &'static str,
    key_path: &'static str,
    path: &'static str,
    comparison: &'static str,
    threshold: f64,
    text: Bytes,
    /// Where each request's lines stand in the text.
    batches: Vec<Range<usize>>,
    records: usize,
    /// How many records the filter should keep, counted here.
    kept: usize,
}

/// One pass through the filter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    pub(super) records_per_s: f64,
    /// Records by the seconds that the host kept a core busy.
    pub(super) records_per_core_s: f64,
}

impl Data {
    /// The flights, or the sample where they are missing; at most so many records.
    pub(super) fn load(records_max: usize) -> Result<Self> {
        let Some(path) = paths::large_data("flights.ndjson.gz") else {
            let sample = std::fs::read_to_string(paths::earthquakes())?;
            let lines: Vec<_> = sample.lines().cycle().take(RECORDS.min(records_max)).collect();
            return Self::new("earthquakes, repeated", "net", ("mag", "greater-or-equal", 4.0), &lines);
        };
        let mut text = String::new();
        let file = std::fs::File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
        let lines: Vec<_> = text.lines().take(records_max).collect();
        Self::new("flights", "carrier", ("dep_delay", "greater", 60.0), &lines)
    }

    /// The flights; what is measured on them says nothing of other records.
    pub(super) fn flights(records_max: usize) -> Result<Self> {
        let data = Self::load(records_max)?;
        if data.what != "flights" {
            bail!("flights.ndjson.gz is not there; set KAFKA_DO_TEST_DATA to the folder that has it");
        }
        Ok(data)
    }

    pub(super) fn batches(&self) -> usize {
        self.batches.len()
    }

    pub(super) fn records(&self) -> usize {
        self.records
    }

    /// The filter's settings.
    pub(super) fn settings(&self, threshold: f64) -> Value {
        json!({"path": self.path, "comparison": self.comparison, "operand": threshold})
    }

    fn new(
        what: &'static str,
        key_path: &'static str,
        (path, comparison, threshold): (&'static str, &'static str, f64),
        lines: &[&str],
    ) -> Result<Self> {
        let mut kept = 0;
        for line in lines {
            let value: Value = serde_json::from_str(line)?;
            let keeps = |number: f64| number > threshold || (comparison == "greater-or-equal" && number >= threshold);
            kept += usize::from(value[path].as_f64().is_some_and(keeps));
        }
        let mut text = String::new();
        let mut batches = Vec::new();
        for batch in lines.chunks(BATCH) {
            let begin = text.len();
            for line in batch {
                text.push_str(line);
                text.push('\n');
            }
            batches.push(begin..text.len());
        }
        Ok(Self { what, key_path, path, comparison, threshold, text: text.into(), batches, records: lines.len(), kept })
    }

    /// Appends the batch with this number; they repeat.
    pub(super) async fn produce(&self, client: &Client, topic: &str, number: usize) -> Result<()> {
        let batch = &self.batches[number % self.batches.len()];
        client.produce(topic, self.key_path, self.text.slice(batch.clone())).await
    }

    pub(super) fn filter(&self, input: &str, output: &str, threshold: f64) -> Value {
        let settings = self.settings(threshold);
        json!({"plugin": "filter-json", "inputs": [input], "output": output, "settings": settings})
    }

    pub(super) fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Fills a topic, then lets that many new deployments read it from its start, one after the other.
    pub(super) async fn filter_topic(
        &self,
        client: &Client,
        pid: u32,
        partitions: u32,
        passes: usize,
    ) -> Result<Vec<Pass>> {
        let topic = format!("filter-{partitions}");
        client.create_topic(&topic, partitions).await?;
        for number in 0..self.batches.len() {
            self.produce(client, &topic, number).await?;
        }
        let mut measured = Vec::new();
        for pass in 0..passes {
            measured.push(self.pass(client, pid, &topic, &format!("{topic}-pass-{pass}")).await?);
        }
        Ok(measured)
    }

    async fn pass(&self, client: &Client, pid: u32, topic: &str, name: &str) -> Result<Pass> {
        let filter = self.filter(topic, name, self.threshold);
        let (begun, cpu_before) = (clock::now(), cpu_seconds(pid)?);
        client.deploy(name, &filter).await?;
        client.wait_for_lag_0(name, CATCH_UP).await?;
        let (seconds, cpu_seconds) = (begun.elapsed().as_secs_f64(), cpu_seconds(pid)? - cpu_before);
        client.delete(&format!("/v1/deployments/{name}")).await?;

        let kept: u64 = client.topic(name).await?.offsets.iter().map(|partition| partition.high_watermark).sum();
        if kept != self.kept as u64 {
            bail!("the filter kept {kept} records where {} match", self.kept);
        }
        let records = self.records as f64;
        Ok(Pass { records_per_s: records / seconds, records_per_core_s: records / cpu_seconds.max(f64::EPSILON) })
    }
}
