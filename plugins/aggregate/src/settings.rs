//! What is asked of the plugin.

use kafka_do_sdk::Failure;
use kafka_do_sdk::json::{Condition, Path};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(default)]
    pub(crate) aggregate: Kind,
    pub(crate) value_path: Option<Path>,
    pub(crate) key_path: Option<Path>,
    pub(crate) time_path: Option<Path>,
    pub(crate) window_ms: Option<i64>,
    #[serde(default)]
    pub(crate) grace_ms: i64,
    #[serde(default, rename = "where")]
    pub(crate) conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    #[default]
    Count,
    Sum,
    Min,
    Max,
    Average,
}

impl Settings {
    /// What no schema says as well.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match (self.aggregate, &self.value_path) {
            (Kind::Count, Some(_)) => {
                Err(Failure::fatal("a count takes no value_path; leave it out, or aggregate something else"))
            }
            (Kind::Count, None) | (_, Some(_)) => Ok(()),
            (kind, None) => {
                Err(Failure::fatal(format!("{} needs a value_path: the field of its numbers", kind.name())))
            }
        }
    }

    /// What the state holds under these settings. Which records count, and for how long they may, can change under way.
    pub(crate) fn meaning(&self) -> String {
        let of = self.value_path.as_ref().map(|path| format!(" of {}", path.as_str())).unwrap_or_default();
        let per = self.key_path.as_ref().map(|path| format!(" per {}", path.as_str())).unwrap_or_default();
        let windows = self.window_ms.map(|ms| format!(" in windows of {ms} ms")).unwrap_or_default();
        format!("{}{of}{per}{windows}", self.aggregate.name())
    }
}

impl Kind {
    /// The field that it has in a result.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Average => "average",
        }
    }
}
