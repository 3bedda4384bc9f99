//! What a person sees: a line a step with the command that does the same, and a bar where there is a terminal.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::audit::{Count, Finding};
use super::{COUNTED, FILTER};
use crate::http::{Deployment, Swap};
use crate::paths;
use crate::quantile::quantile;

/// What every client assumes.
pub(super) const USUAL_ADDRESS: &str = "127.0.0.1:7070";
/// How many lines tell of the progress where there is no bar.
const PLAIN_PARTS: u64 = 4;
const NEWEST: usize = 6;

pub(super) struct Show {
    binary: String,
    /// What a command says to reach the host; nothing where it is at the usual address.
    server: String,
    base: String,
    is_terminal: bool,
}

impl Show {
    pub(super) fn new(binary: &Path, address: SocketAddr) -> Self {
        let base = format!("http://{address}");
        let is_usual = address.to_string() == USUAL_ADDRESS;
        let server = if is_usual { String::new() } else { format!(" --url {base}") };
        Self { binary: paths::short(binary), server, base, is_terminal: std::io::stdout().is_terminal() }
    }

    pub(super) fn chapter(&self, title: &str) {
        if self.is_terminal {
            println!("\n\x1b[1m{title}\x1b[0m");
        } else {
            println!("\n{title}");
        }
    }

    /// What was done, and the command that does the same.
    pub(super) fn step(&self, done: &str, command: &str) {
        println!("  {done}");
        println!("    {}", self.dim(&format!("$ {command}")));
    }

    /// A command of the host's binary that talks to this host.
    pub(super) fn command(&self, arguments: &str) -> String {
        format!("{}{} {arguments}", self.binary, self.server)
    }

    pub(super) fn progress(&self, records: u64) -> Progress {
        let bar = self.is_terminal.then(|| {
            let style = ProgressStyle::with_template("  {bar:40} {human_pos} of {human_len} records sent");
            ProgressBar::new(records).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Progress { bar, records, sent: 0 }
    }

    pub(super) fn findings(&self, findings: &[Finding]) {
        for Finding { holds, text } in findings {
            let sign = match (holds, self.is_terminal) {
                (true, true) => "\x1b[32mok\x1b[0m    ",
                (true, false) => "ok    ",
                (false, true) => "\x1b[31mBROKEN\x1b[0m",
                (false, false) => "BROKEN",
            };
            println!("  {sign} {text}");
        }
    }

    pub(super) fn what_to_type_next(&self) {
        self.chapter(&format!("It keeps serving on {} until Ctrl-C. In another terminal, try these", self.base));
        let deployment = format!("deployment show {FILTER}");
        let consume = format!("consume {COUNTED} --from earliest");
        for command in ["topic list", &consume, &deployment, &format!("deployment rollback {FILTER}")] {
            println!("    {}", self.command(command));
        }
        println!("    curl -s {}/metrics | grep swap_pause", self.base);
        println!("    curl -s {}/openapi.json", self.base);
    }

    fn dim(&self, text: &str) -> String {
        if self.is_terminal { format!("\x1b[2m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// How far the sending is: a bar on a terminal, now and then a line elsewhere.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    records: u64,
    sent: u64,
}

impl Progress {
    pub(super) fn sent(&mut self, sent: u64) {
        let part = |sent| sent * PLAIN_PARTS / self.records;
        match &self.bar {
            Some(bar) => bar.set_position(sent),
            None if part(sent) > part(self.sent) => {
                self.line(&format!("{} of {} records sent.", HumanCount(sent), HumanCount(self.records)));
            }
            None => {}
        }
        self.sent = sent;
    }

    pub(super) fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(format!("  {text}")),
            None => println!("  {text}"),
        }
    }

    /// One swap, as its answer tells of it.
    pub(super) fn swap(&self, what: &str, swapped: &Deployment) {
        let join = |part: fn(&Swap) -> u64| {
            swapped.swap.iter().map(|swap| part(swap).to_string()).collect::<Vec<_>>().join(" / ")
        };
        self.line(&format!(
            "Swapped to generation {}: {what} from offsets {}; the partitions stood still for {} us.",
            swapped.generation,
            join(|swap| swap.at_offset),
            join(|swap| swap.pause_us)
        ));
    }

    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What the swaps cost, in a sentence.
pub(super) fn summary(start_ms: u64, swaps: &[Swap]) -> String {
    let pauses: Vec<_> = swaps.iter().map(|swap| swap.pause_us).collect();
    let instantiations: Vec<_> = swaps.iter().map(|swap| swap.instantiate_us).collect();
    format!(
        "The host was ready after {start_ms} ms. In {} swaps of a partition it stood still for {} us (p50) and {} us (p99), \
         of which {} us (p50) made the instance.",
        swaps.len(),
        quantile(&pauses, 50),
        quantile(&pauses, 99),
        quantile(&instantiations, 50)
    )
}

/// The newest counts, as a table.
pub(super) fn newest(counts: &[Vec<Count>]) -> Result<String> {
    let mut counts: Vec<&Count> = counts.iter().flatten().collect();
    counts.sort();
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["network", "from", "to", "strong earthquakes"]);
    for hour in counts.iter().rev().take(NEWEST) {
        let time = |ms| jiff::Timestamp::from_millisecond(ms).map(|time| time.to_string());
        let (from, to) = (time(hour.window_start_ms)?, time(hour.window_end_ms)?);
        table.add_row([hour.key.clone(), from, to, hour.count.to_string()]);
    }
    let rows: Vec<_> = table.lines().map(|line| format!("    {line}")).collect();
    Ok(format!("The newest of the {} counts in {COUNTED}:\n{}", HumanCount(counts.len() as u64), rows.join("\n")))
}
