//! `kafka-do pipeline`: several deployments that come as one, and go as one.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::{Client, Content, encoded};
use super::deployment::{Deployment, list_text};
use super::output::{Column, Output, Table, confirm, number, pairs, time};

#[derive(Debug, Subcommand)]
pub(super) enum PipelineCommand {
    /// Make a pipeline: all of its deployments, or none
    Create {
        /// A JSON file: {"name", "deployments": [{"name", "plugin", "inputs", "output", "settings", ...}]}
        file: PathBuf,
    },
    /// List all pipelines
    List,
    /// Show a pipeline and its deployments
    Show { name: String },
    /// Take out all deployments of a pipeline, with their state and their progress; topics stay
    Delete {
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Deserialize)]
struct Pipeline {
    name: String,
    state: String,
    lag: u64,
    created_ms: i64,
    deployments: Vec<Deployment>,
}

#[derive(Deserialize)]
struct Pipelines {
    items: Vec<Pipeline>,
}

impl PipelineCommand {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        match self {
            Self::Create { file } => {
                let text = tokio::fs::read_to_string(&file).await;
                let text = text.with_context(|| format!("{} cannot be read", file.display()))?;
                let form: Box<RawValue> =
                    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?;
                let answer = client.post("/v1/pipelines", Some(Content::json(&form)?)).await?;
                output.show(&answer.body, |pipeline: Pipeline| {
                    let Pipeline { name, deployments, .. } = &pipeline;
                    format!("{name} runs {} deployments\nNext: kafka-do pipeline show {name}", deployments.len())
                })
            }
            Self::List => {
                output.show(&client.list("/v1/pipelines").await?, |pipelines: Pipelines| list(&pipelines.items))
            }
            Self::Show { name } => {
                output.show(&client.get(&path(&name)).await?.body, |pipeline: Pipeline| show(&pipeline))
            }
            Self::Delete { name, yes } => {
                let Pipeline { deployments, .. } = client.get(&path(&name)).await?.parse()?;
                let all: Vec<_> = deployments.iter().map(|deployment| deployment.name.as_str()).collect();
                confirm(
                    &format!(
                        "Pipeline {name} goes for good, with the state and the progress of {}; topics stay.",
                        all.join(", ")
                    ),
                    yes,
                )?;
                client.delete(&path(&name)).await?;
                output.say(&format!("{name} is deleted"))
            }
        }
    }
}

fn path(name: &str) -> String {
    format!("/v1/pipelines/{}", encoded(name))
}

fn list(pipelines: &[Pipeline]) -> String {
    if pipelines.is_empty() {
        return "There are no pipelines yet; make one with kafka-do pipeline create FILE".to_owned();
    }
    let mut table = Table::new(&[
        Column::Text("pipeline"),
        Column::Text("state"),
        Column::Number("deployments"),
        Column::Number("lag"),
        Column::Text("created"),
    ]);
    for Pipeline { name, state, lag, created_ms, deployments } in pipelines {
        table.add([name.clone(), state.clone(), deployments.len().to_string(), number(*lag), time(*created_ms)]);
    }
    table.text()
}

fn show(pipeline: &Pipeline) -> String {
    let Pipeline { name, state, lag, created_ms, deployments } = pipeline;
    let head = pairs([
        ("pipeline", name.clone()),
        ("state", state.clone()),
        ("lag", number(*lag)),
        ("created", time(*created_ms)),
    ]);
    format!("{}\n\n{}", head.trim_end(), list_text(deployments))
}
