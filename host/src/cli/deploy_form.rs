//! What `PUT /v1/deployments` is sent.

use serde::Serialize;
use serde_json::Value;

#[derive(Serialize, Default)]
pub(super) struct DeployForm<'a> {
    pub(super) plugin: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    pub(super) inputs: Vec<Input<'a>>,
    pub(super) output: Option<&'a str>,
    pub(super) settings: Value,
    pub(super) grants: Grants<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) changelog: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) restore_state: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) canary: Option<Canary>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Input<'a> {
    Name(&'a str),
    With { topic: &'a str, start: &'a str },
}

impl<'a> Input<'a> {
    /// No topic has an @ in its name.
    pub(super) fn new(text: &'a str) -> Self {
        match text.split_once('@') {
            None => Self::Name(text),
            Some((topic, start)) => Self::With { topic, start },
        }
    }
}

#[derive(Serialize)]
pub(super) struct Canary {
    pub(super) partition: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) watch_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tolerance_percent: Option<u32>,
}

#[derive(Serialize, Default)]
pub(super) struct Grants<'a> {
    pub(super) topics: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) topic_prefixes: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) hosts: &'a [String],
}
