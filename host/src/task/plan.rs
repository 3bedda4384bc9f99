//! A plan: one generation with everything that it needs to run, checked and loaded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::limits::{CANARY_MS_MAX, DEPLOYMENT_INPUTS_MAX, GRANTED_TOPICS_MAX};
use crate::log::{Log, Topic};
use crate::model::deployment::{
    CanaryRule, Deployment, Grants, Start, changelog_topic_of, dead_letter_topic_of, internal_topic_of,
};
use crate::model::generation::Generation;
use crate::model::name::{DeploymentName, PluginName, TopicName};
use crate::plugin::{Code, Instance};

/// What somebody wants deployed.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub plugin: PluginName,
    /// The first digits of a version; `None` is the newest.
    pub version: Option<String>,
    pub inputs: Vec<Input>,
    pub output: Option<TopicName>,
    pub settings: serde_json::Value,
    pub grants: Grants,
    pub changelog: Changelog,
    /// A new deployment's state begins as its changelog says.
    pub restore_state: bool,
    pub canary: Option<CanaryRule>,
}

/// A topic to read, and where a deployment begins in it that has committed nothing there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    pub topic: TopicName,
    pub start: Start,
}

/// Which state tables have every change written down in a compacted topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Changelog {
    #[default]
    None,
    All,
    Tables(Vec<String>),
}

impl Changelog {
    /// The tables, of those that the plugin has.
    pub(super) fn tables(&self, described: &[String]) -> Result<Vec<String>> {
        match self {
            Self::None => Ok(Vec::new()),
            Self::All => Ok(described.to_vec()),
            Self::Tables(tables) => match tables.iter().find(|table| !described.contains(table)) {
                None => Ok(tables.clone()),
                Some(table) => Err(Error::unprocessable(
                    "unknown-state-table",
                    format!("the plugin has no state table {table:?}; it has: {}", described.join(", ")),
                )),
            },
        }
    }
}

impl Request {
    pub(super) fn check(&self, name: &DeploymentName) -> Result<()> {
        if self.inputs.is_empty() || self.inputs.len() > DEPLOYMENT_INPUTS_MAX {
            return Err(Error::invalid(
                "invalid-inputs",
                format!(
                    "a deployment reads 1 to {DEPLOYMENT_INPUTS_MAX} topics, and {} are named; write \"inputs\": [\"my-topic\"]",
                    self.inputs.len()
                ),
            ));
        }
        let names: Vec<&TopicName> = self.inputs.iter().map(|input| &input.topic).collect();
        if let Some((_, twice)) = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
            return Err(Error::invalid(
                "invalid-inputs",
                format!("topic {twice} is named twice; name each input once"),
            ));
        }
        if let Some(rule) = &self.canary
            && rule.watch_ms > CANARY_MS_MAX
        {
            return Err(Error::invalid(
                "invalid-canary",
                format!("watch_ms is {}, over the {CANARY_MS_MAX} that a canary may be watched", rule.watch_ms),
            ));
        }
        if self.grants.topics.len() > GRANTED_TOPICS_MAX {
            return Err(Error::invalid(
                "too-many-grants",
                format!("{} granted topics are over the {GRANTED_TOPICS_MAX} allowed", self.grants.topics.len()),
            ));
        }
        let dead_letters = dead_letter_topic_of(name);
        let mut written = self.output.iter().chain(&self.grants.topics).chain([&dead_letters]);
        let loops = written.find(|topic| names.contains(topic));
        if let Some(topic) = loops {
            return Err(Error::invalid(
                "output-is-input",
                format!(
                    "topic {topic} is both read and written, so that the deployment would feed itself; write to another topic"
                ),
            ));
        }
        Ok(())
    }
}

/// Shared by the tasks of a deployment; replaced as a whole by a swap.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) generation: Generation,
    pub(super) code: Arc<Code>,
    /// The settings as the guest gets them.
    pub(super) settings: Arc<str>,
    /// What it reads: the topics that it was told to, in their order, then its own.
    pub(super) inputs: Vec<Arc<Topic>>,
    /// It repartitions: event time is that of the whole deployment.
    pub(super) is_aligned: bool,
    /// Those that are its own.
    pub(super) internal: HashSet<TopicName>,
    pub(super) output: Option<Arc<Topic>>,
    /// Topics that a record may name: the output, the granted ones, and its own.
    pub(super) topics: HashMap<String, Arc<Topic>>,
    /// By state table.
    pub(super) changelogs: HashMap<String, Arc<Topic>>,
    pub(super) dead_letters: Arc<Topic>,
}

impl Plan {
    /// The plan of one generation of a deployment.
    pub(super) fn new(log: &Log, row: &Deployment, generation: &Generation, code: Arc<Code>) -> Result<Self> {
        let output = generation.output.as_ref().map(|name| log.topic(name)).transpose()?;
        let mut topics = HashMap::new();
        for name in generation.output.iter().chain(&generation.grants.topics).chain(&generation.internal) {
            topics.insert(name.to_string(), log.topic(name)?);
        }
        let mut changelogs = HashMap::new();
        for table in &generation.changelog {
            changelogs.insert(table.clone(), log.topic(&changelog_topic_of(&row.name, table)?)?);
        }
        Ok(Self {
            settings: generation.settings.to_string().into(),
            generation: generation.clone(),
            code,
            inputs: generation
                .inputs
                .iter()
                .chain(&generation.internal)
                .map(|name| log.topic(name))
                .collect::<Result<_>>()?,
            is_aligned: !generation.internal.is_empty(),
            internal: generation.internal.iter().cloned().collect(),
            output,
            topics,
            changelogs,
            dead_letters: log.topic(&row.dead_letter_topic())?,
        })
    }

    /// The internal topic that an instance asked for and the plan has not, if there is one.
    pub(super) fn lacks<'a>(&self, deployment: &DeploymentName, instance: &'a Instance) -> Option<&'a String> {
        let has = |name: &str| internal_topic_of(deployment, name).is_ok_and(|topic| self.internal.contains(&topic));
        instance.internal_topics().iter().find(|name| !has(name))
    }

    /// How many partitions all inputs have: a task is for the partitions of one number.
    pub(super) fn partitions(&self) -> u32 {
        self.inputs.iter().map(|topic| topic.config().partitions).min().unwrap_or(0)
    }
}
