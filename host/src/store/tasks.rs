//! Table `tasks`: the event-time watermark of each task, so that a restart does not turn time back.

use redb::TableDefinition;

use super::state::Scope;
use super::{Result, Snapshot, Tables};
use crate::model::deployment::DeploymentId;

pub(super) const TABLE: TableDefinition<'_, (u32, u32), i64> = TableDefinition::new("tasks");

impl Snapshot {
    pub fn watermark(&self, scope: Scope) -> Result<Option<i64>> {
        let table = self.transaction.open_table(TABLE)?;
        Ok(table.get((scope.deployment.0, scope.partition))?.map(|guard| guard.value()))
    }
}

impl Tables<'_> {
    pub(super) fn put_watermark(&mut self, scope: Scope, watermark_ms: i64) -> Result<()> {
        self.tasks()?.insert((scope.deployment.0, scope.partition), watermark_ms)?;
        Ok(())
    }

    pub(super) fn drop_watermarks(&mut self, deployment: DeploymentId) -> Result<()> {
        Ok(self.tasks()?.retain_in((deployment.0, 0)..=(deployment.0, u32::MAX), |_, _| false)?)
    }
}
