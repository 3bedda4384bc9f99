//! Standing pipelines: a deployment of a standard plugin, under a name that says what it does.

use serde::Serialize;
use serde_json::Value;

use super::Facts;
use super::call::Call;
use super::names;
use crate::error::{Error, Result};
use crate::model::command::{Comparison, Condition, StreamCommand};
use crate::model::json_path::JsonPath;
use crate::model::name::{PluginName, TopicName};
use crate::model::plugin::Role;

/// The standard plugins that pipelines are made of.
const FILTER: &str = "filter-json";
const AGGREGATE: &str = "aggregate";

#[derive(Serialize)]
struct Deployment<'a, S> {
    plugin: &'a str,
    inputs: &'a [TopicName],
    output: &'a TopicName,
    settings: S,
}

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

pub(super) fn call(command: &StreamCommand, facts: &impl Facts) -> Result<Call> {
    let StreamCommand { from, to, conditions, window_ms, group_by, aggregate } = command;
    let mut words: Vec<String> = from.iter().map(ToString::to_string).collect();
    let Some(aggregate) = aggregate else {
        if window_ms.is_some() || group_by.is_some() {
            return Err(Error::invalid(
                "nothing-to-aggregate",
                "windows and groups are of what is counted or summed; say what, as in: count orders per region every 1 minute into orders-per-region",
            ));
        }
        check_plugin(FILTER, facts)?;
        words.extend(["to".to_owned(), to.to_string()]);
        let mut all: Vec<Where<'_>> = conditions.iter().map(Where::new).collect();
        let settings = if let (1, Some(one)) = (all.len(), all.pop()) {
            FilterSettings::One(one)
        } else {
            FilterSettings::All { all: conditions.iter().map(Where::new).collect() }
        };
        return deploy(&words, &Deployment { plugin: FILTER, inputs: from, output: to, settings });
    };
    check_plugin(AGGREGATE, facts)?;
    let (name, value_path) = aggregate.parts();
    words.push(value_path.map_or_else(|| name.to_owned(), |path| format!("{name}-of-{path}")));
    if let Some(group) = group_by {
        words.extend(["per".to_owned(), group.to_string()]);
    }
    words.extend(["to".to_owned(), to.to_string()]);
    let settings = AggregateSettings {
        aggregate: name,
        value_path,
        key_path: group_by.as_ref(),
        window_ms: *window_ms,
        conditions: conditions.iter().map(Where::new).collect(),
    };
    deploy(&words, &Deployment { plugin: AGGREGATE, inputs: from, output: to, settings })
}

fn deploy(words: &[String], body: &impl Serialize) -> Result<Call> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Call::put(format!("/v1/deployments/{}", names::deployment(&words)?), body)
}

fn check_plugin(plugin: &str, facts: &impl Facts) -> Result<()> {
    role(&PluginName::parse(plugin)?, facts).map(drop)
}

/// What the plugin is for; an error where the host does not have it.
pub(super) fn role(plugin: &PluginName, facts: &impl Facts) -> Result<Role> {
    facts.role(plugin).ok_or_else(|| {
        Error::not_found(
            "unknown-plugin",
            format!(
                "this takes plugin {plugin}, which the host does not have; start the host with --plugins and the folder of the standard plugins, or upload it with PUT /v1/plugins/{plugin}"
            ),
        )
    })
}
