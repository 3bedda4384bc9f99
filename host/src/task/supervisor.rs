//! The supervisor: brings deployments up, and changes them. A change is whole or it did not happen: the new generation is
//! compiled, checked and tried beside the running one before its row is committed, and a task that cannot take it sends
//! all of them back.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use parking_lot::RwLock;
use tokio::sync::{Semaphore, mpsc};

use super::deployed::{Deployed, Task};
use super::names::Names;
use super::plan::{Input, Plan, Request};
use super::status::DeploymentStatus;
use super::swap::internal_names;
use super::worker::{Command, Event, Surroundings, Worker};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::limits::{DEPLOYMENTS_MAX, INSTANCES_MAX, TASK_COMMANDS_MAX, TASK_STEPS_MAX};
use crate::log::{Log, Topic, Unit};
use crate::model::deployment::{Canary, Deployment, Start, changelog_topic_of, dead_letter_topic_of};
use crate::model::generation::{Generation, Standing};
use crate::model::name::{DeploymentName, PipelineName, PluginName, TopicName};
use crate::model::pipeline::Pipeline;
use crate::model::topic::{CleanupPolicy, TopicConfig};
use crate::plugin::{Code, Context, Instance, Registry, StateBase, check_settings};
use crate::shutdown::Shutdown;
use crate::store::state::Scope;
use crate::store::{Row, Store};
use crate::telemetry::Metrics;

#[derive(Debug)]
pub struct Supervisor {
    pub(super) surroundings: Arc<Surroundings>,
    pub(super) registry: Arc<Registry>,
    pub(super) store: Arc<Store>,
    pub(super) deployments: RwLock<BTreeMap<DeploymentName, Arc<Deployed>>>,
    pub(super) names: Names,
    pub(super) pipelines: RwLock<BTreeMap<PipelineName, Pipeline>>,
}

impl Supervisor {
    /// Takes up what was deployed before. Loading goes on in the background: the host answers at once.
    pub fn start(
        log: Arc<Log>,
        registry: Arc<Registry>,
        store: Arc<Store>,
        clock: Clock,
        metrics: Arc<Metrics>,
        shutdown: Shutdown,
    ) -> Result<Arc<Self>> {
        let (events, inbox) = mpsc::unbounded_channel();
        let turns = Semaphore::new(TASK_STEPS_MAX);
        let surroundings =
            Arc::new(Surroundings { log, store: Arc::clone(&store), clock, metrics, shutdown, events, turns });
        let snapshot = store.snapshot()?;
        let rows = snapshot.deployments()?;
        let pipelines = snapshot.pipelines()?.into_iter().map(|row| (row.name.clone(), row)).collect();
        drop(snapshot);
        let deployments: BTreeMap<_, _> =
            rows.into_iter().map(|row| (row.name.clone(), Arc::new(Deployed::new(row.completed())))).collect();
        let loading: Vec<_> = deployments.values().cloned().collect();
        let supervisor = Arc::new(Self {
            surroundings,
            registry,
            store,
            deployments: RwLock::new(deployments),
            names: Names::default(),
            pipelines: RwLock::new(pipelines),
        });
        for deployed in loading {
            let supervisor = Arc::clone(&supervisor);
            let surroundings = Arc::clone(&supervisor.surroundings);
            surroundings.shutdown.spawn(async move {
                supervisor.load(&deployed).await;
                supervisor.watch_canary(&deployed);
            });
        }
        let listening = Arc::clone(&supervisor);
        supervisor.surroundings.shutdown.spawn(listening.listen(inbox));
        Ok(supervisor)
    }

    /// Loads the plugin and starts a task for every partition that has none.
    pub(super) async fn load(self: &Arc<Self>, deployed: &Arc<Deployed>) {
        let Ok(_altering) = self.alter(deployed).await else { return };
        let row = deployed.row();
        let loaded = async {
            let log = &self.surroundings.log;
            let partitions = co_partitions_now(log, &row.current().inputs)?;
            self.grow_own_topics(&row, row.current(), partitions).await?;
            let code = self.registry.code(&row.current().version).await?;
            let plan = Plan::new(log, &row, row.current(), code)?;
            let canary = async {
                let Some(canary) = &row.canary else { return Ok(None) };
                let code = self.registry.code(&canary.generation.version).await?;
                let plan = Plan::new(log, &row, &canary.generation, code)?;
                Ok::<_, Error>(Some((canary.rule.partition, Arc::new(plan))))
            };
            // A canary that cannot start ends, and keeps nobody else from it.
            let (canary, lost) = canary.await.map_or_else(|error| (None, Some(error.detail)), |canary| (canary, None));
            self.spawn_tasks(deployed, &Arc::new(plan), canary)?;
            match lost {
                Some(reason) => self.end_canary(deployed, &reason).await.map(drop),
                None => Ok(()),
            }
        };
        if let Err(error) = loaded.await {
            tracing::error!(deployment = %row.name, %error, "a deployment cannot start");
            deployed.mark_broken(error.detail);
        }
    }

