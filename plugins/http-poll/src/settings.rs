//! What an operator says.

use std::collections::BTreeMap;

use kafka_do_sdk::Failure;
use serde::Deserialize;

use crate::page::Paths;
use crate::url::origin;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default = "interval_ms_default")]
    pub(crate) interval_ms: u32,
    items: Option<String>,
    key_path: Option<String>,
    timestamp_path: Option<String>,
    pub(crate) cursor: Option<CursorSettings>,
}

/// How a poll goes on from where the last one ended.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum CursorSettings {
    Field(Field),
    Link(Link),
}

/// A field of the last item is a parameter of the next poll.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    #[serde(rename = "field")]
    pub(crate) path: String,
    pub(crate) parameter: String,
    /// What the first poll is asked with.
    pub(crate) start: Option<String>,
}

/// Each page names the next one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    link: bool,
}

fn interval_ms_default() -> u32 {
    30_000
}

impl Settings {
    /// What a schema does not see.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if origin(&self.url).is_none() {
            return Err(Failure::fatal("`url` is no address of http or https; write it as https://example.com/path"));
        }
        Ok(())
    }

    pub(crate) fn paths(&self) -> Paths<'_> {
        Paths {
            items: self.items.as_deref(),
            key: self.key_path.as_deref(),
            timestamp: self.timestamp_path.as_deref(),
            cursor: self.field().map(|field| field.path.as_str()),
        }
    }

    pub(crate) fn field(&self) -> Option<&Field> {
        if let Some(CursorSettings::Field(field)) = &self.cursor { Some(field) } else { None }
    }

    pub(crate) fn follows_links(&self) -> bool {
        matches!(self.cursor, Some(CursorSettings::Link(Link { link: true })))
    }
}
