//! `cargo xtask bench`: what the host does, beside what this machine can do by itself in the same minutes.

#![expect(clippy::cast_precision_loss, reason = "counts and microseconds are far below 2^52")]

/// What the disk can do.
mod disk;
/// filter-json from end to end.
mod filter;
/// What the kernel says of a process.
mod process;
/// Durable produce over HTTP.
mod produce;
/// Figures beside limits and targets.
mod report;
/// Swaps while records flow.
mod swap;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::cargo::{Profile, build_host};
use crate::host::{Host, Options};
use crate::http::{Client, Swap};
use crate::quantile::quantile;
use crate::{paths, plugins};
use disk::Disk;
use filter::{Data, Pass};
use produce::{BareServer, Load, load};
use report::{Measure, Report, Target};

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Run for a short time: enough to see that it works, too little for the figures
    #[arg(long)]
    quick: bool,
    /// Measure only this [default: all]
    #[arg(long, value_name = "NAME", value_enum)]
    only: Vec<Section>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    /// The host's start on an empty folder, without and with plugins
    Start,
    /// Append and fdatasync of the bare disk
    Disk,
    /// Requests of 100 records, on 1, 4 and 8 connections
    Produce,
    /// One record in flight
    Latency,
    /// 64 connections, one record a request
    Concurrent,
    /// filter-json from end to end
    Filter,
    /// Hot swaps under load
    Swap,
}

/// How long and how often things are done.
struct Extent {
    disk: Duration,
    load_s: u64,
    starts: usize,
    records_max: usize,
    passes: usize,
    swaps: usize,
}

const FULL: Extent =
    Extent { disk: Duration::from_secs(6), load_s: 10, starts: 5, records_max: usize::MAX, passes: 5, swaps: 200 };
const QUICK: Extent =
    Extent { disk: Duration::from_secs(1), load_s: 1, starts: 1, records_max: 50_000, passes: 1, swaps: 20 };

const PRODUCE_CONNECTIONS: [&str; 3] = ["1", "4", "8"];
const CONCURRENT_CONNECTIONS: &str = "64";
const FILTER_PARTITIONS: [u32; 2] = [1, 2];
const APPEND: &str = "append + fdatasync of 1 MiB";
const FDATASYNC: &str = "fdatasync after 4 KiB (p50)";
const BARE_HTTP: &str = "bare hyper server";

/// What a load came to, and what the disk could do at that time: the mean of right before and right after.
struct Durable {
    load: Load,
    disk: Disk,
}

/// A run under way.
struct Run<'a> {
    binary: &'a Path,
    folder: PathBuf,
    extent: Extent,
    only: &'a [Section],
    report: Report,
}

impl Bench {
    pub(crate) fn run(&self, profile: Profile) -> Result<ExitCode> {
        plugins::build_plugins()?;
        let binary = build_host(profile)?;
        if profile == Profile::Dev || self.quick {
            eprintln!("These figures show that the benchmark works, and say nothing of the host.");
        }
        let run = Run {
            binary: &binary,
            folder: paths::target().join("bench-data"),
            extent: if self.quick { QUICK } else { FULL },
            only: &self.only,
            report: Report::new()?,
        };
        tokio::runtime::Runtime::new()?.block_on(run.all())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Run<'_> {
    async fn all(mut self) -> Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        if self.wants_any(&[Section::Start]) {
            self.start()?;
        }
        if self.wants_any(&[Section::Disk, Section::Produce, Section::Latency, Section::Concurrent]) {
            self.produce().await?;
        }
        if self.wants_any(&[Section::Filter, Section::Swap]) {
            self.plugins().await?;
        }
        std::fs::remove_dir_all(&self.folder)?;
        println!("{}", self.report.table());
        Ok(())
    }

    fn wants_any(&self, sections: &[Section]) -> bool {
        self.only.is_empty() || sections.iter().any(|section| self.only.contains(section))
    }

