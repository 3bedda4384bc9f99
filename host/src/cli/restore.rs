//! `kafka-do restore`: a data folder made anew from a tier alone.

use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::flags::{Flags, Reach};
use super::output::{Column, Output, Table, bytes, number, print};
use crate::broker::{Restored, RestoredTopic, restore};
use crate::config::Flag;

/// Make a data folder anew from a bucket or folder of segments alone
///
/// Brings back the topics and all records that were sealed into segments. What was still in the head of the lost database
/// was nowhere else, and does not come back: a small head loses little. Neither do plugins, deployments and their state;
/// deploy them again. The tier belongs to the new folder from then on; the old host, should it live on, seals no more.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The tier to read: `s3://bucket/prefix` or `file:///folder`
    #[arg(long, value_name = "URL", help_heading = "Settings")]
    from: String,
    #[command(flatten)]
    flags: Flags<Reach>,
}

impl Restore {
    pub(super) async fn run(mut self, output: Output) -> anyhow::Result<()> {
        self.flags.say(Flag { key: "tier", name: "from", value: self.from });
        let settings = self.flags.settings()?;
        let data = settings.data();
        let Some(tier) = settings.tier()? else { bail!("--from names no tier") };
        refuse_database(data)?;

        let bar = if output.json { ProgressBar::hidden() } else { ProgressBar::new(0) };
        bar.set_style(ProgressStyle::with_template("{wide_bar} {percent}%  {elapsed}")?);
        bar.enable_steady_tick(Duration::from_millis(100));
        let cold = settings.cold_tier()?;
        let restored = restore(&tier, cold.as_ref(), data, |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        })
        .await;
        bar.finish_and_clear();
        let restored = restored?;

        if output.json {
            return print(&json(&restored).to_string());
        }
        let next = format!(
            "The tier belongs to {0} from now on: a host that still runs on it must stop.\nNext: kafka-do serve --data {0} --tier {1}, with the same keys, --tier-... and --cold-tier... options",
            data.display(),
            tier.url
        );
        print(&format!("{}\n{next}", table(&restored)))
    }
}

/// What is there is worth more than what a tier has of it.
fn refuse_database(data: &Path) -> anyhow::Result<()> {
    let database = data.join("head.redb");
    if database.try_exists()? {
        bail!(
            "{} is there already, and a restore would replace it; name another folder with --data, or move that one away",
            database.display()
        );
    }
    Ok(())
}

fn table(restored: &Restored) -> String {
    if restored.topics.is_empty() {
        return "The tier has no topics".to_owned();
    }
    let mut table = Table::new(&[
        Column::Text("topic"),
        Column::Number("partitions"),
        Column::Number("segments"),
        Column::Number("records"),
        Column::Number("size"),
    ]);
    for topic in &restored.topics {
        table.add([
            topic.name.clone(),
            number(topic.partitions.into()),
            number(topic.segments),
            number(topic.records),
            bytes(topic.bytes),
        ]);
    }
    table.text()
}

fn json(restored: &Restored) -> serde_json::Value {
    let topics = restored.topics.iter().map(|RestoredTopic { name, partitions, segments, records, bytes }| {
        json!({ "name": name, "partitions": partitions, "segments": segments, "records": records, "bytes": bytes })
    });
    json!({ "topics": topics.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_database_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        assert!(refuse_database(dir.path()).is_ok());
        assert!(refuse_database(&dir.path().join("new")).is_ok());
        std::fs::write(dir.path().join("head.redb"), "").unwrap();
        let error = refuse_database(dir.path()).unwrap_err().to_string();
        assert!(error.contains("head.redb") && error.contains("--data"), "{error}");
    }

    #[test]
    fn what_came_back_is_told() {
        let topic =
            RestoredTopic { name: "flights".into(), partitions: 3, segments: 12, records: 24_000, bytes: 7 << 20 };
        let restored = Restored { topics: vec![topic] };
        assert!(table(&restored).ends_with("flights           3        12   24,000  7.0 MiB"), "{}", table(&restored));
        let expected = json!({"topics": [
            {"name": "flights", "partitions": 3, "segments": 12, "records": 24_000, "bytes": 7 << 20}
        ]});
        assert_eq!(json(&restored), expected);
        assert_eq!(table(&Restored { topics: Vec::new() }), "The tier has no topics");
    }
}
