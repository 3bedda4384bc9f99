//! What was measured, each figure beside its limit and its target: a JSON line each, and a table at the end.

use std::fs::File;
use std::io::Write;

use anyhow::{Context, Result};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::paths;

/// One figure.
#[derive(Debug, Serialize)]
pub(super) struct Measure {
    name: String,
    value: f64,
    unit: &'static str,
    /// What the machine does by itself, measured in the same run.
    limit: Option<&'static str>,
    limit_value: Option<f64>,
    /// The value by its limit.
    ratio: Option<f64>,
    target: Option<String>,
    met: Option<bool>,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    RatioAtLeast(f64),
    RatioAtMost(f64),
    AtLeast(f64),
    Below(f64),
}

impl Measure {
    pub(super) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value: rounded(value),
            unit,
            limit: None,
            limit_value: None,
            ratio: None,
            target: None,
            met: None,
        }
    }

    /// Beside what the machine does by itself.
    pub(super) fn beside(self, limit: &'static str, limit_value: f64) -> Self {
        let ratio = (limit_value > 0.0).then(|| rounded(self.value / limit_value));
        Self { limit: Some(limit), limit_value: Some(rounded(limit_value)), ratio, ..self }
    }

    /// Call it after `beside`.
    pub(super) fn target(self, target: Target) -> Self {
        let (text, met) = match target {
            Target::RatioAtLeast(least) => (format!("ratio >= {least}"), self.ratio.map(|ratio| ratio >= least)),
            Target::RatioAtMost(most) => (format!("ratio <= {most}"), self.ratio.map(|ratio| ratio <= most)),
            Target::AtLeast(least) => (format!(">= {least}"), Some(self.value >= least)),
            Target::Below(bound) => (format!("< {bound}"), Some(self.value < bound)),
        };
        Self { target: Some(text), met, ..self }
    }
}

pub(super) struct Report {
    file: File,
    measures: Vec<Measure>,
}

impl Report {
    pub(super) fn new() -> Result<Self> {
        let path = paths::target().join("bench.jsonl");
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file, measures: Vec::new() })
    }

    pub(super) fn add(&mut self, measure: Measure) -> Result<()> {
        let line = serde_json::to_string(&measure)?;
        println!("{line}");
        writeln!(self.file, "{line}")?;
        self.measures.push(measure);
        Ok(())
    }

    pub(super) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_header(["", "value", "unit", "limit", "limit's value", "ratio", "target", "met"]);
        for measure in &self.measures {
            let figure = |value: Option<f64>| value.map(figure).unwrap_or_default();
            table.add_row([
                measure.name.clone(),
                figure(Some(measure.value)),
                measure.unit.to_owned(),
                measure.limit.unwrap_or_default().to_owned(),
                figure(measure.limit_value),
                figure(measure.ratio),
                measure.target.clone().unwrap_or_default(),
                measure.met.map(|met| if met { "yes" } else { "NO" }).unwrap_or_default().to_owned(),
            ]);
        }
        for column in [1, 4, 5] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.to_string()
    }
}

/// Three decimals say enough.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// In about three digits.
fn figure(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..1_000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_or_not() {
        let met = |value, target| Measure::new("a", value, "us").beside("b", 10.0).target(target).met;
        assert_eq!(met(4.0, Target::RatioAtLeast(0.4)), Some(true));
        assert_eq!(met(3.9, Target::RatioAtLeast(0.4)), Some(false));
        assert_eq!(met(20.0, Target::RatioAtMost(2.0)), Some(true));
        assert_eq!(met(20.0, Target::Below(20.0)), Some(false));
        assert_eq!(met(20.0, Target::AtLeast(20.0)), Some(true));
        let unmeasured = Measure::new("a", 1.0, "us").beside("b", 0.0).target(Target::RatioAtLeast(1.0));
        assert_eq!(unmeasured.met, None);
    }
}
