//! Reading: of a topic for oneself, or in a group.

use std::fmt::Write;

use super::call::Call;
use super::{Plan, Shows};
use crate::error::{Error, Result};
use crate::limits::{ASK_NEWEST, NEWEST_RECORDS_MAX};
use crate::model::command::{Comparison, Condition, ConsumeCommand, StartPoint};
use crate::model::name::GroupName;

pub(super) fn plan(command: &ConsumeCommand) -> Result<Plan> {
    match &command.group {
        Some(group) => in_a_group(command, group),
        None => alone(command),
    }
}

fn alone(command: &ConsumeCommand) -> Result<Plan> {
    check(command)?;
    let records = format!("/v1/topics/{}/records", command.topic);
    let mut query = Query::new(records.clone());
    match command.start {
        StartPoint::Earliest => query.add("from", "earliest"),
        StartPoint::Latest => query.add("from", "latest"),
        StartPoint::SinceMs(ms) => query.add("from", &ms.to_string()),
        StartPoint::Last(records) => query.add("last", &records.to_string()),
        StartPoint::Committed => {
            return Err(Error::invalid(
                "no-group",
                "only a group has a place where it stands; say which group reads, or where to begin",
            ));
        }
    }
    if let Some(until) = command.until_ms {
        query.add("until", &until.to_string());
    }
    if let Some(limit) = command.limit {
        query.add("limit", &limit.to_string());
    }
    for condition in &command.conditions {
        query.add("where", &written(condition)?);
    }
    let mut peek = Call::get(query.path.clone());
    if command.start == StartPoint::Latest {
        query.add("follow", "true");
        if command.until_ms.is_none() {
            // An answer that does not wait has what came last.
            let mut newest = Query::new(records);
            newest.add("last", &command.limit.map_or(ASK_NEWEST, |limit| limit.min(ASK_NEWEST)).to_string());
            for condition in &command.conditions {
                newest.add("where", &written(condition)?);
            }
            peek = Call::get(newest.path);
        }
    }
    Ok(Plan { result: Shows::Records(peek), ..Plan::new(Call::get(query.path)) })
}

/// What the query would refuse, in words of sentences.
fn check(command: &ConsumeCommand) -> Result<()> {
    let wrong = |detail: String| Err(Error::invalid("nothing-to-read", detail));
    if command.limit == Some(0) {
        return wrong("the sentence asks for no record at all; say how many, or leave the number out".into());
    }
    match (command.start, command.until_ms) {
        (StartPoint::Last(_), Some(_)) => wrong(
            "the last so many records are those up to now, and the sentence says an earlier end; say where to begin, as in: since yesterday until 9am, or leave the end out"
                .into(),
        ),
        (StartPoint::Last(count), None) if !(1..=NEWEST_RECORDS_MAX).contains(&(count as usize)) => wrong(format!(
            "the last {count} records are asked for, and it goes from 1 to {NEWEST_RECORDS_MAX}; say another number, or where to begin"
        )),
        (StartPoint::SinceMs(since), Some(until)) if until <= since => wrong(format!(
            "the sentence begins to read at {} and ends at {}, which is not after that; say an end that comes later",
            time(since),
            time(until)
        )),
        _ => Ok(()),
    }
}

/// For people; as it came where no calendar has it.
fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}

fn in_a_group(command: &ConsumeCommand, group: &GroupName) -> Result<Plan> {
    let not_with_a_group = |what: &str| {
        Err(Error::invalid(
            "not-with-a-group",
            format!("a group reads on and on and keeps its place, so it has no {what}; read without the group"),
        ))
    };
    if command.until_ms.is_some() || command.limit.is_some() {
        return not_with_a_group("end");
    }
    if !command.conditions.is_empty() {
        return not_with_a_group("conditions");
    }
    let mut query = Query::new(format!("/v1/groups/{group}/stream"));
    query.add("topics", command.topic.as_str());
    match command.start {
        StartPoint::Committed => {}
        StartPoint::Earliest => query.add("start", "earliest"),
        StartPoint::Latest => query.add("start", "latest"),
        StartPoint::SinceMs(ms) => query.add("start", &ms.to_string()),
        StartPoint::Last(_) => return not_with_a_group("last records"),
    }
    let peek = Call::get(format!("/v1/groups/{group}"));
    Ok(Plan { result: Shows::Group(peek), ..Plan::new(Call::get(query.path)) })
}

/// What a comparison may begin with in a query.
const SIGNS: [char; 5] = ['=', '!', '<', '>', '~'];

/// A condition as `where` has it.
fn written(condition: &Condition) -> Result<String> {
    let path = condition.path.to_string();
    if path.contains(SIGNS) || path.trim() != path {
        return Err(Error::invalid(
            "invalid-path",
            format!(
                "{path:?} has a sign of comparison in it, or space around it, and a field of such a name cannot be compared in a query; read without that condition"
            ),
        ));
    }
    let operator = match condition.comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Contains => "~",
    };
    // A text that would be read otherwise stands in quotes.
    let operand = &condition.operand;
    let is_plain = !operand.starts_with(SIGNS) && operand.trim() == operand;
    let quoted = (!is_plain).then(|| condition.operand().to_string());
    Ok(format!("{path}{operator}{}", quoted.as_ref().unwrap_or(operand)))
}

/// A path that gets its query part by part.
struct Query {
    path: String,
    has_any: bool,
}

impl Query {
    fn new(path: String) -> Self {
        Self { path, has_any: false }
    }

    fn add(&mut self, name: &str, value: &str) {
        self.path.push(if std::mem::replace(&mut self.has_any, true) { '&' } else { '?' });
        self.path.push_str(name);
        self.path.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => self.path.push(byte.into()),
                // Writing to a string cannot fail.
                _ => drop(write!(self.path, "%{byte:02X}")),
            }
        }
    }
}
