//! Standing pipelines: a deployment of a standard plugin, under a name that says what it does.

use serde::Serialize;
use serde_json::Value;

use super::deployment::{Deployment, Granted, role, settings};
use super::{Facts, Plan, names};
use crate::error::{Error, Result};
use crate::model::command::{Aggregate, Comparison, Condition, StreamCommand};
use crate::model::json_path::JsonPath;
use crate::model::name::PluginName;

/// The standard plugins that pipelines are made of.
const FILTER: &str = "filter-json";
const AGGREGATE: &str = "aggregate";

/// A condition as plugins have it in their settings.
#[derive(Serialize)]
struct Where<'a> {
    path: &'a JsonPath,
    comparison: Comparison,
    operand: Value,
}

impl<'a> Where<'a> {
    fn new(condition: &'a Condition) -> Self {
        let Condition { path, comparison, .. } = condition;
        Self { path, comparison: *comparison, operand: condition.operand() }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum FilterSettings<'a> {
    One(Where<'a>),
    All { all: Vec<Where<'a>> },
}

#[derive(Serialize)]
struct AggregateSettings<'a> {
    aggregate: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_path: Option<&'a JsonPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_path: Option<&'a JsonPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_ms: Option<u64>,
    #[serde(rename = "where", skip_serializing_if = "Vec::is_empty")]
    conditions: Vec<Where<'a>>,
}

pub(super) fn plan(command: &StreamCommand, facts: &impl Facts) -> Result<Plan> {
    let (plugin, settings) = match &command.aggregate {
        None => (FILTER, filter(command)?),
        Some(of) => (AGGREGATE, aggregate(command, of)?),
    };
    let plugin = PluginName::parse(plugin)?;
    role(&plugin, facts)?;
    let words = words(command);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let inputs = command.from.iter().collect();
    Deployment { plugin: &plugin, inputs, output: Some(&command.to), settings, grants: Granted::default() }
        .plan(names::deployment(&words)?, facts)
}

fn filter(command: &StreamCommand) -> Result<Value> {
    if command.window_ms.is_some() || command.group_by.is_some() {
        return Err(Error::invalid(
            "nothing-to-aggregate",
            "windows and groups are of what is counted or summed; say what, as in: count orders per region every 1 minute into orders-per-region",
        ));
    }
    settings(&match command.conditions.as_slice() {
        [one] => FilterSettings::One(Where::new(one)),
        all => FilterSettings::All { all: all.iter().map(Where::new).collect() },
    })
}

fn aggregate(command: &StreamCommand, of: &Aggregate) -> Result<Value> {
    let (aggregate, value_path) = of.parts();
    settings(&AggregateSettings {
        aggregate,
        value_path,
        key_path: command.group_by.as_ref(),
        window_ms: command.window_ms,
        conditions: command.conditions.iter().map(Where::new).collect(),
    })
}

/// All that tells the command from others, in the order in which it is said.
fn words(command: &StreamCommand) -> Vec<String> {
    let StreamCommand { from, to, conditions, window_ms, group_by, aggregate } = command;
    let mut words: Vec<String> = from.iter().map(ToString::to_string).collect();
    if let Some((name, path)) = aggregate.as_ref().map(Aggregate::parts) {
        words.push(path.map_or_else(|| name.to_owned(), |path| format!("{name}-of-{path}")));
    }
    for (index, condition) in conditions.iter().enumerate() {
        words.push(if index == 0 { "where" } else { "and" }.to_owned());
        words.push(condition.path.to_string());
        words.push(condition.comparison.name().to_owned());
        words.push(match condition.operand() {
            Value::String(text) => text,
            other => other.to_string(),
        });
    }
    if let Some(group) = group_by {
        words.extend(["per".to_owned(), group.to_string()]);
    }
    if let Some(window_ms) = window_ms {
        words.extend(["every".to_owned(), span(*window_ms)]);
    }
    words.extend(["to".to_owned(), to.to_string()]);
    words
}

/// In the largest unit that has no rest.
fn span(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = units.into_iter().find(|(unit, _)| ms.is_multiple_of(*unit));
    let (unit, name) = unit.unwrap_or((1, "ms"));
    format!("{}{name}", ms / unit)
}
