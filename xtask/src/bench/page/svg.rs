//! Drawing: a few shapes, in colours that suit a light and a dark page. A drawing has its own background, since an image is
//! told what the reader's system prefers and not what the page around it looks like.

use std::fmt::Write;

pub(super) const WIDTH: f64 = 760.0;

const STYLE: &str = "\
text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#1f2328}\
.soft{fill:#59636e;font-size:12px}.title{font-size:15px;font-weight:600}.miss-text{fill:#b3261e;font-size:12px}\
.back{fill:#ffffff;stroke:#d8dee4}.track{fill:#eef1f4}.grid{stroke:#e3e7eb}.axis{stroke:#8c959f}\
.value{fill:#2a6fcf;stroke:#2a6fcf}.far{fill:#7fb0ee;stroke:#7fb0ee}.miss{fill:#c8372d;stroke:#c8372d}\
.curve{fill:none;stroke:#2a6fcf;stroke-width:2}.beside{fill:none;stroke:#8c959f;stroke-width:2;stroke-dasharray:5 4}\
.span{stroke:#7fb0ee;stroke-width:4;stroke-linecap:round}.target{stroke:#b35900;stroke-width:2.5}\
.target-text{fill:#b35900;font-size:12px}.reference{stroke:#57606a;stroke-width:2}\
@media (prefers-color-scheme: dark){\
text{fill:#e6edf3}.soft{fill:#9da7b1}.miss-text{fill:#ff8a80}\
.back{fill:#0d1117;stroke:#30363d}.track{fill:#1c2129}.grid{stroke:#262c34}.axis{stroke:#6e7681}\
.value{fill:#58a0f5;stroke:#58a0f5}.far{fill:#2f5f9e;stroke:#2f5f9e}.miss{fill:#f2695f;stroke:#f2695f}\
.curve{stroke:#58a0f5}.beside{stroke:#8b949e}.span{stroke:#2f5f9e}.target{stroke:#e8a33d}\
.target-text{fill:#e8a33d}.reference{stroke:#b1bac4}}";

#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Debug, Default)]
pub(super) struct Svg {
    body: String,
}

impl Svg {
    pub(super) fn text(&mut self, (x, y): (f64, f64), class: &str, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        self.add(format_args!(r#"<text x="{x:.1}" y="{y:.1}" class="{class}" text-anchor="{anchor}">{text}</text>"#));
    }

    pub(super) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        self.add(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="3" class="{class}"/>"#
        ));
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.add(format_args!(r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="{class}"/>"#));
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64), radius: f64, class: &str) {
        self.add(format_args!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius:.1}" class="{class}"/>"#));
    }

    pub(super) fn path(&mut self, points: &[(f64, f64)], class: &str) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.add(format_args!(r#"<polyline points="{}" class="{class}"/>"#, points.join(" ")));
    }

    /// The whole drawing, under its title.
    pub(super) fn finish(self, title: &str, height: f64) -> String {
        let title = escaped(title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n\
             <rect x=\"0.5\" y=\"0.5\" width=\"{:.1}\" height=\"{:.1}\" rx=\"8\" class=\"back\"/>\n\
             <text x=\"20\" y=\"30\" class=\"title\">{title}</text>\n{}</svg>\n",
            WIDTH - 1.0,
            height - 1.0,
            self.body
        )
    }

    fn add(&mut self, shape: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.body, "{shape}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
