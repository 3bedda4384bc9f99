//! What the kernel says of a process.

use std::fs;

use anyhow::{Context, Result};

/// The unit of times in `/proc/PID/stat` (`USER_HZ`), the same on every Linux that this runs on.
const TICKS_PER_S: f64 = 100.0;

/// CPU time of all its threads, in user mode and in the kernel.
pub(super) fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_cpu_ticks(&stat).map(|ticks| ticks / TICKS_PER_S).context("/proc/PID/stat is of an unknown form")
}

/// Memory that is resident now.
pub(super) fn resident_mib(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0).context("/proc/PID/status is of an unknown form")
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
        assert!(resident_mib(std::process::id()).unwrap() > 0.0);
    }
}
