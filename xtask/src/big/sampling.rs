//! What the host is seen to hold, in memory and in its database, while something else goes on.

use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;
use tokio::time::MissedTickBehavior;

use crate::clock;
use crate::process::{Memory, memory};

const EVERY: Duration = Duration::from_millis(250);

#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Sample {
    pub(super) at_s: f64,
    /// Records that were sent or read by then.
    pub(super) records: u64,
    #[serde(flatten)]
    pub(super) memory: Memory,
    /// `head.redb`.
    pub(super) database_mib: f64,
}

/// Looks at the host now and then until the work is done. A host that is gone is what the work tells of.
pub(super) async fn beside<T>(
    work: impl Future<Output = T>,
    pid: u32,
    data: &Path,
    bar: &ProgressBar,
) -> (T, Vec<Sample>) {
    let mut samples = Vec::new();
    let begun = clock::now();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return (done, samples),
            _ = ticks.tick() => {
                let (Ok(memory), Ok(database)) = (memory(pid), std::fs::metadata(data.join("head.redb"))) else { continue };
                let database_mib = database.len() as f64 / f64::from(1 << 20);
                bar.set_message(format!("memory {:.0} MiB, database {database_mib:.0} MiB", memory.resident_mib));
                let at_s = begun.elapsed().as_secs_f64();
                samples.push(Sample { at_s, records: bar.position(), memory, database_mib });
            }
        }
    }
}
