//! What processors cost: each component beside the same function compiled into the host, over the same records in the same
//! pipeline.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::filter::Data;
use super::report::{Measure, Target};
use super::run::Run;
use super::section::Section;
use crate::cargo::{Profile, cargo, run as run_cargo};
use crate::host::{Host, Options};
use crate::http::Client;
use crate::process::cpu_seconds;
use crate::quantile::quantile;
use crate::{clock, paths};

const TOPIC: &str = "records";
const CATCH_UP: Duration = Duration::from_mins(5);

/// One processor of the bench.
struct Processor {
    name: &'static str,
    /// The component's file in `target/plugins`.
    component: &'static str,
    /// What the host with everything compiled in calls the same function.
    native: &'static str,
    settings: Value,
    /// Records a second of a busy core, where that was promised.
    at_least: Option<f64>,
    /// What the component must come to beside the native function, where something was promised.
    ratio: Option<f64>,
}

fn processors(data: &Data) -> Vec<Processor> {
    let script = |source: &str, what: &str| json!({"steps": [{ what: source }]});
    let count =
        json!({"key_path": "carrier", "time_path": "time_hour", "window_ms": 86_400_000, "grace_ms": 172_800_000});
    vec![
        Processor {
            name: "filter-json",
            component: "filter-json",
            native: "filter-json",
            settings: data.settings(data.threshold()),
            at_least: Some(700_000.0),
            ratio: Some(0.5),
        },
        Processor {
            name: "count-window, by carrier and day",
            component: "count-window",
            native: "count-window",
            settings: count,
            at_least: Some(300_000.0),
            ratio: None,
        },
        Processor {
            name: "script, filter o => o.dep_delay > 60",
            component: "script",
            native: "script-filter",
            settings: script("o => o.dep_delay > 60", "filter"),
            at_least: Some(400_000.0),
            ratio: None,
        },
        Processor {
            name: "script, a filter that needs the whole value",
            component: "script",
            native: "script-whole",
            settings: script("o => ((flight) => flight.dep_delay > 60)(o)", "filter"),
            at_least: Some(120_000.0),
            ratio: None,
        },
        Processor {
            name: "script, map o => ({ ...o, long: o.distance > 1000 })",
            component: "script",
            native: "script-map",
            settings: script("o => ({ ...o, long: o.distance > 1000 })", "map"),
            at_least: None,
            ratio: None,
        },
    ]
}

pub(super) async fn measure(run: &mut Run<'_>, profile: Profile) -> Result<()> {
    let data = Data::flights(run.extent.records_max)?;
    eprintln!("Building the host with processors compiled in.");
    run_cargo(cargo("build", profile).args(["--package", "kafka-do-native", "--bin", "kafka-do-native"]))?;
    let binary = profile.host().with_file_name("kafka-do-native");
    let folder = run.data();
    let host = Host::start(&Options::new(&binary, &folder))?;
    let client = Client::new(host.address)?;
    client.create_topic(TOPIC, 1).await?;
    for number in 0..data.batches() {
        data.produce(&client, TOPIC, number).await?;
    }
    for Processor { name, component, native, settings, at_least, ratio } in processors(&data) {
        eprintln!("Measuring {name}.");
        let path = paths::plugins().join(format!("{component}.wasm"));
        let wasm = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        client.upload("component", wasm).await?;
        client.upload("native", format!("native:{native}").into_bytes()).await?;
        let mut measured = Vec::new();
        for plugin in ["native", "component"] {
            let mut passes = Vec::new();
            // The first pass finds nothing warm, and is not counted.
            for number in 0..=run.extent.passes {
                let pass = pass(&client, host.pid(), data.records(), plugin, &settings, number).await?;
                if number > 0 {
                    passes.push(pass);
                }
            }
            measured.push(quantile(&passes, 50));
        }
        let [native, component] = measured[..] else { bail!("two were measured") };
        let busy = Measure::new(format!("{name}, a busy core"), component, "records/s");
        let busy = busy.beside("native", native);
        run.add(Section::Processors, at_least.map_or(busy.clone(), |at_least| busy.target(Target::AtLeast(at_least))))?;
        if let Some(ratio) = ratio {
            let beside = Measure::new(format!("{name}, beside native"), component, "records/s");
            run.add(Section::Processors, beside.beside("native", native).target(Target::RatioAtLeast(ratio)))?;
        }
    }
    host.stop()
}

/// Records by the seconds that the host kept a core busy, from the start of the topic to its end.
async fn pass(client: &Client, pid: u32, records: usize, plugin: &str, settings: &Value, number: usize) -> Result<f64> {
    let name = format!("{plugin}-{number}");
    let deployment = json!({"plugin": plugin, "inputs": [TOPIC], "output": "out", "settings": settings});
    let (begun, before) = (clock::now(), cpu_seconds(pid)?);
    client.deploy(&name, &deployment).await?;
    let done = client.wait_for_lag_0(&name, CATCH_UP).await?;
    let busy = cpu_seconds(pid)? - before;
    if let Some(failure) = done.failures.last() {
        bail!("{plugin} failed after {:?}: {}", begun.elapsed(), failure.reason);
    }
    client.delete(&format!("/v1/deployments/{name}")).await?;
    Ok(records as f64 / busy.max(f64::EPSILON))
}
