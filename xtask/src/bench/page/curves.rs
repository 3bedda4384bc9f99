//! Plots of how something grows with something else.

use super::super::partitions::{MEMORY, START, THROUGHPUT};
use super::super::report::{Figure, Measure};
use super::super::restart;
use super::plots::{LEFT, Plot, RIGHT, short};
use super::svg::{Anchor, Svg};

const TOP: f64 = 84.0;
const HEIGHT: f64 = 150.0;
const BOTTOM: f64 = TOP + HEIGHT;
/// What is left free above the highest point, and beside the first and the last.
const HEADROOM: f64 = 1.2;
const MARGIN: f64 = 26.0;

/// A curve and the room for it.
struct Panel<'a> {
    title: &'a str,
    left: f64,
    width: f64,
    /// The most that y shows.
    most: f64,
    points: Vec<&'a Measure>,
    /// Where the points stand.
    places: Vec<f64>,
    /// What stands below each.
    labels: Vec<String>,
}

impl Panel<'_> {
    fn y(&self, value: f64) -> f64 {
        BOTTOM - HEIGHT * (value / self.most.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
    }

    fn draw_frame(&self, svg: &mut Svg) {
        let (left, right) = (self.left, self.left + self.width);
        svg.text((left, TOP - 22.0), "", Anchor::Start, self.title);
        svg.line((left, BOTTOM), (right, BOTTOM), "axis");
        for part in [0.5, 1.0] {
            let y = self.y(self.most * part);
            svg.line((left, y), (right, y), "grid");
        }
    }

    /// The references of the points, under their name.
    fn draw_beside(&self, svg: &mut Svg, name: &str) {
        let points = self.points.iter().zip(&self.places);
        let line: Vec<_> =
            points.filter_map(|(point, x)| point.reference_value.map(|value| (*x, self.y(value)))).collect();
        svg.path(&line, "beside");
        if let Some((_, y)) = line.first() {
            svg.text((self.left, y - 8.0), "soft", Anchor::Start, name);
        }
    }

    /// The points, each with its value, which stands so far below it.
    fn draw_curve(&self, svg: &mut Svg, below: f64) {
        let line: Vec<_> = self.points.iter().zip(&self.places).map(|(point, x)| (*x, self.y(point.value))).collect();
        svg.path(&line, "curve");
        for ((point, (x, y)), label) in self.points.iter().zip(line).zip(&self.labels) {
            svg.dot((x, y), 4.5, "value");
            svg.text((x, y + below), "soft", Anchor::Middle, &short(whole(point.value)));
            svg.text((x, BOTTOM + 17.0), "soft", Anchor::Middle, label);
        }
    }
}

/// The figures of one curve, by x.
fn curve<'a>(figures: &'a [Figure], name: &str) -> Vec<&'a Measure> {
    let is_of = |measure: &&Measure| measure.point.as_ref().is_some_and(|point| point.curve == name);
    let mut points: Vec<_> = figures.iter().map(|figure| &figure.measure).filter(is_of).collect();
    points.sort_by(|a, b| x_of(a).total_cmp(&x_of(b)));
    points
}

fn x_of(measure: &Measure) -> f64 {
    measure.point.as_ref().map_or(0.0, |point| point.x)
}

/// Without decimals from ten on.
fn whole(value: f64) -> f64 {
    if value < 10.0 { value } else { value.round() }
}

pub(super) fn partitions(figures: &[Figure]) -> Option<Plot> {
    const GAP: f64 = 28.0;
    let title = "By the number of partitions";
    let mut svg = Svg::default();
    let width = (RIGHT - LEFT - GAP * 2.0) / 3.0;
    let panels = [("Durable produce, MiB/s", THROUGHPUT), ("Start, ms", START), ("Resident memory, MiB", MEMORY)];
    for (number, (name, of)) in panels.into_iter().enumerate() {
        let points = curve(figures, of);
        let is_beside = of == THROUGHPUT;
        let references = points.iter().filter_map(|point| point.reference_value).filter(|_| is_beside);
        let most = points.iter().map(|point| point.value).chain(references).reduce(f64::max)?;
        let left = LEFT + (width + GAP) * number as f64;
        // Each number of partitions has as much room as the next, whatever lies between them.
        let step = (width - MARGIN * 2.0) / (points.len().max(2) - 1) as f64;
        let places = (0..points.len()).map(|point| left + MARGIN + step * point as f64).collect();
        let labels = points.iter().map(|point| short(x_of(point))).collect();
        let panel = Panel { title: name, left, width, most: most * HEADROOM, points, places, labels };
        panel.draw_frame(&mut svg);
        if is_beside {
            panel.draw_beside(&mut svg, "the disk by itself");
        }
        panel.draw_curve(&mut svg, if is_beside { 20.0 } else { -10.0 });
    }
    let caption = "Eight connections write to one partition after the other; then the host is stopped, and started over what it \
                   holds.";
    Some(Plot { file: "partitions.svg", title, caption, svg: svg.finish(title, BOTTOM + 32.0) })
}

pub(super) fn restarts(figures: &[Figure]) -> Option<Plot> {
    let points = curve(figures, restart::CURVE);
    let largest = x_of(points.last()?);
    let title = "Restart after kill -9, by what the tier holds";
    let mut svg = Svg::default();
    let (left, width) = (LEFT, RIGHT - LEFT);
    let most = points.iter().map(|point| point.value).fold(restart::READY_MS_MAX, f64::max);
    let place = |x: f64| left + MARGIN + (width - MARGIN * 2.0) * x / largest.max(f64::MIN_POSITIVE);
    let places = points.iter().map(|point| place(x_of(point))).collect();
    let labels = points.iter().map(|point| tier(x_of(point))).collect();
    let name = "From the start of the process until it serves, ms";
    let panel = Panel { title: name, left, width, most: most * HEADROOM, points, places, labels };
    panel.draw_frame(&mut svg);
    let bound = panel.y(restart::READY_MS_MAX);
    svg.line((left, bound), (left + width, bound), "target");
    let text = format!("must stay below {}", short(restart::READY_MS_MAX));
    svg.text((left + width, bound - 7.0), "target-text", Anchor::End, &text);
    panel.draw_curve(&mut svg, -10.0);
    let caption = "The head is full each time; only the tier grows.";
    Some(Plot { file: "restart.svg", title, caption, svg: svg.finish(title, BOTTOM + 32.0) })
}

/// What a tier holds, as a person says it.
fn tier(mib: f64) -> String {
    if mib < 1_000.0 { format!("{} MiB", short(whole(mib))) } else { format!("{:.1} GiB", mib / 1_024.0) }
}
