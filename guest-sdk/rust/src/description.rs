//! What a plugin says of itself.

use crate::Description;

impl Description {
    /// A plugin without settings, state or network: the other methods add what it has.
    pub fn new(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            settings_schema: crate::filter_map::NO_SETTINGS_SCHEMA.to_owned(),
            tables: Vec::new(),
            hosts: Vec::new(),
        }
    }

    /// The JSON Schema of the settings object. The host checks settings against it before it opens the plugin.
    #[must_use]
    pub fn with_settings_schema(mut self, json_schema: impl Into<String>) -> Self {
        self.settings_schema = json_schema.into();
        self
    }

    /// A state table that the plugin opens with [`state::Table::open`](crate::state::Table::open).
    #[must_use]
    pub fn with_table(mut self, name: impl Into<String>) -> Self {
        self.tables.push(name.into());
        self
    }

    /// A `host:port` pattern that the plugin wants to reach whatever its settings say; an operator grants it or not.
    #[must_use]
    pub fn with_host(mut self, pattern: impl Into<String>) -> Self {
        self.hosts.push(pattern.into());
        self
    }
}
