//! The page that tells of all figures: Markdown, and plots beside it.

/// Plots of how something grows.
mod curves;
/// What each plot shows.
mod plots;
/// Drawing.
mod svg;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use super::report::{Figure, Measure, figure};
use super::section::Section;

const HEAD: &str = "\
# Benchmarks

What the host does, beside what the same machine does by itself in the same minutes: a figure without its reference says
more of the machine than of the host. This page is made by `cargo xtask bench --page` from what the last runs of
`cargo xtask bench` left in `target/bench.jsonl`; a part of it is measured again with `cargo xtask bench --only NAME`.
";

pub(super) struct Page {
    markdown: String,
    /// Files beside it.
    plots: Vec<(&'static str, String)>,
}

impl Page {
    pub(super) fn of(figures: &[Figure]) -> Self {
        let plots = plots::all(figures);
        let mut markdown = HEAD.to_owned();
        origin(&mut markdown, figures);
        targets(&mut markdown, figures);
        if !plots.is_empty() {
            markdown.push_str("\n## At a glance\n");
            for plot in &plots {
                let _ = write!(markdown, "\n![{}]({})\n\n{}\n", plot.title, plot.file, plot.caption);
            }
        }
        for section in Section::value_variants() {
            self::section(&mut markdown, *section, figures);
        }
        Self { markdown, plots: plots.into_iter().map(|plot| (plot.file, plot.svg)).collect() }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        if self.plots.is_empty() {
            bail!("there are no figures to show; measure them first: cargo xtask bench");
        }
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let plots = self.plots.iter().map(|(file, svg)| (*file, svg));
        for (file, text) in plots.chain([("README.md", &self.markdown)]) {
            let path = folder.join(file);
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

/// When, where and of which commit.
fn origin(markdown: &mut String, figures: &[Figure]) {
    let of = |part: fn(&Figure) -> &String| figures.iter().map(part).cloned().collect::<BTreeSet<_>>();
    let joined = |values: BTreeSet<String>| values.into_iter().collect::<Vec<_>>().join("; ");
    let times = of(|figure| &figure.stamp.time);
    let when = match (times.first(), times.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(only), _) => only.clone(),
        (None, _) => String::new(),
    };
    let (machine, commit) = (joined(of(|figure| &figure.stamp.machine)), joined(of(|figure| &figure.stamp.commit)));
    let _ =
        write!(markdown, "\n| | |\n|---|---|\n| machine | {machine} |\n| commit | {commit} |\n| measured | {when} |\n");
}

/// Which targets are met, and first of all which are not.
fn targets(markdown: &mut String, figures: &[Figure]) {
    let mut judged: Vec<_> = figures.iter().filter(|figure| figure.measure.met.is_some()).collect();
    judged.sort_by_key(|figure| figure.measure.met);
    let missed = judged.iter().filter(|figure| figure.measure.met == Some(false)).count();
    let met = judged.len() - missed;
    let _ = match missed {
        0 => write!(markdown, "\n## Targets\n\nAll {met} targets are met.\n"),
        _ => write!(markdown, "\n## Targets\n\n{met} of {} targets are met, **{missed} missed**.\n", judged.len()),
    };
    markdown.push_str("\n| | value | ratio | target | |\n|---|--:|--:|---|---|\n");
    for Figure { measure, .. } in judged {
        let verdict = if measure.met == Some(true) { "met" } else { "**missed**" };
        let _ = writeln!(
            markdown,
            "| {} | {} {} | {} | {} | {verdict} |",
            measure.name,
            figure(measure.value),
            measure.unit,
            optional(measure.ratio),
            target(measure)
        );
    }
}

fn section(markdown: &mut String, section: Section, figures: &[Figure]) {
    let figures: Vec<_> = figures.iter().filter(|figure| figure.section == section).collect();
    let _ = write!(markdown, "\n## {}\n\n{}\n\n", section.title(), section.about());
    let Some(first) = figures.first() else {
        let _ = writeln!(markdown, "Not measured yet: `cargo xtask bench --only {}`.", section.name());
        return;
    };
    let _ = writeln!(
        markdown,
        "Measured by `cargo xtask bench --only {}` on {}, commit {}.\n",
        section.name(),
        first.stamp.time,
        first.stamp.commit
    );
    markdown
        .push_str("| | value | unit | reference | its value | ratio | target | |\n|---|--:|---|---|--:|--:|---|---|\n");
    for Figure { measure, .. } in figures {
        let verdict = measure.met.map(|met| if met { "met" } else { "**missed**" });
        let _ = writeln!(
            markdown,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            measure.name,
            figure(measure.value),
            measure.unit,
            measure.reference.as_deref().unwrap_or_default(),
            optional(measure.reference_value),
            optional(measure.ratio),
            target(measure),
            verdict.unwrap_or_default()
        );
    }
}

fn optional(value: Option<f64>) -> String {
    value.map(figure).unwrap_or_default()
}

/// A target as a sentence would have it.
fn target(measure: &Measure) -> String {
    let text = measure.target.as_deref().unwrap_or_default();
    let Some((relation, bound)) = text.rsplit_once(' ') else { return String::new() };
    let bound = bound.parse().map_or_else(|_| bound.to_owned(), plots::short);
    let relation = relation.replace(">=", "at least").replace("<=", "at most").replace('<', "below");
    format!("{relation} {bound}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures as a run leaves them, with a target that is met and two that are not.
    const FIGURES: &str = include_str!("fixture.jsonl");

    fn page() -> Page {
        let figures: Vec<Figure> = FIGURES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Page::of(&figures)
    }

    #[test]
    fn says_plainly_what_is_met_and_what_is_missed() {
        let markdown = page().markdown;
        assert!(markdown.contains("3 of 5 targets are met, **2 missed**."), "{markdown}");
        let missed = "| one record in flight, p50 | 522.0 us | 2.72 | ratio at most 2 | **missed** |";
        assert!(markdown.contains(missed), "{markdown}");
        assert!(markdown.contains("| 1,043,200 records/s | 0.12 | at least 1,000,000 | met |"), "{markdown}");
        let first_met = markdown.find("| met |").unwrap();
        assert!(markdown.find(missed).unwrap() < first_met, "what is missed stands first");
    }

    #[test]
    fn says_when_where_and_how() {
        let markdown = page().markdown;
        for said in ["AMD EPYC, 2 cores", "9316cd9", "2026-11-23T18:00:00Z", "`cargo xtask bench --only consume`"] {
            assert!(markdown.contains(said), "{said}: {markdown}");
        }
        assert!(markdown.contains("Not measured yet: `cargo xtask bench --only swap`."), "{markdown}");
    }

    #[test]
    fn every_plot_is_there_and_is_shown() {
        let Page { markdown, plots } = page();
        let files: Vec<_> = plots.iter().map(|(file, _)| *file).collect();
        assert_eq!(files, ["throughput.svg", "latency.svg", "partitions.svg", "restart.svg"]);
        for (file, svg) in plots {
            assert!(markdown.contains(&format!("]({file})")), "{file} is shown");
            assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
            assert!(svg.contains("prefers-color-scheme: dark"), "{file} has a dark form");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{file} has a number that is none: {svg}");
            assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        }
    }

    #[test]
    fn a_run_of_one_bench_is_a_page_too() {
        let figures: Vec<Figure> = FIGURES.lines().take(1).map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(Page::of(&figures).markdown.contains("Not measured yet"));
        assert!(Page::of(&[]).write(Path::new("/nowhere")).is_err());
    }
}
