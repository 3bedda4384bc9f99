//! The parsing role: a sentence to what it may mean. What comes back names things, and each name and each number is looked at
//! before anybody acts on it.

use serde_json::{Map, Value};

use super::bindings::parsers::exports::kafka_do::plugin::parser as wit;
use super::imports::state::Phase;
use super::instance::{Guest, Instance, cut_off_after, wrong_role};
use super::outcome::{CallError, broken, readable};
use crate::error::Error;
use crate::limits::{
    ASK_CONDITIONS_MAX, ASK_FIELD_BYTES_MAX, ASK_INTERPRETATIONS_MAX, ASK_SUGGESTIONS_MAX, ASK_TEXT_BYTES_MAX,
    ASK_TOPICS_MAX, ASK_WORDS_BYTES_MAX, CONNECTOR_CALL_MS_MAX, TIMESTAMP_MS_MAX,
};
use crate::model::command::{
    Aggregate, AlterTopicCommand, Command, Comparison, Condition, ConnectCommand, ConsumeCommand, CreateTopicCommand,
    HelpCommand, Interpretation, OfDeployment, OfGroup, OfTopic, ProduceCommand, Question, Reading, ResetGroupCommand,
    StartPoint, StreamCommand, Utterance,
};
use crate::model::json_path::JsonPath;
use crate::model::name::{DeploymentName, GroupName, PluginName, TopicName};

impl Instance {
    /// Puts a sentence before the parser.
    pub async fn parse(&mut self, utterance: &Utterance) -> Result<Reading, CallError> {
        let mut reading = self.call_parse(utterance).await.map_err(|error| self.explained(error))?;
        if !self.secrets.is_empty() {
            let hide = |text: &mut String| *text = self.secrets.hide(text).into_owned();
            match &mut reading {
                Reading::Understood(readings) => readings.iter_mut().for_each(|it| hide(&mut it.restated)),
                Reading::Unclear(Question { text, suggestions }) => {
                    suggestions.iter_mut().chain([text]).for_each(hide);
                }
            }
        }
        Ok(reading)
    }

    async fn call_parse(&mut self, utterance: &Utterance) -> Result<Reading, CallError> {
        let begun = self.begin_call(Phase::Running, None);
        let Self { store, guest: Guest::Parser(plugin), metrics, .. } = self else { return Err(wrong_role("parse")) };
        let Utterance { text, now_ms, utc_offset_minutes, catalog } = utterance;
        let topics = catalog.topics.iter();
        let topics: Vec<_> =
            topics.map(|(name, partitions)| wit::TopicInfo { name: name.as_str(), partitions: *partitions }).collect();
        let groups: Vec<_> = catalog.groups.iter().map(GroupName::as_str).collect();
        let plugins: Vec<_> = catalog.plugins.iter().map(PluginName::as_str).collect();
        let deployments: Vec<_> = catalog.deployments.iter().map(DeploymentName::as_str).collect();
        let lent = wit::Utterance {
            text,
            now_ms: *now_ms,
            utc_offset_minutes: *utc_offset_minutes,
            catalog: wit::Catalog { topics: &topics, groups: &groups, plugins: &plugins, deployments: &deployments },
        };
        let call = plugin.kafka_do_plugin_parser().call_parse(store, lent);
        let outcome = cut_off_after("parse", CONNECTOR_CALL_MS_MAX, call).await?;
        metrics.call_seconds.observe(begun.elapsed().as_secs_f64());
        check(outcome.map_err(CallError::from)?)
    }
}

fn check(outcome: wit::Outcome) -> Result<Reading, CallError> {
    match outcome {
        wit::Outcome::Unclear(wit::Question { text, suggestions }) => {
            at_most("suggestions", suggestions.len(), ASK_SUGGESTIONS_MAX)?;
            let suggestions = suggestions.into_iter().map(|it| words("a suggestion", &it)).collect::<Result<_, _>>()?;
            Ok(Reading::Unclear(Question { text: words("its question", &text)?, suggestions }))
        }
        wit::Outcome::Understood(readings) => {
            if readings.is_empty() {
                return Err(broken(
                    "it understood, and says not what; a sentence that it cannot read is unclear".into(),
                ));
            }
            at_most("interpretations", readings.len(), ASK_INTERPRETATIONS_MAX)?;
            readings.into_iter().map(interpretation).collect::<Result<_, _>>().map(Reading::Understood)
        }
    }
}

