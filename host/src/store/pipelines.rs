//! Table `pipelines`: deployments that were made as one, and go as one.

use redb::{ReadableTable, TableDefinition};

use super::{Result, Snapshot, Tables, from_json, to_json};
use crate::model::name::PipelineName;
use crate::model::pipeline::Pipeline;

pub(super) const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("pipelines");

impl Snapshot {
    pub fn pipelines(&self) -> Result<Vec<Pipeline>> {
        let mut rows = Vec::new();
        for entry in self.transaction.open_table(TABLE)?.iter()? {
            let (name, row) = entry?;
            rows.push(from_json("pipelines", name.value(), row.value())?);
        }
        Ok(rows)
    }
}

impl Tables<'_> {
    pub(super) fn put_pipeline(&mut self, row: &Pipeline) -> Result<()> {
        self.pipelines()?.insert(row.name.as_str(), to_json(row).as_slice())?;
        Ok(())
    }

    pub(super) fn drop_pipeline(&mut self, name: &PipelineName) -> Result<()> {
        self.pipelines()?.remove(name.as_str())?;
        Ok(())
    }
}
