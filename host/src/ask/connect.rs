//! Connectors: the call that `kafka-do connect` makes.

use hyper::Uri;
use serde_json::Value;

use super::confirm::Confirm;
use super::deployment::{Deployment, Granted, role};
use super::{Facts, Plan, names};
use crate::error::{Error, Result};
use crate::model::command::ConnectCommand;
use crate::model::name::TopicName;
use crate::model::plugin::Role;
use crate::model::secret;

pub(super) fn plan(command: &ConnectCommand, facts: &impl Facts) -> Result<Plan> {
    let ConnectCommand { plugin, settings, topic } = command;
    let role = role(plugin, facts)?;
    if !role.is_connector() {
        return Err(Error::invalid(
            "not-a-connector",
            format!(
                "plugin {plugin} is a {}, which ties no topic to what is outside; deploy it with PUT /v1/deployments",
                role.noun()
            ),
        ));
    }
    let (mut inputs, mut output) = (Vec::new(), None);
    if role == Role::Sinking {
        inputs.extend(topic);
    } else {
        output = topic.as_ref();
    }
    let host = settings.get("url").and_then(Value::as_str).filter(|_| role.reaches_out()).and_then(authority);
    let hosts: Vec<String> = host.into_iter().collect();
    let settings = Value::Object(settings.clone());
    let secrets = secret::named(&settings);
    let words: Vec<&str> = std::iter::once(plugin.as_str()).chain(topic.as_ref().map(TopicName::as_str)).collect();
    let grants = Granted { hosts: hosts.clone() };
    let mut plan = Deployment { plugin, inputs, output, settings, grants }.plan(names::deployment(&words)?, facts)?;
    // The parser says where to: whether the speaker said so too, only the speaker knows.
    if !(hosts.is_empty() && secrets.is_empty()) {
        plan.confirm.push(Confirm::ReachesOut { plugin: plugin.clone(), topic: topic.clone(), hosts, secrets });
    }
    Ok(plan)
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
