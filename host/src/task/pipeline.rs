//! Pipelines: several deployments that come as one, and go as one.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::deployed::Deployed;
use super::names::Held;
use super::plan::Request;
use super::status::{DeploymentStatus, TaskState, worst_of};
use super::supervisor::{Supervisor, own_topics};
use crate::error::{Error, Result};
use crate::limits::{PIPELINE_DEPLOYMENTS_MAX, PIPELINES_MAX};
use crate::log::Unit;
use crate::model::hook_path::HookPath;
use crate::model::name::{DeploymentName, PipelineName, TopicName};
use crate::model::pipeline::Pipeline;
use crate::model::plugin::Role;
use crate::model::topic::TopicConfig;
use crate::store::Row;

/// A pipeline, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PipelineStatus {
    pub name: String,
    /// The worst state of its deployments.
    pub state: TaskState,
    /// Records that all deployments together have yet to read.
    pub lag: u64,
    pub created_ms: i64,
    /// In the order in which they were given.
    pub deployments: Vec<DeploymentStatus>,
}

impl Supervisor {
    /// Makes all deployments in one transaction, or none. A topic that one of them writes and another reads is made where
    /// it is missing.
    pub async fn create_pipeline(
        self: &Arc<Self>,
        name: &PipelineName,
        requests: Vec<(DeploymentName, Request)>,
    ) -> Result<PipelineStatus> {
        let names: Vec<_> = requests.iter().map(|(name, _)| name.clone()).collect();
        self.check_pipeline(name, &names)?;
        check_flow(&requests)?;
        let paths: Vec<&HookPath> = requests.iter().filter_map(|(_, request)| request.path.as_ref()).collect();
        let _claiming = if paths.is_empty() { None } else { Some(self.claiming.lock().await) };
        if let Some((_, path)) =
            paths.iter().enumerate().find(|(at, path)| paths[..*at].iter().any(|of| of.overlaps(path)))
        {
            return Err(Error::conflict(
                "path-taken",
                format!(
                    "two deployments of the pipeline would both take requests to {path}; give each a path of its own"
                ),
            ));
        }
        let _held = self.hold_all(name, &names).await;
        if self.pipelines.read().contains_key(name) {
            return Err(Error::conflict(
                "pipeline-exists",
                format!(
                    "there is a pipeline {name}; swap its deployments with PUT /v1/deployments, or delete it first with DELETE /v1/pipelines/{name}"
                ),
            ));
        }
        if let Some(taken) = names.iter().find(|name| self.find(name).is_some()) {
            return Err(Error::conflict(
                "deployment-exists",
                format!("there is a deployment {taken}; a pipeline makes its own: choose another name"),
            ));
        }
        let row = Pipeline { name: name.clone(), deployments: names, created_ms: self.surroundings.clock.now_ms() };
        let mut links = Vec::new();
        if let Err(error) = self.establish_pipeline(&row, &requests, &mut links).await {
            self.unmake(&links).await;
            return Err(error);
        }
        self.pipelines.write().insert(name.clone(), row.clone());
        self.show_pipeline(&row)
    }

    pub fn pipeline(&self, name: &PipelineName) -> Result<PipelineStatus> {
        let row = self.pipelines.read().get(name).cloned().ok_or_else(|| unknown(name))?;
        self.show_pipeline(&row)
    }

    pub fn pipelines(&self) -> Result<Vec<PipelineStatus>> {
        let rows: Vec<_> = self.pipelines.read().values().cloned().collect();
        // One that is being deleted has lost its deployments already.
        Ok(rows.iter().filter_map(|row| self.show_pipeline(row).ok()).collect())
    }

    /// The pipeline that a deployment belongs to.
    pub(super) fn pipeline_of(&self, deployment: &DeploymentName) -> Option<PipelineName> {
        let pipelines = self.pipelines.read();
        pipelines.values().find(|row| row.deployments.contains(deployment)).map(|row| row.name.clone())
    }

    fn show_pipeline(&self, row: &Pipeline) -> Result<PipelineStatus> {
        let deployments: Vec<_> = row.deployments.iter().map(|name| self.status(name)).collect::<Result<_>>()?;
        Ok(PipelineStatus {
            name: row.name.to_string(),
            state: worst_of(deployments.iter().map(|deployment| deployment.state)),
            lag: deployments.iter().map(|deployment| deployment.lag).sum(),
            created_ms: row.created_ms,
            deployments,
        })
    }

    /// Stops all its deployments, then takes them out as one, with their state and their progress. Topics stay.
    pub async fn delete_pipeline(self: &Arc<Self>, name: &PipelineName) -> Result<Vec<DeploymentName>> {
        let names = self.pipelines.read().get(name).cloned().ok_or_else(|| unknown(name))?.deployments;
        let _held = self.hold_all(name, &names).await;
        let row = self.pipelines.read().get(name).cloned().ok_or_else(|| unknown(name))?;
        let deployed = row.deployments.iter().map(|name| self.get(name)).collect::<Result<Vec<_>>>()?;
        self.take_out(deployed, vec![Row::PipelineGone(name.clone())]).await?;
        self.pipelines.write().remove(name);
        Ok(row.deployments)
    }

    /// No deployment's name has a slash.
    async fn hold_all(&self, name: &PipelineName, deployments: &[DeploymentName]) -> Held {
        let own = format!("pipelines/{name}");
        self.names.hold(deployments.iter().map(DeploymentName::as_str).chain([own.as_str()])).await
    }

