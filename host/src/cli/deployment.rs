//! `kafka-do deployment`: see what runs and how it fares, and steer it.

use clap::Subcommand;
use serde::Deserialize;
use serde_json::Value;

use super::client::{Client, encoded};
use super::output::{Column, Output, Table, confirm, joined, micros, number, pairs, short, time};

/// Failures that `show` shows; the API has more.
const FAILURES_SHOWN: usize = 5;

#[derive(Debug, Subcommand)]
pub(super) enum DeploymentCommand {
    /// List all deployments
    List,
    /// Show a deployment: its tasks and their lag, which generation processed which offsets, its failures
    Show { name: String },
    /// Stop between two batches, and stay there
    Pause { name: String },
    /// Go on, after a pause or a failure
    Resume { name: String },
    /// Return to the generation before
    Rollback { name: String },
    /// Take a deployment out, with its state and its progress; topics stay
    Delete {
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Deserialize)]
pub(super) struct Deployment {
    pub(super) name: String,
    state: String,
    pub(super) generation: u32,
    pub(super) plugin: String,
    pub(super) version: String,
    inputs: Vec<String>,
    output: Option<String>,
    dead_letter_topic: String,
    settings: Value,
    grants: Grants,
    lag: u64,
    tasks: Vec<Task>,
    generations: Vec<Past>,
    failures: Vec<Failure>,
    pub(super) swap: Option<Vec<Swap>>,
}

#[derive(Deserialize)]
struct Grants {
    topics: Vec<String>,
}

#[derive(Deserialize)]
struct Task {
    topic: String,
    partition: u32,
    state: String,
    generation: u32,
    next_offset: u64,
    high_watermark: u64,
    lag: u64,
    watermark_ms: Option<i64>,
    reason: Option<String>,
}

/// A generation of the history.
#[derive(Deserialize)]
struct Past {
    generation: u32,
    plugin: String,
    version: String,
    started_ms: i64,
    standing: String,
    reason: Option<String>,
    partitions: Vec<Range>,
}

#[derive(Deserialize)]
struct Range {
    partition: u32,
    from_offset: u64,
    next_offset: u64,
    records_in: u64,
    records_out: u64,
    rejected: u64,
}

#[derive(Deserialize)]
struct Failure {
    at_ms: i64,
    partition: u32,
    generation: u32,
    offset: u64,
    reason: String,
}

/// How one partition was swapped.
#[derive(Deserialize)]
pub(super) struct Swap {
    partition: u32,
    at_offset: u64,
    pause_us: u64,
    instantiate_us: u64,
    open_us: u64,
}

#[derive(Deserialize)]
struct Deployments {
    items: Vec<Deployment>,
}

impl DeploymentCommand {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        match self {
            Self::List => {
                let list = client.list("/v1/deployments").await?;
                output.show(&list, |deployments: Deployments| list_text(&deployments.items))
            }
            Self::Show { name } => {
                output.show(&client.get(&path(&name)).await?.body, |deployment: Deployment| show(&deployment))
            }
            Self::Pause { name } => steer(client, output, &name, "pause").await,
            Self::Resume { name } => steer(client, output, &name, "resume").await,
            Self::Rollback { name } => steer(client, output, &name, "rollback").await,
            Self::Delete { name, yes } => {
                client.get(&path(&name)).await?;
                confirm(
                    &format!("Deployment {name} goes for good, with its state and its progress; topics stay."),
                    yes,
                )?;
                client.delete(&path(&name)).await?;
                output.say(&format!("{name} is deleted"))
            }
        }
    }
}

pub(super) fn path(name: &str) -> String {
    format!("/v1/deployments/{}", encoded(name))
}

async fn steer(client: &mut Client, output: Output, name: &str, verb: &str) -> anyhow::Result<()> {
    let answer = client.post(&format!("{}/{verb}", path(name)), None).await?;
    output.show(&answer.body, |deployment: Deployment| {
        let Deployment { name, state, generation, plugin, version, .. } = &deployment;
        let head = format!("{name} is {state}, generation {generation}: {plugin} {}", short(version));
        deployment.swap.as_deref().map_or_else(|| head.clone(), |swap| format!("{head}\n{}", swaps(swap)))
    })
}

/// What a swap cost each partition.
pub(super) fn swaps(swaps: &[Swap]) -> String {
    let mut table = Table::new(&[
        Column::Number("partition"),
        Column::Number("at offset"),
        Column::Number("pause"),
        Column::Number("instantiate"),
        Column::Number("open"),
    ]);
    for Swap { partition, at_offset, pause_us, instantiate_us, open_us } in swaps {
        table.add([
            partition.to_string(),
            at_offset.to_string(),
            micros(*pause_us),
            micros(*instantiate_us),
            micros(*open_us),
        ]);
    }
    table.text()
}