    fn start_host(&self, name: &str, plugins: Option<&Path>) -> Result<Host> {
        let data = self.folder.join(name);
        let http = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Host::start(&Options { binary: self.binary, data: &data, http, plugins })
    }

    fn start(&mut self) -> Result<()> {
        let plugins = paths::plugins();
        for (what, plugins) in [("start, empty folder", None), ("start, compiling the plugins", Some(&*plugins))] {
            let mut starts_ms = Vec::new();
            for _ in 0..self.extent.starts {
                // Dropped at once: how it ends is not what is measured.
                starts_ms.push(self.start_host("host", plugins)?.start_ms as f64);
            }
            self.report.add(Measure::new(format!("{what} (p50)"), quantile(&starts_ms, 50), "ms"))?;
        }
        Ok(())
    }

    fn disk(&self) -> Result<Disk> {
        eprintln!("Measuring the disk for {} s.", self.extent.disk.as_secs());
        Disk::measure(&self.folder, self.extent.disk)
    }

    async fn produce(&mut self) -> Result<()> {
        let mut disk = self.disk()?;
        self.report_disk("at first", disk)?;
        if self.wants_any(&[Section::Produce]) {
            for connections in PRODUCE_CONNECTIONS {
                let arguments = ["produce", "--batch", "100", "--connections", connections];
                let durable = self.durable("durable produce", &arguments, &mut disk)?;
                let name = format!("durable produce, 100 x 1 KiB, connections: {connections}");
                let measure =
                    Measure::new(name, durable.load.mib_per_s, "MiB/s").beside(APPEND, durable.disk.mib_per_s);
                self.report.add(measure.target(Target::RatioAtLeast(0.4)))?;
            }
        }
        if self.wants_any(&[Section::Latency]) {
            let Durable { load, disk } = self.durable("one record in flight", &["latency"], &mut disk)?;
            let p50 = Measure::new("one record in flight, p50", load.p50_us, "us").beside(FDATASYNC, disk.fdatasync_us);
            self.report.add(p50.target(Target::RatioAtMost(2.0)))?;
            let p99 = Measure::new("one record in flight, p99", load.p99_us, "us").beside(FDATASYNC, disk.fdatasync_us);
            self.report.add(p99)?;
        }
        if self.wants_any(&[Section::Concurrent]) {
            self.concurrent().await?;
        }
        let disk = self.disk()?;
        self.report_disk("at last", disk)
    }

    async fn concurrent(&mut self) -> Result<()> {
        let what = "64 producers of single records";
        let arguments = ["concurrent", "--connections", CONCURRENT_CONNECTIONS];
        let load = self.load_host(what, &arguments)?;
        let server = BareServer::start().await?;
        let bare = self.load("the same on a bare HTTP server", server.address, &arguments)?;
        let requests = Measure::new(what, load.records_per_s, "requests/s");
        self.report.add(requests.beside(BARE_HTTP, bare.records_per_s))?;
        let p50 = Measure::new(format!("{what}, p50"), load.p50_us, "us");
        self.report.add(p50.beside(BARE_HTTP, bare.p50_us))?;
        let p99 = Measure::new(format!("{what}, p99"), load.p99_us, "us");
        self.report.add(p99.beside(BARE_HTTP, bare.p99_us))
    }

    /// A load, and another look at the disk, whose speed changes from one minute to the next.
    fn durable(&self, what: &str, arguments: &[&str], disk: &mut Disk) -> Result<Durable> {
        let load = self.load_host(what, arguments)?;
        let before = std::mem::replace(disk, self.disk()?);
        Ok(Durable { load, disk: before.mean(*disk) })
    }

    /// Loads a host of its own, so that no load finds what another one left.
    fn load_host(&self, what: &str, arguments: &[&str]) -> Result<Load> {
        let host = self.start_host("host", None)?;
        let load = self.load(what, host.address, arguments)?;
        host.stop()?;
        Ok(load)
    }

