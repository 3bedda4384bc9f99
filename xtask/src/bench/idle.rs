//! What a deployment costs that has nothing to do.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::report::{Measure, Target};
use super::run::Run;
use super::section::Section;
use crate::host::Host;
use crate::http::Client;
use crate::{paths, process};

/// The input of all of them.
const TOPIC: &str = "idle";
/// After this a task has given its instance back, and some more.
const REST: Duration = Duration::from_secs(40);
const CATCH_UP: Duration = Duration::from_mins(5);

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    let script = json!({"steps": [{"filter": "o => o.n > 1"}]});
    let filter = json!({"path": "n", "comparison": "greater", "operand": 1});
    for (plugin, settings) in [("filter-json", filter), ("script", script)] {
        let host = run.start_host(None)?;
        deploy_many(run, &host, plugin, &settings).await?;
        host.stop()?;
    }
    Ok(())
}

async fn deploy_many(run: &mut Run<'_>, host: &Host, plugin: &str, settings: &Value) -> Result<()> {
    let count = run.extent.idle;
    eprintln!("Measuring {count} idle deployments of {plugin}.");
    let client = Client::new(host.address)?;
    let path = paths::plugins().join(format!("{plugin}.wasm"));
    let wasm = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    client.upload(plugin, wasm).await?;
    client.create_topic(TOPIC, 1).await?;
    client.produce(TOPIC, "n", "{\"n\":0}\n").await?;
    // The first one brings the compiled code, which all share.
    let deployment = json!({"plugin": plugin, "inputs": [TOPIC], "output": "idle-out", "settings": settings});
    client.deploy("idle", &deployment).await?;
    client.wait_for_lag_0("idle", CATCH_UP).await?;
    let before = process::memory(host.pid())?.resident_mib;
    for number in 0..count {
        client.deploy(&format!("idle-{number}"), &deployment).await?;
    }
    for number in 0..count {
        client.wait_for_lag_0(&format!("idle-{number}"), CATCH_UP).await?;
    }
    // Each has had a record to process, and an instance for it.
    let busy = process::memory(host.pid())?.resident_mib;
    tokio::time::sleep(REST).await;
    let rested = process::memory(host.pid())?.resident_mib;
    let each = |after: f64| (after - before).max(0.0) / count as f64;
    let name = format!("{count} deployments of {plugin}");
    let just = Measure::new(format!("{name}, each, just after a record"), each(busy), "MiB");
    run.add(Section::Idle, just)?;
    let idle = Measure::new(format!("{name}, each, at rest"), each(rested), "MiB");
    run.add(Section::Idle, idle.target(Target::Below(1.0)))
}
