//! Topics of the deployment's own: a guest says in `open` which it needs, and gets their full names. Making them is the
//! task's business, before the guest sees its first record.

use super::state::Phase;
use super::{Host, wit};
use crate::limits::INTERNAL_TOPICS_MAX;
use crate::model::deployment::internal_topic_of;
use crate::model::name::DeploymentName;
use crate::plugin::instance::Context;
use wit::types::HostError;

pub(in crate::plugin) struct Topics {
    deployment: String,
    phase: Phase,
    /// The short names that were asked for, each once.
    pub(in crate::plugin) internal: Vec<String>,
}

impl Topics {
    pub(super) fn new(context: &Context) -> Self {
        Self { deployment: context.deployment.clone(), phase: Phase::Opening, internal: Vec::new() }
    }

    pub(in crate::plugin) fn begin_call(&mut self, phase: Phase) {
        self.phase = phase;
    }

    fn internal(&mut self, name: String) -> Result<String, HostError> {
        if self.phase != Phase::Opening {
            return Err(HostError::Denied("internal topics are named in open, and not later".into()));
        }
        let topic =
            DeploymentName::parse(&self.deployment).and_then(|deployment| internal_topic_of(&deployment, &name));
        let topic = topic.map_err(|error| HostError::Other(error.detail))?;
        if !self.internal.contains(&name) {
            if self.internal.len() == INTERNAL_TOPICS_MAX {
                return Err(HostError::TooLarge(INTERNAL_TOPICS_MAX as u64));
            }
            self.internal.push(name);
        }
        Ok(topic.to_string())
    }
}

impl wit::topics::Host for Host {
    fn internal(&mut self, name: String) -> wasmtime::Result<Result<String, HostError>> {
        Ok(self.topics.internal(name))
    }
}
