//! Connectors: the call that `kafka-do connect` makes.

use hyper::Uri;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Facts;
use super::call::Call;
use super::names;
use super::stream::role;
use crate::error::{Error, Result};
use crate::model::command::ConnectCommand;
use crate::model::name::{PluginName, TopicName};
use crate::model::plugin::Role;

#[derive(Serialize)]
struct Deployment<'a> {
    plugin: &'a PluginName,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inputs: Vec<&'a TopicName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a TopicName>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    settings: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<Grants>,
}

#[derive(Serialize)]
struct Grants {
    hosts: [String; 1],
}

pub(super) fn call(command: &ConnectCommand, facts: &impl Facts) -> Result<Call> {
    let ConnectCommand { plugin, settings, topic } = command;
    let role = role(plugin, facts)?;
    if matches!(role, Role::Processing | Role::ColumnProcessing) {
        return Err(Error::invalid(
            "not-a-connector",
            format!(
                "plugin {plugin} is a processor, which ties topics to topics and nothing outside; deploy it with PUT /v1/deployments"
            ),
        ));
    }
    let (mut inputs, mut output) = (Vec::new(), None);
    if role == Role::Sinking {
        inputs.extend(topic);
    } else {
        output = topic.as_ref();
    }
    // Whoever says where to, means that it may go there.
    let host = settings.get("url").and_then(Value::as_str).filter(|_| role.reaches_out()).and_then(authority);
    let grants = host.map(|host| Grants { hosts: [host] });
    let words: Vec<&str> = std::iter::once(plugin.as_str()).chain(topic.as_ref().map(TopicName::as_str)).collect();
    let body = Deployment { plugin, inputs, output, settings, grants };
    Call::put(format!("/v1/deployments/{}", names::deployment(&words)?), &body)
}

/// The host and the port that a URL of the web leads to.
fn authority(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let port = match (url.port_u16(), url.scheme_str()) {
        (Some(port), _) => port,
        (None, Some("https")) => 443,
        (None, Some("http")) => 80,
        (None, _) => return None,
    };
    Some(format!("{}:{port}", url.host()?))
}
