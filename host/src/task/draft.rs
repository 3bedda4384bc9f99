//! Drafts: what a deployment, or its next generation, needs before anything of it is committed. It is checked, tried in an
//! instance that sees no record, and given its topics; what does not come to be takes back what was made for it.

use std::sync::Arc;

use super::deployed::Deployed;
use super::plan::{Input, Plan, Request};
use super::supervisor::{Supervisor, refused};
use crate::error::{Error, Result};
use crate::limits::{DEPLOYMENTS_MAX, INSTANCES_MAX, TOPIC_PARTITIONS_DEFAULT};
use crate::log::{Log, Unit};
use crate::model::deployment::{Deployment, Start, changelog_topic_of, dead_letter_topic_of, internal_topic_of};
use crate::model::generation::{Generation, Standing};
use crate::model::hook_path::HookPath;
use crate::model::name::{DeploymentName, PluginName, TopicName};
use crate::model::plugin::{Description, Role};
use crate::model::secret;
use crate::model::topic::{CleanupPolicy, TopicConfig};
use crate::plugin::{Code, Context, Instance, StateBase, check_settings};
use crate::store::Row;
use crate::store::state::Scope;

impl Supervisor {
    /// Checks what is wanted as far as that can be done without the others, and loads the plugin.
    pub(super) async fn prepare(&self, name: &DeploymentName, request: &Request) -> Result<(Generation, Arc<Code>)> {
        let artefact = self.registry.resolve(&request.plugin, request.version.as_deref())?;
        request.check(name, artefact.role)?;
        self.check_settings(&request.plugin, &artefact.description, &request.settings)?;
        let granted: Vec<String> = request.grants.hosts.iter().map(ToString::to_string).collect();
        let missing: Vec<_> = artefact.description.hosts.iter().filter(|host| !granted.contains(host)).collect();
        if !missing.is_empty() {
            return Err(Error::unprocessable(
                "hosts-not-granted",
                format!(
                    "plugin {} wants to reach {missing:?}; add them to grants.hosts of the deployment",
                    request.plugin
                ),
            ));
        }
        let log = &self.surroundings.log;
        for topic in &request.grants.topics {
            log.topic(topic)?;
        }
        let inputs: Vec<_> = request.inputs.iter().map(|input| input.topic.clone()).collect();
        let partitions = co_partitions(log, &inputs)?;
        if partitions > INSTANCES_MAX / 2 {
            return Err(Error::unprocessable(
                "too-many-tasks",
                format!(
                    "{} has {partitions} partitions, and a deployment may have {} tasks; read a topic with fewer partitions",
                    inputs[0],
                    INSTANCES_MAX / 2
                ),
            ));
        }
        let generation = Generation {
            number: 1,
            origin: 1,
            plugin: request.plugin.clone(),
            version: artefact.version.clone(),
            settings: request.settings.clone(),
            inputs: inputs.clone(),
            output: request.output.clone(),
            grants: request.grants.clone(),
            path: request.path.clone(),
            changelog: request.changelog.tables(&artefact.description.tables)?,
            internal: Vec::new(),
            started_ms: self.surroundings.clock.now_ms(),
            standing: Standing::Current,
            reason: None,
        };
        let code = self.registry.code(&artefact.version).await?;
        Ok((generation, code))
    }

