//! What each plot shows.

use super::super::report::{Figure, Measure, figure};
use super::curves;
use super::svg::{Anchor, Svg, WIDTH};

pub(super) struct Plot {
    pub(super) file: &'static str,
    pub(super) title: &'static str,
    pub(super) caption: &'static str,
    pub(super) svg: String,
}

pub(super) const LEFT: f64 = 20.0;
pub(super) const RIGHT: f64 = WIDTH - 20.0;
/// Where the rows of a plot begin, below its title and its legend.
const TOP: f64 = 78.0;
const ROW: f64 = 42.0;
const RATES: [&str; 4] = ["MiB/s", "MB/s", "records/s", "requests/s"];

/// All that there are figures for.
pub(super) fn all(figures: &[Figure]) -> Vec<Plot> {
    let plots = [throughput(figures), latency(figures), curves::partitions(figures), curves::restarts(figures)];
    plots.into_iter().flatten().collect()
}

/// A bound without the decimals that say nothing.
pub(super) fn short(value: f64) -> String {
    if value.abs() < 10.0 { value.to_string() } else { figure(value).trim_end_matches(".0").to_owned() }
}

fn throughput(figures: &[Figure]) -> Option<Plot> {
    let is_bar = |measure: &&Measure| {
        RATES.contains(&measure.unit.as_str()) && measure.ratio.is_some() && measure.point.is_none()
    };
    let bars: Vec<_> = figures.iter().map(|figure| &figure.measure).filter(is_bar).collect();
    if bars.is_empty() {
        return None;
    }
    let most = bars.iter().filter_map(|bar| bar.ratio).fold(1.05, f64::max).min(2.0);
    let at = |ratio: f64| LEFT + (RIGHT - LEFT) * ratio.clamp(0.0, most) / most;
    let title = "Throughput, as a part of its reference";
    let mut svg = Svg::default();
    svg.rect((LEFT, 43.0), (14.0, 9.0), "value");
    svg.text((LEFT + 20.0, 52.0), "soft", Anchor::Start, "host");
    svg.line((LEFT + 66.0, 41.0), (LEFT + 66.0, 54.0), "target");
    svg.text((LEFT + 74.0, 52.0), "soft", Anchor::Start, "target");
    svg.line((LEFT + 132.0, 41.0), (LEFT + 132.0, 54.0), "reference");
    svg.text((LEFT + 140.0, 52.0), "soft", Anchor::Start, "reference");
    let bottom = TOP + ROW * bars.len() as f64;
    for (row, bar) in bars.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let is_missed = bar.met == Some(false);
        svg.text((LEFT, y + 12.0), "", Anchor::Start, &bar.name);
        let values = format!(
            "{} of {} {} = {}{}",
            figure(bar.value),
            figure(bar.reference_value.unwrap_or_default()),
            bar.unit,
            figure(bar.ratio.unwrap_or_default()),
            if is_missed { ", missed" } else { "" }
        );
        svg.text((RIGHT, y + 12.0), if is_missed { "miss-text" } else { "soft" }, Anchor::End, &values);
        svg.rect((LEFT, y + 19.0), (RIGHT - LEFT, 10.0), "track");
        let width = at(bar.ratio.unwrap_or_default()) - LEFT;
        svg.rect((LEFT, y + 19.0), (width, 10.0), if is_missed { "miss" } else { "value" });
        svg.line((at(1.0), y + 15.0), (at(1.0), y + 33.0), "reference");
        if let Some(target) = target_ratio(bar) {
            svg.line((at(target), y + 15.0), (at(target), y + 33.0), "target");
        }
    }
    let caption = "Each bar is a figure of the host divided by its reference, which is the upright line at its right; \
                   the other one is its target.";
    Some(Plot { file: "throughput.svg", title, caption, svg: svg.finish(title, bottom + 14.0) })
}

/// A target as a part of the reference.
fn target_ratio(measure: &Measure) -> Option<f64> {
    let target = measure.target.as_deref()?;
    match target.strip_prefix("ratio >= ") {
        Some(ratio) => ratio.parse().ok(),
        None => Some(target.strip_prefix(">= ")?.parse::<f64>().ok()? / measure.reference_value?),
    }
}

