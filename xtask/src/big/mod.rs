//! `cargo xtask big`: far more records than a host may keep in memory, or in its database, go through it and come back.

#![expect(clippy::cast_precision_loss, reason = "counts, bytes and microseconds are far below 2^52")]

/// The records.
mod flights;
/// A bound on the host's memory.
mod group;
/// What is read back.
mod reading;
/// What the host is seen to hold meanwhile.
mod sampling;
/// What is sent.
mod sending;
/// Which promises were kept.
mod verdict;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::cargo::{Profile, become_optimised, build_host};
use crate::host::{Host, Options};
use crate::http::Client;
use crate::machine::Stamp;
use crate::{clock, paths};
use flights::Flights;
use group::Group;
use sampling::Sample;
use verdict::{Evidence, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Big {
    /// How many records are sent [default: 24,000,000]
    #[arg(long, value_name = "N")]
    records: Option<usize>,
    /// A twentieth of the records, through a head of 32 MiB instead of 256
    #[arg(long)]
    short: bool,
    /// Test this host [default: the one that is built from here]
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

const TOPIC: &str = "big";
const PARTITIONS: usize = 4;
const RECORDS: usize = 24_000_000;
const MEMORY_BYTES: u64 = 1 << 30;
const GONE_WAIT: Duration = Duration::from_millis(500);

/// The head's bound: as the host's flag has it, in MiB, and the share of a partition that is sealed at once.
#[derive(Clone, Copy)]
struct Head {
    flag: &'static str,
    mib: usize,
    segment_bytes: usize,
}

const FULL: Head = Head { flag: "256MiB", mib: 256, segment_bytes: 16 << 20 };
const SHORT: Head = Head { flag: "32MiB", mib: 32, segment_bytes: 2 << 20 };

/// What `target/big.json` holds.
#[derive(Serialize)]
struct Outcome {
    #[serde(flatten)]
    stamp: Stamp,
    verdicts: Vec<Verdict>,
    #[serde(flatten)]
    evidence: Evidence,
}

impl Big {
    pub(crate) fn run(&self, profile: Profile) -> Result<ExitCode> {
        become_optimised(profile)?;
        let binary = self.binary.clone().map_or_else(|| build_host(profile), Ok)?;
        let data = paths::target().join("big-data");
        let group = Group::make(MEMORY_BYTES);
        eprintln!("{}", group.told());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stamp = Stamp::new();
        let evidence = runtime.block_on(self.send_and_read(&binary, &data, &group))?;
        let verdicts = evidence.verdicts();
        println!("{}\n{}", sending::table(&evidence.slices), verdict::table(&verdicts));
        println!("Sent in {:.0} s, read in {:.0} s.", evidence.sent_s, evidence.read_s);
        let are_kept = verdicts.iter().all(|verdict| verdict.holds);
        let path = paths::target().join("big.json");
        let outcome = serde_json::to_string_pretty(&Outcome { stamp, verdicts, evidence })?;
        std::fs::write(&path, outcome).with_context(|| format!("cannot write {}", path.display()))?;
        println!("All that was measured is in {}.", paths::short(&path));
        if are_kept {
            std::fs::remove_dir_all(&data)?;
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!("A promise is broken; {} is as the host left it.", paths::short(&data));
        Ok(ExitCode::FAILURE)
    }

    async fn send_and_read(&self, binary: &Path, data: &Path, group: &Group) -> Result<Evidence> {
        let (head, records) = if self.short { (SHORT, RECORDS / 20) } else { (FULL, RECORDS) };
        let flights = Flights::load(self.records.unwrap_or(records) / PARTITIONS * PARTITIONS)?;
        let arguments = ["--head-bytes", head.flag];
        let options = Options { arguments: &arguments, group: group.folder(), ..Options::new(binary, data) };
        let mut host = Host::start(&options)?;
        let address = host.address;
        let settings = json!({"partitions": PARTITIONS, "segment_bytes": head.segment_bytes});
        Client::new(address)?.configure_topic(TOPIC, &settings).await?;
        eprintln!(
            "Sending {} records ({}) to {PARTITIONS} partitions through a head of {} MiB.",
            HumanCount(flights.records as u64),
            flights.what,
            head.mib
        );
        let sending = bar(flights.records, "sent");
        let work = sending::send(address, &flights, &sending);
        let (sent, samples, sent_s) = watched(&mut host, data, &sending, work).await?;
        eprintln!("Reading it all back.");
        let reading = bar(flights.records, "read");
        let work = reading::read(address, &reading);
        let (read, samples_while_reading, read_s) = watched(&mut host, data, &reading, work).await?;
        let killed = group.killed();
        host.stop()?;
        Ok(Evidence {
            records: flights.records,
            value_bytes: sent.value_bytes,
            head_mib: head.mib as f64,
            memory_mib_max: (MEMORY_BYTES >> 20) as f64,
            memory_bound: group.told().to_owned(),
            is_bound: group.folder().is_some(),
            is_short: self.short,
            killed,
            sent_s,
            read_s,
            sent: sent.partitions,
            read: read.partitions,
            broken_order: read.broken_order,
            slices: sent.slices,
            samples,
            samples_while_reading,
        })
    }
}

/// Work under a bar, with what the host was seen to hold meanwhile, and how many seconds it took.
async fn watched<T>(
    host: &mut Host,
    data: &Path,
    bar: &ProgressBar,
    work: impl Future<Output = Result<T>>,
) -> Result<(T, Vec<Sample>, f64)> {
    let begun = clock::now();
    let (done, samples) = Box::pin(sampling::beside(work, host.pid(), data, bar)).await;
    let seconds = begun.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let done = done.or_else(|error| {
        // Where the host is gone, that is the cause; a process that was killed is not gone at once.
        std::thread::sleep(GONE_WAIT);
        host.check().and(Err(error))
    })?;
    Ok((done, samples, seconds))
}

/// On a terminal; elsewhere nothing is drawn.
fn bar(records: usize, done: &str) -> ProgressBar {
    let template =
        format!("  {{bar:40}} {{human_pos}} of {{human_len}} records {done}, {{per_sec}}, {{eta}} left  {{msg}}");
    let style = ProgressStyle::with_template(&template);
    ProgressBar::new(records as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
