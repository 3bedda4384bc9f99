//! A plan: one generation with everything that it needs to run, checked and loaded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::retry::StepError;
use super::worker::Surroundings;
use crate::error::{Error, Result};
use crate::limits::{CANARY_MS_MAX, DEPLOYMENT_INPUTS_MAX, PREFIXED_TOPICS_MAX};
use crate::log::{Log, Topic};
use crate::model::deployment::{
    CanaryRule, Deployment, Grants, Start, changelog_topic_of, dead_letter_topic_of, internal_topic_of,
};
use crate::model::egress::HostPattern;
use crate::model::generation::Generation;
use crate::model::hook_path::HookPath;
use crate::model::name::{DeploymentName, PluginName, TopicName};
use crate::model::plugin::Role;
use crate::model::secret::{self, Secrets};
use crate::model::topic::TopicConfig;
use crate::plugin::{CallError, Code, Context, Emitted, Instance, StateBase};
use crate::store::state::Scope;

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
    /// Where it takes requests, beside its own path.
    pub path: Option<HookPath>,
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
    /// Whether what is wanted can be wanted of a plugin of this role.
    pub(super) fn check(&self, name: &DeploymentName, role: Role) -> Result<()> {
        self.check_role(role)?;
        self.grants.check()?;
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
        let dead_letters = dead_letter_topic_of(name);
        let mut written = self.output.iter().chain(&self.grants.topics).chain([&dead_letters]);
        let prefixed = names.iter().find(|topic| self.grants.has_prefix_of(topic.as_str()));
        let loops = written.find(|topic| names.contains(topic)).or(prefixed.copied());
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

    fn may_write(&self) -> bool {
        self.output.is_some() || !self.grants.topics.is_empty() || !self.grants.topic_prefixes.is_empty()
    }

    fn check_role(&self, role: Role) -> Result<()> {
        let noun = role.noun();
        if role.reads_topics() && (self.inputs.is_empty() || self.inputs.len() > DEPLOYMENT_INPUTS_MAX) {
            return Err(Error::invalid(
                "invalid-inputs",
                format!(
                    "a {noun} reads 1 to {DEPLOYMENT_INPUTS_MAX} topics, and {} are named; write \"inputs\": [\"my-topic\"]",
                    self.inputs.len()
                ),
            ));
        }
        let has_no = |what: &str| {
            Err(Error::invalid(
                "not-of-this-role",
                format!("plugin {} is a {noun}, which has no {what}; leave it out", self.plugin),
            ))
        };
        if !role.reads_topics() {
            if !self.inputs.is_empty() {
                return has_no("inputs");
            }
            if self.canary.is_some() {
                return has_no("canary: it has no partitions to try it on");
            }
            if self.restore_state || self.changelog != Changelog::None {
                return has_no("changelog");
            }
            if role.is_connector() && !self.may_write() {
                return Err(Error::invalid(
                    "no-output",
                    format!("a {noun} writes to a topic; write \"output\": \"my-topic\", or grant topics"),
                ));
            }
        }
        if role == Role::Sinking && self.may_write() {
            return has_no("output: what it takes leaves the host");
        }
        if role == Role::Parsing && self.may_write() {
            return has_no("output: it names things and never writes");
        }
        if self.path.is_some() && role != Role::Receiving {
            return has_no("path: it takes no requests");
        }
        if !self.grants.hosts.is_empty() && !role.reaches_out() {
            return has_no("hosts: it sends nothing out");
        }
        Ok(())
    }
}

/// Shared by the tasks of a deployment; replaced as a whole by a swap.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) generation: Generation,
    pub(super) code: Arc<Code>,
    /// The settings as the guest gets them, and what of them nobody else may read.
    pub(super) settings: Arc<str>,
    secrets: Secrets,
    /// Where the guest may send.
    hosts: Arc<[HostPattern]>,
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
    /// Where a plugin that reads topics puts what it refuses.
    pub(super) dead_letters: Option<Arc<Topic>>,
}

/// Topics under granted prefixes that some records name.
pub(super) type Reached = HashMap<String, Arc<Topic>>;

