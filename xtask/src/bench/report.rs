//! What was measured, each figure beside its reference and its target: a JSON line each in `target/bench.jsonl`, and a table
//! at the end. A run replaces the figures of what it measures, and leaves the others as they are.

use std::path::PathBuf;

use anyhow::{Context, Result};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde::{Deserialize, Serialize};

use super::section::Section;
use crate::machine::Stamp;

/// One figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Measure {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) unit: String,
    /// What the machine does by itself, measured in the same run.
    pub(super) reference: Option<String>,
    pub(super) reference_value: Option<f64>,
    /// The value by its reference.
    pub(super) ratio: Option<f64>,
    pub(super) target: Option<String>,
    pub(super) met: Option<bool>,
    /// Where the figure is one of a curve.
    pub(super) point: Option<Point>,
}

/// A place on a curve: of this name, at this x.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Point {
    pub(super) curve: String,
    pub(super) x: f64,
}

/// A figure, and when and where it was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Figure {
    pub(super) section: Section,
    #[serde(flatten)]
    pub(super) measure: Measure,
    #[serde(flatten)]
    pub(super) stamp: Stamp,
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
    pub(super) fn new(name: impl Into<String>, value: f64, unit: &str) -> Self {
        Self {
            name: name.into(),
            value: rounded(value),
            unit: unit.to_owned(),
            reference: None,
            reference_value: None,
            ratio: None,
            target: None,
            met: None,
            point: None,
        }
    }

    /// Beside what the machine does by itself.
    pub(super) fn beside(self, reference: &str, value: f64) -> Self {
        let ratio = (value > 0.0).then(|| rounded(self.value / value));
        Self { reference: Some(reference.to_owned()), reference_value: Some(rounded(value)), ratio, ..self }
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

    pub(super) fn at(self, curve: &str, x: f64) -> Self {
        Self { point: Some(Point { curve: curve.to_owned(), x: rounded(x) }), ..self }
    }
}

pub(super) struct Report {
    path: PathBuf,
    stamp: Stamp,
    figures: Vec<Figure>,
}

impl Report {
    /// Goes on with the figures that earlier runs left there.
    pub(super) fn open(path: PathBuf, stamp: Stamp) -> Self {
        let figures = read(&path).unwrap_or_default();
        Self { path, stamp, figures }
    }

    pub(super) fn add(&mut self, section: Section, measure: Measure) -> Result<()> {
        let figure = Figure { section, measure, stamp: self.stamp.clone() };
        println!("{}", serde_json::to_string(&figure)?);
        self.figures.retain(|old| old.section != section || old.stamp == self.stamp);
        self.figures.push(figure);
        self.figures.sort_by_key(|figure| figure.section);
        let mut lines = String::new();
        for figure in &self.figures {
            lines += &serde_json::to_string(figure)?;
            lines.push('\n');
        }
        std::fs::write(&self.path, lines).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// The figures of this run.
    pub(super) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_header(["", "value", "unit", "reference", "its value", "ratio", "target", "met"]);
        for Figure { measure, .. } in self.figures.iter().filter(|figure| figure.stamp == self.stamp) {
            let text = |value: Option<f64>| value.map(figure).unwrap_or_default();
            table.add_row([
                measure.name.clone(),
                text(Some(measure.value)),
                measure.unit.clone(),
                measure.reference.clone().unwrap_or_default(),
                text(measure.reference_value),
                text(measure.ratio),
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

/// The figures of a file. Lines of another form are from another version, and count for nothing.
pub(super) fn read(path: &std::path::Path) -> Result<Vec<Figure>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Three decimals say enough.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// In about three digits, the thousands apart.
pub(super) fn figure(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..1_000.0 => format!("{value:.1}"),
        _ => thousands(&format!("{value:.0}")),
    }
}

fn thousands(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out
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

    #[test]
    fn figures_are_short() {
        for (value, text) in [(0.512_3, "0.51"), (99.96, "100.0"), (1_234.5, "1,234"), (1_043_200.0, "1,043,200")] {
            assert_eq!(figure(value), text);
        }
        assert_eq!(thousands("-123456"), "-123,456");
    }

    #[test]
    fn a_run_replaces_only_what_it_measures() {
        let path = std::env::temp_dir().join(format!("kafka-do-report-{}.jsonl", std::process::id()));
        let stamp = |time: &str| Stamp { commit: "abc".into(), time: time.into(), machine: "one".into() };
        let mut first = Report::open(path.clone(), stamp("1"));
        for (section, name) in [(Section::Swap, "a"), (Section::Start, "b"), (Section::Swap, "c")] {
            first.add(section, Measure::new(name, 1.0, "us").at("curve", 2.0)).unwrap();
        }
        let mut second = Report::open(path.clone(), stamp("2"));
        second.add(Section::Swap, Measure::new("d", 1.0, "us")).unwrap();
        let names: Vec<_> = read(&path).unwrap().into_iter().map(|figure| figure.measure.name).collect();
        assert_eq!(names, ["b", "d"]);
        std::fs::remove_file(path).unwrap();
    }
}
