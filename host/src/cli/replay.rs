//! `kafka-do replay`: what another version would have made of a range that is past.

use std::io::{IsTerminal, Write, stderr};

use anyhow::{Context, bail};
use clap::Args;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp, ToSpan, ZonedDateTime, tz::TimeZone};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::client::{Client, Content, encoded};
use super::output::{Output, number, pairs, print};
use crate::clock::Clock;

/// Run a plugin version over a past range, beside the one that runs: its output and its state are not touched
///
/// Both versions get each record in a sandbox, with a state of their own that is empty at first. With --compare, shows each
/// record of which they make something different; ends with what each made of the range.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The deployment whose inputs are replayed
    #[arg(long, value_name = "NAME")]
    deployment: String,
    /// The version to try: its first digits do [default: the newest]
    #[arg(long)]
    version: Option<String>,
    /// Another plugin than the deployment's
    #[arg(long)]
    plugin: Option<String>,
    /// Other settings than the deployment's, a JSON object
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// Where the range begins: earliest, yesterday, today, a while ago (90m, 2h, 7d), or a time (RFC 3339,
    /// or milliseconds since 1970)
    #[arg(long, value_name = "WHEN", default_value = "yesterday")]
    from: String,
    /// Where it ends: the same words [default: now]
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Show the differences to what the running version makes of it
    #[arg(long)]
    compare: bool,
    /// Show at most this many records
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Difference(Box<Difference>),
    Progress(Progress),
    Summary(Summary),
    Error(Problem),
}

#[derive(Deserialize)]
struct Difference {
    topic: String,
    partition: u32,
    record: Record,
    before: Option<Made>,
    after: Made,
}

#[derive(Deserialize)]
struct Record {
    offset: u64,
    topic: Option<String>,
    key: Value,
    value: Box<RawValue>,
}

#[derive(Deserialize)]
struct Made {
    records: Vec<Record>,
    rejected: Option<String>,
    failed: Option<String>,
}

#[derive(Deserialize)]
struct Progress {
    records: u64,
    of: u64,
}

#[derive(Deserialize)]
struct Summary {
    records: u64,
    same: u64,
    different: u64,
    before: Option<Sums>,
    after: Sums,
}

#[derive(Deserialize)]
struct Sums {
    records: u64,
    rejected: u64,
    failed: u64,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Replay {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        let now = Timestamp::from_millisecond(Clock::system().now_ms())?;
        let settings = self.settings.as_deref().map(serde_json::from_str::<Value>).transpose();
        let mut form = json!({
            "from": when(&self.from, now)?,
            "compare": self.compare,
            "limit": self.limit,
        });
        let given = [
            ("version", self.version.map(Value::from)),
            ("plugin", self.plugin.map(Value::from)),
            ("settings", settings.context("--settings is not JSON")?),
            ("until", self.until.as_deref().map(|until| when(until, now)).transpose()?),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                form[name] = value;
            }
        }
        let path = format!("/v1/deployments/{}/replay", encoded(&self.deployment));
        let mut body = client.post_stream(&path, Content::json(&form)?).await?.into_body();
        let mut unread: Vec<u8> = Vec::new();
        let mut ended = false;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.context("the replay broke off")?.into_data() else { continue };
            unread.extend_from_slice(&data);
            while let Some(end) = memchr::memchr(b'\n', &unread) {
                let line: Vec<u8> = unread.drain(..=end).collect();
                let line = String::from_utf8(line).context("the host answered something that is no text")?;
                ended |= tell(line.trim_end(), output)?;
            }
        }
        if !ended {
            bail!("the replay broke off before its end; try again");
        }
        Ok(())
    }
}

