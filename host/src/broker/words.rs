//! Plain words: what exists goes to the parser with the sentence, and a reading comes back.

use std::collections::HashSet;
use std::sync::Arc;

use super::Broker;
use crate::ask::Facts;
use crate::error::{Error, Result};
use crate::limits::ASK_CATALOG_MAX;
use crate::model::command::{Catalog, Reading, Utterance};
use crate::model::deployment::Grants;
use crate::model::generation::Generation;
use crate::model::name::{DeploymentName, GroupName, PluginName, TopicName};
use crate::model::plugin::Role;
use crate::model::topic::TopicConfig;
use crate::task::{Changelog, Request};

/// The parser that is deployed where none is, under its own name.
const STANDARD_PARSER: &str = "natural-language";

impl Broker {
    /// Puts a sentence before the parser that listens, or before the standard one, which it deploys for the first sentence.
    /// Now is the host's unless the speaker says it.
    pub async fn parse(
        self: &Arc<Self>,
        text: String,
        now_ms: Option<i64>,
        utc_offset_minutes: i32,
    ) -> Result<Reading> {
        let now_ms = now_ms.unwrap_or_else(|| self.clock.now_ms());
        let said = || Utterance { text: text.clone(), now_ms, utc_offset_minutes, catalog: self.catalog() };
        if let Some(reading) = self.supervisor.parse(&text, said).await {
            return reading;
        }
        let deployed = self.deploy_standard_parser().await;
        // Somebody else may have deployed another one meanwhile.
        match self.supervisor.parse(&text, said).await {
            Some(reading) => reading,
            None => Err(deployed.err().unwrap_or_else(no_parser)),
        }
    }

    async fn deploy_standard_parser(self: &Arc<Self>) -> Result<()> {
        let plugin = PluginName::parse(STANDARD_PARSER)?;
        if self.role(&plugin) != Some(Role::Parsing) {
            return Err(no_parser());
        }
        let name = DeploymentName::parse(STANDARD_PARSER)?;
        let request = Request {
            plugin,
            version: None,
            inputs: Vec::new(),
            output: None,
            settings: serde_json::Value::Object(serde_json::Map::new()),
            grants: Grants::default(),
            path: None,
            changelog: Changelog::None,
            restore_state: false,
            canary: None,
        };
        self.whole(|broker| async move { broker.deploy(&name, request).await }).await.map(drop)
    }

    fn catalog(&self) -> Catalog {
        let topic = |topic: Arc<crate::log::Topic>| (topic.name().clone(), topic.config().partitions);
        // A deployment is spoken of by its name, and its group is not to be touched.
        let deployments: HashSet<GroupName> = self.supervisor.consuming().iter().map(super::group_of).collect();
        let mut groups = self.coordinator.names();
        groups.retain(|group| !deployments.contains(group));
        groups.sort_unstable();
        let mut catalog = Catalog {
            topics: self.log.topics().into_iter().map(topic).collect(),
            groups,
            plugins: self.registry.list().iter().filter_map(|of| of.last()).map(|of| of.name.clone()).collect(),
            deployments: self.supervisor.names(),
        };
        catalog.topics.sort_unstable();
        catalog.plugins.sort_unstable();
        catalog.topics.truncate(ASK_CATALOG_MAX);
        catalog.groups.truncate(ASK_CATALOG_MAX);
        catalog.plugins.truncate(ASK_CATALOG_MAX);
        catalog.deployments.truncate(ASK_CATALOG_MAX);
        catalog
    }
}

impl Facts for Broker {
    fn topic(&self, name: &TopicName) -> Result<TopicConfig> {
        Ok(TopicConfig::clone(&self.log.topic(name)?.config()))
    }

    fn role(&self, plugin: &PluginName) -> Option<Role> {
        Some(self.registry.versions(plugin).ok()?.last()?.role)
    }

    fn deployment(&self, name: &DeploymentName) -> Option<Generation> {
        self.supervisor.current(name)
    }

    fn readers(&self, topic: &TopicName) -> Vec<DeploymentName> {
        self.supervisor.readers_of_topic(topic)
    }
}

fn no_parser() -> Error {
    Error::not_found(
        "no-parser",
        format!(
            "no parser is deployed, and the host has no plugin {STANDARD_PARSER}; start it with --plugins and the folder of the standard plugins, or upload a parser with PUT /v1/plugins/{STANDARD_PARSER} and say it again"
        ),
    )
}
