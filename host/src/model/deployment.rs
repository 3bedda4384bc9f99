//! A deployment: a plugin at work on topics, through all its generations.

use serde::{Deserialize, Serialize};

use super::egress::HostPattern;
use super::generation::{Generation, Standing};
use super::group;
use super::name::{DeploymentName, GroupName, TopicName};
use crate::error::{Error, Result};
use crate::limits::{
    CANARY_MS_DEFAULT, CANARY_TOLERANCE_PERCENT_DEFAULT, GENERATIONS_KEPT, GRANTED_HOSTS_MAX, GRANTED_PREFIXES_MAX,
    GRANTED_TOPICS_MAX,
};

/// A deployment's number in the store; names the rows of its state, and is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeploymentId(pub u32);

/// What an operator allows beyond the inputs and the output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    /// Further topics that the plugin may write to.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub topics: Vec<TopicName>,
    /// Any topic may be written to whose name begins so; one that is missing is made at its first record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topic_prefixes: Vec<String>,
    /// `host:port` that a connector may send to; `*.example.com:443` is all under a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub hosts: Vec<HostPattern>,
}

impl Grants {
    /// Whether a topic's name begins as one of the granted prefixes.
    pub fn has_prefix_of(&self, topic: &str) -> bool {
        self.topic_prefixes.iter().any(|prefix| topic.starts_with(prefix.as_str()))
    }

    pub fn check(&self) -> Result<()> {
        for (what, count, max) in [
            ("topics", self.topics.len(), GRANTED_TOPICS_MAX),
            ("topic prefixes", self.topic_prefixes.len(), GRANTED_PREFIXES_MAX),
            ("hosts", self.hosts.len(), GRANTED_HOSTS_MAX),
        ] {
            if count > max {
                return Err(Error::invalid(
                    "too-many-grants",
                    format!("{count} granted {what} are over the {max} allowed"),
                ));
            }
        }
        for prefix in &self.topic_prefixes {
            // Any name that begins so must be one.
            if prefix.is_empty() || TopicName::parse(&format!("{prefix}x")).is_err() {
                return Err(Error::invalid(
                    "invalid-grant",
                    format!("{prefix:?} is no beginning of a topic's name; write a prefix such as \"github.\""),
                ));
            }
        }
        Ok(())
    }
}

/// Where a deployment begins in an input of which it has committed nothing yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record, as Kafka Streams does.
    #[default]
    Earliest,
    Latest,
    /// At the first record of this time or later.
    TimeMs(i64),
}

/// How far a task is in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskTimes {
    /// Event time up to which its inputs have been read.
    pub watermark_ms: Option<i64>,
    /// The greatest timestamp of what it emitted to internal topics.
    pub emitted_ms: Option<i64>,
    /// When its plugin wants to be called, though no record comes.
    pub wake_at_ms: Option<i64>,
}

/// The row of a deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    pub id: DeploymentId,
    pub name: DeploymentName,
    /// What any of its generations reads.
    pub inputs: Vec<TopicName>,
    /// Topics of its own, which it writes and reads: those of all its generations, since records may still be in them.
    #[serde(default)]
    pub internal: Vec<TopicName>,
    pub paused: bool,
    /// Oldest first; the last one is current. Never empty.
    pub generations: Vec<Generation>,
    /// The generation that is tried on one partition before all get it.
    #[serde(default)]
    pub canary: Option<Canary>,
}

/// A generation on one partition, and what it is measured by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    pub generation: Generation,
    pub rule: CanaryRule,
}

/// When a canary goes on to all partitions, and when it goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanaryRule {
    /// The partition that gets the new generation first; 0 unless given.
    #[serde(default)]
    pub partition: u32,
    /// How long it is watched; 30 seconds unless given.
    #[serde(default = "canary_ms")]
    pub watch_ms: u64,
    /// By how many percent its output per input record may differ from that of the generation before; 50 unless given.
    #[serde(default = "canary_tolerance")]
    pub tolerance_percent: u32,
}

fn canary_ms() -> u64 {
    CANARY_MS_DEFAULT
}

fn canary_tolerance() -> u32 {
    CANARY_TOLERANCE_PERCENT_DEFAULT
}

impl Deployment {
    pub fn current(&self) -> &Generation {
        self.generations.last().expect("a deployment is made with its first generation")
    }

    /// The consumer group that carries its progress.
    pub fn group(&self) -> GroupName {
        group_of(&self.name)
    }

    /// The same, with what rows of older hosts leave open filled in.
    #[must_use]
    pub fn completed(mut self) -> Self {
        let canary = self.canary.as_mut().map(|canary| &mut canary.generation);
        for generation in self.generations.iter_mut().chain(canary) {
            if generation.inputs.is_empty() {
                generation.inputs.clone_from(&self.inputs);
            }
        }
        self
    }

