//! `kafka-do group`: who reads what, how far behind, and from where.

use std::fmt::Write;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, Content, encoded};
use super::output::{Column, Output, Table, confirm, number, pairs, time};
use crate::config::unit::ms_text;

#[derive(Debug, Subcommand)]
pub(super) enum GroupCommand {
    /// List all groups
    List,
    /// Show a group: its members, what each has, and how far it is behind
    Describe { name: String },
    /// Move a group to other offsets; shows where from and to, and asks first
    Reset(Reset),
    /// Delete a group and its offsets
    Delete {
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Reset {
    name: String,
    /// Where to: earliest, latest, a time (RFC 3339), an offset such as 120, or as many on or back, as +100 or -100
    #[arg(long, value_name = "WHERE", allow_hyphen_values = true)]
    to: String,
    /// Only this topic; else all that the group has read
    #[arg(long)]
    topic: Option<String>,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Although the group has members: what they hold is taken from them
    #[arg(long)]
    force: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Deserialize)]
pub(super) struct Groups {
    items: Vec<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    group: String,
    state: String,
    mode: String,
    deployment: Option<String>,
    members: u64,
    lag: u64,
}

#[derive(Deserialize)]
struct Place {
    topic: String,
    partition: u32,
}

#[derive(Deserialize)]
struct Member {
    #[serde(rename = "member_id")]
    id: String,
    instance_id: Option<String>,
    state: String,
    epoch: u64,
    assignment: Vec<Place>,
    lag: u64,
    last_poll_ms: Option<i64>,
}

#[derive(Deserialize)]
struct Partition {
    topic: String,
    #[serde(rename = "partition")]
    number: u32,
    committed: Option<u64>,
    high_watermark: u64,
    lag: u64,
    lag_ms: Option<u64>,
    last_commit_ms: Option<i64>,
    member_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Group {
    #[serde(rename = "group")]
    name: String,
    state: String,
    mode: String,
    epoch: u64,
    deployment: Option<String>,
    members: Vec<Member>,
    partitions: Vec<Partition>,
    lag: u64,
    stalled: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Moved {
    partitions: Vec<MovedPartition>,
}

#[derive(Deserialize)]
struct MovedPartition {
    topic: String,
    partition: u32,
    from: Option<u64>,
    to: u64,
}

impl Groups {
    pub(super) fn text(&self) -> String {
        list_text(&self.items)
    }
}

impl Group {
    pub(super) fn text(&self) -> String {
        show(self)
    }
}

impl Moved {
    pub(super) fn text(&self) -> String {
        moved_text(&self.partitions)
    }
}

impl GroupCommand {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        match self {
            Self::List => {
                let list = client.list("/v1/groups").await?;
                output.show(&list, |groups: Groups| groups.text())
            }
            Self::Describe { name } => output.show(&client.get(&path(&name)).await?.body, |group: Group| group.text()),
            Self::Reset(reset) => reset.run(client, output).await,
            Self::Delete { name, yes } => {
                client.get(&path(&name)).await?;
                confirm(&format!("Group {name} goes for good, with its offsets; topics stay."), yes)?;
                client.delete(&path(&name)).await?;
                output.say(&format!("{name} is deleted"))
            }
        }
    }
}

impl Reset {
    async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        let path = format!("{}/reset", path(&self.name));
        let mut body = json!({ "to": to(&self.to)?, "topic": self.topic, "force": self.force, "dry_run": true });
        let plan = client.post(&path, Some(Content::json(&body)?)).await?;
        if self.dry_run {
            return output.show(&plan.body, |moved: Moved| moved.text());
        }
        if !self.yes {
            eprintln!("{}", plan.parse::<Moved>()?.text());
        }
        confirm(&format!("Group {} goes on from there.", self.name), self.yes)?;
        body["dry_run"] = json!(false);
        let done = client.post(&path, Some(Content::json(&body)?)).await?;
        output.show(&done.body, |moved: Moved| moved.text())
    }
}

/// As the API takes it.
fn to(text: &str) -> anyhow::Result<Value> {
    let by = text.strip_prefix('+').unwrap_or(text).parse::<i64>().ok();
    Ok(match (text.chars().next(), by) {
        (Some('+' | '-'), Some(by)) => json!({ "by": by }),
        (_, Some(offset)) if offset < OFFSET_MAX => json!({ "offset": offset }),
        (_, Some(_)) => bail!("{text} is an offset that no log has; write a time as in 2026-11-23T09:00:00Z"),
        (_, None) if matches!(text, "earliest" | "latest") || text.parse::<jiff::Timestamp>().is_ok() => json!(text),
        (_, None) => bail!(
            "{text:?} is not where a group can be moved to; write earliest, latest, a time as in 2026-11-23T09:00:00Z, an offset such as 120, or as many on or back, as +100 or -100"
        ),
    })
}

/// What is more than this is milliseconds since 1970.
const OFFSET_MAX: i64 = 1_000_000_000_000;

fn path(name: &str) -> String {
    format!("/v1/groups/{}", encoded(name))
}

fn list_text(groups: &[Summary]) -> String {
    if groups.is_empty() {
        return "There are no groups. Next: kafka-do consume TOPIC --group NAME".to_owned();
    }
    let columns = [
        Column::Text("group"),
        Column::Text("state"),
        Column::Text("mode"),
        Column::Number("members"),
        Column::Number("lag"),
    ];
    let mut table = Table::new(&columns);
    for group in groups {
        let mode = if group.deployment.is_some() { "deployment".to_owned() } else { group.mode.clone() };
        table.add([group.group.clone(), group.state.clone(), mode, number(group.members), number(group.lag)]);
    }
    table.text()
}

fn show(group: &Group) -> String {
    let mut facts = vec![
        ("group", group.name.clone()),
        ("state", format!("{}, epoch {}", group.state, group.epoch)),
        ("mode", group.mode.clone()),
        ("lag", number(group.lag)),
    ];
    if let Some(deployment) = &group.deployment {
        facts.push(("deployment", deployment.clone()));
    }
    if !group.stalled.is_empty() {
        facts.push(("stalled", group.stalled.join(", ")));
    }
    let mut out = pairs(facts);
    if !group.members.is_empty() {
        let columns = [
            Column::Text("member"),
            Column::Text("instance"),
            Column::Text("state"),
            Column::Number("epoch"),
            Column::Number("lag"),
            Column::Text("last poll"),
            Column::Text("partitions"),
        ];
        let mut table = Table::new(&columns);
        for member in &group.members {
            table.add([
                member.id.clone(),
                member.instance_id.clone().unwrap_or_else(|| "-".to_owned()),
                member.state.clone(),
                member.epoch.to_string(),
                number(member.lag),
                member.last_poll_ms.map_or_else(|| "-".to_owned(), time),
                places(&member.assignment),
            ]);
        }
        out.push('\n');
        out.push_str(&table.text());
        out.push('\n');
    }
    if !group.partitions.is_empty() {
        let columns = [
            Column::Text("topic"),
            Column::Number("partition"),
            Column::Number("committed"),
            Column::Number("end"),
            Column::Number("lag"),
            Column::Number("behind"),
            Column::Text("last commit"),
            Column::Text("member"),
        ];
        let mut table = Table::new(&columns);
        for partition in &group.partitions {
            table.add([
                partition.topic.clone(),
                partition.number.to_string(),
                partition.committed.map_or_else(|| "-".to_owned(), |at| at.to_string()),
                partition.high_watermark.to_string(),
                number(partition.lag),
                partition.lag_ms.map_or_else(|| "-".to_owned(), behind),
                partition.last_commit_ms.map_or_else(|| "-".to_owned(), time),
                partition.member_id.clone().unwrap_or_else(|| "-".to_owned()),
            ]);
        }
        out.push('\n');
        out.push_str(&table.text());
    }
    out
}

/// A lag in time, to a second where it is longer than that.
fn behind(ms: u64) -> String {
    ms_text(if ms < 1_000 { ms } else { ms / 1_000 * 1_000 })
}

/// `orders 0 1 4, users 2`.
fn places(places: &[Place]) -> String {
    let mut out = String::new();
    let mut topic = None;
    for place in places {
        if topic != Some(&place.topic) {
            if topic.is_some() {
                out.push_str(", ");
            }
            out.push_str(&place.topic);
            topic = Some(&place.topic);
        }
        // Writing to a string cannot fail.
        let _ = write!(out, " {}", place.partition);
    }
    if out.is_empty() { "-".to_owned() } else { out }
}

fn moved_text(partitions: &[MovedPartition]) -> String {
    let columns = [Column::Text("topic"), Column::Number("partition"), Column::Number("from"), Column::Number("to")];
    let mut table = Table::new(&columns);
    for moved in partitions {
        let from = moved.from.map_or_else(|| "-".to_owned(), |from| from.to_string());
        table.add([moved.topic.clone(), moved.partition.to_string(), from, moved.to.to_string()]);
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_goes_where_it_is_told() {
        let cases = [
            ("earliest", json!("earliest")),
            ("120", json!({"offset": 120})),
            ("-5", json!({"by": -5})),
            ("+5", json!({"by": 5})),
            ("2026-11-23T09:00:00Z", json!("2026-11-23T09:00:00Z")),
        ];
        for (text, expected) in cases {
            assert_eq!(to(text).unwrap(), expected, "{text}");
        }
        for text in ["", "foo", "2026-11-25", "1795626505184", "+x"] {
            assert!(to(text).is_err(), "{text}");
        }
    }

    #[test]
    fn partitions_are_shown_by_topic() {
        let place = |topic: &str, partition| Place { topic: topic.into(), partition };
        assert_eq!(places(&[place("a", 0), place("a", 2), place("b", 1)]), "a 0 2, b 1");
        assert_eq!(places(&[]), "-");
    }
}