fn interpretation(reading: wit::Interpretation) -> Result<Interpretation, CallError> {
    let wit::Interpretation { command, confidence, restated } = reading;
    if confidence > 100 {
        return Err(broken(format!("a confidence is 0 to 100, and it gave {confidence}")));
    }
    let restated = words("a restatement", &restated)?;
    Ok(Interpretation { command: command_of(command)?, confidence, restated })
}

fn command_of(command: wit::Command) -> Result<Command, CallError> {
    let of_topic = |name: &str| Ok::<_, CallError>(OfTopic { topic: topic(name)? });
    let of_group = |name: &str| Ok::<_, CallError>(OfGroup { group: group(name)? });
    let of_deployment = |name: &str| {
        let deployment = DeploymentName::parse(name).map_err(|error| misread("a deployment's name", name, error))?;
        Ok::<_, CallError>(OfDeployment { deployment })
    };
    Ok(match command {
        wit::Command::Produce(command) => Command::Produce(ProduceCommand {
            topic: topic(&command.topic)?,
            key: command.key.map(field).transpose()?,
            value: command.value.map(field).transpose()?,
        }),
        wit::Command::Consume(command) => Command::Consume(ConsumeCommand {
            topic: topic(&command.topic)?,
            group: command.group.as_deref().map(group).transpose()?,
            start: start(command.start)?,
            until_ms: command.until_ms.map(time).transpose()?,
            conditions: conditions(command.conditions)?,
            limit: command.limit,
        }),
        wit::Command::CreateTopic(command) => Command::CreateTopic(CreateTopicCommand {
            topic: topic(&command.topic)?,
            partitions: command.partitions,
            retention_ms: command.retention_ms,
            retention_bytes: command.retention_bytes,
            key_path: command.key_path.as_deref().map(path).transpose()?,
            compacted: command.compacted,
        }),
        wit::Command::AlterTopic(command) => {
            if command.add_partitions.is_some() && command.partitions.is_some() {
                return Err(broken("of add-partitions and partitions it gave both".into()));
            }
            Command::AlterTopic(AlterTopicCommand {
                topic: topic(&command.topic)?,
                add_partitions: command.add_partitions,
                partitions: command.partitions,
                retention_ms: command.retention_ms,
                retention_bytes: command.retention_bytes,
            })
        }
        wit::Command::DescribeTopic(name) => Command::DescribeTopic(of_topic(&name)?),
        wit::Command::DeleteTopic(name) => Command::DeleteTopic(of_topic(&name)?),
        wit::Command::ListTopics => Command::ListTopics,
        wit::Command::DescribeGroup(name) => Command::DescribeGroup(of_group(&name)?),
        wit::Command::ListGroups => Command::ListGroups,
        wit::Command::ResetGroup(command) => Command::ResetGroup(ResetGroupCommand {
            group: group(&command.group)?,
            topic: command.topic.as_deref().map(topic).transpose()?,
            to: start(command.to)?,
        }),
        wit::Command::DeleteGroup(name) => Command::DeleteGroup(of_group(&name)?),
        wit::Command::Stream(command) => Command::Stream(stream(command)?),
        wit::Command::Connect(command) => Command::Connect(ConnectCommand {
            plugin: PluginName::parse(&command.plugin)
                .map_err(|error| misread("a plugin's name", &command.plugin, error))?,
            settings: settings(&command.settings)?,
            topic: command.topic.as_deref().map(topic).transpose()?,
        }),
        wit::Command::ListDeployments => Command::ListDeployments,
        wit::Command::DescribeDeployment(name) => Command::DescribeDeployment(of_deployment(&name)?),
        wit::Command::Pause(name) => Command::Pause(of_deployment(&name)?),
        wit::Command::Resume(name) => Command::Resume(of_deployment(&name)?),
        wit::Command::Remove(name) => Command::Remove(of_deployment(&name)?),
        wit::Command::Help(about) => {
            let about = about.map(|about| words("what help is about", &about)).transpose()?;
            Command::Help(HelpCommand { about })
        }
    })
}

fn stream(command: wit::StreamCommand) -> Result<StreamCommand, CallError> {
    let wit::StreamCommand { from, to, conditions: all, window_ms, group_by, aggregate } = command;
    if from.is_empty() {
        return Err(broken("its stream comes from no topic".into()));
    }
    at_most("topics to stream from", from.len(), ASK_TOPICS_MAX)?;
    let aggregate = aggregate.map(|aggregate| {
        Ok::<_, CallError>(match aggregate {
            wit::Aggregate::Count => Aggregate::Count,
            wit::Aggregate::Sum(of) => Aggregate::Sum(path(&of)?),
            wit::Aggregate::Min(of) => Aggregate::Min(path(&of)?),
            wit::Aggregate::Max(of) => Aggregate::Max(path(&of)?),
            wit::Aggregate::Average(of) => Aggregate::Average(path(&of)?),
        })
    });
    Ok(StreamCommand {
        from: from.iter().map(|name| topic(name)).collect::<Result<_, _>>()?,
        to: topic(&to)?,
        conditions: conditions(all)?,
        window_ms,
        group_by: group_by.as_deref().map(path).transpose()?,
        aggregate: aggregate.transpose()?,
    })
}