impl Plan {
    /// The plan of one generation of a deployment.
    pub(super) fn new(
        Surroundings { log, secrets, .. }: &Surroundings,
        row: &Deployment,
        generation: &Generation,
        code: Arc<Code>,
    ) -> Result<Self> {
        let output = generation.output.as_ref().map(|name| log.topic(name)).transpose()?;
        let mut topics = HashMap::new();
        for name in generation.output.iter().chain(&generation.grants.topics).chain(&generation.internal) {
            topics.insert(name.to_string(), log.topic(name)?);
        }
        let mut changelogs = HashMap::new();
        for table in &generation.changelog {
            changelogs.insert(table.clone(), log.topic(&changelog_topic_of(&row.name, table)?)?);
        }
        let has_dead_letters = code.role().reads_topics();
        let filled = secret::fill(&generation.settings, |name| secrets.find(name))?;
        Ok(Self {
            settings: filled.settings.to_string().into(),
            secrets: filled.secrets,
            hosts: generation.grants.hosts.as_slice().into(),
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
            dead_letters: has_dead_letters.then(|| log.topic(&row.dead_letter_topic())).transpose()?,
        })
    }

    /// What an instance is told.
    pub(super) fn context(&self, deployment: &DeploymentName, scope: Scope, state: StateBase) -> Context {
        Context {
            deployment: deployment.to_string(),
            scope,
            is_bounded: false,
            generation: self.generation.number,
            settings: Arc::clone(&self.settings),
            secrets: self.secrets.clone(),
            hosts: Arc::clone(&self.hosts),
            cursor: None,
            state,
        }
    }

    /// The topics under granted prefixes that the records name, as far as they are there.
    pub(super) fn find_reached(&self, log: &Log, records: &[Emitted]) -> Result<(Reached, Vec<TopicName>), CallError> {
        let (mut reached, mut missing) = (Reached::new(), Vec::new());
        let grants = &self.generation.grants;
        if grants.topic_prefixes.is_empty() {
            return Ok((reached, missing));
        }
        for name in records.iter().filter_map(|record| record.topic.as_ref()) {
            if reached.contains_key(name) || self.topics.contains_key(name) || !grants.has_prefix_of(name) {
                continue;
            }
            let parsed = TopicName::parse(name).map_err(|error| CallError::Broken(error.detail))?;
            if name.ends_with(".dead-letters") || name.ends_with(".changelog") {
                return Err(CallError::Broken(format!(
                    "the plugin emitted a record to topic {name}, and topics of that name are the host's own"
                )));
            }
            match log.find_topic(&parsed) {
                Some(topic) => {
                    reached.insert(name.clone(), topic);
                }
                None => missing.push(parsed),
            }
        }
        Ok((reached, missing))
    }

    /// The same, and makes those that are missing.
    pub(super) async fn reach(&self, of: &Surroundings, records: &[Emitted]) -> Result<Reached, StepError> {
        let Surroundings { log, shutdown, .. } = of;
        let (mut reached, missing) = self.find_reached(log, records).map_err(StepError::Call)?;
        if let Some(name) = reached.keys().find(|name| of.owned.read().iter().any(|own| own.as_str() == *name)) {
            return Err(StepError::Call(CallError::Broken(format!(
                "the plugin emitted a record to topic {name}, which is another deployment's own"
            ))));
        }
        for name in missing {
            let is_under = |topic: &Arc<Topic>| self.generation.grants.has_prefix_of(topic.name().as_str());
            if log.topics().iter().filter(|topic| is_under(topic)).count() >= PREFIXED_TOPICS_MAX {
                return Err(StepError::Call(CallError::Broken(format!(
                    "the plugin wants topic {name}, and there are {PREFIXED_TOPICS_MAX} topics under its prefixes; make it yourself, or choose names that are fewer"
                ))));
            }
            let (own_log, wanted) = (Arc::clone(log), name.clone());
            // Whoever waits for it may go; a topic is made whole.
            let made = shutdown.whole(async move { own_log.create_topic(&wanted, &TopicConfig::default()).await });
            let made = made.await.unwrap_or_else(|| Err(Error::shutting_down()));
            let (topic, _) = made.map_err(|error| StepError::Host(error.detail))?;
            reached.insert(name.to_string(), topic);
        }
        Ok(reached)
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
