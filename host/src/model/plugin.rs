//! What a plugin is, as it says of itself.

use serde::{Deserialize, Serialize};

/// What a component is for: the world it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Records in, records out.
    Processing,
    /// The same, a column a field.
    ColumnProcessing,
}

/// The component's own answer to `describe`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    pub summary: String,
    /// JSON Schema of the settings.
    pub settings_schema: serde_json::Value,
    /// State tables that it opens.
    pub tables: Vec<String>,
    /// `host:port` patterns that it wants to reach.
    pub hosts: Vec<String>,
}
