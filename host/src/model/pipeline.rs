//! A pipeline: deployments that were made as one, and go as one.

use serde::{Deserialize, Serialize};

use super::name::{DeploymentName, PipelineName};

/// The row of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    pub name: PipelineName,
    /// In the order in which they were given.
    pub deployments: Vec<DeploymentName>,
    pub created_ms: i64,
}
