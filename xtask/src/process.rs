//! What the kernel says of a process.

use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;

/// The unit of times in `/proc/PID/stat` (`USER_HZ`), the same on every Linux that this runs on.
const TICKS_PER_S: f64 = 100.0;

/// CPU time of all its threads, in user mode and in the kernel.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_cpu_ticks(&stat).map(|ticks| ticks / TICKS_PER_S).context("/proc/PID/stat is of an unknown form")
}

/// Memory that is resident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the unit stands last")]
pub(crate) struct Memory {
    pub(crate) resident_mib: f64,
    /// What the process allocated, of which nothing can be dropped.
    pub(crate) anonymous_mib: f64,
    /// Pages of files, which the kernel drops where it needs the room.
    pub(crate) file_mib: f64,
}

/// What is resident now.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    parse_memory(&status).context("/proc/PID/status is of an unknown form")
}

fn parse_memory(status: &str) -> Option<Memory> {
    let mib = |name: &str| {
        let kib = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"))?;
        Some(kib.parse::<f64>().ok()? / 1024.0)
    };
    Some(Memory { resident_mib: mib("VmRSS:")?, anonymous_mib: mib("RssAnon:")?, file_mib: mib("RssFile:")? })
}

/// `utime` and `stime`, the 14th and 15th field; the 2nd is a name in parentheses, which may hold anything.
fn parse_cpu_ticks(stat: &str) -> Option<f64> {
    let mut after_name = stat.rsplit_once(')')?.1.split_whitespace();
    let user: f64 = after_name.nth(11)?.parse().ok()?;
    let system: f64 = after_name.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 100 1 1";
        assert_eq!(parse_cpu_ticks(stat), Some(300.0));
        assert!(cpu_seconds(std::process::id()).unwrap() >= 0.0);
    }

    #[test]
    fn memory_is_told_apart() {
        let status = "Name:\ta\nVmRSS:\t    3072 kB\nRssAnon:\t    1024 kB\nRssFile:\t    2048 kB\n";
        let expected = Memory { resident_mib: 3.0, anonymous_mib: 1.0, file_mib: 2.0 };
        assert_eq!(parse_memory(status), Some(expected));
        assert_eq!(parse_memory("VmRSS:\t3072 kB\n"), None);
        assert!(memory(std::process::id()).unwrap().resident_mib > 0.0);
    }
}
