//! The supervisor: brings deployments up, and changes them. A change is whole or it did not happen: the new generation is
//! compiled, checked and tried beside the running one before its row is committed, and a task that cannot take it sends
//! all of them back.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::deployed::{Deployed, Task};
use super::plan::{Plan, Request};
use super::status::{DeploymentStatus, SwapStatus};
use super::worker::{Command, Event, Position, Surroundings, Worker};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::limits::{DEPLOYMENTS_MAX, INSTANCES_MAX, TASK_COMMANDS_MAX, TASK_STEPS_MAX};
use crate::log::{Log, Partition, Topic, Unit};
use crate::model::deployment::{Deployment, Start, dead_letter_topic_of};
use crate::model::generation::{Generation, Standing};
use crate::model::name::{DeploymentName, PluginName, TopicName};
use crate::model::topic::TopicConfig;
use crate::plugin::{Code, Context, Instance, Registry, check_settings};
use crate::shutdown::Shutdown;
use crate::store::state::Scope;
use crate::store::{Row, Store};
use crate::telemetry::Metrics;

#[derive(Debug)]
pub struct Supervisor {
    surroundings: Arc<Surroundings>,
    registry: Arc<Registry>,
    store: Arc<Store>,
    deployments: RwLock<BTreeMap<DeploymentName, Arc<Deployed>>>,
    /// Held while a name is taken or freed.
    naming: tokio::sync::Mutex<()>,
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
        let rows = store.snapshot()?.deployments()?;
        let deployments: BTreeMap<_, _> =
            rows.into_iter().map(|row| (row.name.clone(), Arc::new(Deployed::new(row)))).collect();
        let loading: Vec<_> = deployments.values().cloned().collect();
        let supervisor = Arc::new(Self {
            surroundings,
            registry,
            store,
            deployments: RwLock::new(deployments),
            naming: tokio::sync::Mutex::new(()),
        });
        for deployed in loading {
            let supervisor = Arc::clone(&supervisor);
            let surroundings = Arc::clone(&supervisor.surroundings);
            surroundings.shutdown.spawn(async move { supervisor.load(&deployed).await });
        }
        let listening = Arc::clone(&supervisor);
        supervisor.surroundings.shutdown.spawn(listening.listen(inbox));
        Ok(supervisor)
    }

    /// Loads the plugin and starts a task for every input partition that has none.
    async fn load(&self, deployed: &Arc<Deployed>) {
        let Ok(_altering) = self.alter(deployed).await else { return };
        let row = deployed.row();
        let loaded = async {
            let code = self.registry.code(&row.current().version).await?;
            let plan = Plan::new(&self.surroundings.log, &row, code)?;
            self.spawn_tasks(deployed, &Arc::new(plan))
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
                Some(Event::Failed { deployment, failure }) => {
                    if let Some(deployed) = self.find(&deployment) {
                        deployed.remember(failure);
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
    pub async fn deploy(&self, name: &DeploymentName, request: Request) -> Result<(DeploymentStatus, bool)> {
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
        for topic in request.inputs.iter().chain(&request.grants.topics) {
            log.topic(topic)?;
        }
        for topic in &request.inputs {
            let partitions = log.topic(topic)?.config().partitions;
            if partitions > INSTANCES_MAX / 2 {
                return Err(Error::unprocessable(
                    "too-many-tasks",
                    format!(
                        "topic {topic} has {partitions} partitions, and a deployment may have {} tasks; read a topic with fewer partitions",
                        INSTANCES_MAX / 2
                    ),
                ));
            }
        }
        let generation = Generation {
            number: 1,
            origin: 1,
            plugin: request.plugin.clone(),
            version: artefact.version.clone(),
            settings: request.settings.clone(),
            output: request.output.clone(),
            grants: request.grants.clone(),
            started_ms: self.surroundings.clock.now_ms(),
            standing: Standing::Current,
            reason: None,
        };
        let code = self.registry.code(&artefact.version).await?;
        let naming = self.naming.lock().await;
        if let Some(deployed) = self.find(name) {
            drop(naming);
            let _altering = self.alter(&deployed).await?;
            return Ok((self.replace(&deployed, &request, generation, code).await?, false));
        }
        Ok((self.create(name, &request, generation, code).await?, true))
    }

    /// Called with `naming` held.
    async fn create(
        &self,
        name: &DeploymentName,
        request: &Request,
        generation: Generation,
        code: Arc<Code>,
    ) -> Result<DeploymentStatus> {
        if self.deployments.read().len() >= DEPLOYMENTS_MAX {
            return Err(Error::conflict(
                "too-many-deployments",
                format!("the host runs {DEPLOYMENTS_MAX} deployments; delete one first"),
            ));
        }
        let log = &self.surroundings.log;
        let id = log.next_deployment_id().await?;
        self.try_out(name, Scope { deployment: id, partition: 0 }, &generation, &code).await?;
        let row = Deployment {
            id,
            name: name.clone(),
            inputs: request.inputs.clone(),
            start: request.start,
            paused: false,
            generations: vec![generation],
        };
        self.create_outputs(&row, row.current()).await?;
        let mut unit = Unit { rows: vec![Row::Deployment(Box::new(row.clone()))], ..Unit::default() };
        let at_ms = row.current().started_ms;
        for input in &row.inputs {
            for partition in log.topic(input)?.partitions() {
                let next = match row.start {
                    Start::Earliest => partition.start_offset(),
                    Start::Latest => partition.high_watermark(),
                    Start::TimeMs(time_ms) => log.offset_at_time(&partition, time_ms).await?,
                };
                unit.rows.push(Row::Offset { group: row.group(), partition: partition.id(), next, at_ms });
            }
        }
        let plan = Arc::new(Plan::new(log, &row, code)?);
        log.commit(unit).await?;
        let deployed = Arc::new(Deployed::new(row));
        self.deployments.write().insert(name.clone(), Arc::clone(&deployed));
        self.spawn_tasks(&deployed, &plan)?;
        deployed.status(&self.store)
    }

    /// Swaps what runs for `generation`. Called with `altering` held.
    async fn replace(
        &self,
        deployed: &Deployed,
        request: &Request,
        generation: Generation,
        code: Arc<Code>,
    ) -> Result<DeploymentStatus> {
        let row = deployed.row();
        if row.inputs != request.inputs {
            return Err(Error::conflict(
                "inputs-are-fixed",
                format!(
                    "deployment {} reads {}, and a swap cannot change that; deploy under another name, then delete this one",
                    row.name,
                    row.inputs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                ),
            ));
        }
        let current = row.current();
        if current.same_content(&generation) && !deployed.tasks().is_empty() {
            return deployed.status(&self.store);
        }
        self.check_tables(&row, &code)?;
        let next = Generation { origin: 0, ..generation };
        self.turn_over(deployed, next, code, Standing::Replaced, None).await
    }

    /// A table that holds state must still be known to the code that takes over.
    fn check_tables(&self, row: &Deployment, code: &Code) -> Result<()> {
        let before = self.registry.resolve(&row.current().plugin, Some(&row.current().version.0))?.description.tables;
        let gone: Vec<_> = before.iter().filter(|table| !code.description().tables.contains(table)).cloned().collect();
        if gone.is_empty() {
            return Ok(());
        }
        Err(Error::unprocessable(
            "state-table-vanished",
            format!(
                "the new version no longer describes the state table {}, which deployment {} uses; keep the table, or deploy under another name",
                gone.join(", "),
                row.name
            ),
        ))
    }

    /// Makes `next` the current generation, in the store and in every task. Called with `altering` held.
    async fn turn_over(
        &self,
        deployed: &Deployed,
        next: Generation,
        code: Arc<Code>,
        ended: Standing,
        reason: Option<&str>,
    ) -> Result<DeploymentStatus> {
        let before = deployed.row();
        self.try_out(&before.name, Scope { deployment: before.id, partition: 0 }, &next, &code).await?;
        self.create_outputs(&before, &next).await?;
        let after = before.with_generation(next, ended, reason);
        let plan = Arc::new(Plan::new(&self.surroundings.log, &after, code)?);
        self.commit_row(&after).await?;
        deployed.set_row(after.clone());
        if deployed.tasks().is_empty() {
            self.spawn_tasks(deployed, &plan)?;
            return deployed.status(&self.store);
        }
        match swap_all(&deployed.tasks(), &plan).await {
            Ok(swap) => Ok(DeploymentStatus { swap: Some(swap), ..deployed.status(&self.store)? }),
            Err(reason) => {
                // Some task could not take what the trial could. All go back to where they were.
                let back = Generation {
                    reason: Some(format!("generation {} could not be swapped in", after.current().number)),
                    ..before.current().clone()
                };
                let restored = after.with_generation(
                    Generation { started_ms: self.surroundings.clock.now_ms(), ..back },
                    Standing::RolledBack,
                    Some(&reason),
                );
                self.commit_row(&restored).await?;
                let old_code = self.registry.code(&before.current().version).await?;
                let plan = Plan::new(&self.surroundings.log, &restored, old_code)?;
                deployed.set_row(restored);
                if let Err(error) = swap_all(&deployed.tasks(), &Arc::new(plan)).await {
                    tracing::error!(deployment = %before.name, error, "a task could not be swapped back; it goes on with what it has");
                }
                Err(refused(&reason))
            }
        }
    }

    /// Opens an instance that never sees a record: settings that the plugin refuses are refused before anything changes.
    async fn try_out(&self, name: &DeploymentName, scope: Scope, generation: &Generation, code: &Code) -> Result<()> {
        let settings = generation.settings.to_string().into();
        let context = Context { deployment: name.to_string(), scope, generation: generation.number, settings };
        let (instance, _) = Instance::open(code, &context).await.map_err(|error| refused(&error.to_string()))?;
        instance.close().await;
        Ok(())
    }

    /// The output topic, with as many partitions as the input, and the dead-letter topic, where they are missing.
    async fn create_outputs(&self, row: &Deployment, generation: &Generation) -> Result<()> {
        let log = &self.surroundings.log;
        if let Some(output) = &generation.output
            && log.find_topic(output).is_none()
        {
            let partitions = row
                .inputs
                .first()
                .map(|input| log.topic(input))
                .transpose()?
                .map_or(1, |topic| topic.config().partitions);
            log.create_topic(output, &TopicConfig { partitions, ..TopicConfig::default() }).await?;
        }
        log.create_topic(&dead_letter_topic_of(&row.name), &TopicConfig::default()).await?;
        Ok(())
    }

    async fn commit_row(&self, row: &Deployment) -> Result<()> {
        let mut rows = vec![Row::Deployment(Box::new(row.clone()))];
        if let Some(oldest) = row.generations.first().filter(|oldest| oldest.number > 1) {
            rows.push(Row::LedgerGone { deployment: row.id, before: oldest.number });
        }
        self.surroundings.log.commit(Unit { rows, ..Unit::default() }).await.map(drop)
    }

    /// Starts a task for every input partition that has none.
    fn spawn_tasks(&self, deployed: &Deployed, plan: &Arc<Plan>) -> Result<()> {
        let row = deployed.row();
        let have = deployed.tasks().len();
        let mut tasks = Vec::new();
        for input in &row.inputs {
            let topic = self.surroundings.log.topic(input)?;
            for partition in topic.partitions().into_iter().skip(have) {
                tasks.push(self.spawn_task(&row, &partition, plan)?);
            }
        }
        deployed.add_tasks(tasks);
        Ok(())
    }

    fn spawn_task(&self, row: &Deployment, partition: &Arc<Partition>, plan: &Arc<Plan>) -> Result<Task> {
        let scope = Scope { deployment: row.id, partition: partition.id().partition };
        let snapshot = self.store.snapshot()?;
        let committed = snapshot.offset(&row.group(), partition.id())?;
        let from = committed.unwrap_or_else(|| partition.start_offset());
        let ledger = snapshot.ledger_entry(scope, plan.generation.number)?;
        let position = Position {
            committed,
            watermark_ms: snapshot.watermark(scope)?,
            ledger: ledger.unwrap_or(crate::model::generation::LedgerEntry {
                from_offset: from,
                next_offset: from,
                ..Default::default()
            }),
        };
        let worker =
            Worker::new(Arc::clone(&self.surroundings), row, Arc::clone(partition), Arc::clone(plan), position);
        let status = worker.status();
        let (commands, inbox) = mpsc::channel(TASK_COMMANDS_MAX);
        self.surroundings.shutdown.spawn(worker.run(inbox));
        Ok(Task { commands, status, partition: Arc::clone(partition) })
    }

    /// Gives the partitions that a topic has got since tasks of their own.
    pub async fn topic_grew(&self, topic: &TopicName) {
        let reading: Vec<_> =
            self.deployments.read().values().filter(|d| d.row().inputs.contains(topic)).cloned().collect();
        for deployed in reading {
            self.load(&deployed).await;
        }
    }

    pub async fn roll_back(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        let deployed = self.get(name)?;
        let _altering = self.alter(&deployed).await?;
        self.roll_back_to_last_good(&deployed, "rolled back on request").await
    }

    /// Called by a task whose generation does not work.
    async fn roll_back_failed(&self, name: &DeploymentName, generation: u32, reason: &str) {
        let Some(deployed) = self.find(name) else { return };
        let Ok(_altering) = self.alter(&deployed).await else { return };
        if deployed.row().current().number != generation {
            return;
        }
        let reason = format!("generation {generation} failed in its trial: {reason}");
        match self.roll_back_to_last_good(&deployed, &reason).await {
            Ok(_) => tracing::warn!(deployment = %name, reason, "rolled back"),
            Err(error) => tracing::error!(deployment = %name, %error, "cannot roll back"),
        }
    }

    /// Called with `altering` held.
    async fn roll_back_to_last_good(&self, deployed: &Deployed, reason: &str) -> Result<DeploymentStatus> {
        let row = deployed.row();
        let target = row.rollback_target()?;
        let code = self.registry.code(&target.version).await?;
        let next = Generation {
            standing: Standing::Current,
            started_ms: self.surroundings.clock.now_ms(),
            reason: Some(format!("back to generation {}", target.number)),
            ..target.clone()
        };
        self.turn_over(deployed, next, code, Standing::RolledBack, Some(reason)).await
    }

    /// Returns once no task is in a call any more.
    pub async fn pause(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        self.set_paused(name, true).await
    }

    /// Goes on, also after a failure.
    pub async fn resume(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        self.set_paused(name, false).await
    }

    async fn set_paused(&self, name: &DeploymentName, paused: bool) -> Result<DeploymentStatus> {
        let deployed = self.get(name)?;
        let altering = self.alter(&deployed).await?;
        let row = Deployment { paused, ..deployed.row() };
        self.commit_row(&row).await?;
        deployed.set_row(row);
        if !paused && deployed.tasks().is_empty() {
            drop(altering);
            self.load(&deployed).await;
            return deployed.status(&self.store);
        }
        deployed.tell(if paused { Command::Pause } else { Command::Resume }).await;
        deployed.status(&self.store)
    }

    /// Stops the tasks, then takes the deployment out, with its state and its progress. Topics stay.
    pub async fn delete(&self, name: &DeploymentName) -> Result<()> {
        let _naming = self.naming.lock().await;
        let deployed = self.get(name)?;
        let altering = self.alter(&deployed).await?;
        deployed.stop().await;
        let rows = vec![Row::DeploymentGone(Box::new(deployed.row()))];
        if let Err(error) = self.surroundings.log.commit(Unit { rows, ..Unit::default() }).await {
            // It is still there, and so must its tasks be.
            drop(altering);
            self.load(&deployed).await;
            return Err(error);
        }
        self.deployments.write().remove(name);
        Ok(())
    }

    /// The names of all deployments.
    pub fn names(&self) -> Vec<DeploymentName> {
        self.deployments.read().keys().cloned().collect()
    }

    pub fn status(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        self.get(name)?.status(&self.store)
    }

    pub fn list(&self) -> Result<Vec<DeploymentStatus>> {
        let deployed: Vec<_> = self.deployments.read().values().cloned().collect();
        deployed.iter().map(|deployed| deployed.status(&self.store)).collect()
    }

    /// Deployments that read or write the topic.
    pub fn users_of_topic(&self, topic: &Topic) -> Vec<DeploymentName> {
        let uses = |row: &Deployment| {
            let current = row.current();
            row.inputs.iter().chain(&current.output).chain(&current.grants.topics).any(|name| name == topic.name())
                || row.dead_letter_topic() == *topic.name()
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
            row.generations
                .iter()
                .any(|g| g.plugin == *plugin && g.version == *version && g.standing != Standing::RolledBack)
        };
        self.deployments.read().values().map(|deployed| deployed.row()).filter(uses).map(|row| row.name).collect()
    }

    /// Waits for its turn to change the deployment; whoever deleted it meanwhile has the last word.
    async fn alter<'a>(&self, deployed: &'a Arc<Deployed>) -> Result<tokio::sync::MutexGuard<'a, ()>> {
        let altering = deployed.altering.lock().await;
        let name = deployed.row().name;
        if self.find(&name).is_some_and(|known| Arc::ptr_eq(&known, deployed)) {
            return Ok(altering);
        }
        Err(unknown(&name))
    }

    fn find(&self, name: &DeploymentName) -> Option<Arc<Deployed>> {
        self.deployments.read().get(name).cloned()
    }

    fn get(&self, name: &DeploymentName) -> Result<Arc<Deployed>> {
        self.find(name).ok_or_else(|| unknown(name))
    }
}

fn unknown(name: &DeploymentName) -> Error {
    Error::not_found(
        "unknown-deployment",
        format!("there is no deployment {name}; make it with PUT /v1/deployments/{name}"),
    )
}

fn refused(reason: &str) -> Error {
    Error::unprocessable("plugin-refused", format!("the plugin did not open, and nothing was changed: {reason}"))
}

/// Partition by partition, up to the first that cannot: each stands still only for its own turn, and none has to share the
/// machine with another's.
async fn swap_all(tasks: &[Task], plan: &Arc<Plan>) -> Result<Vec<SwapStatus>, String> {
    let mut swaps = Vec::with_capacity(tasks.len());
    for task in tasks {
        let (reply, swapped) = oneshot::channel();
        let gone = || "the task is gone".to_owned();
        task.commands.send(Command::Swap { plan: Arc::clone(plan), reply }).await.map_err(|_| gone())?;
        swaps.push(swapped.await.map_err(|_| gone())?.map_err(|error| error.to_string())?);
    }
    Ok(swaps)
}
