//! What plain words come to: a command as the HTTP calls that are equal to it. Pure: whoever asks makes the calls, so that a
//! sentence can do what the API can do and nothing else, under the same checks and with the same answers.

mod call;
mod confirm;
mod connect;
mod consume;
mod deployment;
mod help;
mod names;
mod stream;

use std::fmt::Write;

use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

pub use call::Call;
pub use confirm::Confirm;
pub use help::{Help, help};

use crate::error::{Error, Result};
use crate::limits::ASK_CONFIDENCE_MIN;
use crate::model::command::{
    AlterTopicCommand, Command, CreateTopicCommand, HelpCommand, Interpretation, OfDeployment, OfGroup, OfTopic,
    ProduceCommand, ResetGroupCommand, StartPoint,
};
use crate::model::generation::Generation;
use crate::model::json_path::JsonPath;
use crate::model::name::{DeploymentName, PluginName, TopicName};
use crate::model::plugin::Role;
use crate::model::topic::TopicConfig;

/// What has to be known of what exists to say which calls a command is.
pub trait Facts {
    /// How the topic is set up now.
    fn topic(&self, name: &TopicName) -> Result<TopicConfig>;

    /// What the newest version of the plugin is for; `None` where there is no such plugin.
    fn role(&self, plugin: &PluginName) -> Option<Role>;

    /// What runs under the name; `None` where nothing does.
    fn deployment(&self, name: &DeploymentName) -> Option<Generation>;

    /// Deployments that read the topic.
    fn readers(&self, topic: &TopicName) -> Vec<DeploymentName>;
}

/// A command as calls, to be made in their order.
#[derive(Debug)]
pub struct Plan {
    pub calls: Vec<Call>,
    /// Why it is not run before it is confirmed; nothing where it may be run at once.
    pub confirm: Vec<Confirm>,
    pub result: Shows,
}

/// What is shown of a command that was run.
#[derive(Debug)]
pub enum Shows {
    /// What the last call answered.
    Answer,
    /// The call is a stream that may never end: in an answer that must, the records that this one brings.
    Records(Call),
    /// The call is a stream that nobody but a member can read: in its place, how the group stands, if it is there.
    Group(Call),
    /// What can be said.
    Help(Help),
}

impl Plan {
    /// What a reading comes to. `value` is what the speaker sent along.
    pub fn of(reading: &Interpretation, value: Option<&RawValue>, facts: &impl Facts) -> Result<Self> {
        let mut plan = plan(&reading.command, value, facts)?;
        if reading.confidence < ASK_CONFIDENCE_MIN && !plan.calls.is_empty() {
            plan.confirm.push(Confirm::NotSure(reading.confidence));
        }
        Ok(plan)
    }

    fn new(call: Call) -> Self {
        Self { calls: vec![call], confirm: Vec::new(), result: Shows::Answer }
    }

    fn confirmed(call: Call, why: Confirm) -> Self {
        Self { confirm: vec![why], ..Self::new(call) }
    }