fn topic(name: &str) -> Result<TopicName, CallError> {
    TopicName::parse(name).map_err(|error| misread("a topic's name", name, error))
}

fn group(name: &str) -> Result<GroupName, CallError> {
    GroupName::parse(name).map_err(|error| misread("a group's name", name, error))
}

fn path(text: &str) -> Result<JsonPath, CallError> {
    if text.len() > ASK_WORDS_BYTES_MAX {
        return Err(too_long("a path", text.len(), ASK_WORDS_BYTES_MAX));
    }
    JsonPath::parse(text).map_err(|error| misread("a field's path", text, error))
}

fn start(point: wit::StartPoint) -> Result<StartPoint, CallError> {
    Ok(match point {
        wit::StartPoint::Committed => StartPoint::Committed,
        wit::StartPoint::Earliest => StartPoint::Earliest,
        wit::StartPoint::Latest => StartPoint::Latest,
        wit::StartPoint::Last(records) => StartPoint::Last(records),
        wit::StartPoint::SinceMs(ms) => StartPoint::SinceMs(time(ms)?),
    })
}

fn time(ms: i64) -> Result<i64, CallError> {
    if (-TIMESTAMP_MS_MAX..=TIMESTAMP_MS_MAX).contains(&ms) {
        return Ok(ms);
    }
    Err(CallError::Reject(format!("the parser read {ms} as a time, which is beyond the year 9999")))
}

fn conditions(all: Vec<wit::Condition>) -> Result<Vec<Condition>, CallError> {
    at_most("conditions", all.len(), ASK_CONDITIONS_MAX)?;
    let condition = |wit::Condition { path: of, comparison, operand }| {
        let comparison = match comparison {
            wit::Comparison::Equal => Comparison::Equal,
            wit::Comparison::NotEqual => Comparison::NotEqual,
            wit::Comparison::Less => Comparison::Less,
            wit::Comparison::LessOrEqual => Comparison::LessOrEqual,
            wit::Comparison::Greater => Comparison::Greater,
            wit::Comparison::GreaterOrEqual => Comparison::GreaterOrEqual,
            wit::Comparison::Contains => Comparison::Contains,
        };
        if operand.len() > ASK_TEXT_BYTES_MAX {
            return Err(too_long("an operand", operand.len(), ASK_TEXT_BYTES_MAX));
        }
        Ok(Condition { path: path(&of)?, comparison, operand })
    };
    all.into_iter().map(condition).collect()
}

fn settings(json: &str) -> Result<Map<String, Value>, CallError> {
    if json.len() > ASK_FIELD_BYTES_MAX {
        return Err(too_long("its settings", json.len(), ASK_FIELD_BYTES_MAX));
    }
    serde_json::from_str(json).map_err(|error| broken(format!("its settings are no JSON object: {error}")))
}

/// A text that is the command's own.
fn field(text: String) -> Result<String, CallError> {
    if text.len() > ASK_FIELD_BYTES_MAX {
        return Err(too_long("a key or a value", text.len(), ASK_FIELD_BYTES_MAX));
    }
    Ok(text)
}

/// A text for people.
fn words(what: &str, text: &str) -> Result<String, CallError> {
    if text.len() > ASK_WORDS_BYTES_MAX {
        return Err(too_long(what, text.len(), ASK_WORDS_BYTES_MAX));
    }
    Ok(readable(text))
}

fn at_most(what: &str, count: usize, max: usize) -> Result<(), CallError> {
    if count <= max {
        return Ok(());
    }
    Err(broken(format!("it gave {count} {what}, over the {max} allowed")))
}

fn too_long(what: &str, bytes: usize, max: usize) -> CallError {
    broken(format!("{what} has {bytes} bytes, over the {max} allowed"))
}

/// The parser took a word for a name that cannot be one: a mistake of reading, which another sentence may mend.
fn misread(what: &str, word: &str, error: Error) -> CallError {
    CallError::Reject(format!("the parser read {:?} as {what}: {}", readable(word), error.detail))
}
