//! Deployments that sentences make: the call, and what stands in its way where one of the name is there already.

use serde::Serialize;
use serde_json::{Map, Value};

use super::call::Call;
use super::confirm::Confirm;
use super::{Facts, Plan};
use crate::error::{Error, Result};
use crate::model::deployment::Grants;
use crate::model::generation::Generation;
use crate::model::name::{DeploymentName, PluginName, TopicName};
use crate::model::plugin::Role;

/// What is to run.
#[derive(Serialize)]
pub(super) struct Deployment<'a> {
    pub(super) plugin: &'a PluginName,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) inputs: Vec<&'a TopicName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<&'a TopicName>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) settings: Value,
    #[serde(skip_serializing_if = "Granted::is_none")]
    pub(super) grants: Granted,
}

#[derive(Default, Serialize)]
pub(super) struct Granted {
    pub(super) hosts: Vec<String>,
}

impl Granted {
    fn is_none(&self) -> bool {
        self.hosts.is_empty()
    }

    fn are(&self, grants: &Grants) -> bool {
        let hosts: Option<Vec<_>> = self.hosts.iter().map(|host| host.clone().try_into().ok()).collect();
        hosts.is_some_and(|hosts| *grants == Grants { hosts, ..Grants::default() })
    }
}

fn is_empty(settings: &Value) -> bool {
    settings.as_object().is_some_and(Map::is_empty)
}

impl Deployment<'_> {
    /// One that runs already as it is wanted is left alone by the call itself.
    pub(super) fn plan(&self, name: DeploymentName, facts: &impl Facts) -> Result<Plan> {
        let mut plan = Plan::new(Call::put(format!("/v1/deployments/{name}"), self)?);
        if let Some(running) = facts.deployment(&name) {
            let differing = self.differing(&running);
            if !differing.is_empty() {
                plan.confirm.push(Confirm::Swaps { deployment: name, differing });
            }
        }
        Ok(plan)
    }

    /// What the one that runs has otherwise.
    fn differing(&self, running: &Generation) -> Vec<&'static str> {
        let (inputs, output) = (running.inputs.iter(), running.output.as_ref());
        [
            (*self.plugin == running.plugin, "another plugin"),
            (self.inputs.iter().copied().eq(inputs), "other inputs"),
            (self.output == output, "another output"),
            (self.settings == running.settings, "other settings"),
            (self.grants.are(&running.grants), "other grants"),
            (running.path.is_none(), "a path of its own"),
            (running.changelog.is_empty(), "a changelog"),
        ]
        .into_iter()
        .filter_map(|(is_same, what)| (!is_same).then_some(what))
        .collect()
    }
}

/// What the plugin is for; an error where the host does not have it.
pub(super) fn role(plugin: &PluginName, facts: &impl Facts) -> Result<Role> {
    facts.role(plugin).ok_or_else(|| {
        Error::not_found(
            "unknown-plugin",
            format!(
                "this takes plugin {plugin}, which the host does not have; start the host with --plugins and the folder of the standard plugins, or upload it with PUT /v1/plugins/{plugin}"
            ),
        )
    })
}

/// Settings as JSON.
pub(super) fn settings(of: &impl Serialize) -> Result<Value> {
    serde_json::to_value(of).map_err(|error| Error::internal(format!("settings cannot be written: {error}")))
}
