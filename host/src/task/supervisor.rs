//! The supervisor: brings deployments up, and changes them. A change is whole or it did not happen: the new generation is
//! compiled, checked and tried beside the running one before its row is committed, and a task that cannot take it sends
//! all of them back.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, mpsc};

use super::deployed::{Deployed, Task};
use super::draft::co_partitions_now;
use super::names::Names;
use super::plan::{Plan, Request};
use super::source::SourceWorker;
use super::status::{DeploymentStatus, Shown};
use super::worker::{Command, Event, Surroundings, Worker};
use crate::clock::Clock;
use crate::config::SecretSource;
use crate::error::{Error, Result};
use crate::limits::{POLLS_MAX, SINK_STEPS_MAX, TASK_COMMANDS_MAX, TASK_STEPS_MAX};
use crate::log::{Log, Topic};
use crate::model::deployment::{Canary, Deployment, changelog_topic_of};
use crate::model::generation::{Generation, Standing};
use crate::model::name::{DeploymentName, PipelineName, PluginName, TopicName};
use crate::model::pipeline::Pipeline;
use crate::model::plugin::Role;
use crate::plugin::{Code, Registry};
use crate::shutdown::Shutdown;
use crate::store::Store;
use crate::telemetry::Metrics;

#[derive(Debug)]
pub struct Supervisor {
    pub(super) surroundings: Arc<Surroundings>,
    pub(super) registry: Arc<Registry>,
    pub(super) store: Arc<Store>,
    pub(super) deployments: RwLock<BTreeMap<DeploymentName, Arc<Deployed>>>,
    pub(super) names: Names,
    /// Held while paths are claimed, or the parser's place.
    pub(super) claiming: tokio::sync::Mutex<()>,
    pub(super) pipelines: RwLock<BTreeMap<PipelineName, Pipeline>>,
    /// What the last query ran: kept, since to load it takes longer than most queries.
    pub(super) queried: Mutex<Option<Arc<Code>>>,
}