    /// A new deployment, tried, with its topics made, and committed nowhere. Called with the name held.
    pub(super) async fn draft(
        &self,
        name: &DeploymentName,
        request: &Request,
        mut generation: Generation,
        code: Arc<Code>,
    ) -> Result<Draft> {
        if self.deployments.read().len() >= DEPLOYMENTS_MAX {
            return Err(Error::conflict(
                "too-many-deployments",
                format!("the host runs {DEPLOYMENTS_MAX} deployments; delete one first"),
            ));
        }
        let log = &self.surroundings.log;
        let mut row = Deployment {
            id: log.next_deployment_id().await?,
            name: name.clone(),
            inputs: request.inputs.iter().map(|input| input.topic.clone()).collect(),
            internal: Vec::new(),
            paused: false,
            generations: Vec::new(),
            canary: None,
        };
        let made = self.make_ready(&mut row, &mut generation, &code).await?;
        row.generations.push(generation.clone());
        let drafted = async {
            let mut offsets = self.internal_beginnings(&row, &made)?;
            for input in &request.inputs {
                offsets.extend(self.beginnings(&row, input).await?);
            }
            let plan = Plan::new(&self.surroundings, &row, &generation, code)?;
            self.begin_state(&row, request.restore_state).await?;
            Ok((offsets, Arc::new(plan)))
        };
        match drafted.await {
            Ok((offsets, plan)) => Ok(Draft { row, offsets, plan, made }),
            Err(error) => {
                self.forget(row, &made).await;
                Err(error)
            }
        }
    }

    /// Takes back what drafts left in the store and among the topics.
    pub(super) async fn forget_drafts(&self, drafts: Vec<Draft>) {
        for Draft { row, made, .. } in drafts {
            self.forget(row, &made).await;
        }
    }

    async fn forget(&self, row: Deployment, made: &[TopicName]) {
        self.forget_state(row).await;
        self.unmake(made).await;
    }

    /// Commits new deployments as one, with what else is to be written, and starts them. Called with their names held.
    pub(super) async fn establish(&self, drafts: Vec<Draft>, more: Vec<Row>) -> Result<Vec<Arc<Deployed>>> {
        let mut unit = Unit { rows: more, ..Unit::default() };
        for draft in &drafts {
            unit.rows.push(Row::Deployment(Box::new(draft.row.clone())));
            unit.rows.extend(draft.offsets.iter().cloned());
        }
        if let Err(error) = self.surroundings.log.commit(unit).await {
            self.forget_drafts(drafts).await;
            return Err(error);
        }
        // They are on the disk: from here on nothing takes them back, and what cannot start says so in its status.
        let mut established = Vec::new();
        for Draft { row, plan, .. } in drafts {
            let name = row.name.clone();
            let deployed = Arc::new(Deployed::new(row));
            let altering = deployed.altering.lock().await;
            self.deployments.write().insert(name, Arc::clone(&deployed));
            if let Err(error) = self.spawn_tasks(&deployed, &plan, None) {
                deployed.mark_broken(error.detail);
            }
            drop(altering);
            established.push(deployed);
        }
        Ok(established)
    }

    /// Tries the generation, and makes the topics that it needs: the answer is which ones were not there before.
    pub(super) async fn make_ready(
        &self,
        row: &mut Deployment,
        generation: &mut Generation,
        code: &Code,
    ) -> Result<Vec<TopicName>> {
        let partitions = co_partitions(&self.surroundings.log, &generation.inputs)?;
        self.check_path(&row.name, generation.path.as_ref())?;
        let asked = self.try_out(&row.name, Scope { deployment: row.id, partition: 0 }, generation, code).await?;
        generation.internal = internal_names(&row.name, &asked)?;
        let mut made = Vec::new();
        if let Err(error) = self.make_topics(row, generation, (code.role(), partitions), &mut made).await {
            self.unmake(&made).await;
            return Err(error);
        }
        row.internal.extend(generation.internal.iter().filter(|topic| made.contains(topic)).cloned());
        Ok(made)
    }