    /// Why it is not run before it is confirmed.
    pub fn because(&self) -> Option<String> {
        let reasons: Vec<String> = self.confirm.iter().map(ToString::to_string).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// What a confirmation is bound to: another call, or another reason, has another digest.
    pub fn digest(&self) -> Result<String> {
        let shown = call::raw(&(&self.calls, self.because()))?;
        let mut hex = String::new();
        for byte in Sha256::digest(shown.get()) {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Ok(hex)
    }
}

fn plan(command: &Command, value: Option<&RawValue>, facts: &impl Facts) -> Result<Plan> {
    if value.is_some() && !matches!(command, Command::Produce(_)) {
        return Err(Error::invalid(
            "no-place-for-a-value",
            "a value came along, and the sentence produces nothing; leave \"value\" out, or say which topic it goes to",
        ));
    }
    Ok(match command {
        Command::Produce(command) => produce(command, value)?,
        Command::Consume(command) => consume::plan(command)?,
        Command::CreateTopic(command) => create_topic(command)?,
        Command::AlterTopic(command) => alter_topic(command, facts)?,
        Command::DescribeTopic(of) => Plan::new(Call::get(format!("/v1/topics/{}", of.topic))),
        Command::DeleteTopic(OfTopic { topic }) => {
            Plan::confirmed(Call::delete(format!("/v1/topics/{topic}")), Confirm::DeletesTopic(topic.clone()))
        }
        Command::ListTopics => Plan::new(Call::get("/v1/topics")),
        Command::DescribeGroup(of) => Plan::new(Call::get(format!("/v1/groups/{}", of.group))),
        Command::ListGroups => Plan::new(Call::get("/v1/groups")),
        Command::ResetGroup(command) => reset_group(command)?,
        Command::DeleteGroup(OfGroup { group }) => {
            Plan::confirmed(Call::delete(format!("/v1/groups/{group}")), Confirm::DeletesGroup(group.clone()))
        }
        Command::Stream(command) => stream::plan(command, facts)?,
        Command::Connect(command) => connect::plan(command, facts)?,
        Command::ListDeployments => Plan::new(Call::get("/v1/deployments")),
        Command::DescribeDeployment(of) => Plan::new(Call::get(format!("/v1/deployments/{}", of.deployment))),
        Command::Pause(of) => Plan::new(Call::post_bare(format!("/v1/deployments/{}/pause", of.deployment))),
        Command::Resume(of) => Plan::new(Call::post_bare(format!("/v1/deployments/{}/resume", of.deployment))),
        Command::Remove(OfDeployment { deployment }) => Plan::confirmed(
            Call::delete(format!("/v1/deployments/{deployment}")),
            Confirm::DeletesDeployment(deployment.clone()),
        ),
        Command::Help(HelpCommand { about }) => {
            Plan { calls: Vec::new(), confirm: Vec::new(), result: Shows::Help(help(about.as_deref())) }
        }
    })
}

fn produce(command: &ProduceCommand, sent: Option<&RawValue>) -> Result<Plan> {
    #[derive(Serialize)]
    struct Body<'a> {
        records: [Record<'a>; 1],
    }
    #[derive(Serialize)]
    struct Record<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<&'a str>,
        value: &'a RawValue,
    }
    let ProduceCommand { topic, key, value } = command;
    let said = value.as_deref().map(json_or_text).transpose()?;
    let is_null = said.as_ref().is_some_and(|value| value.get().trim() == "null");
    let value = match (said.as_deref(), sent) {
        (Some(value), None) | (None, Some(value)) => value,
        (Some(_), Some(_)) => {
            return Err(Error::invalid(
                "two-values",
                "the sentence has a value, and another came along; leave one of them out",
            ));
        }
        (None, None) => {
            return Err(Error::invalid(
                "no-value",
                "the sentence has no value to produce; say it, or send it along as \"value\"",
            ));
        }
    };
    let body = Body { records: [Record { key: key.as_deref(), value }] };
    let confirm = is_null.then(|| Confirm::ErasesKey(topic.clone())).into_iter().collect();
    Ok(Plan { confirm, ..Plan::new(Call::post(format!("/v1/topics/{topic}/records"), &body)?) })
}

/// JSON as it was said, where it is that; else the words as a JSON text.
fn json_or_text(said: &str) -> Result<Box<RawValue>> {
    match serde_json::from_str(said) {
        Ok(json) => Ok(json),
        Err(_) => call::raw(said),
    }
}

/// A retention.
#[derive(Serialize)]
#[serde(untagged)]
enum Bound {
    At(u64),
    /// For ever, or without bound: null.
    Never,
}

impl Bound {
    /// In words the greatest number is no bound.
    fn new(number: u64) -> Self {
        if number == u64::MAX { Self::Never } else { Self::At(number) }
    }
}

/// What a topic's calls set.
#[derive(Serialize)]
struct TopicSettings<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    partitions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_ms: Option<Bound>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_bytes: Option<Bound>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cleanup_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_path: Option<&'a JsonPath>,
}

fn create_topic(command: &CreateTopicCommand) -> Result<Plan> {
    let settings = TopicSettings {
        partitions: command.partitions,
        retention_ms: command.retention_ms.map(Bound::new),
        retention_bytes: command.retention_bytes.map(Bound::new),
        cleanup_policy: command.compacted.then_some("compact"),
        key_path: command.key_path.as_ref(),
    };
    Ok(Plan::new(Call::put(format!("/v1/topics/{}", command.topic), &settings)?))
}

fn alter_topic(command: &AlterTopicCommand, facts: &impl Facts) -> Result<Plan> {
    let now = facts.topic(&command.topic)?;
    let more = command.add_partitions.map(|more| now.partitions.saturating_add(more));
    let partitions = command.partitions.or(more);
    let shortens = |to: Option<u64>, from: Option<u64>| to.is_some_and(|to| to < from.unwrap_or(u64::MAX));
    let mut confirm = Vec::new();
    if shortens(command.retention_ms, now.retention_ms) || shortens(command.retention_bytes, now.retention_bytes) {
        confirm.push(Confirm::Shortens(command.topic.clone()));
    }
    let readers = facts.readers(&command.topic);
    if partitions.is_some_and(|partitions| partitions > now.partitions) && !readers.is_empty() {
        confirm.push(Confirm::Spreads { topic: command.topic.clone(), readers });
    }
    let settings = TopicSettings {
        partitions,
        retention_ms: command.retention_ms.map(Bound::new),
        retention_bytes: command.retention_bytes.map(Bound::new),
        cleanup_policy: None,
        key_path: None,
    };
    let call = Call::patch(format!("/v1/topics/{}", command.topic), &settings)?;
    Ok(Plan { confirm, ..Plan::new(call) })
}

fn reset_group(command: &ResetGroupCommand) -> Result<Plan> {
    #[derive(Serialize)]
    struct Body<'a> {
        to: To,
        #[serde(skip_serializing_if = "Option::is_none")]
        topic: Option<&'a TopicName>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum To {
        Earliest,
        Latest,
        Time(i64),
    }
    let nowhere = |why: &str| {
        Err(Error::invalid(
            "invalid-reset",
            format!("a group cannot be reset {why}; reset it to earliest, to latest or to a time"),
        ))
    };
    let to = match command.to {
        StartPoint::Earliest => To::Earliest,
        StartPoint::Latest => To::Latest,
        StartPoint::SinceMs(ms) => To::Time(ms),
        StartPoint::Committed => return nowhere("to where it stands already"),
        StartPoint::Last(_) => return nowhere("to the last so many records, which are other ones in each partition"),
    };
    let body = Body { to, topic: command.topic.as_ref() };
    let call = Call::post(format!("/v1/groups/{}/reset", command.group), &body)?;
    Ok(Plan::confirmed(call, Confirm::Moves(command.group.clone())))
}

#[cfg(test)]
mod tests;
