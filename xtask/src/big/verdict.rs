//! Which promises were kept: a pure look at what was measured.

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde::Serialize;

use super::sampling::Sample;
use super::sending::{Partition, Slice};
use crate::quantile::quantile;

/// How much larger the last third of a run may be than the first one: memory by a part and a constant, since the caches
/// fill meanwhile; latency by more, since a disk is slower in one minute than in the next.
const MEMORY_GROWTH: f64 = 1.25;
const MEMORY_SLACK_MIB: f64 = 64.0;
const P50_GROWTH: f64 = 2.0;
const P99_GROWTH: f64 = 3.0;
/// A latency below this is flat, whatever its part of another one.
const LATENCY_SLACK_MS: f64 = 5.0;
/// The database beside the bound of the head, and its growth from the first third to the last.
const DATABASE_BY_HEAD: f64 = 4.0;
const DATABASE_GROWTH: f64 = 1.25;

/// What was measured.
#[derive(Debug, Default, Serialize)]
pub(super) struct Evidence {
    pub(super) records: usize,
    /// Of all values together.
    pub(super) value_bytes: u64,
    pub(super) head_mib: f64,
    pub(super) memory_mib_max: f64,
    /// How the host is held to that.
    pub(super) memory_bound: String,
    /// Whether it is the kernel that does.
    pub(super) is_bound: bool,
    /// A short run says nothing of latency: a moment of somebody else's decides it.
    pub(super) is_short: bool,
    /// How often the kernel killed for want of memory.
    pub(super) killed: Option<u64>,
    pub(super) sent_s: f64,
    pub(super) read_s: f64,
    pub(super) sent: Vec<Partition>,
    pub(super) read: Vec<Partition>,
    /// An offset that does not follow the one before it.
    pub(super) broken_order: Option<String>,
    pub(super) slices: Vec<Slice>,
    pub(super) samples: Vec<Sample>,
    pub(super) samples_while_reading: Vec<Sample>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    pub(super) promise: &'static str,
    pub(super) holds: bool,
    pub(super) found: String,
}

impl Evidence {
    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts = vec![self.memory_bounded(), self.memory_flat()];
        if !self.is_short {
            verdicts.push(self.latency_flat("flat latency, p50", |slice| slice.p50_ms, P50_GROWTH));
            verdicts.push(self.latency_flat("flat latency, p99", |slice| slice.p99_ms, P99_GROWTH));
        }
        verdicts.extend([self.database_bounded(), self.records_equal()]);
        verdicts
    }

    fn memory_bounded(&self) -> Verdict {
        let most = |samples: &[Sample]| most(samples, |sample| sample.memory.resident_mib);
        let (sending, reading) = (most(&self.samples), most(&self.samples_while_reading));
        let killed = self.killed.unwrap_or(0);
        let bound = if self.is_bound { "the kernel's bound" } else { "no bound, only watched" };
        Verdict {
            promise: "memory below 1 GiB",
            holds: killed == 0 && !self.samples.is_empty() && sending.max(reading) < self.memory_mib_max,
            found: format!("at most {sending:.0} MiB resident while sending, {reading:.0} MiB while reading; {bound}"),
        }
    }

    fn memory_flat(&self) -> Verdict {
        let (first, last) = self.thirds(|sample| sample.memory.resident_mib);
        Verdict {
            promise: "flat memory",
            holds: last <= first * MEMORY_GROWTH + MEMORY_SLACK_MIB,
            found: format!("at most {first:.0} MiB resident in the first third, {last:.0} MiB in the last"),
        }
    }

    fn latency_flat(&self, promise: &'static str, of: fn(&Slice) -> f64, growth: f64) -> Verdict {
        let third = self.slices.len() / 3;
        let middle = |slices: &[Slice]| quantile(&slices.iter().map(of).collect::<Vec<_>>(), 50);
        let (first, last) = (middle(&self.slices[..third]), middle(&self.slices[self.slices.len() - third..]));
        Verdict {
            promise,
            holds: third > 0 && last <= first * growth + LATENCY_SLACK_MS,
            found: format!("{first:.1} ms in the middle of the first third, {last:.1} ms of the last"),
        }
    }

    fn database_bounded(&self) -> Verdict {
        let (first, last) = self.thirds(|sample| sample.database_mib);
        let most = most(&self.samples, |sample| sample.database_mib);
        let is_bounded = most <= self.head_mib * DATABASE_BY_HEAD;
        Verdict {
            promise: "database bounded",
            holds: is_bounded && last <= first * DATABASE_GROWTH,
            found: format!(
                "head.redb at most {first:.0} MiB in the first third, {last:.0} MiB in the last, for a head of {:.0} MiB",
                self.head_mib
            ),
        }
    }

    fn records_equal(&self) -> Verdict {
        let differs = self.sent.iter().zip(&self.read).find(|(sent, read)| sent != read);
        let count = |partitions: &[Partition]| partitions.iter().map(|partition| partition.link.records).sum::<u64>();
        let (sent, read) = (count(&self.sent), count(&self.read));
        let found = match (differs, self.broken_order.as_deref()) {
            (None, None) => format!("{sent} sent, {read} read, the same in the same order"),
            (None, Some(broken)) => broken.to_owned(),
            (Some((sent, read)), _) => format!(
                "partition {} got {} records ({}) and gives {} ({})",
                sent.partition, sent.link.records, sent.link.hash, read.link.records, read.link.hash
            ),
        };
        let is_same = self.sent == self.read && self.broken_order.is_none();
        Verdict { promise: "records equal", holds: is_same && sent > 0, found }
    }

    /// The most of the first third and of the last third of the records.
    fn thirds(&self, of: fn(&Sample) -> f64) -> (f64, f64) {
        let records = self.samples.last().map_or(0, |sample| sample.records);
        let part = |is_in: &dyn Fn(u64) -> bool| {
            let samples = self.samples.iter().filter(|sample| is_in(sample.records));
            samples.map(of).fold(0.0, f64::max)
        };
        (part(&|sent| sent <= records / 3), part(&|sent| sent >= records - records / 3))
    }
}

