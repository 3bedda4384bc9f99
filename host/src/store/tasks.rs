//! Table `task_times`: how far each task is in time, so that a restart does not turn time back.
//!
//! Value: the watermark, the greatest timestamp of what it emitted to internal topics, and when it wants to be called.
//!
//! Up to format 2 the table was `tasks`, with the watermark alone.

use redb::{ReadableTable, TableDefinition};

use super::state::Scope;
use super::{Result, Snapshot, Tables};
use crate::model::deployment::{DeploymentId, TaskTimes};

type Times = (Option<i64>, Option<i64>, Option<i64>);

pub(super) const TABLE: TableDefinition<'_, (u32, u32), Times> = TableDefinition::new("task_times");
const FORMAT_2: TableDefinition<'_, (u32, u32), i64> = TableDefinition::new("tasks");

impl Snapshot {
    pub fn task_times(&self, scope: Scope) -> Result<TaskTimes> {
        let table = self.transaction.open_table(TABLE)?;
        let times = table.get((scope.deployment.0, scope.partition))?.map(|guard| guard.value());
        Ok(from_row(times))
    }
}

fn from_row(times: Option<Times>) -> TaskTimes {
    let (watermark_ms, emitted_ms, wake_at_ms) = times.unwrap_or_default();
    TaskTimes { watermark_ms, emitted_ms, wake_at_ms }
}

impl Tables<'_> {
    /// What a unit of this transaction, or an earlier one, left there.
    pub fn task_times(&mut self, scope: Scope) -> Result<TaskTimes> {
        let times = self.tasks()?.get((scope.deployment.0, scope.partition))?.map(|guard| guard.value());
        Ok(from_row(times))
    }

    pub(super) fn put_task_times(&mut self, scope: Scope, times: TaskTimes) -> Result<()> {
        let TaskTimes { watermark_ms, emitted_ms, wake_at_ms } = times;
        self.tasks()?.insert((scope.deployment.0, scope.partition), (watermark_ms, emitted_ms, wake_at_ms))?;
        Ok(())
    }

    pub(super) fn drop_task_times(&mut self, deployment: DeploymentId) -> Result<()> {
        Ok(self.tasks()?.retain_in((deployment.0, 0)..=(deployment.0, u32::MAX), |_, _| false)?)
    }

    /// Moves the rows of format 2 here.
    pub(super) fn take_over_tasks(&mut self) -> Result<()> {
        let old = self.transaction.open_table(FORMAT_2)?;
        for entry in old.iter()? {
            let (key, value) = entry?;
            self.tasks()?.insert(key.value(), (Some(value.value()), None, None))?;
        }
        self.transaction.delete_table(old)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    #[test]
    fn format_2_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let store = Store::open(&path).unwrap();
        let transaction = store.begin().unwrap();
        {
            let mut tables = transaction.tables();
            tables.transaction.open_table(FORMAT_2).unwrap().insert((4, 1), 77).unwrap();
            tables.meta().unwrap().insert("format", 2).unwrap();
        }
        transaction.commit().unwrap();
        drop(store);

        let scope = Scope { deployment: DeploymentId(4), partition: 1 };
        let times = Store::open(&path).unwrap().snapshot().unwrap().task_times(scope).unwrap();
        assert_eq!(times, TaskTimes { watermark_ms: Some(77), ..TaskTimes::default() });
    }
}