    /// `made` gathers what was not there before.
    async fn make_topics(
        &self,
        row: &Deployment,
        generation: &Generation,
        (role, partitions): (Role, u32),
        made: &mut Vec<TopicName>,
    ) -> Result<()> {
        let log = &self.surroundings.log;
        // What reads no topics has no number of partitions to keep to.
        let partitions = if partitions == 0 { TOPIC_PARTITIONS_DEFAULT } else { partitions };
        let config = TopicConfig { partitions, ..TopicConfig::default() };
        let compacted = TopicConfig { cleanup_policy: CleanupPolicy::Compact, ..config.clone() };
        let mut wanted: Vec<(TopicName, &TopicConfig)> = Vec::new();
        wanted.extend(generation.output.iter().map(|output| (output.clone(), &config)));
        let single = TopicConfig::default();
        if role.reads_topics() {
            wanted.push((dead_letter_topic_of(&row.name), &single));
        }
        for table in &generation.changelog {
            wanted.push((changelog_topic_of(&row.name, table)?, &compacted));
        }
        wanted.extend(generation.internal.iter().map(|topic| (topic.clone(), &config)));
        for (topic, config) in wanted {
            let is_internal = generation.internal.contains(&topic);
            let named = generation.inputs.iter().chain(&generation.output).chain(&generation.grants.topics);
            if is_internal && named.into_iter().any(|name| *name == topic) {
                return Err(taken(&topic, &row.name));
            }
            let (_, is_new) = log.create_topic(&topic, config).await?;
            if is_new {
                made.push(topic);
            } else if is_internal && !row.internal.contains(&topic) {
                return Err(taken(&topic, &row.name));
            }
        }
        let mut own = generation.internal.clone();
        for table in &generation.changelog {
            own.push(changelog_topic_of(&row.name, table)?);
        }
        self.surroundings.owned.write().extend(own);
        self.grow_own_topics(row, generation, partitions).await
    }

    /// Takes topics away again that were made for what did not come to be, where nobody has used them since.
    pub(super) async fn unmake(&self, made: &[TopicName]) {
        let log = &self.surroundings.log;
        for topic in made {
            let Some(topic) = log.find_topic(topic) else { continue };
            let is_empty = topic.partitions().iter().all(|partition| partition.high_watermark() == 0);
            if is_empty
                && self.users_of_topic(&topic).is_empty()
                && let Err(error) = log.delete_topic(topic.name()).await
            {
                tracing::warn!(topic = %topic.name(), %error, "a topic stays that was made for nothing");
            }
        }
    }

    /// The deployment's own topics have as many partitions as its inputs.
    pub(super) async fn grow_own_topics(
        &self,
        row: &Deployment,
        generation: &Generation,
        partitions: u32,
    ) -> Result<()> {
        let log = &self.surroundings.log;
        let mut own = generation.internal.clone();
        for table in &generation.changelog {
            own.push(changelog_topic_of(&row.name, table)?);
        }
        for topic in own {
            if log.topic(&topic)?.config().partitions < partitions {
                log.alter_topic(&topic, |config| config.partitions = partitions).await?;
            }
        }
        Ok(())
    }

    /// Opens an instance that never sees a record: settings that the plugin refuses are refused before anything changes. The
    /// answer is which internal topics it asks for.
    async fn try_out(
        &self,
        name: &DeploymentName,
        scope: Scope,
        generation: &Generation,
        code: &Code,
    ) -> Result<Vec<String>> {
        let filled = secret::fill(&generation.settings, |name| self.surroundings.secrets.find(name))?;
        let context = Context {
            deployment: name.to_string(),
            scope,
            is_bounded: false,
            generation: generation.number,
            settings: filled.settings.to_string().into(),
            secrets: filled.secrets,
            hosts: generation.grants.hosts.as_slice().into(),
            cursor: self.store.snapshot()?.cursor(scope.deployment)?,
            state: StateBase::Store(Arc::clone(&self.store)),
        };
        let (instance, _) = Instance::open(code, &context).await.map_err(|error| refused(&error.to_string()))?;
        let asked = instance.internal_topics().to_vec();
        instance.close().await;
        Ok(asked)
    }

    /// Checks settings as the plugin will get them. What a complaint shows of them must not be a secret.
    pub(super) fn check_settings(
        &self,
        plugin: &PluginName,
        description: &Description,
        settings: &serde_json::Value,
    ) -> Result<()> {
        let filled = secret::fill(settings, |name| self.surroundings.secrets.find(name))?;
        check_settings(plugin.as_str(), &description.settings_schema, &filled.settings, !filled.secrets.is_empty())
    }

