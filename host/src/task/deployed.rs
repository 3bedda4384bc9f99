//! A deployment as it runs: its row, its tasks, and what went wrong lately.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use super::status::{self, DeploymentStatus, Failure, GenerationStatus, RangeStatus, TaskState, TaskStatus};
use super::worker::Command;
use crate::error::Result;
use crate::limits::FAILURES_KEPT;
use crate::log::Partition;
use crate::model::deployment::Deployment;
use crate::store::Store;

#[derive(Debug)]
pub(super) struct Deployed {
    /// Held by whoever changes the deployment, from the first look to the last commit.
    pub(super) altering: tokio::sync::Mutex<()>,
    row: Mutex<Deployment>,
    tasks: Mutex<Vec<Task>>,
    failures: Mutex<VecDeque<Failure>>,
    /// Why it has no tasks.
    broken: Mutex<Option<String>>,
}

/// The supervisor's end of one task.
#[derive(Clone)]
pub(super) struct Task {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) status: Arc<Mutex<TaskStatus>>,
    pub(super) partition: Arc<Partition>,
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Task").field(&self.partition.id()).finish()
    }
}

impl Deployed {
    pub(super) fn new(row: Deployment) -> Self {
        Self {
            altering: tokio::sync::Mutex::new(()),
            row: Mutex::new(row),
            tasks: Mutex::default(),
            failures: Mutex::default(),
            broken: Mutex::default(),
        }
    }

    pub(super) fn row(&self) -> Deployment {
        self.row.lock().clone()
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

    pub(super) fn mark_broken(&self, reason: String) {
        *self.broken.lock() = Some(reason);
    }

    pub(super) fn remember(&self, failure: Failure) {
        let mut failures = self.failures.lock();
        failures.push_back(failure);
        if failures.len() > FAILURES_KEPT {
            failures.pop_front();
        }
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
    }

    pub(super) fn status(&self, store: &Store) -> Result<DeploymentStatus> {
        let row = self.row();
        let ledger = store.snapshot()?.ledger(row.id)?;
        let broken = self.broken.lock().clone();
        let tasks: Vec<TaskStatus> = self
            .tasks()
            .iter()
            .map(|task| {
                let mut status = task.status.lock().clone();
                status.high_watermark = task.partition.high_watermark();
                status.lag = status.high_watermark.saturating_sub(status.next_offset);
                status
            })
            .collect();
        let generations = row
            .generations
            .iter()
            .map(|generation| GenerationStatus {
                generation: generation.number,
                plugin: generation.plugin.to_string(),
                version: generation.version.0.clone(),
                settings: generation.settings.clone(),
                output: generation.output.as_ref().map(ToString::to_string),
                started_ms: generation.started_ms,
                standing: generation.standing,
                reason: generation.reason.clone(),
                partitions: ledger
                    .iter()
                    .filter(|(_, number, _)| *number == generation.number)
                    .map(|(partition, _, entry)| RangeStatus::new(*partition, *entry))
                    .collect(),
            })
            .collect();
        let current = row.current();
        let mut failures: Vec<Failure> = self.failures.lock().iter().cloned().collect();
        let state = match broken {
            None => status::worst(&tasks),
            Some(reason) => {
                failures.push(Failure {
                    at_ms: current.started_ms,
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
            inputs: row.inputs.iter().map(ToString::to_string).collect(),
            output: current.output.as_ref().map(ToString::to_string),
            dead_letter_topic: row.dead_letter_topic().to_string(),
            settings: current.settings.clone(),
            grants: current.grants.clone(),
            lag: tasks.iter().map(|task| task.lag).sum(),
            tasks,
            generations,
            failures,
            swap: None,
        })
    }
}
