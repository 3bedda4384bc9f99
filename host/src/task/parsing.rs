//! Parsing: sentences, put before the one parser that listens.

use std::sync::Arc;

use super::activity::{Delivery, Verdict};
use super::deployed::Deployed;
use super::supervisor::Supervisor;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::model::command::{Reading, Utterance};
use crate::model::name::DeploymentName;
use crate::model::plugin::Role;
use crate::plugin::CallError;

/// What is shown of a sentence.
const SHOWN_SENTENCE_BYTES: usize = 100;

impl Supervisor {
    /// The deployment that sentences are put before.
    pub fn parser(&self) -> Option<DeploymentName> {
        self.listening().map(|deployed| deployed.name())
    }

    fn listening(&self) -> Option<Arc<Deployed>> {
        self.deployments.read().values().find(|deployed| self.is_parser(deployed)).cloned()
    }

    /// By its plugin: one that could not be loaded is a parser all the same.
    fn is_parser(&self, deployed: &Deployed) -> bool {
        if let Some(plan) = deployed.plan() {
            return plan.code.role() == Role::Parsing;
        }
        let row = deployed.row();
        let current = row.current();
        let found = self.registry.resolve(&current.plugin, Some(&current.version.0));
        found.is_ok_and(|artefact| artefact.role == Role::Parsing)
    }

    /// Deployments whose progress is a group's: all but those that answer sentences.
    pub fn consuming(&self) -> Vec<DeploymentName> {
        let deployments = self.deployments.read();
        deployments.iter().filter(|(_, deployed)| !self.is_parser(deployed)).map(|(name, _)| name.clone()).collect()
    }

    /// One parser listens. Called with `claiming` held.
    pub(super) fn check_only_parser(&self, name: &DeploymentName) -> Result<()> {
        match self.parser().filter(|parser| parser != name) {
            None => Ok(()),
            Some(parser) => Err(Error::conflict(
                "parser-exists",
                format!(
                    "deployment {parser} is the parser that sentences are put before, and there is one; swap it with PUT /v1/deployments/{parser}, or delete it"
                ),
            )),
        }
    }

    /// Puts a sentence before the parser; `None` where there is none. What is said with it is made once it has its turn: it is
    /// large, and many may wait.
    pub async fn parse(&self, text: &str, said: impl FnOnce() -> Utterance) -> Option<Result<Reading>> {
        let deployed = self.listening()?;
        Some(self.put_before(&deployed, text, said).await)
    }

    async fn put_before(&self, deployed: &Deployed, text: &str, said: impl FnOnce() -> Utterance) -> Result<Reading> {
        let desk = deployed.desk(Role::Parsing)?;
        let begun = Clock::instant();
        let at_ms = self.surroundings.clock.now_ms();
        let read = {
            let _turn = deployed.reception.turn().await?;
            match desk.take(deployed, self).await {
                Ok(mut instance) => {
                    let read = instance.parse(&said()).await;
                    desk.give_back(instance, &read);
                    read
                }
                Err(error) => Err(error),
            }
        };
        let (verdict, reason) = match &read {
            Ok(Reading::Understood(_)) => (Verdict::Accepted, None),
            Ok(Reading::Unclear(question)) => (Verdict::Refused, Some(question.text.clone())),
            Err(error @ CallError::Reject(_)) => (Verdict::Refused, Some(error.to_string())),
            Err(error) => (Verdict::Failed, Some(error.to_string())),
        };
        deployed.activity.remember(Delivery {
            at_ms,
            what: text[..text.floor_char_boundary(SHOWN_SENTENCE_BYTES)].to_owned(),
            verdict,
            status: None,
            records: 0,
            us: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            reason,
        });
        match read {
            Ok(reading) => {
                desk.went_well();
                Ok(reading)
            }
            Err(CallError::Reject(reason)) => {
                desk.went_well();
                let told = format!("the sentence was not taken: {reason}; say it otherwise");
                Err(Error::new(Kind::Unprocessable, "misread", told))
            }
            Err(error) => {
                let name = deployed.name();
                let told = |reason: &str| {
                    format!(
                        "parser {name} could not read the sentence: {reason}; say it again later, or swap the parser with PUT /v1/deployments/{name}"
                    )
                };
                Err(self.missed(deployed, &desk, error, told))
            }
        }
    }
}
