//! A run under way: what every bench needs of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use super::disk::Disk;
use super::load::{Load, load};
use super::report::{Measure, Report};
use super::section::Section;
use crate::host::{Host, Options};

/// How long, how often and how much.
pub(super) struct Extent {
    pub(super) disk: Duration,
    pub(super) load_s: u64,
    pub(super) starts: usize,
    pub(super) head: Head,
    /// What is written past the head.
    pub(super) sustained_mib: usize,
    /// Records of 100 bytes in each partition that is read.
    pub(super) consume_records: usize,
    /// What the tier holds at the restarts.
    pub(super) tiers_mib: &'static [usize],
    pub(super) partitions: &'static [u32],
    /// Groups at rest, and members that poll.
    pub(super) groups: (usize, usize),
    /// How long they do.
    pub(super) groups_s: u64,
    /// How many records go through the filter at most.
    pub(super) records_max: usize,
    pub(super) passes: usize,
    pub(super) swaps: usize,
    /// Deployments at rest.
    pub(super) idle: usize,
    pub(super) state_keys: usize,
    pub(super) lookups: usize,
}

/// A bound of the head, and of a partition's share that is sealed at once.
#[derive(Clone, Copy)]
pub(super) struct Head {
    /// As the host's flag has it.
    pub(super) flag: &'static str,
    pub(super) mib: usize,
    pub(super) segment_mib: usize,
}

pub(super) const FULL: Extent = Extent {
    disk: Duration::from_secs(6),
    load_s: 10,
    starts: 5,
    head: Head { flag: "256MiB", mib: 256, segment_mib: 16 },
    sustained_mib: 2_048,
    consume_records: 400_000,
    tiers_mib: &[0, 1_024, 4_096],
    partitions: &[1, 100, 1_000, 10_000],
    groups: (10_000, 1_000),
    groups_s: 60,
    records_max: usize::MAX,
    passes: 5,
    swaps: 1_000,
    idle: 500,
    state_keys: 10_000_000,
    lookups: 20_000,
};

pub(super) const QUICK: Extent = Extent {
    disk: Duration::from_secs(1),
    load_s: 1,
    starts: 1,
    head: Head { flag: "16MiB", mib: 16, segment_mib: 1 },
    sustained_mib: 64,
    consume_records: 20_000,
    tiers_mib: &[0, 64],
    partitions: &[1, 100],
    groups: (200, 100),
    groups_s: 4,
    records_max: 50_000,
    passes: 1,
    swaps: 20,
    idle: 20,
    state_keys: 100_000,
    lookups: 500,
};

pub(super) const APPEND: &str = "append + fdatasync of 1 MiB";
pub(super) const FDATASYNC: &str = "fdatasync after 4 KiB (p50)";
pub(super) const BARE_HTTP: &str = "bare hyper server";

pub(super) struct Run<'a> {
    pub(super) binary: &'a Path,
    /// For the hosts' data; it goes when all is measured.
    pub(super) folder: PathBuf,
    pub(super) extent: Extent,
    pub(super) report: Report,
    /// The newest look at the disk.
    pub(super) disk: Option<Disk>,
}

impl Run<'_> {
    pub(super) fn add(&mut self, section: Section, measure: Measure) -> Result<()> {
        self.report.add(section, measure)
    }

    /// The data folder of the hosts, of which there is one at a time.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("host")
    }

    pub(super) fn start_host(&self, plugins: Option<&Path>) -> Result<Host> {
        Host::start(&Options { plugins, ..Options::new(self.binary, &self.data()) })
    }

    /// A host on an empty folder, with more arguments.
    pub(super) fn start_host_with(&self, arguments: &[&str]) -> Result<Host> {
        Host::start(&Options { arguments, ..Options::new(self.binary, &self.data()) })
    }

    /// Another host over what the last one left.
    pub(super) fn restart_host(&self, arguments: &[&str]) -> Result<Host> {
        Host::start(&Options { arguments, keep: true, ..Options::new(self.binary, &self.data()) })
    }

    /// A load on a host of its own, so that no load finds what another one left.
    pub(super) fn load_host(&self, what: &str, arguments: &[&str]) -> Result<Load> {
        let host = self.start_host(None)?;
        let load = self.load(what, &host, arguments)?;
        host.stop()?;
        Ok(load)
    }

    pub(super) fn load(&self, what: &str, host: &Host, arguments: &[&str]) -> Result<Load> {
        eprintln!("Measuring {what} for {} s.", self.extent.load_s);
        load(self.binary, host.address, self.extent.load_s, arguments)
    }

    pub(super) fn look_at_disk(&mut self) -> Result<Disk> {
        eprintln!("Measuring the disk for {} s.", self.extent.disk.as_secs());
        let disk = Disk::measure(&self.folder, self.extent.disk)?;
        self.disk = Some(disk);
        Ok(disk)
    }

    /// Between the last look at the disk and one of now: its speed changes from one minute to the next.
    pub(super) fn disk_meanwhile(&mut self, before: Disk) -> Result<Disk> {
        Ok(before.mean(self.look_at_disk()?))
    }

    /// The newest look at the disk, or the first.
    pub(super) fn disk_before(&mut self) -> Result<Disk> {
        self.disk.map_or_else(|| self.look_at_disk(), Ok)
    }
}
