//! Table `deployments`: what runs, with the history of its generations.

use redb::{ReadableTable, TableDefinition};

use super::{Result, Snapshot, Tables, from_json, to_json};
use crate::model::deployment::Deployment;

pub(super) const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("deployments");

impl Snapshot {
    pub fn deployments(&self) -> Result<Vec<Deployment>> {
        let mut rows = Vec::new();
        for entry in self.transaction.open_table(TABLE)?.iter()? {
            let (name, row) = entry?;
            let row: Deployment = from_json("deployments", name.value(), row.value())?;
            if row.generations.is_empty() {
                return Err(super::corrupt("deployments", name.value(), "it has no generation"));
            }
            rows.push(row);
        }
        Ok(rows)
    }
}

impl Tables<'_> {
    pub(super) fn put_deployment(&mut self, row: &Deployment) -> Result<()> {
        self.deployments()?.insert(row.name.as_str(), to_json(row).as_slice())?;
        Ok(())
    }

    /// Takes the deployment out, with its state, its progress and its ledger.
    pub(super) fn drop_deployment(&mut self, row: &Deployment) -> Result<()> {
        self.deployments()?.remove(row.name.as_str())?;
        self.drop_state(row.id)?;
        self.drop_task_times(row.id)?;
        self.drop_cursor(row.id)?;
        self.drop_ledger(row.id)?;
        self.drop_offsets_of_group(&row.group())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn round_trips() {
        let row = json!({
            "id": 3, "name": "late", "inputs": ["flights"], "start": {"time-ms": 5}, "paused": true,
            "generations": [{
                "number": 1, "origin": 1, "plugin": "filter-json", "version": "ab", "settings": {"path": "x"},
                "output": "delayed", "grants": {"topics": []}, "started_ms": 9, "standing": "current", "reason": null,
            }],
        });
        let row: Deployment = from_json("deployments", "late", row.to_string().as_bytes()).unwrap();
        assert_eq!(from_json::<Deployment>("deployments", "late", &to_json(&row)).unwrap(), row);
    }

    #[test]
    fn rejects_a_row_without_generations() {
        assert!(from_json::<Deployment>("deployments", "late", br#"{"id":1,"name":"late"}"#).is_err());
    }
}
