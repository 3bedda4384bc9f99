//! State of many keys: what a lookup takes, and what a start over it does.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::report::{Measure, Target};
use super::run::Run;
use super::section::Section;
use crate::host::Host;
use crate::http::Client;
use crate::{clock, paths, process};

const TOPIC: &str = "keys";
const NAME: &str = "counts";
/// Keys of one request.
const BATCH: usize = 20_000;
/// So far may the plugin be behind while the keys are sent.
const CATCH_UP: Duration = Duration::from_mins(20);

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    let keys = run.extent.state_keys;
    let host = run.start_host(None)?;
    let client = Client::new(host.address)?;
    let path = paths::test_guests().join("counter-state.wasm");
    let wasm = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    client.upload("counter-state", wasm).await?;
    client.create_topic(TOPIC, 1).await?;
    client.deploy(NAME, &json!({"plugin": "counter-state", "inputs": [TOPIC], "output": "out"})).await?;

    eprintln!("Filling the state with {keys} keys.");
    let begun = clock::now();
    for first in (0..keys).step_by(BATCH) {
        let lines: Vec<String> =
            (first..keys.min(first + BATCH)).map(|n| format!("{{\"k\":\"{}\"}}\n", key(n))).collect();
        client.produce(TOPIC, "k", lines.concat()).await?;
        // What waits in the head is not what is measured.
        if first % (BATCH * 10) == 0 {
            client.wait_for_lag_0(NAME, CATCH_UP).await?;
        }
    }
    client.wait_for_lag_0(NAME, CATCH_UP).await?;
    let per_s = keys as f64 / begun.elapsed().as_secs_f64();
    run.add(Section::State, Measure::new(format!("{keys} new keys, one by one"), per_s, "keys/s"))?;

    lookups(run, &client, "after the filling").await?;
    host.stop()?;

    let host = restart(run, "stopped in good order").await?;
    lookups(run, &Client::new(host.address)?, "after a restart").await?;
    let memory = process::memory(host.pid())?.resident_mib;
    run.add(Section::State, Measure::new("memory, resident", memory, "MiB"))?;
    host.kill()?;
    restart(run, "killed (kill -9)").await?.stop()
}

/// Keys in no order: neighbours in time are not neighbours in the table.
fn key(n: usize) -> String {
    format!("{:08x}", u32::try_from(n).unwrap_or(u32::MAX).wrapping_mul(2_654_435_761))
}

/// Lookups of keys all over the table, one a record and a record a call, as the host's own clock has them.
async fn lookups(run: &mut Run<'_>, client: &Client, when: &str) -> Result<()> {
    eprintln!("Measuring lookups, {when}.");
    let before = histogram(client).await?;
    let (keys, lookups) = (run.extent.state_keys, run.extent.lookups);
    for number in 0..lookups {
        let n = number.wrapping_mul(7_919) % keys;
        client.produce(TOPIC, "k", format!("{{\"k\":\"{}\"}}\n", key(n))).await?;
    }
    client.wait_for_lag_0(NAME, CATCH_UP).await?;
    let after = histogram(client).await?;
    let counts: Vec<(f64, f64)> =
        after.iter().zip(&before).map(|((bound, after), (_, before))| (*bound, after - before)).collect();
    let total = counts.last().map_or(0.0, |(_, count)| *count);
    let quantile =
        |q: f64| counts.iter().find(|(_, count)| *count >= total * q).map_or(f64::INFINITY, |(bound, _)| *bound);
    let name = |q: &str| format!("point get, {when}, {q}, at most");
    run.add(Section::State, Measure::new(name("p50"), quantile(0.5) * 1e6, "us"))?;
    let p99 = Measure::new(name("p99"), quantile(0.99) * 1e6, "us");
    run.add(Section::State, p99.target(Target::Below(50.1)))
}

/// Bounds in seconds, and how many gets took no longer.
async fn histogram(client: &Client) -> Result<Vec<(f64, f64)>> {
    let metrics = client.text("/metrics").await?;
    let buckets = metrics.lines().filter_map(|line| {
        let (bound, count) = line.strip_prefix("kafka_do_state_get_seconds_bucket{le=\"")?.split_once("\"} ")?;
        Some((bound.parse().unwrap_or(f64::INFINITY), count.parse().ok()?))
    });
    Ok(buckets.collect())
}

/// Starts over the same folder; the figure is the time until the first new record has been counted.
async fn restart(run: &mut Run<'_>, how: &str) -> Result<Host> {
    eprintln!("Measuring a start after the host was {how}.");
    let begun = clock::now();
    let host = run.restart_host(&[])?;
    let ready_ms = begun.elapsed().as_secs_f64() * 1e3;
    let client = Client::new(host.address)?;
    client.produce(TOPIC, "k", format!("{{\"k\":\"{}\"}}\n", key(1))).await?;
    client.wait_for_lag_0(NAME, CATCH_UP).await?;
    let first_ms = begun.elapsed().as_secs_f64() * 1e3;
    run.add(Section::State, Measure::new(format!("start, {how}, ready"), ready_ms, "ms"))?;
    run.add(Section::State, Measure::new(format!("start, {how}, first record counted"), first_ms, "ms"))?;
    Ok(host)
}