    fn check_pipeline(&self, name: &PipelineName, names: &[DeploymentName]) -> Result<()> {
        if names.is_empty() || names.len() > PIPELINE_DEPLOYMENTS_MAX {
            return Err(Error::invalid(
                "invalid-pipeline",
                format!("a pipeline has 1 to {PIPELINE_DEPLOYMENTS_MAX} deployments, and {} are given", names.len()),
            ));
        }
        let unique: BTreeSet<_> = names.iter().collect();
        if unique.len() < names.len() {
            return Err(Error::invalid(
                "invalid-pipeline",
                "two deployments have one name; give each a name of its own",
            ));
        }
        if self.pipelines.read().len() >= PIPELINES_MAX {
            return Err(Error::conflict(
                "too-many-pipelines",
                format!("the host has {PIPELINES_MAX} pipelines; delete one before {name}"),
            ));
        }
        Ok(())
    }

    /// Called with their names held.
    async fn establish_pipeline(
        &self,
        row: &Pipeline,
        requests: &[(DeploymentName, Request)],
        links: &mut Vec<TopicName>,
    ) -> Result<()> {
        self.create_links(requests, links).await?;
        let mut drafts = Vec::new();
        for (name, request) in requests {
            let drafted = async {
                let (generation, code) = self.prepare(name, request).await?;
                if code.role() == Role::Parsing {
                    return Err(Error::invalid(
                        "not-of-this-role",
                        "a parser ties no topics together; deploy it by itself with PUT /v1/deployments",
                    ));
                }
                self.draft(name, request, generation, code).await
            };
            match drafted.await {
                Ok(draft) => drafts.push(draft),
                Err(error) => {
                    self.forget_drafts(drafts).await;
                    let detail = format!("deployment {name} of the pipeline: {}", error.detail);
                    return Err(Error { detail, ..error });
                }
            }
        }
        self.establish(drafts, vec![Row::Pipeline(row.clone())]).await.map(drop)
    }

    /// Makes the topics that one deployment writes and another reads, each with as many partitions as its writer's inputs;
    /// `links` gathers those that were not there.
    async fn create_links(&self, requests: &[(DeploymentName, Request)], links: &mut Vec<TopicName>) -> Result<()> {
        let log = &self.surroundings.log;
        let is_read = |topic: &TopicName| {
            requests.iter().any(|(_, request)| request.inputs.iter().any(|input| input.topic == *topic))
        };
        // A link may be the input of the writer of the next: as many rounds as there are deployments reach all.
        for _ in requests {
            for (_, request) in requests {
                let inputs: Option<Vec<_>> = request.inputs.iter().map(|input| log.find_topic(&input.topic)).collect();
                let Some(partitions) = inputs.and_then(|inputs| Some(inputs.first()?.config().partitions)) else {
                    continue;
                };
                for topic in request.output.iter().chain(&request.grants.topics).filter(|topic| is_read(topic)) {
                    let config = TopicConfig { partitions, ..TopicConfig::default() };
                    if log.create_topic(topic, &config).await?.1 {
                        links.push(topic.clone());
                    }
                }
            }
        }
        Ok(())
    }

    /// Stops deployments and takes them out with their state, as one. Called with their names held.
    pub(super) async fn take_out(self: &Arc<Self>, deployed: Vec<Arc<Deployed>>, more: Vec<Row>) -> Result<()> {
        let mut altering = Vec::new();
        for deployed in &deployed {
            altering.push(self.alter(deployed).await?);
        }
        for deployed in &deployed {
            deployed.stop().await;
        }
        let gone = deployed.iter().map(|deployed| Row::DeploymentGone(Box::new(deployed.row())));
        let rows = gone.chain(more).collect();
        if let Err(error) = self.surroundings.log.commit(Unit { rows, ..Unit::default() }).await {
            // They are still there, and so must their tasks be.
            drop(altering);
            for deployed in &deployed {
                self.load(deployed).await;
            }
            return Err(error);
        }
        for deployed in &deployed {
            let row = deployed.row();
            self.deployments.write().remove(&row.name);
            let own = own_topics(&row);
            self.surroundings.owned.write().retain(|topic| !own.contains(topic));
            for topic in row.internal {
                if let Err(error) = self.surroundings.log.delete_topic(&topic).await {
                    tracing::warn!(%topic, %error, "an internal topic of a deleted deployment stays");
                }
            }
        }
        Ok(())
    }
}

/// Records flow from the first to the last: a pipeline that feeds itself never comes to an end.
fn check_flow(requests: &[(DeploymentName, Request)]) -> Result<()> {
    let feeds = |from: usize, to: usize| {
        let (from, to) = (&requests[from].1, &requests[to].1);
        from.output.iter().chain(&from.grants.topics).any(|topic| to.inputs.iter().any(|input| input.topic == *topic))
    };
    // Whoever is fed by nobody that is left is taken out, until all are; what stays feeds itself.
    let mut left: Vec<usize> = (0..requests.len()).collect();
    loop {
        let before = left.len();
        let fed: Vec<usize> = left.iter().copied().filter(|to| left.iter().any(|from| feeds(*from, *to))).collect();
        left = fed;
        if left.is_empty() {
            return Ok(());
        }
        if left.len() == before {
            let names: Vec<_> = left.iter().map(|index| requests[*index].0.to_string()).collect();
            return Err(Error::invalid(
                "pipeline-feeds-itself",
                format!(
                    "what {} write comes back to them, and would go round for ever; write to a topic that none of them reads",
                    names.join(" and ")
                ),
            ));
        }
    }
}

fn unknown(name: &PipelineName) -> Error {
    Error::not_found("unknown-pipeline", format!("there is no pipeline {name}; make it with POST /v1/pipelines"))
}