    fn load(&self, what: &str, address: SocketAddr, arguments: &[&str]) -> Result<Load> {
        eprintln!("Measuring {what} for {} s.", self.extent.load_s);
        load(self.binary, address, self.extent.load_s, arguments)
    }

    fn report_disk(&mut self, when: &str, disk: Disk) -> Result<()> {
        self.report.add(Measure::new(format!("disk, {APPEND}, {when}"), disk.mib_per_s, "MiB/s"))?;
        self.report.add(Measure::new(format!("disk, {FDATASYNC}, {when}"), disk.fdatasync_us, "us"))
    }

    /// What plugins do, all on one host.
    async fn plugins(&mut self) -> Result<()> {
        let data = Data::load(self.extent.records_max)?;
        eprintln!("The records are {}.", data.what);
        let host = self.start_host("host", Some(&paths::plugins()))?;
        let client = Client::new(host.address)?;
        if self.wants_any(&[Section::Filter]) {
            self.filter(&client, host.pid(), &data).await?;
        }
        if self.wants_any(&[Section::Swap]) {
            self.swap(&client, &data).await?;
        }
        let resident = process::resident_mib(host.pid())?;
        self.report.add(Measure::new("memory, resident after the plugins' work", resident, "MiB"))?;
        host.stop()
    }

    async fn filter(&mut self, client: &Client, pid: u32, data: &Data) -> Result<()> {
        for partitions in FILTER_PARTITIONS {
            eprintln!("Measuring filter-json, partitions: {partitions}.");
            let passes = data.filter_topic(client, pid, partitions, self.extent.passes).await?;
            let name = format!("filter-json on {}, partitions: {partitions}", data.what);
            let p50 = |part: fn(&Pass) -> f64| quantile(&passes.iter().map(part).collect::<Vec<_>>(), 50);
            let wall = Measure::new(&*name, p50(|pass| pass.records_per_s), "records/s");
            self.report.add(wall)?;
            let busy = p50(|pass| pass.records_per_core_s);
            let busy = Measure::new(name + ", a busy core", busy, "records/s");
            self.report.add(busy.target(Target::AtLeast(400_000.0)))?;
        }
        Ok(())
    }

    async fn swap(&mut self, client: &Client, data: &Data) -> Result<()> {
        let swaps = self.extent.swaps;
        eprintln!("Measuring {swaps} swaps at rest.");
        let at_rest = swap::swap_at_rest(client, data, swaps).await?;
        let instantiate = at_rest.partitions.iter().map(|swap| swap.instantiate_us as f64).collect::<Vec<_>>();
        let instantiate = Measure::new("instantiate, at rest, p50", quantile(&instantiate, 50), "us");
        self.report.add(instantiate.target(Target::Below(20.0)))?;
        eprintln!("Measuring {swaps} swaps under load.");
        let all = swap::swap_under_load(client, data, swaps).await?;
        if all.partitions.is_empty() {
            bail!("the host does not say how its swaps went");
        }
        let of = |part: fn(&Swap) -> u64| all.partitions.iter().map(|swap| part(swap) as f64).collect::<Vec<_>>();
        let (instantiate, pause) = (of(|swap| swap.instantiate_us), of(|swap| swap.pause_us));
        self.report.add(Measure::new("instantiate, under load, p50", quantile(&instantiate, 50), "us"))?;
        self.report.add(Measure::new("swap pause, p50", quantile(&pause, 50), "us"))?;
        let p99 = Measure::new("swap pause, p99", quantile(&pause, 99), "us");
        self.report.add(p99.target(Target::Below(10_000.0)))?;
        self.report.add(Measure::new("swap pause, most", quantile(&pause, 100), "us"))?;
        self.report.add(Measure::new("swap, the whole call, p99", quantile(&all.calls_us, 99), "us"))
    }
}
