//! `kafka-do topic`: create, look at, alter and delete topics, and take old records out of them.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use super::client::{Client, Content, encoded};
use super::output::{Column, Output, Table, bytes, confirm, number, pairs, time};
use crate::config::unit::{bytes_text, ms_text, parse_bytes, parse_ms};

#[derive(Debug, Subcommand)]
pub(super) enum TopicCommand {
    /// List all topics
    List,
    /// Create a topic; one that is there stays as it is
    Create {
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Show a topic, its settings, and where each partition begins and ends
    Show { name: String },
    /// Change a topic's settings; those that are not named stay as they are
    Alter {
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Delete a topic and all its records
    Delete {
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Delete the oldest records of a partition
    DeleteRecords {
        name: String,
        /// The partition; to empty a topic, ask once for each
        #[arg(long, value_name = "N")]
        partition: u32,
        /// The first offset that stays
        #[arg(long, value_name = "OFFSET")]
        before: u64,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What is said of a topic, as the API takes it.
#[derive(Debug, Default, PartialEq, Eq, Args, Serialize)]
pub(super) struct Settings {
    /// 1 to 10,000; can grow later, and never shrinks [at first: 1]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    partitions: Option<u32>,
    /// How long records are kept, as in 12h or 7d; or forever [at first: forever]
    #[arg(long, value_name = "TIME", value_parser = forever)]
    #[serde(rename = "retention_ms", skip_serializing_if = "Option::is_none")]
    retention: Option<Bound<u64>>,
    /// How much of each partition is kept, in all tiers, as in 10GiB; or unlimited [at first: unlimited]
    #[arg(long, value_name = "SIZE", value_parser = unlimited)]
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_bytes: Option<Bound<u64>>,
    /// What becomes of old records: delete takes them out by age and size, compact leaves the latest
    /// value of each key [at first: delete]
    #[arg(long, value_name = "POLICY", value_parser = ["delete", "compact", "compact,delete"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    cleanup_policy: Option<String>,
    /// How long compaction keeps the deletion of a key for readers to see [at first: 1d]
    #[arg(long, value_name = "TIME", value_parser = parse_ms)]
    #[serde(rename = "tombstone_retention_ms", skip_serializing_if = "Option::is_none")]
    tombstone_retention: Option<u64>,
    /// The field that is the key of a record that comes without one, as a dotted path: user.id; or
    /// none [at first: none]
    #[arg(long, value_name = "PATH", value_parser = path_or_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    key_path: Option<Bound<String>>,
    /// How batches are stored [at first: none]
    #[arg(long, value_name = "CODEC", value_parser = ["none", "lz4", "zstd"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    compression: Option<String>,
    /// The size at which a partition's newest records are sealed into a segment, 64KiB to 64MiB
    /// [at first: 16MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    #[serde(skip_serializing_if = "Option::is_none")]
    segment_bytes: Option<u64>,
    /// The age at which they are [at first: 10m]
    #[arg(long, value_name = "TIME", value_parser = parse_ms)]
    #[serde(rename = "segment_ms", skip_serializing_if = "Option::is_none")]
    segment_age: Option<u64>,
    /// The age at which segments go to the cold tier, as in 30d; or never [at first: never]
    #[arg(long, value_name = "TIME", value_parser = never)]
    #[serde(rename = "cold_after_ms", skip_serializing_if = "Option::is_none")]
    cold_after: Option<Bound<u64>>,
}

/// A value, or that there shall be none: null in the API. (An `Option` would say to clap that the flag may stand alone.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct Bound<T>(Option<T>);

impl<T> Bound<T> {
    /// Reads a value, or the word that stands for none.
    fn read(text: &str, none: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Result<Self, String> {
        if text == none {
            return Ok(Self(None));
        }
        read(text).map(|value| Self(Some(value))).map_err(|error| format!("{error}, or {none}"))
    }
}

fn forever(text: &str) -> Result<Bound<u64>, String> {
    Bound::read(text, "forever", parse_ms)
}

fn unlimited(text: &str) -> Result<Bound<u64>, String> {
    Bound::read(text, "unlimited", parse_bytes)
}

fn never(text: &str) -> Result<Bound<u64>, String> {
    Bound::read(text, "never", parse_ms)
}

fn path_or_none(text: &str) -> Result<Bound<String>, String> {
    // Whether it is a path, the host says.
    Bound::read(text, "none", |path| Ok(path.to_owned()))
}

#[derive(Deserialize)]
pub(super) struct Topic {
    name: String,
    partitions: u32,
    retention_ms: Option<u64>,
    retention_bytes: Option<u64>,
    cleanup_policy: String,
    tombstone_retention_ms: u64,
    key_path: Option<String>,
    compression: String,
    segment_bytes: u64,
    segment_ms: u64,
    cold_after_ms: Option<u64>,
    created_ms: i64,
    offsets: Vec<Ends>,
}

/// Where a partition begins and ends, and where its records are.
#[derive(Deserialize)]
struct Ends {
    partition: u32,
    start_offset: u64,
    high_watermark: u64,
    head_bytes: u64,
    segments: u64,
    segment_bytes: u64,
    cold_segments: u64,
}

/// What is left of a partition.
#[derive(Deserialize)]
struct Left {
    start_offset: u64,
    high_watermark: u64,
}

#[derive(Deserialize)]
pub(super) struct Topics {
    items: Vec<Topic>,
}

impl Topics {
    pub(super) fn text(&self) -> String {
        list(&self.items)
    }
}

impl Topic {
    pub(super) fn text(&self) -> String {
        show(self)
    }

    /// What it is called, and how large it is.
    pub(super) fn sentence(&self, done: &str) -> String {
        format!("{} {done}: {}", self.name, partitioned(self.partitions))
    }

    pub(super) fn altered(&self) -> String {
        format!("{} is altered\n{}", self.name, pairs(self.settings()))
    }

    fn records(&self) -> u64 {
        self.offsets.iter().map(Ends::records).sum()
    }

    fn settings(&self) -> [(&'static str, String); 10] {
        let time_or = |ms: Option<u64>, none: &str| ms.map_or_else(|| none.to_owned(), ms_text);
        [
            ("partitions", number(self.partitions.into())),
            ("retention", time_or(self.retention_ms, "forever")),
            ("retention bytes", self.retention_bytes.map_or_else(|| "unlimited".to_owned(), bytes_text)),
            ("cleanup policy", self.cleanup_policy.clone()),
            ("tombstone retention", ms_text(self.tombstone_retention_ms)),
            ("key path", self.key_path.clone().unwrap_or_else(|| "none".to_owned())),
            ("compression", self.compression.clone()),
            ("segment bytes", bytes_text(self.segment_bytes)),
            ("segment age", ms_text(self.segment_ms)),
            ("cold after", time_or(self.cold_after_ms, "never")),
        ]
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
            Self::List => output.show(&client.list("/v1/topics").await?, |topics: Topics| topics.text()),
            Self::Create { name, settings } => {
                let answer = client.put(&path(&name), Content::json(&settings)?).await?;
                let done = if answer.status == hyper::StatusCode::CREATED { "created" } else { "was there already" };
                output.show(&answer.body, |topic: Topic| topic.sentence(done))
            }
            Self::Show { name } => output.show(&client.get(&path(&name)).await?.body, |topic: Topic| topic.text()),
            Self::Alter { name, settings } => {
                if settings == Settings::default() {
                    bail!(
                        "nothing to alter is named; say what, as in --retention 7d, or see kafka-do topic alter --help"
                    );
                }
                let answer = client.patch(&path(&name), Content::json(&settings)?).await?;
                output.show(&answer.body, |topic: Topic| topic.altered())
            }
            Self::Delete { name, yes } => {
                let topic: Topic = client.get(&path(&name)).await?.parse()?;
                confirm(&format!("Topic {name} and its {} records go for good.", number(topic.records())), yes)?;
                client.delete(&path(&name)).await?;
                output.say(&format!("{name} is deleted"))
            }
            Self::DeleteRecords { name, partition, before, yes } => {
                confirm(
                    &format!("The records of {name}, partition {partition}, before offset {before} go for good."),
                    yes,
                )?;
                let path = format!("{}/partitions/{partition}/records?before={before}", path(&name));
                let answer = client.delete(&path).await?;
                output.show(&answer.body, |Left { start_offset, high_watermark }| {
                    format!("{name}, partition {partition}, now has offsets {start_offset}..{high_watermark}")
                })
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
        Column::Number("head"),
        Column::Number("segments"),
        Column::Number("size"),
        Column::Number("cold"),
    ]);
    for partition in &topic.offsets {
        table.add([
            partition.partition.to_string(),
            partition.start_offset.to_string(),
            partition.high_watermark.to_string(),
            number(partition.records()),
            bytes(partition.head_bytes),
            number(partition.segments),
            bytes(partition.segment_bytes),
            number(partition.cold_segments),
        ]);
    }
    let mut head =
        vec![("topic", topic.name.clone()), ("created", time(topic.created_ms)), ("records", number(topic.records()))];
    head.extend(topic.settings());
    format!("{}\n{}", pairs(head), table.text())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn sent(line: &str) -> serde_json::Value {
        let line = Line::try_parse_from(std::iter::once("").chain(line.split_whitespace())).unwrap();
        serde_json::to_value(line.settings).unwrap()
    }

    #[test]
    fn only_what_is_said_is_sent() {
        assert_eq!(sent(""), json!({}));
        assert_eq!(sent("--partitions 3"), json!({"partitions": 3}));
        let all = "--partitions 3 --retention 7d --retention-bytes 10GiB --cleanup-policy compact,delete \
                   --tombstone-retention 12h --key-path user.id --compression zstd --segment-bytes 4MiB --segment-age 5m \
                   --cold-after 30d";
        let expected = json!({
            "partitions": 3,
            "retention_ms": 604_800_000,
            "retention_bytes": 10_u64 << 30,
            "cleanup_policy": "compact,delete",
            "tombstone_retention_ms": 43_200_000,
            "key_path": "user.id",
            "compression": "zstd",
            "segment_bytes": 4 << 20,
            "segment_ms": 300_000,
            "cold_after_ms": 2_592_000_000_u64,
        });
        assert_eq!(sent(all), expected);
    }

    #[test]
    fn without_a_bound_is_null() {
        let expected = json!({"retention_ms": null, "retention_bytes": null, "key_path": null, "cold_after_ms": null});
        assert_eq!(
            sent("--retention forever --retention-bytes unlimited --key-path none --cold-after never"),
            expected
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_what_is_right() {
        let cases = [
            (["", "--retention", "7"], "7d, or forever"),
            (["", "--retention-bytes", "lots"], "or unlimited"),
            (["", "--segment-age", "10"], "10s"),
            (["", "--cleanup-policy", "shrink"], "compact,delete"),
            (["", "--compression", "snappy"], "zstd"),
        ];
        for (line, expected) in cases {
            let error = Line::try_parse_from(line).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_topic_is_shown_with_its_settings() {
        let topic: Topic = serde_json::from_value(json!({
            "name": "flights", "partitions": 1, "created_ms": 0, "retention_ms": 604_800_000, "retention_bytes": null,
            "cleanup_policy": "delete", "tombstone_retention_ms": 86_400_000, "key_path": null, "compression": "lz4",
            "segment_bytes": 16 << 20, "segment_ms": 600_000, "cold_after_ms": null,
            "offsets": [{
                "partition": 0, "start_offset": 10, "high_watermark": 1_010, "head_bytes": 2_048, "segments": 3,
                "segment_bytes": 7 << 20, "cold_segments": 1,
            }],
        }))
        .unwrap();
        let expected = "\
topic                flights
created              1970-01-01T00:00:00.000Z
records              1,000
partitions           1
retention            7d
retention bytes      unlimited
cleanup policy       delete
tombstone retention  1d
key path             none
compression          lz4
segment bytes        16MiB
segment age          10m
cold after           never

partition  start offset  high watermark  records     head  segments     size  cold
        0            10            1010    1,000  2.0 KiB         3  7.0 MiB     1";
        assert_eq!(show(&topic), expected);
    }
}