    async fn listen(self: Arc<Self>, mut inbox: mpsc::UnboundedReceiver<Event>) {
        let shutdown = self.surroundings.shutdown.clone();
        loop {
            let event = tokio::select! {
                () = shutdown.begun() => return,
                event = inbox.recv() => event,
            };
            match event {
                None => return,
                Some(Event::Fault { deployment, generation, reason }) => {
                    let is_canary = |canary: Canary| canary.generation.number == generation;
                    if self.find(&deployment).and_then(|deployed| deployed.row().canary).is_some_and(is_canary) {
                        let supervisor = Arc::clone(&self);
                        shutdown.spawn(async move {
                            supervisor.roll_back_failed(&deployment, generation, &reason).await;
                        });
                    }
                }
                Some(Event::WantsRollback { deployment, generation, reason }) => {
                    let supervisor = Arc::clone(&self);
                    shutdown.spawn(async move { supervisor.roll_back_failed(&deployment, generation, &reason).await });
                }
            }
        }
    }

    /// Deploys, or swaps what runs under the name. The flag says whether the deployment is new.
    pub async fn deploy(self: &Arc<Self>, name: &DeploymentName, request: Request) -> Result<(DeploymentStatus, bool)> {
        let (generation, code) = self.prepare(name, &request).await?;
        let held = self.names.hold([name.as_str()]).await;
        if let Some(deployed) = self.find(name) {
            drop(held);
            let _altering = self.alter(&deployed).await?;
            return Ok((self.replace(&deployed, &request, generation, code).await?, false));
        }
        if request.canary.is_some() {
            return Err(Error::unprocessable(
                "no-canary",
                format!("deployment {name} is new, so there is nothing to try it against; deploy it without a canary"),
            ));
        }
        let draft = self.draft(name, &request, generation, code).await?;
        let mut deployed = self.establish(vec![draft], Vec::new()).await?;
        let status = deployed.pop().ok_or_else(|| Error::internal("a deployment was lost"))?.status(&self.store)?;
        Ok((status, true))
    }

