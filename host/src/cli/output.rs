//! What a command shows: the API's own JSON for programs, tables and sentences for people.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::bail;
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, presets};
use serde::de::DeserializeOwned;

/// Whoever read the output has gone, as `head` does: the command ends, and that is no failure.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
pub(super) struct ReaderGone;

/// How a command answers on the standard output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    pub(super) json: bool,
}

impl Output {
    /// Shows an answer of the API: as it came, or as the text that is made of it.
    pub(super) fn show<T: DeserializeOwned>(self, answer: &[u8], text: impl FnOnce(T) -> String) -> anyhow::Result<()> {
        if self.json {
            return print(&String::from_utf8_lossy(answer));
        }
        print(&text(serde_json::from_slice(answer)?))
    }

    /// Shows what has no JSON of its own, such as that something is gone. Programs have the exit code.
    pub(super) fn say(self, text: &str) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { print(text) }
    }
}

/// Writes text and the end of its last line to the standard output.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.trim_end().as_bytes()).and_then(|()| out.write_all(b"\n"));
    written.and_then(|()| out.flush()).map_err(output_error)
}

/// An error of writing to the standard output, told from those of files and sockets.
pub(super) fn output_error(error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return ReaderGone.into();
    }
    anyhow::Error::from(error).context("the output cannot be written")
}

/// Asks before something goes for good. Without a terminal there is nobody to ask, and `--yes` has to say it.
pub(super) fn confirm(question: &str, yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        bail!("{question} There is no terminal to ask on; say --yes");
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    bail!("nothing was changed")
}

/// A table without borders. Numbers stand to the right; on a terminal long cells wrap and the header is bold.
pub(super) struct Table(comfy_table::Table);

/// A column's name and which way its cells lean.
pub(super) enum Column {
    Text(&'static str),
    Number(&'static str),
}

impl Table {
    pub(super) fn new<const N: usize>(columns: &[Column; N]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        // In a pipe a line is a record for the next program, however long it is.
        let arrangement = if table.is_tty() { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
        table.set_content_arrangement(arrangement);
        let names = columns.iter().map(|column| match column {
            Column::Text(name) => Cell::new(name).add_attribute(Attribute::Bold),
            Column::Number(name) => Cell::new(name).add_attribute(Attribute::Bold).set_alignment(CellAlignment::Right),
        });
        table.set_header(names.collect::<Vec<_>>());
        for (index, column) in columns.iter().enumerate() {
            let Some(built) = table.column_mut(index) else { continue };
            built.set_padding((0, 2));
            if matches!(column, Column::Number(_)) {
                built.set_cell_alignment(CellAlignment::Right);
            }
        }
        Self(table)
    }

    pub(super) fn add<const N: usize>(&mut self, row: [String; N]) {
        self.0.add_row(row.map(Cell::new_owned));
    }

    pub(super) fn text(&self) -> String {
        self.0.trim_fmt()
    }
}

/// `1234567` as `1,234,567`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A rate in three significant digits: a fourth would change from run to run.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are positive, and far below 2^64")]
pub(super) fn rate(per_second: f64) -> String {
    if !per_second.is_finite() || per_second <= 0.0 {
        return "0".to_owned();
    }
    let unit = 10_f64.powi((per_second.log10().floor() as i32 - 2).max(0));
    number(((per_second / unit).round() * unit) as u64)
}

/// Bytes in the largest unit of 1,024 that leaves a whole number.
#[expect(clippy::cast_precision_loss, reason = "shown with one digit behind the point")]
pub(super) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

/// A short time in the unit that reads best.
#[expect(clippy::cast_precision_loss, reason = "shown with one or two digits behind the point")]
pub(super) fn micros(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} us"),
        1_000..1_000_000 => format!("{:.2} ms", us as f64 / 1e3),
        _ => format!("{:.2} s", us as f64 / 1e6),
    }
}

/// Milliseconds since 1970 as RFC 3339.
pub(super) fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| format!("{ms} ms"), |time| format!("{time:.3}"))
}

/// Enough of a version for a person.
pub(super) fn short(version: &str) -> &str {
    version.get(..12).unwrap_or(version)
}

/// Names and what stands for each, a line each, in two columns.
pub(super) fn pairs<'a>(pairs: impl AsRef<[(&'a str, String)]>) -> String {
    let pairs = pairs.as_ref();
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (name, value) in pairs {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{name:width$}  {value}");
    }
    out
}

pub(super) fn joined(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_in_groups() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (given, text) in cases {
            assert_eq!(number(given), text);
        }
        let rates = [(0.0, "0"), (7.2, "7"), (123.4, "123"), (108_637.4, "109,000"), (999_600.0, "1,000,000")];
        for (given, text) in rates {
            assert_eq!(rate(given), text);
        }
    }

    #[test]
    fn units_fit_the_size() {
        assert_eq!(bytes(1_023), "1023 B");
        assert_eq!(bytes(319_488), "312.0 KiB");
        assert_eq!(micros(999), "999 us");
        assert_eq!(micros(1_250), "1.25 ms");
        assert_eq!(time(1_357_034_400_000), "2013-01-01T10:00:00.000Z");
    }

    #[test]
    fn tables_are_quiet_in_a_pipe() {
        let mut table = Table::new(&[Column::Text("name"), Column::Number("records")]);
        table.add(["flights".into(), "7".into()]);
        assert_eq!(table.text(), "name     records\nflights        7");
    }
}