    /// A path has one owner.
    fn check_path(&self, name: &DeploymentName, path: Option<&HookPath>) -> Result<()> {
        let Some(path) = path else { return Ok(()) };
        for deployed in self.deployments.read().values() {
            let row = deployed.row();
            if row.name != *name && row.current().path.as_ref().is_some_and(|taken| taken.overlaps(path)) {
                return Err(Error::conflict(
                    "path-taken",
                    format!(
                        "requests to {path} would also be for deployment {}; claim another path, or delete that deployment first",
                        row.name
                    ),
                ));
            }
        }
        Ok(())
    }

    /// How many partitions the inputs of a generation have by now.
    pub(super) fn partitions_of(&self, generation: &Generation) -> Result<u32> {
        co_partitions_now(&self.surroundings.log, &generation.inputs)
    }

    /// Where a deployment begins in an input that is new to it, partition by partition.
    pub(super) async fn beginnings(&self, row: &Deployment, input: &Input) -> Result<Vec<Row>> {
        let log = &self.surroundings.log;
        let at_ms = self.surroundings.clock.now_ms();
        let mut rows = Vec::new();
        for partition in log.topic(&input.topic)?.partitions() {
            let next = match input.start {
                Start::Earliest => partition.start_offset(),
                Start::Latest => partition.high_watermark(),
                Start::TimeMs(time_ms) => log.offset_at_time(&partition, time_ms).await?,
            };
            rows.push(Row::Beginning { group: row.group(), partition: partition.id(), next, at_ms });
        }
        Ok(rows)
    }

    /// What stands in an internal topic from before is nobody's.
    pub(super) fn internal_beginnings(&self, row: &Deployment, made: &[TopicName]) -> Result<Vec<Row>> {
        let topics = made.iter().filter(|topic| row.internal.contains(topic));
        let at_ms = self.surroundings.clock.now_ms();
        let mut rows = Vec::new();
        for topic in topics {
            for partition in self.surroundings.log.topic(topic)?.partitions() {
                let next = partition.high_watermark();
                rows.push(Row::Offset { group: row.group(), partition: partition.id(), next, at_ms });
            }
        }
        Ok(rows)
    }
}

/// A deployment that is ready to be.
pub(super) struct Draft {
    row: Deployment,
    offsets: Vec<Row>,
    plan: Arc<Plan>,
    /// Topics that were made for it.
    made: Vec<TopicName>,
}

/// An internal topic must be the deployment's own, and nobody else's.
fn taken(topic: &TopicName, deployment: &DeploymentName) -> Error {
    Error::conflict(
        "topic-exists",
        format!(
            "deployment {deployment} needs topic {topic} for itself, and there is one already that is not its own; deploy under another name, or delete that topic first"
        ),
    )
}

/// How many partitions the inputs have: all as many, or records that belong together would not meet.
fn co_partitions(log: &Log, inputs: &[TopicName]) -> Result<u32> {
    let mut first: Option<(&TopicName, u32)> = None;
    for input in inputs {
        let partitions = log.topic(input)?.config().partitions;
        match first {
            None => first = Some((input, partitions)),
            Some((other, wanted)) if wanted != partitions => {
                return Err(Error::unprocessable(
                    "not-co-partitioned",
                    format!(
                        "topics {other} and {input} have {wanted} and {partitions} partitions, and a deployment reads the same number of each, so that equal keys meet; add partitions to one with PATCH /v1/topics, or copy it into a topic with as many as the other"
                    ),
                ));
            }
            Some(_) => {}
        }
    }
    Ok(first.map_or(0, |(_, partitions)| partitions))
}

/// What all inputs have by now: one may have grown before the others.
pub(super) fn co_partitions_now(log: &Log, inputs: &[TopicName]) -> Result<u32> {
    let partitions = inputs.iter().map(|input| Ok(log.topic(input)?.config().partitions));
    Ok(partitions.collect::<Result<Vec<_>>>()?.into_iter().min().unwrap_or(0))
}

/// The full names of internal topics.
fn internal_names(name: &DeploymentName, short: &[String]) -> Result<Vec<TopicName>> {
    short.iter().map(|short| internal_topic_of(name, short)).collect()
}
