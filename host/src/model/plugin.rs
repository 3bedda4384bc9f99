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
    /// Records of topics to the outside.
    Sinking,
    /// What is outside, asked for again and again, to topics.
    Sourcing,
    /// HTTP requests to topics.
    Receiving,
    /// Sentences to commands.
    Parsing,
}

impl Role {
    /// Whether it reads topics: it then runs as a task a partition, and otherwise as one.
    pub fn reads_topics(self) -> bool {
        matches!(self, Self::Processing | Self::ColumnProcessing | Self::Sinking)
    }

    /// Whether it may be granted hosts to talk to.
    pub fn reaches_out(self) -> bool {
        matches!(self, Self::Sinking | Self::Sourcing | Self::Parsing)
    }

    /// Whether it answers calls one by one, any number at once, and has no task.
    pub fn answers_calls(self) -> bool {
        matches!(self, Self::Receiving | Self::Parsing)
    }

    /// Whether it ties topics to what is outside.
    pub fn is_connector(self) -> bool {
        matches!(self, Self::Sinking | Self::Sourcing | Self::Receiving)
    }

    /// What a plugin of the role is called.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Processing | Self::ColumnProcessing => "processor",
            Self::Sinking => "sink",
            Self::Sourcing => "source",
            Self::Receiving => "webhook",
            Self::Parsing => "parser",
        }
    }
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
