//! A deployment as it runs: its row, its tasks, and what went wrong lately.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::activity::Activity;
use super::alignment::Alignment;
use super::desk::Reception;
use super::plan::Plan;
use super::status::{
    self, CanaryStatus, DeploymentStatus, Failure, GenerationStatus, RangeStatus, Shown, TaskState, TaskStatus,
};
use super::worker::Command;
use crate::error::Result;
use crate::limits::{DEPLOYMENT_STEPS_MAX, FAILURES_KEPT, SINK_DEPLOYMENT_STEPS_MAX};
use crate::model::deployment::{Deployment, DeploymentId};
use crate::model::name::DeploymentName;
use crate::model::plugin::Role;
use crate::model::topic::TopicId;
use crate::store::Store;

#[derive(Debug)]
pub(super) struct Deployed {
    /// Held by whoever changes the deployment, from the first look to the last commit.
    pub(super) altering: tokio::sync::Mutex<()>,
    /// How far its tasks are in time, where it repartitions.
    pub(super) alignment: Arc<Alignment>,
    row: Mutex<Deployment>,
    tasks: Mutex<Vec<Task>>,
    pub(super) failures: Arc<Failures>,
    /// Turns of its tasks, where they compute, and where they wait for others.
    pub(super) turns: Arc<Semaphore>,
    pub(super) outward_turns: Arc<Semaphore>,
    /// What its tasks run, once it is loaded; a canary has a plan of its own.
    plan: RwLock<Option<Arc<Plan>>>,
    /// Where its calls go, where it answers them one by one.
    pub(super) reception: Reception,
    /// What it did, where it is a connector or answers calls.
    pub(super) activity: Arc<Activity>,
    /// Why it has no tasks.
    broken: Mutex<Option<String>>,
}

/// The supervisor's end of one task.
#[derive(Clone)]
pub(super) struct Task {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) shown: Arc<Mutex<Shown>>,
}

impl Task {
    pub(super) fn is_running(&self) -> bool {
        self.shown.lock().status.state == TaskState::Running
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Task").field(&self.shown.lock().status.partition).finish()
    }
}

/// The newest failures of all tasks, oldest first.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<VecDeque<Failure>>);

impl Failures {
    pub(super) fn remember(&self, failure: Failure) {
        let mut failures = self.0.lock();
        failures.push_back(failure);
        if failures.len() > FAILURES_KEPT {
            failures.pop_front();
        }
    }

    fn newest(&self) -> Vec<Failure> {
        self.0.lock().iter().cloned().collect()
    }
}

impl Deployed {
    pub(super) fn new(row: Deployment) -> Self {
        Self {
            altering: tokio::sync::Mutex::new(()),
            alignment: Arc::default(),
            row: Mutex::new(row),
            tasks: Mutex::default(),
            failures: Arc::default(),
            turns: Arc::new(Semaphore::new(DEPLOYMENT_STEPS_MAX)),
            outward_turns: Arc::new(Semaphore::new(SINK_DEPLOYMENT_STEPS_MAX)),
            plan: RwLock::default(),
            reception: Reception::default(),
            activity: Arc::default(),
            broken: Mutex::default(),
        }
    }

    pub(super) fn row(&self) -> Deployment {
        self.row.lock().clone()
    }

    pub(super) fn id(&self) -> DeploymentId {
        self.row.lock().id
    }

    pub(super) fn name(&self) -> DeploymentName {
        self.row.lock().name.clone()
    }

    pub(super) fn is_paused(&self) -> bool {
        self.row.lock().paused
    }

    pub(super) fn set_row(&self, row: Deployment) {
        *self.row.lock() = row;
    }

    pub(super) fn tasks(&self) -> Vec<Task> {
        self.tasks.lock().clone()
    }

    pub(super) fn add_tasks(&self, tasks: Vec<Task>) {
        self.tasks.lock().extend(tasks);
        *self.broken.lock() = None;
    }

    /// What runs from here on.
    pub(super) fn set_plan(&self, plan: &Arc<Plan>) {
        *self.plan.write() = Some(Arc::clone(plan));
        if plan.code.role().answers_calls() {
            self.reception.open(plan);
            *self.broken.lock() = None;
        }
    }

    pub(super) fn plan(&self) -> Option<Arc<Plan>> {
        self.plan.read().clone()
    }

