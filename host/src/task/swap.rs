//! Swaps: another generation takes over between two calls, on all partitions, or on one that is watched first. Whatever
//! fails, the generation before goes on, and the caller gets the reason.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::canary::{Tally, Verdict, judge};
use super::deployed::{Deployed, Task};
use super::draft::co_partitions_now;
use super::plan::{Plan, Request};
use super::status::{DeploymentStatus, SwapStatus};
use super::supervisor::{Supervisor, refused};
use super::worker::Command;
use crate::error::{Error, Result};
use crate::limits::{CANARY_LOOK_MS, CANARY_RECORDS_MIN};
use crate::log::Unit;
use crate::model::deployment::{Canary, Deployment};
use crate::model::generation::{Generation, Standing};
use crate::model::name::DeploymentName;
use crate::model::secret;
use crate::plugin::Code;
use crate::store::Row;
use crate::store::state::Scope;

impl Supervisor {
    /// Swaps what runs for `generation`. Called with `altering` held.
    pub(super) async fn replace(
        self: &Arc<Self>,
        deployed: &Arc<Deployed>,
        request: &Request,
        generation: Generation,
        code: Arc<Code>,
    ) -> Result<DeploymentStatus> {
        let row = deployed.row();
        check_no_canary(&row)?;
        let role = self.registry.resolve(&row.current().plugin, Some(&row.current().version.0))?.role;
        if role.noun() != code.role().noun() {
            return Err(Error::conflict(
                "role-is-fixed",
                format!(
                    "deployment {} runs a {}, and plugin {} is a {}; deploy it under another name, and delete this one",
                    row.name,
                    role.noun(),
                    generation.plugin,
                    code.role().noun()
                ),
            ));
        }
        let named: HashSet<_> = request.inputs.iter().map(|input| &input.topic).collect();
        if request.restore_state {
            return Err(Error::conflict(
                "deployment-exists",
                format!("deployment {} has a state; restore_state is for a new deployment", row.name),
            ));
        }
        if let Some(missing) = row.current().inputs.iter().find(|topic| !named.contains(topic)) {
            return Err(Error::conflict(
                "inputs-are-fixed",
                format!(
                    "deployment {} reads {missing}, and a swap cannot take an input away, since records of it may be under way; name it too, or deploy under another name and delete this one",
                    row.name
                ),
            ));
        }
        let has_same_secrets = || deployed.plan().is_none_or(|plan| self.has_same_secrets(&plan));
        if row.current().same_content(&generation) && deployed.is_up() && !deployed.is_broken() && has_same_secrets() {
            return deployed.status(&self.store, self.surroundings.clock.now_ms());
        }
        self.check_tables(&row, &code)?;
        self.check_changelog(&row, &generation)?;
        let next = Generation { origin: 0, ..generation };
        let mut after = row;
        let mut offsets = Vec::new();
        for input in &request.inputs {
            if !after.inputs.contains(&input.topic) {
                after.inputs.push(input.topic.clone());
                offsets.extend(self.beginnings(&after, input).await?);
            }
        }
        if let Some(rule) = request.canary.clone() {
            return self.start_canary(deployed, after, Canary { generation: next, rule }, code).await;
        }
        self.turn_over(deployed, after, next, code, Standing::Replaced, None, offsets).await
    }