fn latency(figures: &[Figure]) -> Option<Plot> {
    let find = |name: &str| figures.iter().map(|figure| &figure.measure).find(|measure| measure.name == name);
    let mut rows = Vec::new();
    for Figure { measure: p50, .. } in figures.iter().filter(|figure| figure.measure.unit == "us") {
        if let Some(what) = p50.name.strip_suffix(", p50")
            && let Some(p99) = find(&format!("{what}, p99"))
        {
            rows.push((what, p50, p99));
        }
    }
    let all = rows.iter().flat_map(|(_, p50, p99)| [Some(p50.value), Some(p99.value), p50.reference_value]).flatten();
    let all: Vec<_> = all.filter(|us| *us > 0.0).collect();
    let (first, last) = decades(&all)?;
    let at = |us: f64| LEFT + (RIGHT - LEFT) * (us.max(1e-3).log10() - first) / (last - first);
    let title = "Latency";
    let mut svg = Svg::default();
    legend_of_latency(&mut svg);
    let bottom = TOP + ROW * rows.len() as f64;
    let mut decade = first;
    while decade <= last {
        let x = at(10_f64.powf(decade));
        svg.line((x, TOP - 8.0), (x, bottom), "grid");
        let anchor = match () {
            () if decade <= first => Anchor::Start,
            () if decade >= last => Anchor::End,
            () => Anchor::Middle,
        };
        svg.text((x, bottom + 16.0), "soft", anchor, &time(10_f64.powf(decade)));
        decade += 1.0;
    }
    for (row, (what, p50, p99)) in rows.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        svg.text((LEFT, y + 12.0), "", Anchor::Start, what);
        let values = format!("{} / {}", time(p50.value), time(p99.value));
        svg.text((RIGHT, y + 12.0), "soft", Anchor::End, &values);
        svg.line((at(p50.value), y + 25.0), (at(p99.value), y + 25.0), "span");
        svg.dot((at(p50.value), y + 25.0), 6.0, "value");
        svg.dot((at(p99.value), y + 25.0), 6.0, "far");
        if let Some(reference) = p50.reference_value {
            svg.line((at(reference), y + 17.0), (at(reference), y + 33.0), "reference");
        }
    }
    let caption = "The median and the 99th percentile on a logarithmic scale. The upright line is the median of the reference: \
                   one fdatasync of the bare disk, or the same requests to a bare hyper server.";
    Some(Plot { file: "latency.svg", title, caption, svg: svg.finish(title, bottom + 32.0) })
}

fn legend_of_latency(svg: &mut Svg) {
    svg.dot((LEFT + 6.0, 48.0), 6.0, "value");
    svg.text((LEFT + 18.0, 52.0), "soft", Anchor::Start, "median");
    svg.dot((LEFT + 82.0, 48.0), 6.0, "far");
    svg.text((LEFT + 94.0, 52.0), "soft", Anchor::Start, "99th percentile");
    svg.line((LEFT + 200.0, 41.0), (LEFT + 200.0, 55.0), "reference");
    svg.text((LEFT + 208.0, 52.0), "soft", Anchor::Start, "reference, median");
}

/// The whole decades that these lie between, as logarithms.
fn decades(values: &[f64]) -> Option<(f64, f64)> {
    let least = values.iter().copied().reduce(f64::min)?.log10().floor();
    let most = values.iter().copied().reduce(f64::max)?.log10().ceil();
    Some((least, most.max(least + 1.0)))
}

/// Microseconds as a person says them.
fn time(us: f64) -> String {
    match us {
        _ if us < 1e3 => format!("{} us", short(us.round())),
        _ if us < 1e6 => format!("{} ms", short((us / 10.0).round() / 100.0)),
        _ => format!("{} s", short((us / 1e4).round() / 100.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::Target;

    #[test]
    fn a_target_is_a_part_of_the_reference() {
        let measure = Measure::new("a", 10.0, "MB/s").beside("b", 2_000.0);
        assert_eq!(target_ratio(&measure.clone().target(Target::AtLeast(1_000.0))), Some(0.5));
        assert_eq!(target_ratio(&measure.clone().target(Target::RatioAtLeast(0.6))), Some(0.6));
        assert_eq!(target_ratio(&measure), None);
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!([time(522.0), time(1_403.0), time(2e6)], ["522 us", "1.4 ms", "2 s"]);
    }

    #[test]
    fn decades_hold_all_values() {
        assert_eq!(decades(&[522.0, 1_403.0]), Some((2.0, 4.0)));
        assert_eq!(decades(&[100.0]), Some((2.0, 3.0)));
        assert_eq!(decades(&[]), None);
    }
}