impl Supervisor {
    /// Takes up what was deployed before. Loading goes on in the background: the host answers at once.
    pub fn start(
        log: Arc<Log>,
        registry: Arc<Registry>,
        store: Arc<Store>,
        secrets: SecretSource,
        clock: Clock,
        metrics: Arc<Metrics>,
        shutdown: Shutdown,
    ) -> Result<Arc<Self>> {
        let (events, inbox) = mpsc::unbounded_channel();
        let (turns, outward_turns) = (Semaphore::new(TASK_STEPS_MAX), Semaphore::new(SINK_STEPS_MAX));
        let snapshot = store.snapshot()?;
        let rows = snapshot.deployments()?;
        let surroundings = Surroundings {
            log,
            store: Arc::clone(&store),
            secrets,
            clock,
            metrics,
            shutdown,
            events,
            turns,
            outward_turns,
            polls: Semaphore::new(POLLS_MAX),
            owned: RwLock::new(rows.iter().flat_map(own_topics).collect()),
        };
        let surroundings = Arc::new(surroundings);
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
            claiming: tokio::sync::Mutex::default(),
            pipelines: RwLock::new(pipelines),
            queried: Mutex::default(),
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
        supervisor.surroundings.shutdown.spawn(Arc::clone(&supervisor).tidy_receptions());
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
            let plan = Plan::new(&self.surroundings, &row, row.current(), code)?;
            let canary = async {
                let Some(canary) = &row.canary else { return Ok(None) };
                let code = self.registry.code(&canary.generation.version).await?;
                let plan = Plan::new(&self.surroundings, &row, &canary.generation, code)?;
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
        // What one alone may have is looked at and claimed by one after the other.
        let claims = request.path.is_some() || code.role() == Role::Parsing;
        let _claiming = if claims { Some(self.claiming.lock().await) } else { None };
        if code.role() == Role::Parsing {
            self.check_only_parser(name)?;
        }
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
        let status = deployed
            .pop()
            .ok_or_else(|| Error::internal("a deployment was lost"))?
            .status(&self.store, self.surroundings.clock.now_ms())?;
        Ok((status, true))
    }

    /// Starts a task for every partition that has none. The canary has a plan of its own.
    pub(super) fn spawn_tasks(
        &self,
        deployed: &Deployed,
        plan: &Arc<Plan>,
        canary: Option<(u32, Arc<Plan>)>,
    ) -> Result<()> {
        deployed.set_plan(plan);
        let row = deployed.row();
        let have = u32::try_from(deployed.tasks().len()).unwrap_or(u32::MAX);
        if plan.code.role() == Role::Sourcing && have == 0 {
            let worker = SourceWorker::new(Arc::clone(&self.surroundings), &row, Arc::clone(plan), deployed)?;
            deployed.add_tasks(vec![self.start_task(deployed, worker.shown(), |inbox| worker.run(inbox))]);
            return Ok(());
        }
        let mut workers = Vec::new();
        for partition in have..plan.partitions() {
            let plan = canary.as_ref().filter(|(of, _)| *of == partition).map_or(plan, |(_, plan)| plan);
            let surroundings = Arc::clone(&self.surroundings);
            workers.push(Worker::new(surroundings, &row, Arc::clone(plan), partition, deployed)?);
        }
        // All know of one another before the first one looks how far the others are.
        let tasks =
            workers.into_iter().map(|worker| self.start_task(deployed, worker.shown(), |inbox| worker.run(inbox)));
        deployed.add_tasks(tasks.collect());
        Ok(())
    }

    /// Sets a task going; one that breaks down says so.
    fn start_task<F: Future<Output = ()> + Send + 'static>(
        &self,
        deployed: &Deployed,
        shown: Arc<Mutex<Shown>>,
        run: impl FnOnce(mpsc::Receiver<Command>) -> F,
    ) -> Task {
        let (commands, inbox) = mpsc::channel(TASK_COMMANDS_MAX);
        let (failures, shown_last) = (Arc::clone(&deployed.failures), Arc::clone(&shown));
        let clock = self.surroundings.clock.clone();
        let running = AssertUnwindSafe(run(inbox)).catch_unwind();
        self.surroundings.shutdown.spawn(async move {
            if running.await.is_err() {
                failures.remember(shown_last.lock().broke_down(clock.now_ms()));
            }
        });
        Task { commands, shown }
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
            // Also what has no tasks, and whose secrets may have changed meanwhile.
            drop(altering);
            self.load(&deployed).await;
            return deployed.status(&self.store, self.surroundings.clock.now_ms());
        }
        deployed.tell(if paused { Command::Pause } else { Command::Resume }).await;
        deployed.status(&self.store, self.surroundings.clock.now_ms())
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

    /// The generation that runs under the name.
    pub fn current(&self, name: &DeploymentName) -> Option<Generation> {
        self.find(name).map(|deployed| deployed.row().current().clone())
    }

    /// Deployments that were told to read the topic.
    pub fn readers_of_topic(&self, topic: &TopicName) -> Vec<DeploymentName> {
        let deployments = self.deployments.read();
        let rows = deployments.values().map(|deployed| deployed.row());
        rows.filter(|row| row.inputs.contains(topic)).map(|row| row.name).collect()
    }

    pub fn status(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        self.show(&*self.get(name)?)
    }

    /// A deployment's status, with what its tasks do not know of: partitions that one input has and another lacks.
    fn show(&self, deployed: &Deployed) -> Result<DeploymentStatus> {
        let mut status = deployed.status(&self.store, self.surroundings.clock.now_ms())?;
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

/// Internal topics and changelogs.
pub(super) fn own_topics(row: &Deployment) -> Vec<TopicName> {
    let tables = row.generations.iter().flat_map(|generation| &generation.changelog);
    let changelogs = tables.filter_map(|table| changelog_topic_of(&row.name, table).ok());
    row.internal.iter().cloned().chain(changelogs).collect()
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
