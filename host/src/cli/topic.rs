//! `kafka-do topic`: create, look at, grow and delete topics.

use clap::Subcommand;
use serde::Deserialize;
use serde_json::json;

use super::client::{Client, Content, encoded};
use super::output::{Column, Output, Table, confirm, number, pairs, time};

#[derive(Debug, Subcommand)]
pub(super) enum TopicCommand {
    /// List all topics
    List,
    /// Create a topic; one that is there stays as it is
    Create {
        name: String,
        /// 1 to 10,000; can grow later, and never shrinks [default: 1]
        #[arg(long, value_name = "N")]
        partitions: Option<u32>,
    },
    /// Show a topic and where each partition begins and ends
    Show { name: String },
    /// Give a topic more partitions
    Alter {
        name: String,
        /// How many it shall have, at least as many as now
        #[arg(long, value_name = "N")]
        partitions: u32,
    },
    /// Delete a topic and all its records
    Delete {
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Deserialize)]
struct Topic {
    name: String,
    partitions: u32,
    created_ms: i64,
    offsets: Vec<Ends>,
}

/// Where a partition begins and ends.
#[derive(Deserialize)]
struct Ends {
    partition: u32,
    start_offset: u64,
    high_watermark: u64,
}

#[derive(Deserialize)]
struct Topics {
    items: Vec<Topic>,
}

impl Topic {
    fn records(&self) -> u64 {
        self.offsets.iter().map(Ends::records).sum()
    }
}

impl Ends {
    /// Between its ends; what compaction took out is counted too.
    fn records(&self) -> u64 {
        self.high_watermark.saturating_sub(self.start_offset)
    }
}

impl TopicCommand {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        match self {
            Self::List => output.show(&client.list("/v1/topics").await?, |topics: Topics| list(&topics.items)),
            Self::Create { name, partitions } => {
                let settings = partitions.map_or_else(|| json!({}), |partitions| json!({ "partitions": partitions }));
                let answer = client.put(&path(&name), Content::json(&settings)?).await?;
                let done = if answer.status == hyper::StatusCode::CREATED { "created" } else { "was there already" };
                output.show(&answer.body, |topic: Topic| {
                    format!("{} {done}: {}", topic.name, partitioned(topic.partitions))
                })
            }
            Self::Show { name } => output.show(&client.get(&path(&name)).await?.body, |topic: Topic| show(&topic)),
            Self::Alter { name, partitions } => {
                let answer = client.patch(&path(&name), Content::json(&json!({ "partitions": partitions }))?).await?;
                output.show(&answer.body, |topic: Topic| {
                    format!("{} now has {}", topic.name, partitioned(topic.partitions))
                })
            }
            Self::Delete { name, yes } => {
                let topic: Topic = client.get(&path(&name)).await?.parse()?;
                confirm(&format!("Topic {name} and its {} records go for good.", number(topic.records())), yes)?;
                client.delete(&path(&name)).await?;
                output.say(&format!("{name} is deleted"))
            }
        }
    }
}

pub(super) fn path(name: &str) -> String {
    format!("/v1/topics/{}", encoded(name))
}

fn partitioned(partitions: u32) -> String {
    if partitions == 1 { "1 partition".to_owned() } else { format!("{} partitions", number(partitions.into())) }
}

fn list(topics: &[Topic]) -> String {
    if topics.is_empty() {
        return "There are no topics yet; create one with kafka-do topic create NAME".to_owned();
    }
    let mut table = Table::new(&[
        Column::Text("topic"),
        Column::Number("partitions"),
        Column::Number("records"),
        Column::Text("created"),
    ]);
    for topic in topics {
        table.add([
            topic.name.clone(),
            number(topic.partitions.into()),
            number(topic.records()),
            time(topic.created_ms),
        ]);
    }
    table.text()
}

fn show(topic: &Topic) -> String {
    let mut table = Table::new(&[
        Column::Number("partition"),
        Column::Number("start offset"),
        Column::Number("high watermark"),
        Column::Number("records"),
    ]);
    for partition in &topic.offsets {
        let Ends { partition: id, start_offset, high_watermark } = partition;
        table.add([id.to_string(), start_offset.to_string(), high_watermark.to_string(), number(partition.records())]);
    }
    let head = pairs([
        ("topic", topic.name.clone()),
        ("created", time(topic.created_ms)),
        ("records", number(topic.records())),
    ]);
    format!("{head}\n{}", table.text())
}
