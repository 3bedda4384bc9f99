//! Table `plugins`: which versions there are; the components themselves stand in the tier, under their version.

use redb::{ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use super::{Result, Snapshot, Tables, from_json, to_json};
use crate::model::generation::Version;
use crate::model::name::PluginName;
use crate::model::plugin::{Description, Role};

pub(super) const TABLE: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("plugins");

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginRow {
    pub name: PluginName,
    pub version: Version,
    pub bytes: u64,
    pub uploaded_ms: i64,
    /// Orders the versions of a plugin; the greatest is what a deployment gets that names no version.
    pub sequence: u64,
    pub role: Role,
    pub description: Description,
}

impl Snapshot {
    pub fn plugins(&self) -> Result<Vec<PluginRow>> {
        let mut rows = Vec::new();
        for entry in self.transaction.open_table(TABLE)?.iter()? {
            let (key, row) = entry?;
            rows.push(from_json("plugins", key.value(), row.value())?);
        }
        Ok(rows)
    }
}

impl Tables<'_> {
    pub(super) fn put_plugin(&mut self, row: &PluginRow) -> Result<()> {
        self.plugins()?.insert((row.name.as_str(), row.version.0.as_str()), to_json(row).as_slice())?;
        Ok(())
    }

    pub(super) fn drop_plugin(&mut self, name: &PluginName, version: &Version) -> Result<()> {
        self.plugins()?.remove((name.as_str(), version.0.as_str()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(name in "[a-z-]{1,20}", version in "[0-9a-f]{64}", bytes: u64, uploaded_ms: i64, sequence: u64) {
            let name = PluginName::parse(&name).unwrap();
            let description = Description {
                summary: "counts".into(),
                settings_schema: serde_json::json!({"type": "object"}),
                tables: vec!["counts".into()],
                hosts: vec![],
            };
            let role = Role::Processing;
            let row = PluginRow { name, version: Version(version), bytes, uploaded_ms, sequence, role, description };
            prop_assert_eq!(from_json::<PluginRow>("plugins", (), &to_json(&row)).unwrap(), row);
        }
    }

    #[test]
    fn rejects_a_row_without_a_version() {
        assert!(
            from_json::<PluginRow>("plugins", (), br#"{"name":"a","bytes":1,"uploaded_ms":0,"sequence":1}"#).is_err()
        );
    }
}
