//! Processors that are compiled into the process, behind the same door as components: what the sandbox costs is measured
//! against them. A host has none, unless the program that starts it brings some.

use std::sync::Arc;

use serde_json::Value;

use super::instance::Input;
use super::outcome::Outcome;
use crate::model::plugin::Description;
use crate::store::state::Change;

/// What stands in for a component.
pub trait NativeProcessor: Send {
    /// As the contract's `process`; state that changes is added to `staged`.
    fn process(&mut self, input: &Input<'_>, staged: &mut Vec<Change>) -> Outcome;

    /// As the contract's `advance`.
    fn advance(&mut self, watermark_ms: Option<i64>, staged: &mut Vec<Change>) -> Outcome {
        let _ = (watermark_ms, staged);
        Outcome::default()
    }
}

/// Makes a processor from its settings.
pub type NativeFactory = fn(&Value) -> Box<dyn NativeProcessor>;

/// A processor that is compiled in.
#[derive(Clone, Copy, Debug)]
pub struct Native {
    pub name: &'static str,
    pub make: NativeFactory,
    /// Its state tables.
    pub tables: &'static [&'static str],
}

/// Native processors by name. One is uploaded as the text `native:<name>`.
#[derive(Clone, Debug, Default)]
pub struct Natives(Arc<[Native]>);

impl Natives {
    pub fn new(all: &[Native]) -> Self {
        Self(all.into())
    }

    /// The processor that an upload stands for, if it stands for one.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<(NativeFactory, Description)> {
        let name = std::str::from_utf8(bytes).ok()?.strip_prefix("native:")?;
        let Native { make, tables, .. } = self.0.iter().find(|native| native.name == name)?;
        let description = Description {
            summary: format!("{name}, compiled into the host."),
            settings_schema: serde_json::json!({"type": "object"}),
            tables: tables.iter().map(|table| (*table).to_owned()).collect(),
            hosts: Vec::new(),
        };
        Some((*make, description))
    }
}