fn list_text(deployments: &[Deployment]) -> String {
    if deployments.is_empty() {
        return "There are no deployments yet; make one with kafka-do plugin deploy FILE --from TOPIC".to_owned();
    }
    let mut table = Table::new(&[
        Column::Text("deployment"),
        Column::Text("state"),
        Column::Number("generation"),
        Column::Text("plugin"),
        Column::Text("from"),
        Column::Text("to"),
        Column::Number("lag"),
    ]);
    for deployment in deployments {
        table.add([
            deployment.name.clone(),
            deployment.state.clone(),
            deployment.generation.to_string(),
            deployment.what(),
            joined(&deployment.inputs),
            deployment.to(),
            number(deployment.lag),
        ]);
    }
    table.text()
}

impl Deployment {
    fn what(&self) -> String {
        format!("{} {}", self.plugin, short(&self.version))
    }

    fn to(&self) -> String {
        self.output.clone().unwrap_or_else(|| "-".to_owned())
    }
}

fn show(deployment: &Deployment) -> String {
    let head = pairs([
        ("deployment", deployment.name.clone()),
        ("state", format!("{}, generation {}", deployment.state, deployment.generation)),
        ("plugin", deployment.what()),
        ("from", joined(&deployment.inputs)),
        ("to", deployment.to()),
        ("may write to", joined(&deployment.grants.topics)),
        ("dead letters", deployment.dead_letter_topic.clone()),
        ("settings", deployment.settings.to_string()),
        ("lag", number(deployment.lag)),
    ]);
    let mut parts = vec![head.trim_end().to_owned(), tasks(&deployment.tasks), generations(&deployment.generations)];
    if !deployment.failures.is_empty() {
        parts.push(failures(&deployment.failures));
    }
    parts.join("\n\n")
}

fn tasks(tasks: &[Task]) -> String {
    let mut table = Table::new(&[
        Column::Text("task"),
        Column::Text("state"),
        Column::Number("generation"),
        Column::Number("next offset"),
        Column::Number("high watermark"),
        Column::Number("lag"),
        Column::Text("watermark"),
        Column::Text("reason"),
    ]);
    for task in tasks {
        table.add([
            format!("{}:{}", task.topic, task.partition),
            task.state.clone(),
            task.generation.to_string(),
            task.next_offset.to_string(),
            task.high_watermark.to_string(),
            number(task.lag),
            task.watermark_ms.map_or_else(|| "-".to_owned(), time),
            task.reason.clone().unwrap_or_default(),
        ]);
    }
    table.text()
}

/// The ledger. Each partition's ranges join from one generation to the next: nothing was lost, nothing taken twice.
fn generations(generations: &[Past]) -> String {
    let mut table = Table::new(&[
        Column::Number("generation"),
        Column::Text("plugin"),
        Column::Text("standing"),
        Column::Text("started"),
        Column::Number("partition"),
        Column::Number("offsets"),
        Column::Number("in"),
        Column::Number("out"),
        Column::Number("rejected"),
    ]);
    for generation in generations {
        let mut head = [
            generation.generation.to_string(),
            format!("{} {}", generation.plugin, short(&generation.version)),
            generation.standing.clone(),
            time(generation.started_ms),
        ];
        if generation.partitions.is_empty() {
            let [number, plugin, standing, started] = head.clone();
            let none = || "-".to_owned();
            table.add([number, plugin, standing, started, none(), none(), none(), none(), none()]);
        }
        for range in &generation.partitions {
            // What holds for all partitions of a generation stands in its first line.
            let [number_text, plugin, standing, started] = std::mem::take(&mut head);
            table.add([
                number_text,
                plugin,
                standing,
                started,
                range.partition.to_string(),
                format!("{}..{}", range.from_offset, range.next_offset),
                number(range.records_in),
                number(range.records_out),
                number(range.rejected),
            ]);
        }
    }
    let reasons = generations.iter().filter_map(|generation| {
        let reason = generation.reason.as_deref()?;
        Some(format!("\ngeneration {}: {reason}", generation.generation))
    });
    format!("{}{}", table.text(), reasons.collect::<String>())
}

fn failures(failures: &[Failure]) -> String {
    let mut table = Table::new(&[
        Column::Text("failed"),
        Column::Number("partition"),
        Column::Number("generation"),
        Column::Number("offset"),
        Column::Text("reason"),
    ]);
    let shown = failures.len().saturating_sub(FAILURES_SHOWN);
    for Failure { at_ms, partition, generation, offset, reason } in &failures[shown..] {
        table.add([time(*at_ms), partition.to_string(), generation.to_string(), offset.to_string(), reason.clone()]);
    }
    table.text()
}