    /// All topics that any of its generations reads: what it was told to, then its own.
    pub fn reads(&self) -> impl Iterator<Item = &TopicName> {
        self.inputs.iter().chain(&self.internal)
    }

    /// Where the records go that it refuses.
    pub fn dead_letter_topic(&self) -> TopicName {
        dead_letter_topic_of(&self.name)
    }

    /// The same deployment with `next` as its current generation.
    #[must_use]
    pub fn with_generation(&self, mut next: Generation, ended: Standing, reason: Option<&str>) -> Self {
        let mut deployment = self.clone();
        next.number = self.current().number + 1;
        if let Some(last) = deployment.generations.last_mut() {
            last.standing = ended;
            if let Some(reason) = reason {
                last.reason = Some(reason.to_owned());
            }
        }
        if next.origin == 0 {
            next.origin = next.number;
        }
        deployment.generations.push(next);
        let surplus = deployment.generations.len().saturating_sub(GENERATIONS_KEPT);
        deployment.generations.drain(..surplus);
        deployment
    }

    /// The generation that a rollback returns to: the newest one from before the content that runs now which was not
    /// itself rolled back.
    pub fn rollback_target(&self) -> Result<&Generation> {
        let current = self.current();
        self.generations
            .iter()
            .rev()
            .find(|g| g.number < current.origin && g.standing == Standing::Replaced && !g.same_content(current))
            .ok_or_else(|| {
                Error::conflict(
                    "nothing-to-roll-back-to",
                    format!("deployment {} has no earlier generation to return to; deploy the version that you want with PUT /v1/deployments/{}", self.name, self.name),
                )
            })
    }
}

pub fn group_of(name: &DeploymentName) -> GroupName {
    GroupName::parse(name.as_str()).expect("deployment and group names follow one rule")
}

pub fn dead_letter_topic_of(name: &DeploymentName) -> TopicName {
    group::dead_letter_topic_of(&group_of(name))
}

/// A topic that is the deployment's own: what it emits there comes back to it, partitioned by key.
pub fn internal_topic_of(deployment: &DeploymentName, name: &str) -> Result<TopicName> {
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !plain || name == "dead-letters" {
        return Err(Error::invalid(
            "invalid-name",
            format!("an internal topic cannot be named {name:?}; use letters, digits and hyphens"),
        ));
    }
    TopicName::parse(&format!("{deployment}.{name}"))
}

/// The compacted topic that has every change of a state table.
pub fn changelog_topic_of(deployment: &DeploymentName, table: &str) -> Result<TopicName> {
    TopicName::parse(&format!("{deployment}.{table}.changelog"))
}

#[cfg(test)]
mod tests {
    use super::super::generation::Version;
    use super::super::name::PluginName;
    use super::*;

    fn generation(settings: i64) -> Generation {
        Generation {
            number: 0,
            origin: 0,
            plugin: PluginName::parse("p").unwrap(),
            version: Version("00".into()),
            settings: settings.into(),
            inputs: vec![],
            output: None,
            grants: Grants::default(),
            path: None,
            changelog: vec![],
            internal: vec![],
            started_ms: 0,
            standing: Standing::Current,
            reason: None,
        }
    }

    fn deployment() -> Deployment {
        let first = Generation { number: 1, origin: 1, ..generation(1) };
        Deployment {
            id: DeploymentId(1),
            name: DeploymentName::parse("d").unwrap(),
            inputs: vec![],
            internal: vec![],
            paused: false,
            generations: vec![first],
            canary: None,
        }
    }

    #[test]
    fn a_rollback_walks_back_through_what_ran_well() {
        let three = deployment().with_generation(generation(2), Standing::Replaced, None).with_generation(
            generation(3),
            Standing::Replaced,
            None,
        );
        assert_eq!(three.rollback_target().unwrap().number, 2);

        let back = Generation { origin: 2, ..three.rollback_target().unwrap().clone() };
        let four = three.with_generation(back, Standing::RolledBack, Some("failed"));
        assert_eq!((four.current().number, four.current().origin), (4, 2));
        assert_eq!(four.generations[2].standing, Standing::RolledBack);
        assert_eq!(four.rollback_target().unwrap().number, 1);
    }

    #[test]
    fn the_first_generation_has_nowhere_to_go() {
        assert_eq!(deployment().rollback_target().unwrap_err().code, "nothing-to-roll-back-to");
    }

    #[test]
    fn only_so_many_generations_are_remembered() {
        let mut deployment = deployment();
        for settings in 0..200 {
            deployment = deployment.with_generation(generation(settings), Standing::Replaced, None);
        }
        assert_eq!(deployment.generations.len(), GENERATIONS_KEPT);
        assert_eq!(deployment.current().number, 201);
    }
}
