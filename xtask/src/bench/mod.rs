//! `cargo xtask bench`: what the host does, beside what this machine can do by itself in the same minutes.

#![expect(clippy::cast_precision_loss, reason = "counts and microseconds are far below 2^52")]

/// A bare HTTP server.
mod bare;
/// Reading what was sealed into segments.
mod catch_up;
/// Reading on one connection.
mod consume;
/// What the disk can do.
mod disk;
/// From a produce to the long poll that sees it.
mod end_to_end;
/// Files of a host, as the disk has them.
mod files;
/// Topics filled with made-up records.
mod fill;
/// filter-json from end to end.
mod filter;
/// Consumer groups.
mod groups;
/// What a deployment costs that has nothing to do.
mod idle;
/// The load generator of the host's own binary.
mod load;
/// Memory at rest and after load.
mod memory;
/// The page that tells of all figures.
mod page;
/// From 1 to 10,000 partitions.
mod partitions;
/// What plugins do.
mod plugins;
/// What processors cost.
mod processors;
/// Durable produce over HTTP.
mod produce;
/// Topics read through, in each form.
mod reading;
/// Figures beside references and targets.
mod report;
/// Start after kill -9.
mod restart;
/// What every bench needs of a run.
mod run;
/// What can be measured, and what each figure means.
mod section;
/// The host's start on an empty folder.
mod start;
/// State of many keys.
mod state;
/// Produce that goes on long after the head is full.
mod sustained;
/// Swaps while records flow.
mod swap;
/// Webhooks beside a bare HTTP server.
mod webhooks;
/// Sentences.
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::cargo::{Profile, become_optimised, build_host};
use crate::machine::Stamp;
use crate::paths;
use page::Page;
use report::Report;
use run::{FULL, QUICK, Run};
use section::Section;

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Run for a short time: enough to see that it works, too little for the figures
    #[arg(long)]
    quick: bool,
    /// Measure only this [default: all]; the other figures stay as the last run left them
    #[arg(long, value_name = "NAME", value_enum)]
    only: Vec<Section>,
    /// Measure this host [default: the one that is built from here]
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Measure nothing: write docs/benchmarks from the figures that the last runs left
    #[arg(long, conflicts_with_all = ["only", "binary"])]
    page: bool,
}

impl Bench {
    pub(crate) fn run(&self, profile: Profile) -> Result<ExitCode> {
        // What says nothing of the host never stands beside what does.
        let is_trial = profile == Profile::Dev || self.quick;
        let figures = paths::target().join(if is_trial { "bench-trial.jsonl" } else { "bench.jsonl" });
        if self.page {
            let folder = if is_trial { paths::target().join("bench-page") } else { paths::benchmarks() };
            Page::of(&report::read(&figures)?).write(&folder)?;
            println!("{}", paths::short(&folder.join("README.md")));
            return Ok(ExitCode::SUCCESS);
        }
        become_optimised(profile)?;
        if self.wants_any(&[Section::Start, Section::Filter, Section::Swap, Section::Processors, Section::Idle])
            || self.wants_any(&[Section::Webhooks, Section::Words])
        {
            crate::plugins::build_plugins()?;
        }
        if self.wants_any(&[Section::State]) {
            crate::plugins::build_test_guests()?;
        }
        let binary = self.binary.clone().map_or_else(|| build_host(profile), Ok)?;
        if is_trial {
            eprintln!("These figures show that the benchmark works, and say nothing of the host.");
        }
        let run = Run {
            binary: &binary,
            folder: paths::target().join("bench-data"),
            extent: if self.quick { QUICK } else { FULL },
            report: Report::open(figures, Stamp::new()),
            disk: None,
        };
        // One thread: what measures leaves the other cores to what it measures.
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(self.measure(run, profile))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn measure(&self, mut run: Run<'_>, profile: Profile) -> Result<()> {
        std::fs::create_dir_all(&run.folder)?;
        let plugins = [Section::Filter, Section::Swap];
        for section in Section::value_variants().iter().copied().filter(|section| self.wants_any(&[*section])) {
            match section {
                Section::Disk => produce::disk(&mut run, "at first")?,
                Section::Produce => produce::produce(&mut run)?,
                Section::Sustained => sustained::measure(&mut run).await?,
                Section::Latency => produce::latency(&mut run)?,
                Section::Concurrent => produce::concurrent(&mut run)?,
                Section::Consume => consume::measure(&mut run).await?,
                Section::CatchUp => catch_up::measure(&mut run).await?,
                Section::EndToEnd => end_to_end::measure(&mut run).await?,
                Section::Restart => restart::measure(&mut run).await?,
                Section::Memory => memory::measure(&mut run).await?,
                Section::Partitions => partitions::measure(&mut run).await?,
                Section::Groups => groups::measure(&mut run).await?,
                Section::Start => start::measure(&mut run)?,
                Section::Processors => processors::measure(&mut run, profile).await?,
                Section::Idle => idle::measure(&mut run).await?,
                Section::State => state::measure(&mut run).await?,
                Section::Webhooks => webhooks::measure(&mut run).await?,
                Section::Words => words::measure(&mut run).await?,
                Section::Filter | Section::Swap => {}
            }
        }
        let plugins: Vec<_> = plugins.into_iter().filter(|section| self.wants_any(&[*section])).collect();
        if !plugins.is_empty() {
            plugins::measure(&mut run, &plugins).await?;
        }
        if self.wants_any(&[Section::Disk]) {
            produce::disk(&mut run, "at last")?;
        }
        std::fs::remove_dir_all(&run.folder)?;
        println!("{}", run.report.table());
        Ok(())
    }

    fn wants_any(&self, sections: &[Section]) -> bool {
        self.only.is_empty() || sections.iter().any(|section| self.only.contains(section))
    }
}
