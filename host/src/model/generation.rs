//! A generation: one plugin version with one set of settings, from the swap that brought it in to the one that ended it;
//! and the ledger, which says which input offsets it processed.

use serde::{Deserialize, Serialize};

use super::deployment::Grants;
use super::hook_path::HookPath;
use super::name::{PluginName, TopicName};
use crate::limits::TRIAL_MS;

/// The SHA-256 of a component, in lowercase hexadecimal digits: a version is its content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version(pub String);

impl Version {
    /// Enough of it for a person.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// Counts up from 1; a rollback is a generation of its own.
    pub number: u32,
    /// The generation whose plugin and settings these are: its own number, but for a rollback.
    pub origin: u32,
    pub plugin: PluginName,
    pub version: Version,
    pub settings: serde_json::Value,
    /// What it reads, in the order in which equal times are taken; those of the deployment where an older host wrote the row.
    #[serde(default)]
    pub inputs: Vec<TopicName>,
    pub output: Option<TopicName>,
    pub grants: Grants,
    /// Where it takes requests beside its own path under `/hooks`.
    #[serde(default)]
    pub path: Option<HookPath>,
    /// State tables of which every change is also a record of a compacted topic.
    #[serde(default)]
    pub changelog: Vec<String>,
    /// Topics of the deployment's own that it asked for: it repartitions.
    #[serde(default)]
    pub internal: Vec<TopicName>,
    pub started_ms: i64,
    pub standing: Standing,
    /// Why it came, or why it went, where that was not simply asked for.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Current,
    /// On one partition, on trial.
    Canary,
    Replaced,
    RolledBack,
}

impl Generation {
    /// Whether it is new, and there is one to return to: a rollback has had its trial.
    pub fn is_on_trial(&self, now_ms: i64) -> bool {
        self.number > 1 && self.origin == self.number && now_ms - self.started_ms < TRIAL_MS
    }

    /// Whether `other` would run the same code with the same settings.
    pub fn same_content(&self, other: &Self) -> bool {
        self.plugin == other.plugin
            && self.version == other.version
            && self.settings == other.settings
            && self.inputs == other.inputs
            && self.output == other.output
            && self.grants == other.grants
            && self.path == other.path
            && self.changelog == other.changelog
    }
}

/// What one generation did of one partition of one input. The ranges of a deployment's generations join without a gap or an
/// overlap: that is the proof that a swap lost nothing and repeated nothing. Written in the transaction that it tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    pub from_offset: u64,
    pub next_offset: u64,
    pub records_in: u64,
    pub records_out: u64,
    pub rejected: u64,
}