    /// Checks what is wanted as far as that can be done without the others, and loads the plugin.
    pub(super) async fn prepare(&self, name: &DeploymentName, request: &Request) -> Result<(Generation, Arc<Code>)> {
        request.check(name)?;
        let artefact = self.registry.resolve(&request.plugin, request.version.as_deref())?;
        check_settings(request.plugin.as_str(), &artefact.description.settings_schema, &request.settings)?;
        if !artefact.description.hosts.is_empty() {
            return Err(Error::unprocessable(
                "hosts-not-granted",
                format!(
                    "plugin {} wants to reach {}, and processors are granted no hosts",
                    request.plugin,
                    artefact.description.hosts.join(", ")
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
            let plan = Plan::new(log, &row, &generation, code)?;
            self.begin_state(&row, request.restore_state).await?;
            Ok((offsets, Arc::new(plan)))
        };
        match drafted.await {
            Ok((offsets, plan)) => Ok(Draft { row, offsets, plan, made }),
            Err(error) => {
                self.forget(vec![row], &made).await;
                Err(error)
            }
        }
    }

    /// Takes back what drafts left in the store and among the topics.
    pub(super) async fn forget_drafts(&self, drafts: Vec<Draft>) {
        for Draft { row, made, .. } in drafts {
            self.forget(vec![row], &made).await;
        }
    }

    async fn forget(&self, rows: Vec<Deployment>, made: &[TopicName]) {
        self.forget_state(rows.into_iter()).await;
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
        let asked = self.try_out(&row.name, Scope { deployment: row.id, partition: 0 }, generation, code).await?;
        generation.internal = internal_names(&row.name, &asked)?;
        let mut made = Vec::new();
        if let Err(error) = self.make_topics(row, generation, partitions, &mut made).await {
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
        partitions: u32,
        made: &mut Vec<TopicName>,
    ) -> Result<()> {
        let log = &self.surroundings.log;
        let config = TopicConfig { partitions, ..TopicConfig::default() };
        let compacted = TopicConfig { cleanup_policy: CleanupPolicy::Compact, ..config.clone() };
        let mut wanted: Vec<(TopicName, &TopicConfig)> = Vec::new();
        wanted.extend(generation.output.iter().map(|output| (output.clone(), &config)));
        let single = TopicConfig::default();
        wanted.push((dead_letter_topic_of(&row.name), &single));
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
    async fn grow_own_topics(&self, row: &Deployment, generation: &Generation, partitions: u32) -> Result<()> {
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
        let context = Context {
            deployment: name.to_string(),
            scope,
            generation: generation.number,
            settings: generation.settings.to_string().into(),
            state: StateBase::Store(Arc::clone(&self.store)),
        };
        let (instance, _) = Instance::open(code, &context).await.map_err(|error| refused(&error.to_string()))?;
        let asked = instance.internal_topics().to_vec();
        instance.close().await;
        Ok(asked)
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

    /// Starts a task for every partition that has none. The canary has a plan of its own.
    pub(super) fn spawn_tasks(
        &self,
        deployed: &Deployed,
        plan: &Arc<Plan>,
        canary: Option<(u32, Arc<Plan>)>,
    ) -> Result<()> {
        let row = deployed.row();
        let have = u32::try_from(deployed.tasks().len()).unwrap_or(u32::MAX);
        let mut workers = Vec::new();
        for partition in have..plan.partitions() {
            let plan = canary.as_ref().filter(|(of, _)| *of == partition).map_or(plan, |(_, plan)| plan);
            let surroundings = Arc::clone(&self.surroundings);
            workers.push(Worker::new(surroundings, &row, Arc::clone(plan), partition, deployed)?);
        }
        // All know of one another before the first one looks how far the others are.
        let tasks = workers.into_iter().map(|worker| {
            let shown = worker.shown();
            let (commands, inbox) = mpsc::channel(TASK_COMMANDS_MAX);
            let (failures, shown_last) = (Arc::clone(&deployed.failures), Arc::clone(&shown));
            let clock = self.surroundings.clock.clone();
            self.surroundings.shutdown.spawn(async move {
                if AssertUnwindSafe(worker.run(inbox)).catch_unwind().await.is_err() {
                    failures.remember(shown_last.lock().broke_down(clock.now_ms()));
                }
            });
            Task { commands, shown }
        });
        deployed.add_tasks(tasks.collect());
        Ok(())
    }

    /// Gives the partitions that a topic has got since tasks of their own.
    pub async fn topic_grew(self: &Arc<Self>, topic: &TopicName) {
        let reading: Vec<_> =
            self.deployments.read().values().filter(|d| d.row().inputs.contains(topic)).cloned().collect();
        for deployed in reading {
            self.load(&deployed).await;
        }
    }

    /// Returns once no task is in a call any more.
    pub async fn pause(self: &Arc<Self>, name: &DeploymentName) -> Result<DeploymentStatus> {
        self.set_paused(name, true).await
    }

    /// Goes on, also after a failure.
    pub async fn resume(self: &Arc<Self>, name: &DeploymentName) -> Result<DeploymentStatus> {
        self.set_paused(name, false).await
    }

    async fn set_paused(self: &Arc<Self>, name: &DeploymentName, paused: bool) -> Result<DeploymentStatus> {
        let deployed = self.get(name)?;
        let altering = self.alter(&deployed).await?;
        let row = Deployment { paused, ..deployed.row() };
        self.commit_row(&row, Vec::new()).await?;
        deployed.set_row(row);
        if !paused && (deployed.tasks().is_empty() || deployed.is_broken()) {
            drop(altering);
            self.load(&deployed).await;
            return deployed.status(&self.store);
        }
        deployed.tell(if paused { Command::Pause } else { Command::Resume }).await;
        deployed.status(&self.store)
    }

    /// Stops the tasks, then takes the deployment out, with its state and its progress. Topics stay.
    pub async fn delete(self: &Arc<Self>, name: &DeploymentName) -> Result<()> {
        let _held = self.names.hold([name.as_str()]).await;
        let deployed = self.get(name)?;
        if let Some(pipeline) = self.pipeline_of(name) {
            return Err(Error::conflict(
                "part-of-a-pipeline",
                format!(
                    "deployment {name} is part of pipeline {pipeline}; delete that with DELETE /v1/pipelines/{pipeline}"
                ),
            ));
        }
        self.take_out(vec![deployed], Vec::new()).await
    }

    pub fn has(&self, name: &DeploymentName) -> bool {
        self.deployments.read().contains_key(name)
    }

    /// Deployments of which the topic is their own, so that its partitions are as many as those of their inputs.
    pub fn owners_of_topic(&self, topic: &TopicName) -> Vec<DeploymentName> {
        let owns = |row: &Deployment| {
            let changelog = |table: &String| changelog_topic_of(&row.name, table).is_ok_and(|name| name == *topic);
            row.internal.contains(topic) || row.current().changelog.iter().any(changelog)
        };
        self.deployments.read().values().map(|deployed| deployed.row()).filter(owns).map(|row| row.name).collect()
    }

    /// The names of all deployments.
    pub fn names(&self) -> Vec<DeploymentName> {
        self.deployments.read().keys().cloned().collect()
    }

    pub fn status(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        self.show(&*self.get(name)?)
    }

    /// A deployment's status, with what its tasks do not know of: partitions that one input has and another lacks.
    fn show(&self, deployed: &Deployed) -> Result<DeploymentStatus> {
        let mut status = deployed.status(&self.store)?;
        let tasks = status.tasks.len();
        for input in deployed.row().current().inputs.iter().filter(|_| tasks > 0) {
            let Some(topic) = self.surroundings.log.find_topic(input) else { continue };
            let unread: u64 = topic
                .partitions()
                .iter()
                .skip(tasks)
                .map(|partition| partition.high_watermark() - partition.start_offset().min(partition.high_watermark()))
                .sum();
            if topic.partitions().len() > tasks {
                status.lag += unread;
                status.waiting = Some(format!(
                    "{input} has {} partitions, and {tasks} are read, as many as all inputs have; add partitions to the others",
                    topic.partitions().len()
                ));
            }
        }
        Ok(status)
    }

    pub fn list(&self) -> Result<Vec<DeploymentStatus>> {
        let deployed: Vec<_> = self.deployments.read().values().cloned().collect();
        deployed.iter().map(|deployed| self.show(deployed)).collect()
    }

    /// Deployments that read or write the topic.
    pub fn users_of_topic(&self, topic: &Topic) -> Vec<DeploymentName> {
        let uses = |row: &Deployment| {
            let current = row.current();
            let canary = row.canary.iter().map(|canary| &canary.generation);
            let is_canarys =
                canary.flat_map(|of| of.output.iter().chain(&of.grants.topics)).any(|name| name == topic.name());
            let is_changelog =
                |table: &String| changelog_topic_of(&row.name, table).is_ok_and(|name| name == *topic.name());
            row.reads().chain(&current.output).chain(&current.grants.topics).any(|name| name == topic.name())
                || is_canarys
                || row.dead_letter_topic() == *topic.name()
                || current.changelog.iter().any(is_changelog)
        };
        self.deployments.read().values().map(|deployed| deployed.row()).filter(uses).map(|row| row.name).collect()
    }

    /// Deployments that run the version now, or could be rolled back to it.
    pub fn users_of_version(
        &self,
        plugin: &PluginName,
        version: &crate::model::generation::Version,
    ) -> Vec<DeploymentName> {
        let uses = |row: &Deployment| {
            let canary = row.canary.as_ref().map(|canary| &canary.generation);
            row.generations
                .iter()
                .chain(canary)
                .any(|g| g.plugin == *plugin && g.version == *version && g.standing != Standing::RolledBack)
        };
        self.deployments.read().values().map(|deployed| deployed.row()).filter(uses).map(|row| row.name).collect()
    }

    /// Waits for its turn to change the deployment; whoever deleted it meanwhile has the last word.
    pub(super) async fn alter<'a>(&self, deployed: &'a Arc<Deployed>) -> Result<tokio::sync::MutexGuard<'a, ()>> {
        let altering = deployed.altering.lock().await;
        let name = deployed.row().name;
        if self.find(&name).is_some_and(|known| Arc::ptr_eq(&known, deployed)) {
            return Ok(altering);
        }
        Err(unknown(&name))
    }

    pub(super) fn find(&self, name: &DeploymentName) -> Option<Arc<Deployed>> {
        self.deployments.read().get(name).cloned()
    }

    pub(super) fn get(&self, name: &DeploymentName) -> Result<Arc<Deployed>> {
        self.find(name).ok_or_else(|| unknown(name))
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

fn unknown(name: &DeploymentName) -> Error {
    Error::not_found(
        "unknown-deployment",
        format!("there is no deployment {name}; make it with PUT /v1/deployments/{name}"),
    )
}

pub(super) fn refused(reason: &str) -> Error {
    Error::unprocessable("plugin-refused", format!("the plugin did not open, and nothing was changed: {reason}"))
}
