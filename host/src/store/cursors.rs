//! Table `cursors`: where each source is in what it reads outside, in its own bytes.

use redb::{ReadableTable, TableDefinition};

use super::{Result, Snapshot, Tables};
use crate::model::deployment::DeploymentId;

pub(super) const TABLE: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("cursors");

impl Snapshot {
    /// `None` where the source has committed nothing yet.
    pub fn cursor(&self, deployment: DeploymentId) -> Result<Option<Vec<u8>>> {
        Ok(self.transaction.open_table(TABLE)?.get(deployment.0)?.map(|cursor| cursor.value().to_vec()))
    }
}

impl Tables<'_> {
    pub fn cursor(&mut self, deployment: DeploymentId) -> Result<Option<Vec<u8>>> {
        Ok(self.cursors()?.get(deployment.0)?.map(|cursor| cursor.value().to_vec()))
    }

    pub(super) fn put_cursor(&mut self, deployment: DeploymentId, cursor: &[u8]) -> Result<()> {
        self.cursors()?.insert(deployment.0, cursor)?;
        Ok(())
    }

    pub(super) fn drop_cursor(&mut self, deployment: DeploymentId) -> Result<()> {
        self.cursors()?.remove(deployment.0)?;
        Ok(())
    }
}