/// A point in time as the API takes it.
fn when(text: &str, now: Timestamp) -> anyhow::Result<Value> {
    let here = ZonedDateTime::new(now, TimeZone::system());
    let day = match text {
        "yesterday" => Some(here.checked_sub(1.day())?),
        "today" => Some(here),
        _ => None,
    };
    if let Some(day) = day {
        return Ok(day.start_of_day()?.timestamp().as_millisecond().into());
    }
    // A number alone is a time, and a number with a unit is a while ago.
    if text.parse::<i64>().is_err()
        && let Ok(ms) = crate::config::unit::parse_ms(text)
    {
        let ago = SignedDuration::from_millis(i64::try_from(ms)?);
        return Ok(now.checked_sub(ago)?.as_millisecond().into());
    }
    Ok(text.into())
}

/// Prints a line of the answer; says whether it was the last one.
fn tell(line: &str, output: Output) -> anyhow::Result<bool> {
    let parsed: Line = serde_json::from_str(line).context("the host answered something that is no replay")?;
    match parsed {
        Line::Progress(Progress { records, of }) => {
            if stderr().is_terminal() {
                // Whoever closed the terminal does not want to hear of it.
                let _ = write!(stderr(), "\r{} of {} records", number(records), number(of));
            }
            Ok(false)
        }
        Line::Error(Problem { detail }) => bail!("the replay cannot go on: {detail}"),
        Line::Difference(_) | Line::Summary(_) if output.json => {
            print(line)?;
            Ok(matches!(parsed, Line::Summary(_)))
        }
        Line::Difference(difference) => {
            clear();
            print(difference_text(&difference).trim_end())?;
            Ok(false)
        }
        Line::Summary(summary) => {
            clear();
            print(summary_text(&summary).trim_end())?;
            Ok(true)
        }
    }
}

/// Takes the progress off the terminal.
fn clear() {
    if stderr().is_terminal() {
        let _ = write!(stderr(), "\r\x1b[K");
    }
}

fn difference_text(difference: &Difference) -> String {
    let Difference { topic, partition, record, before, after } = difference;
    let mut text = format!("{topic}:{partition} offset {}, {}\n", record.offset, record.text());
    if let Some(before) = before {
        text += &before.text('-');
    }
    text + &after.text('+')
}

impl Record {
    fn text(&self) -> String {
        match &self.key {
            Value::Null => self.value.get().to_owned(),
            Value::String(key) => format!("{key}: {}", self.value.get()),
            key => format!("{key}: {}", self.value.get()),
        }
    }
}

impl Made {
    fn text(&self, sign: char) -> String {
        let records = self.records.iter().map(|record| {
            let topic = record.topic.as_deref().unwrap_or("-");
            format!("  {sign} {topic}  {}\n", record.text())
        });
        let mut text: String = records.collect();
        for (what, reason) in [("rejected", &self.rejected), ("failed", &self.failed)] {
            let Some(reason) = reason else { continue };
            text.extend(["  ", &sign.to_string(), " ", what, ": ", reason, "\n"]);
        }
        if text.is_empty() { format!("  {sign} nothing\n") } else { text }
    }
}

fn summary_text(summary: &Summary) -> String {
    let Summary { records, same, different, before, after } = summary;
    let sums = |sums: &Sums| {
        let Sums { records, rejected, failed } = sums;
        format!("{} records, {} rejected, {} failed", number(*records), number(*rejected), number(*failed))
    };
    let mut rows = vec![("replayed", format!("{} records", number(*records)))];
    if let Some(before) = before {
        rows.push(("same", number(*same)));
        rows.push(("different", number(*different)));
        rows.push(("running", sums(before)));
    }
    rows.push(("tried", sums(after)));
    pairs(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_begins_where_people_say() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        assert_eq!(when("earliest", now).unwrap(), "earliest");
        assert_eq!(when("1000", now).unwrap(), "1000");
        assert_eq!(when("2h", now).unwrap(), now.as_millisecond() - 7_200_000);
        let yesterday = when("yesterday", now).unwrap().as_i64().unwrap();
        let ago_ms = now.as_millisecond() - yesterday;
        assert!((24 * 3_600_000..=50 * 3_600_000).contains(&ago_ms), "{ago_ms}");
    }
}
