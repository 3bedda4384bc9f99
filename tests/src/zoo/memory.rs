//! How much memory a host has, now and at most.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

const LOOK: Duration = Duration::from_millis(20);

pub struct Memory {
    pid: u32,
    peak: Arc<AtomicU64>,
    watching: JoinHandle<()>,
}

impl Memory {
    /// Begins to watch the process.
    pub fn watch(pid: u32) -> Self {
        let peak = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&peak);
        let watching = tokio::spawn(async move {
            loop {
                seen.fetch_max(resident(pid), Ordering::Relaxed);
                tokio::time::sleep(LOOK).await;
            }
        });
        Self { pid, peak, watching }
    }

    /// Bytes that are resident now.
    pub fn now(&self) -> u64 {
        resident(self.pid)
    }

    /// The most that was seen.
    pub fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    let kibibytes = line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
    kibibytes.expect("a number") << 10
}
