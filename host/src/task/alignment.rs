//! The event time of a deployment that repartitions. A record on its way through an internal topic must not find that the
//! task it goes to is ahead of it: so all tasks go by the slowest that still has something to read.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::log::Partition;

/// What the tasks of one deployment know of one another.
#[derive(Debug)]
pub(super) struct Alignment {
    tasks: Mutex<Vec<Arc<Mutex<Progress>>>>,
    /// Counts what changed.
    changes: watch::Sender<u64>,
}

/// How far one task is with the topics from outside.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The greatest timestamp of what it emitted to internal topics.
    pub(super) emitted_ms: Option<i64>,
    /// Where it stands in each input from outside.
    pub(super) inputs: Vec<(Arc<Partition>, u64)>,
}

impl Progress {
    fn has_more(&self) -> bool {
        self.inputs.iter().any(|(partition, next_offset)| *next_offset < partition.high_watermark())
    }
}

impl Default for Alignment {
    fn default() -> Self {
        Self { tasks: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Alignment {
    /// A task joins, with how far it is.
    pub(super) fn join(&self, progress: Progress) -> Arc<Mutex<Progress>> {
        let progress = Arc::new(Mutex::new(progress));
        self.tasks.lock().push(Arc::clone(&progress));
        progress
    }

    pub(super) fn leave(&self, progress: &Arc<Mutex<Progress>>) {
        self.tasks.lock().retain(|task| !Arc::ptr_eq(task, progress));
        self.changes.send_modify(|count| *count += 1);
    }

    /// Tells the others that a task went on, after its commit.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The event time that every task may go to once it has read what stands in the internal topics now: the least of those
    /// that have more to read; where none has, the greatest of all.
    pub(super) fn watermark_ms(&self) -> Option<i64> {
        let tasks = self.tasks.lock();
        let times: Vec<(bool, Option<i64>)> = tasks
            .iter()
            .map(|task| {
                let progress = task.lock();
                (progress.has_more(), progress.emitted_ms)
            })
            .collect();
        aligned(&times)
    }
}

/// `times` is of each task whether it has more to read, and how far it is.
pub(super) fn aligned(times: &[(bool, Option<i64>)]) -> Option<i64> {
    let behind = times.iter().filter(|(has_more, _)| *has_more).map(|(_, emitted_ms)| *emitted_ms);
    // `None` is less than any time: a task that has not begun holds all others.
    behind.min().unwrap_or_else(|| times.iter().map(|(_, emitted_ms)| *emitted_ms).max().flatten())
}

#[cfg(test)]
mod tests {
    use super::aligned;

    #[test]
    fn all_go_by_the_slowest_that_has_more_to_read() {
        assert_eq!(aligned(&[]), None);
        assert_eq!(aligned(&[(true, Some(5)), (true, Some(3)), (false, Some(1))]), Some(3));
        assert_eq!(aligned(&[(true, None), (true, Some(3))]), None);
        assert_eq!(aligned(&[(false, Some(5)), (false, Some(9)), (false, None)]), Some(9));
    }
}
