//! `kafka-do deployment`: see what runs and how it fares, and steer it.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::client::{Client, encoded};
use super::output::{Column, Output, Table, confirm, joined, micros, number, pairs, short, time};

/// Failures that `show` shows; the API has more.
const FAILURES_SHOWN: usize = 5;
/// Deliveries of a connector that `show` shows; the API has more.
const DELIVERIES_SHOWN: usize = 5;

#[derive(Debug, Subcommand)]
pub(super) enum DeploymentCommand {
    /// List all deployments
    List,
    /// Show a deployment: its tasks and their lag, which generation processed which offsets, its failures
    Show {
        name: String,
    },
    /// Stop between two batches, and stay there
    Pause {
        name: String,
    },
    /// Go on, after a pause or a failure
    Resume {
        name: String,
    },
    /// Return to the generation before; a canary that is under way ends
    Rollback {
        name: String,
    },
    /// Go on with a canary on all partitions now
    Promote {
        name: String,
    },
    State(State),
    /// Take a deployment out, with its state and its progress; topics stay
    Delete {
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Read what a deployment keeps in a state table
#[derive(Debug, Args)]
pub(super) struct State {
    name: String,
    table: String,
    /// The row with this key
    #[arg(long, conflicts_with_all = ["prefix", "from", "until"])]
    key: Option<String>,
    /// Rows whose key begins with this
    #[arg(long, conflicts_with_all = ["from", "until"])]
    prefix: Option<String>,
    /// Rows from this key on
    #[arg(long, value_name = "KEY")]
    from: Option<String>,
    /// Rows before this key
    #[arg(long, value_name = "KEY")]
    until: Option<String>,
    /// Of this partition only
    #[arg(long, value_name = "N")]
    partition: Option<u32>,
    /// At most this many rows
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

#[derive(Deserialize)]
struct Rows {
    items: Vec<Row>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    partition: u32,
    key: Value,
    value: Box<RawValue>,
}

impl State {
    async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        let Self { name, table, key, prefix, from, until, partition, limit } = self;
        let partition = partition.map(|partition| partition.to_string());
        let mut asked = format!("{}/state/{}?limit={limit}", path(&name), encoded(&table));
        let given = [("key", key), ("prefix", prefix), ("from", from), ("until", until), ("partition", partition)];
        for (parameter, value) in given {
            if let Some(value) = value {
                asked = format!("{asked}&{parameter}={}", encoded(&value));
            }
        }
        output.show(&client.get(&asked).await?.body, |rows: Rows| rows.text())
    }
}

impl Rows {
    fn text(&self) -> String {
        if self.items.is_empty() {
            return "no rows".to_owned();
        }
        let mut table = Table::new(&[Column::Number("partition"), Column::Text("key"), Column::Text("value")]);
        for Row { partition, key, value } in &self.items {
            let key = key.as_str().map_or_else(|| key.to_string(), |text| text.escape_debug().to_string());
            table.add([partition.to_string(), key, value.get().to_owned()]);
        }
        let more =
            if self.next.is_some() { "\nThere are more; --limit shows up to 1,000, and the API pages." } else { "" };
        format!("{}{more}", table.text())
    }
}

#[derive(Deserialize)]
pub(super) struct Deployment {
    pub(super) name: String,
    state: String,
    pub(super) generation: u32,
    pub(super) plugin: String,
    pub(super) version: String,
    inputs: Vec<String>,
    internal_topics: Vec<String>,
    output: Option<String>,
    dead_letter_topic: Option<String>,
    pub(super) role: Option<String>,
    pub(super) path: Option<String>,
    settings: Value,
    grants: Grants,
    changelog: Vec<String>,
    pub(super) canary: Option<Canary>,
    lag: u64,
    waiting: Option<String>,
    tasks: Vec<Task>,
    generations: Vec<Past>,
    failures: Vec<Failure>,
    activity: Option<Activity>,
    pub(super) swap: Option<Vec<Swap>>,
}

#[derive(Deserialize)]
struct Grants {
    topics: Vec<String>,
    #[serde(default)]
    topic_prefixes: Vec<String>,
    #[serde(default)]
    hosts: Vec<String>,
}

/// What a connector did since the host started.
#[derive(Deserialize)]
struct Activity {
    accepted: u64,
    duplicates: u64,
    refused: u64,
    failed: u64,
    records: u64,
    records_per_second: f64,
    last: Vec<Delivery>,
}

#[derive(Deserialize)]
struct Delivery {
    at_ms: i64,
    what: String,
    verdict: String,
    status: Option<u16>,
    records: u64,
    us: u64,
    reason: Option<String>,
}

/// A generation that is tried on one partition.
#[derive(Deserialize)]
pub(super) struct Canary {
    pub(super) generation: u32,
    plugin: String,
    version: String,
    pub(super) partition: u32,
    pub(super) until_ms: i64,
    records_in: u64,
}

#[derive(Deserialize)]
struct Task {
    partition: u32,
    state: String,
    generation: u32,
    inputs: Vec<Input>,
    watermark_ms: Option<i64>,
    reason: Option<String>,
}

/// Where a task stands in one topic.
#[derive(Deserialize)]
struct Input {
    topic: String,
    next_offset: u64,
    high_watermark: u64,
    lag: u64,
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
    topic: String,
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
pub(super) struct Deployments {
    items: Vec<Deployment>,
}

impl DeploymentCommand {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        match self {
            Self::List => {
                let list = client.list("/v1/deployments").await?;
                output.show(&list, |deployments: Deployments| deployments.text())
            }
            Self::Show { name } => {
                output.show(&client.get(&path(&name)).await?.body, |deployment: Deployment| deployment.text())
            }
            Self::Pause { name } => steer(client, output, &name, "pause").await,
            Self::Resume { name } => steer(client, output, &name, "resume").await,
            Self::Rollback { name } => steer(client, output, &name, "rollback").await,
            Self::Promote { name } => steer(client, output, &name, "promote").await,
            Self::State(state) => state.run(client, output).await,
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
    output.show(&answer.body, |deployment: Deployment| deployment.steered())
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

pub(super) fn list_text(deployments: &[Deployment]) -> String {
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
        Column::Number("rejected"),
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
            number(deployment.rejected()),
        ]);
    }
    table.text()
}

impl Canary {
    fn text(&self) -> String {
        let Self { generation, plugin, version, partition, until_ms, records_in } = self;
        format!(
            "canary: generation {generation}, {plugin} {}, on partition {partition}, {} records read; all partitions get it at {} if it has read some by then and fares well",
            short(version),
            number(*records_in),
            time(*until_ms)
        )
    }
}

impl Deployments {
    pub(super) fn text(&self) -> String {
        list_text(&self.items)
    }
}

impl Deployment {
    pub(super) fn text(&self) -> String {
        show(self)
    }

    /// How it fares, in a sentence, and what it took to bring it there.
    pub(super) fn steered(&self) -> String {
        let Self { name, state, generation, plugin, version, .. } = self;
        let head = format!("{name} is {state}, generation {generation}: {plugin} {}", short(version));
        self.swap.as_deref().map_or_else(|| head.clone(), |swap| format!("{head}\n{}", swaps(swap)))
    }

    fn what(&self) -> String {
        format!("{} {}", self.plugin, short(&self.version))
    }

    /// What its current generation has refused.
    fn rejected(&self) -> u64 {
        let current = self.generations.iter().filter(|of| of.generation == self.generation);
        current.flat_map(|of| &of.partitions).map(|range| range.rejected).sum()
    }

    /// Where a webhook takes requests.
    fn paths(&self) -> String {
        if self.role.as_deref() != Some("receiving") {
            return "-".to_owned();
        }
        let claimed = self.path.as_ref().map(|path| format!(", {path}")).unwrap_or_default();
        format!("/hooks/{}{claimed}", self.name)
    }

    fn may_write_to(&self) -> String {
        let prefixes = self.grants.topic_prefixes.iter().map(|prefix| format!("{prefix}*"));
        let all: Vec<_> = self.grants.topics.iter().cloned().chain(prefixes).collect();
        joined(&all)
    }

    fn to(&self) -> String {
        self.output.clone().unwrap_or_else(|| self.may_write_to())
    }
}

fn show(deployment: &Deployment) -> String {
    let mut head = vec![
        ("deployment", deployment.name.clone()),
        ("state", format!("{}, generation {}", deployment.state, deployment.generation)),
        ("plugin", deployment.what()),
        ("from", joined(&deployment.inputs)),
        ("to", deployment.to()),
        ("takes requests at", deployment.paths()),
        ("may write to", deployment.may_write_to()),
        ("may send to", joined(&deployment.grants.hosts)),
        ("own topics", joined(&deployment.internal_topics)),
        ("changelog of", joined(&deployment.changelog)),
        ("dead letters", deployment.dead_letter_topic.clone().unwrap_or_else(|| "-".to_owned())),
        ("settings", deployment.settings.to_string()),
        ("lag", number(deployment.lag)),
    ];
    // What only connectors have.
    head.retain(|(name, value)| !(matches!(*name, "takes requests at" | "may send to") && value == "-"));
    let head = pairs(head);
    let mut parts = vec![head.trim_end().to_owned()];
    parts.extend(deployment.waiting.clone());
    parts.extend(deployment.canary.as_ref().map(Canary::text));
    if !deployment.tasks.is_empty() || deployment.activity.is_none() {
        parts.push(tasks(&deployment.tasks));
    }
    parts.push(generations(&deployment.generations));
    parts.extend(deployment.activity.as_ref().map(Activity::text));
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
        // What holds for all inputs of a task stands in its first line.
        if task.inputs.is_empty() {
            let none = || "-".to_owned();
            let reason = task.reason.clone().unwrap_or_default();
            table.add([
                none(),
                task.state.clone(),
                task.generation.to_string(),
                none(),
                none(),
                none(),
                none(),
                reason,
            ]);
        }
        let mut state = [task.state.clone(), task.generation.to_string()];
        let mut rest =
            [task.watermark_ms.map_or_else(|| "-".to_owned(), time), task.reason.clone().unwrap_or_default()];
        for input in &task.inputs {
            let ([state, generation], [watermark, reason]) = (std::mem::take(&mut state), std::mem::take(&mut rest));
            table.add([
                format!("{}:{}", input.topic, task.partition),
                state,
                generation,
                input.next_offset.to_string(),
                input.high_watermark.to_string(),
                number(input.lag),
                watermark,
                reason,
            ]);
        }
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
    let mut topics: Vec<_> = generations.iter().flat_map(|of| &of.partitions).map(|range| &range.topic).collect();
    topics.sort_unstable();
    topics.dedup();
    let is_one = topics.len() < 2;
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
                if is_one { range.partition.to_string() } else { format!("{}:{}", range.topic, range.partition) },
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

impl Activity {
    fn text(&self) -> String {
        let Self { accepted, duplicates, refused, failed, records, records_per_second, last } = self;
        let head = format!(
            "since the host started: {} accepted, {} duplicates, {} refused, {} failed; {} records, {records_per_second:.1} a second",
            number(*accepted),
            number(*duplicates),
            number(*refused),
            number(*failed),
            number(*records)
        );
        let mut table = Table::new(&[
            Column::Text("at"),
            Column::Text("delivery"),
            Column::Text("verdict"),
            Column::Number("status"),
            Column::Number("records"),
            Column::Number("took"),
            Column::Text("reason"),
        ]);
        let shown = last.len().saturating_sub(DELIVERIES_SHOWN);
        for Delivery { at_ms, what, verdict, status, records, us, reason } in &last[shown..] {
            table.add([
                time(*at_ms),
                what.clone(),
                verdict.clone(),
                status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
                number(*records),
                micros(*us),
                reason.clone().unwrap_or_default(),
            ]);
        }
        if last.is_empty() { head } else { format!("{head}\n\n{}", table.text()) }
    }
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