fn most(samples: &[Sample], of: fn(&Sample) -> f64) -> f64 {
    samples.iter().map(of).fold(0.0, f64::max)
}

pub(super) fn table(verdicts: &[Verdict]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["promise", "", "found"]);
    for verdict in verdicts {
        let holds = if verdict.holds { "kept" } else { "BROKEN" };
        table.add_row([verdict.promise, holds, &verdict.found]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::flights::Link;
    use super::*;
    use crate::process::Memory;

    fn samples(resident_mib: [f64; 3], database_mib: [f64; 3]) -> Vec<Sample> {
        let sample = |index: usize| Sample {
            at_s: index as f64,
            records: index as u64 * 50,
            memory: Memory { resident_mib: resident_mib[index], ..Memory::default() },
            database_mib: database_mib[index],
        };
        (0..3).map(sample).collect()
    }

    fn slices(p50_ms: [f64; 3]) -> Vec<Slice> {
        p50_ms.into_iter().map(|p50_ms| Slice { p50_ms, p99_ms: p50_ms * 4.0, ..Slice::default() }).collect()
    }

    fn partitions(hash: &str) -> Vec<Partition> {
        vec![Partition { partition: 0, link: Link { records: 100, hash: hash.into() } }]
    }

    fn broken(samples: &[Sample], slices: &[Slice], read: &[Partition], killed: Option<u64>) -> Vec<&'static str> {
        let evidence = Evidence {
            memory_mib_max: 1_024.0,
            killed,
            head_mib: 256.0,
            slices: slices.to_vec(),
            samples: samples.to_vec(),
            sent: partitions("a"),
            read: read.to_vec(),
            ..Evidence::default()
        };
        evidence.verdicts().into_iter().filter(|verdict| !verdict.holds).map(|verdict| verdict.promise).collect()
    }

    #[test]
    fn each_promise_can_be_broken() {
        let (flat, quick) = (samples([400.0; 3], [500.0; 3]), slices([20.0; 3]));
        let same = partitions("a");
        assert!(broken(&flat, &quick, &same, Some(0)).is_empty());
        assert_eq!(broken(&flat, &quick, &same, Some(1)), ["memory below 1 GiB"]);
        assert_eq!(broken(&flat, &quick, &partitions("b"), None), ["records equal"]);
        assert_eq!(broken(&flat, &quick, &[], None), ["records equal"]);
        assert_eq!(broken(&samples([400.0, 500.0, 900.0], [500.0; 3]), &quick, &same, None), ["flat memory"]);
        assert_eq!(broken(&samples([400.0; 3], [300.0, 600.0, 900.0]), &quick, &same, None), ["database bounded"]);
        assert_eq!(broken(&samples([400.0; 3], [2_000.0; 3]), &quick, &same, None), ["database bounded"]);
        let slower = slices([20.0, 60.0, 100.0]);
        assert_eq!(broken(&flat, &slower, &same, None), ["flat latency, p50", "flat latency, p99"]);
        assert_eq!(broken(&[], &[], &same, None), ["memory below 1 GiB", "flat latency, p50", "flat latency, p99"]);
    }
}
