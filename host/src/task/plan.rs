//! A plan: one generation with everything that it needs to run, checked and loaded.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::limits::{DEPLOYMENT_INPUTS_MAX, GRANTED_TOPICS_MAX};
use crate::log::{Log, Topic};
use crate::model::deployment::{Deployment, Grants, Start, dead_letter_topic_of};
use crate::model::generation::Generation;
use crate::model::name::{DeploymentName, PluginName, TopicName};
use crate::plugin::Code;

/// What somebody wants deployed.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub plugin: PluginName,
    /// The first digits of a version; `None` is the newest.
    pub version: Option<String>,
    pub inputs: Vec<TopicName>,
    pub output: Option<TopicName>,
    pub settings: serde_json::Value,
    pub grants: Grants,
    pub start: Start,
}

impl Request {
    pub(super) fn check(&self, name: &DeploymentName) -> Result<()> {
        if self.inputs.is_empty() || self.inputs.len() > DEPLOYMENT_INPUTS_MAX {
            return Err(Error::invalid(
                "invalid-inputs",
                format!(
                    "a deployment reads {DEPLOYMENT_INPUTS_MAX} topic, and {} are named; write \"inputs\": [\"my-topic\"]",
                    self.inputs.len()
                ),
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
        let loops = written.find(|topic| self.inputs.contains(topic));
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
    pub(super) output: Option<Arc<Topic>>,
    /// Topics that a record may name: the output and the granted ones.
    pub(super) topics: HashMap<String, Arc<Topic>>,
    pub(super) dead_letters: Arc<Topic>,
}

impl Plan {
    /// The plan of a deployment's current generation.
    pub(super) fn new(log: &Log, row: &Deployment, code: Arc<Code>) -> Result<Self> {
        let generation = row.current().clone();
        let output = generation.output.as_ref().map(|name| log.topic(name)).transpose()?;
        let mut topics = HashMap::new();
        for name in generation.output.iter().chain(&generation.grants.topics) {
            topics.insert(name.to_string(), log.topic(name)?);
        }
        Ok(Self {
            settings: generation.settings.to_string().into(),
            generation,
            code,
            output,
            topics,
            dead_letters: log.topic(&row.dead_letter_topic())?,
        })
    }
}