    /// Whether the settings come to the same as when the plan was made: a secret may have changed since.
    fn has_same_secrets(&self, plan: &Plan) -> bool {
        let filled = secret::fill(&plan.generation.settings, |name| self.surroundings.secrets.find(name));
        filled.is_ok_and(|filled| *plan.settings == *filled.settings.to_string())
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

    /// A changelog has every change of its table, or it is none: it cannot begin in the middle.
    fn check_changelog(&self, row: &Deployment, next: &Generation) -> Result<()> {
        let snapshot = self.store.snapshot()?;
        for table in next.changelog.iter().filter(|table| !row.current().changelog.contains(table)) {
            let mut has_rows = false;
            for partition in 0..co_partitions_now(&self.surroundings.log, &next.inputs)? {
                let scope = Scope { deployment: row.id, partition };
                snapshot.scan_state(scope, table, &[], None, |_, _| {
                    has_rows = true;
                    false
                })?;
            }
            if has_rows {
                return Err(Error::conflict(
                    "changelog-too-late",
                    format!(
                        "table {table} of deployment {} has rows that its changelog would lack; deploy with a changelog under another name, and delete this one",
                        row.name
                    ),
                ));
            }
        }
        Ok(())
    }

    /// What is on its way through an internal topic is read by a generation that has it.
    fn check_drained(&self, row: &Deployment, next: &Generation) -> Result<()> {
        let snapshot = self.store.snapshot()?;
        for topic in row.current().internal.iter().filter(|topic| !next.internal.contains(topic)) {
            for partition in self.surroundings.log.topic(topic)?.partitions() {
                let read = snapshot.offset(&row.group(), partition.id())?.unwrap_or(0);
                if read < partition.high_watermark() {
                    return Err(Error::conflict(
                        "records-under-way",
                        format!(
                            "records are on their way through {topic}, which the new version does not read; stop the producers until deployment {} has no lag, then swap",
                            row.name
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Makes `next` the current generation of `wanted`, in the store and in every task. Called with `altering` held.
    #[expect(clippy::too_many_arguments, reason = "they are the parts of one change")]
    pub(super) async fn turn_over(
        &self,
        deployed: &Deployed,
        mut wanted: Deployment,
        mut next: Generation,
        code: Arc<Code>,
        ended: Standing,
        reason: Option<&str>,
        offsets: Vec<Row>,
    ) -> Result<DeploymentStatus> {
        let before = deployed.row();
        let made = self.make_ready(&mut wanted, &mut next, &code).await?;
        let prepared = async {
            if ended == Standing::Replaced {
                self.check_drained(&before, &next)?;
            }
            let offsets = offsets.into_iter().chain(self.internal_beginnings(&wanted, &made)?).collect();
            let after = wanted.with_generation(next, ended, reason);
            let plan = Arc::new(Plan::new(&self.surroundings, &after, after.current(), code)?);
            self.commit_row(&after, offsets).await?;
            Ok((after, plan))
        };
        let (after, plan) = match prepared.await {
            Ok(prepared) => prepared,
            Err(error) => {
                self.unmake(&made).await;
                return Err(error);
            }
        };
        deployed.set_row(after.clone());
        deployed.set_plan(&plan);
        if deployed.tasks().is_empty() {
            self.spawn_tasks(deployed, &plan, None)?;
            return deployed.status(&self.store, self.surroundings.clock.now_ms());
        }
        match swap_all(&deployed.tasks(), &plan).await {
            Ok(swap) => {
                if deployed.is_broken() {
                    // Partitions that came meanwhile, and found no plan that works.
                    self.spawn_tasks(deployed, &plan, None)?;
                }
                Ok(DeploymentStatus {
                    swap: Some(swap),
                    ..deployed.status(&self.store, self.surroundings.clock.now_ms())?
                })
            }
            // The tasks are going: what was committed holds when they come again.
            Err(_) if self.surroundings.shutdown.has_begun() => Err(Error::shutting_down()),
            Err(reason) => {
                self.restore(deployed, &before, &after, &reason).await?;
                Err(refused(&reason))
            }
        }
    }

    /// Some task could not take what the trial could: all go back to where they were.
    async fn restore(&self, deployed: &Deployed, before: &Deployment, after: &Deployment, reason: &str) -> Result<()> {
        let back = Generation {
            reason: Some(format!("generation {} could not be swapped in", after.current().number)),
            started_ms: self.surroundings.clock.now_ms(),
            ..before.current().clone()
        };
        let restored = after.with_generation(back, Standing::RolledBack, Some(reason));
        self.commit_row(&restored, Vec::new()).await?;
        let code = self.registry.code(&before.current().version).await?;
        let plan = Arc::new(Plan::new(&self.surroundings, &restored, restored.current(), code)?);
        let name = restored.name.clone();
        deployed.set_row(restored);
        deployed.set_plan(&plan);
        if let Err(error) = swap_all(&deployed.tasks(), &plan).await {
            tracing::error!(deployment = %name, error, "a task could not be swapped back; it goes on with what it has");
        }
        Ok(())
    }

    pub async fn roll_back(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        let deployed = self.get(name)?;
        let _altering = self.alter(&deployed).await?;
        if deployed.row().canary.is_some() {
            return self.end_canary(&deployed, "rolled back on request").await;
        }
        self.roll_back_to_last_good(&deployed, "rolled back on request").await
    }

    /// Called by a task whose generation does not work.
    pub(super) async fn roll_back_failed(&self, name: &DeploymentName, generation: u32, reason: &str) {
        let Some(deployed) = self.find(name) else { return };
        let Ok(_altering) = self.alter(&deployed).await else { return };
        let reason = format!("generation {generation} failed in its trial: {reason}");
        let row = deployed.row();
        let done = if row.canary.as_ref().is_some_and(|canary| canary.generation.number == generation) {
            self.end_canary(&deployed, &reason).await
        } else if row.current().number == generation {
            self.roll_back_to_last_good(&deployed, &reason).await
        } else {
            return;
        };
        match done {
            Ok(_) => tracing::warn!(deployment = %name, reason, "rolled back"),
            Err(error) => tracing::error!(deployment = %name, %error, "cannot roll back"),
        }
    }

    /// Called with `altering` held.
    async fn roll_back_to_last_good(&self, deployed: &Deployed, reason: &str) -> Result<DeploymentStatus> {
        let row = deployed.row();
        let target = row.rollback_target()?;
        let code = self.registry.code(&target.version).await?;
        let next = self.back_to(target);
        self.turn_over(deployed, row.clone(), next, code, Standing::RolledBack, Some(reason), Vec::new()).await
    }

    fn back_to(&self, target: &Generation) -> Generation {
        Generation {
            standing: Standing::Current,
            started_ms: self.surroundings.clock.now_ms(),
            reason: Some(format!("back to generation {}", target.number)),
            ..target.clone()
        }
    }
}

/// Canaries.
impl Supervisor {
    /// Gives one partition the new generation, and watches it. Called with `altering` held.
    async fn start_canary(
        self: &Arc<Self>,
        deployed: &Arc<Deployed>,
        mut wanted: Deployment,
        canary: Canary,
        code: Arc<Code>,
    ) -> Result<DeploymentStatus> {
        let tasks = deployed.tasks();
        let partition = canary.rule.partition;
        let Some(task) = tasks.get(partition as usize) else {
            return Err(Error::unprocessable(
                "unknown-partition",
                format!(
                    "deployment {} has {} running tasks, and the canary's partition is {partition}; choose one below that",
                    wanted.name,
                    tasks.len()
                ),
            ));
        };
        if wanted.current().inputs != canary.generation.inputs {
            return Err(Error::conflict(
                "inputs-are-fixed",
                "a canary reads what the generation before reads; add the input in a swap without a canary",
            ));
        }
        let Canary { generation, rule } = canary;
        let number = wanted.current().number + 1;
        let mut generation = Generation { number, origin: number, standing: Standing::Canary, ..generation };
        let made = self.make_ready(&mut wanted, &mut generation, &code).await?;
        if generation.internal != wanted.current().internal {
            self.unmake(&made).await;
            return Err(Error::conflict(
                "canary-repartitions",
                "one of the two versions repartitions through an internal topic and the other does not, so that they cannot share the partitions; swap without a canary",
            ));
        }
        let after = Deployment { canary: Some(Canary { generation: generation.clone(), rule }), ..wanted.clone() };
        let plan = Arc::new(Plan::new(&self.surroundings, &after, &generation, code)?);
        self.commit_row(&after, Vec::new()).await?;
        deployed.set_row(after.clone());
        match swap_all(std::slice::from_ref(task), &plan).await {
            Ok(swap) => {
                self.watch_canary(deployed);
                Ok(DeploymentStatus {
                    swap: Some(swap),
                    ..deployed.status(&self.store, self.surroundings.clock.now_ms())?
                })
            }
            Err(reason) => {
                self.end_canary(deployed, &reason).await?;
                Err(refused(&reason))
            }
        }
    }

    /// Looks at the canary until it is decided.
    pub(super) fn watch_canary(self: &Arc<Self>, deployed: &Arc<Deployed>) {
        let (supervisor, deployed) = (Arc::clone(self), Arc::clone(deployed));
        let shutdown = self.surroundings.shutdown.clone();
        self.surroundings.shutdown.spawn(async move {
            let Some(number) = deployed.row().canary.map(|canary| canary.generation.number) else { return };
            // From here on: a host that went down with its canary has not watched it meanwhile.
            let since_ms = supervisor.surroundings.clock.now_ms();
            loop {
                tokio::select! {
                    () = shutdown.begun() => return,
                    () = tokio::time::sleep(Duration::from_millis(CANARY_LOOK_MS)) => {}
                }
                let Ok(_altering) = supervisor.alter(&deployed).await else { return };
                let row = deployed.row();
                let Some(canary) = row.canary.as_ref().filter(|canary| canary.generation.number == number) else {
                    return;
                };
                let decided = match supervisor.look_at(&deployed, &row, canary, since_ms) {
                    Ok(Verdict::Wait) => continue,
                    Ok(Verdict::GoOn) => supervisor.promote_canary(&deployed).await,
                    Ok(Verdict::GoBack(reason)) => supervisor.end_canary(&deployed, &reason).await,
                    Err(error) => Err(error),
                };
                let name = &row.name;
                match decided {
                    Ok(_) => tracing::info!(deployment = %name, generation = number, "the canary is decided"),
                    Err(error) => {
                        tracing::error!(deployment = %name, generation = number, %error, "the canary cannot be decided");
                    }
                }
            }
        });
    }

    /// The canary is measured by what the generation before made of the same partition, or of all where that is little.
    fn look_at(&self, deployed: &Deployed, row: &Deployment, canary: &Canary, since_ms: i64) -> Result<Verdict> {
        let partition = canary.rule.partition;
        let is_well = deployed.tasks().get(partition as usize).is_some_and(Task::is_running);
        let (mut new, mut same, mut all) = (Tally::default(), Tally::default(), Tally::default());
        for ledger in self.store.snapshot()?.ledger(row.id)? {
            if ledger.generation == canary.generation.number {
                new.add(&ledger.entry);
            } else if ledger.generation == row.current().number {
                all.add(&ledger.entry);
                if ledger.input.partition == partition {
                    same.add(&ledger.entry);
                }
            }
        }
        let old = if same.records_in >= CANARY_RECORDS_MIN { same } else { all };
        let watched_ms = if is_well { self.surroundings.clock.now_ms() - since_ms } else { 0 };
        Ok(judge(&canary.rule, watched_ms, new, old))
    }

    /// Goes on with the canary on all partitions, without waiting for what is left of its time.
    pub async fn promote(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        let deployed = self.get(name)?;
        let _altering = self.alter(&deployed).await?;
        if deployed.row().canary.is_none() {
            return Err(Error::conflict(
                "no-canary",
                format!("deployment {name} has no canary; start one with \"canary\" in PUT /v1/deployments/{name}"),
            ));
        }
        self.promote_canary(&deployed).await
    }

    /// Called with `altering` held.
    async fn promote_canary(&self, deployed: &Deployed) -> Result<DeploymentStatus> {
        let before = deployed.row();
        let Some(Canary { generation, rule }) = before.canary.clone() else {
            return deployed.status(&self.store, self.surroundings.clock.now_ms());
        };
        let code = self.registry.code(&generation.version).await?;
        // The other partitions have their trial before them.
        let started_ms = self.surroundings.clock.now_ms();
        let next = Generation { standing: Standing::Current, started_ms, ..generation };
        let without = Deployment { canary: None, ..before.clone() };
        let after = without.with_generation(next, Standing::Replaced, None);
        let plan = Arc::new(Plan::new(&self.surroundings, &after, after.current(), code)?);
        self.commit_row(&after, Vec::new()).await?;
        deployed.set_row(after.clone());
        deployed.set_plan(&plan);
        let mut others = deployed.tasks();
        if (rule.partition as usize) < others.len() {
            others.remove(rule.partition as usize);
        }
        match swap_all(&others, &plan).await {
            Ok(swap) => Ok(DeploymentStatus {
                swap: Some(swap),
                ..deployed.status(&self.store, self.surroundings.clock.now_ms())?
            }),
            Err(_) if self.surroundings.shutdown.has_begun() => Err(Error::shutting_down()),
            Err(reason) => {
                self.restore(deployed, &without, &after, &reason).await?;
                Err(refused(&reason))
            }
        }
    }

    /// Goes back to the generation before, on all partitions: its ledger goes on under a number of its own. Called with
    /// `altering` held.
    pub(super) async fn end_canary(&self, deployed: &Deployed, reason: &str) -> Result<DeploymentStatus> {
        let before = deployed.row();
        let Some(canary) = before.canary.clone() else {
            return deployed.status(&self.store, self.surroundings.clock.now_ms());
        };
        let without = Deployment { canary: None, ..before.clone() };
        let tried = without.with_generation(canary.generation, Standing::Replaced, None);
        let code = self.registry.code(&before.current().version).await?;
        let next = self.back_to(before.current());
        self.turn_over(deployed, tried, next, code, Standing::RolledBack, Some(reason), Vec::new()).await
    }
}

fn check_no_canary(row: &Deployment) -> Result<()> {
    match &row.canary {
        None => Ok(()),
        Some(canary) => Err(Error::conflict(
            "canary-under-way",
            format!(
                "generation {} of deployment {} is being tried on partition {}; decide that first with POST /v1/deployments/{}/promote or /rollback",
                canary.generation.number, row.name, canary.rule.partition, row.name
            ),
        )),
    }
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

impl Supervisor {
    /// Commits a deployment's row, with offsets where it begins, and forgets the ledgers of generations that it forgot.
    pub(super) async fn commit_row(&self, row: &Deployment, mut rows: Vec<Row>) -> Result<()> {
        rows.push(Row::Deployment(Box::new(row.clone())));
        if let Some(oldest) = row.generations.first().filter(|oldest| oldest.number > 1) {
            rows.push(Row::LedgerGone { deployment: row.id, before: oldest.number });
        }
        self.surroundings.log.commit(Unit { rows, ..Unit::default() }).await.map(drop)
    }
}
