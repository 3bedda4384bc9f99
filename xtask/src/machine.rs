//! On what, when and from which commit something was measured: a figure without these says nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::{clock, paths};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) commit: String,
    /// When the run began, in UTC.
    pub(crate) time: String,
    pub(crate) machine: String,
}

impl Stamp {
    /// Here and now.
    pub(crate) fn new() -> Self {
        Self { commit: commit(), time: clock::time().to_string(), machine: machine() }
    }
}

fn commit() -> String {
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else { return "of no repository".into() };
    match git(&["status", "--porcelain"]) {
        Some(changes) if !changes.is_empty() => format!("{commit} with changes"),
        _ => commit,
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").current_dir(paths::root()).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Processor, memory, kernel, and the file system that the data is on.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cpu = field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = field(&read("/proc/meminfo"), "MemTotal").and_then(|kib| kib.strip_suffix(" kB")?.parse::<u64>().ok());
    let memory = memory.map_or(0, |kib| kib.div_ceil(1 << 20));
    let kernel = read("/proc/sys/kernel/osrelease");
    let target = fs::canonicalize(paths::target()).unwrap_or_else(|_| paths::root());
    let disk = file_system(&read("/proc/self/mounts"), &target).unwrap_or_else(|| "unknown file system".to_owned());
    let cores = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    format!("{cpu}, {cores}, {memory} GiB, Linux {}, {disk}", kernel.trim())
}

/// The value of the first line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then(|| value.trim().to_owned())
    })
}

/// `ext4 on /dev/vda`, of the innermost mount that holds this path.
fn file_system(mounts: &str, path: &Path) -> Option<String> {
    let mut innermost: Option<(usize, String)> = None;
    for line in mounts.lines() {
        let mut words = line.split(' ');
        let (device, mount, kind) = (words.next()?, words.next()?, words.next()?);
        let is_inner = innermost.as_ref().is_none_or(|(length, _)| mount.len() >= *length);
        if path.starts_with(mount) && is_inner {
            innermost = Some((mount.len(), format!("{kind} on {device}")));
        }
    }
    innermost.map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_counts() {
        let mounts = "/dev/a / ext4 rw 0 0\nb /work tmpfs rw 0 0\n/dev/c /work/data xfs rw 0 0\n";
        let of = |path: &str| file_system(mounts, Path::new(path)).unwrap();
        assert_eq!(of("/work/data/x"), "xfs on /dev/c");
        assert_eq!(of("/work/database"), "tmpfs on b");
        assert_eq!(of("/home"), "ext4 on /dev/a");
    }

    #[test]
    fn fields_are_found() {
        assert_eq!(field("a\t: 1\nmodel name\t: AMD EPYC\n", "model name").as_deref(), Some("AMD EPYC"));
        assert!(Stamp::new().machine.contains("Linux"));
    }
}