    /// Whether something is there that can be swapped.
    pub(super) fn is_up(&self) -> bool {
        !self.tasks().is_empty() || self.reception.is_open()
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.lock().is_some()
    }

    pub(super) fn mark_broken(&self, reason: String) {
        *self.broken.lock() = Some(reason);
    }

    /// What follows in a path that the deployment claims.
    pub(super) fn claimed<'a>(&self, path: &'a str) -> Option<&'a str> {
        self.row.lock().current().path.as_ref()?.rest_of(path)
    }

    /// Sends every task a command and waits until all have obeyed; a task that is gone has nothing to obey.
    pub(super) async fn tell(&self, command: impl Fn(oneshot::Sender<()>) -> Command) {
        let mut waiting = Vec::new();
        for task in self.tasks() {
            let (done, obeyed) = oneshot::channel();
            if task.commands.send(command(done)).await.is_ok() {
                waiting.push(obeyed);
            }
        }
        for obeyed in waiting {
            let _ = obeyed.await;
        }
    }

    /// Stops all tasks, and waits until they have.
    pub(super) async fn stop(&self) {
        self.tell(Command::Stop).await;
        self.tasks.lock().clear();
        self.reception.shut();
    }

    pub(super) fn status(&self, store: &Store, now_ms: i64) -> Result<DeploymentStatus> {
        let row = self.row();
        let ledger = store.snapshot()?.ledger(row.id)?;
        let broken = self.broken.lock().clone();
        let tasks = self.tasks();
        let mut topics: HashMap<TopicId, String> = HashMap::new();
        for task in &tasks {
            let shown = task.shown.lock();
            topics.extend(shown.partitions.iter().map(|of| (of.id().topic, of.topic().to_string())));
        }
        let first = row.inputs.first().map(ToString::to_string).unwrap_or_default();
        let topic_name = |topic| topics.get(&topic).unwrap_or(&first).clone();
        let tasks: Vec<TaskStatus> = tasks.iter().map(|task| task.shown.lock().now()).collect();
        let ranges = |number| {
            let entries = ledger.iter().filter(move |row| row.generation == number);
            entries.map(|row| RangeStatus::new(topic_name(row.input.topic), row.input.partition, row.entry)).collect()
        };
        let canary = row.canary.as_ref();
        let generations = row.generations.iter().chain(canary.map(|canary| &canary.generation));
        let generations = generations.map(|generation| GenerationStatus::new(generation, ranges(generation.number)));
        let generations = generations.collect();
        let current = row.current();
        let mut failures: Vec<Failure> = self.failures.newest();
        let role = self.plan().map(|plan| plan.code.role());
        let reads_topics = role.is_none_or(Role::reads_topics);
        let state = match broken {
            None if role.is_some_and(Role::answers_calls) && row.paused => TaskState::Paused,
            None if self.reception.is_open() => TaskState::Running,
            None => status::worst(&tasks),
            Some(reason) => {
                failures.push(Failure {
                    at_ms: current.started_ms,
                    topic: first.clone(),
                    partition: 0,
                    generation: current.number,
                    offset: 0,
                    reason,
                });
                TaskState::Stopped
            }
        };
        Ok(DeploymentStatus {
            name: row.name.to_string(),
            state,
            generation: current.number,
            plugin: current.plugin.to_string(),
            version: current.version.0.clone(),
            inputs: current.inputs.iter().map(ToString::to_string).collect(),
            internal_topics: row.internal.iter().map(ToString::to_string).collect(),
            output: current.output.as_ref().map(ToString::to_string),
            role,
            path: current.path.as_ref().map(ToString::to_string),
            dead_letter_topic: reads_topics.then(|| row.dead_letter_topic().to_string()),
            activity: role
                .filter(|role| role.is_connector() || role.answers_calls())
                .map(|_| self.activity.status(now_ms)),
            settings: current.settings.clone(),
            grants: current.grants.clone(),
            changelog: current.changelog.clone(),
            canary: canary.map(|canary| {
                let read = ledger.iter().filter(|row| row.generation == canary.generation.number);
                CanaryStatus::new(canary, read.map(|row| row.entry.records_in).sum())
            }),
            lag: tasks.iter().map(|task| task.lag).sum(),
            waiting: None,
            tasks,
            generations,
            failures,
            swap: None,
        })
    }
}
