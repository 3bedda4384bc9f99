//! A bound on the host's memory: a control group, as a container would have it. Version 1 and version 2 are known; the group
//! is made below the one that this process is in, and goes with this value.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

const NAME: &str = "kafka-do-big";
/// A group can go once the kernel has cleaned up behind its last process.
const GO_TRIES_MAX: usize = 50;
const GO_WAIT: Duration = Duration::from_millis(20);

pub(super) struct Group {
    folder: Option<PathBuf>,
    told: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Group {
    /// Makes a group with this bound, or says why there is none.
    pub(super) fn make(bytes_max: u64) -> Self {
        let mib = bytes_max >> 20;
        match make(bytes_max) {
            Ok((folder, version)) => {
                let version = if version == Version::One { 1 } else { 2 };
                let told = format!(
                    "The host has {mib} MiB of memory: control group {} (version {version}).",
                    folder.display()
                );
                Self { folder: Some(folder), told }
            }
            Err(error) => {
                let told = format!(
                    "No control group can be made here ({error:#}), so nothing holds the host to {mib} MiB: its resident \
                     memory is watched, and held against that."
                );
                Self { folder: None, told }
            }
        }
    }

    /// How memory is bound, in a sentence.
    pub(super) fn told(&self) -> &str {
        &self.told
    }

    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// How often the kernel killed a process of it for want of memory, where it says so.
    pub(super) fn killed(&self) -> Option<u64> {
        let folder = self.folder.as_ref()?;
        let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
        let text = read("memory.events").or_else(|| read("memory.oom_control"))?;
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(folder) = &self.folder else { return };
        for _ in 0..GO_TRIES_MAX {
            if fs::remove_dir(folder).is_ok() {
                return;
            }
            std::thread::sleep(GO_WAIT);
        }
        eprintln!("The control group {} could not be removed.", folder.display());
    }
}

fn make(bytes_max: u64) -> Result<(PathBuf, Version)> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context("/proc cannot be read")?;
    let groups = fs::read_to_string("/proc/self/cgroup").context("/proc cannot be read")?;
    let mut why = anyhow::anyhow!("no controller of memory is mounted");
    for (mount, version) in controllers(&mounts) {
        for parent in parents(&mount, &own(&groups, version), version) {
            match make_in(&parent, version, bytes_max) {
                Ok(folder) => return Ok((folder, version)),
                Err(error) => why = error,
            }
        }
    }
    Err(why)
}

/// Where memory may be controlled.
fn controllers(mounts: &str) -> Vec<(PathBuf, Version)> {
    let mut found = Vec::new();
    for line in mounts.lines() {
        let Some((place, kind)) = line.split_once(" - ") else { continue };
        let (Some(mount), mut kind) = (place.split(' ').nth(4), kind.split(' ')) else { continue };
        match (kind.next(), kind.nth(1)) {
            (Some("cgroup"), Some(options)) if options.split(',').any(|option| option == "memory") => {
                found.push((PathBuf::from(mount), Version::One));
            }
            (Some("cgroup2"), _) => found.push((PathBuf::from(mount), Version::Two)),
            _ => {}
        }
    }
    found
}

/// The group of this process, as a path below the mount.
fn own(groups: &str, version: Version) -> PathBuf {
    let path = groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let is_it = match version {
            Version::One => controllers.split(',').any(|controller| controller == "memory"),
            Version::Two => controllers.is_empty(),
        };
        is_it.then(|| path.trim_start_matches('/'))
    });
    path.unwrap_or_default().into()
}

/// Where a group may be made. In version 2 a group that has processes hands no controllers down, so its parent has a try.
fn parents(mount: &Path, own: &Path, version: Version) -> Vec<PathBuf> {
    let mut parents = vec![mount.join(own)];
    if version == Version::Two
        && let Some(parent) = own.parent()
    {
        parents.push(mount.join(parent));
    }
    parents.retain(|parent| parent.is_dir());
    // In a container the own group may be the mount itself, under another name.
    if parents.is_empty() {
        parents.push(mount.to_owned());
    }
    parents
}

fn make_in(parent: &Path, version: Version, bytes_max: u64) -> Result<PathBuf> {
    let folder = parent.join(format!("{NAME}-{}", std::process::id()));
    fs::create_dir(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let bound = folder.join(match version {
        Version::One => "memory.limit_in_bytes",
        Version::Two => "memory.max",
    });
    let bind = || {
        if version == Version::Two && !bound.exists() {
            let handed_down = parent.join("cgroup.subtree_control");
            fs::write(&handed_down, "+memory").with_context(|| format!("{} takes no memory", handed_down.display()))?;
        }
        fs::write(&bound, bytes_max.to_string()).with_context(|| format!("{} takes no bound", bound.display()))?;
        let taken = fs::read_to_string(&bound)?;
        if taken.trim() != bytes_max.to_string() {
            bail!("{} took {} for {bytes_max}", bound.display(), taken.trim());
        }
        Ok(())
    };
    if let Err(error) = bind() {
        fs::remove_dir(&folder)?;
        return Err(error);
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
        22 27 0:21 / /proc rw,relatime - proc proc rw\n\
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
        37 31 0:34 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

    #[test]
    fn both_versions_are_found() {
        let expected =
            [("/sys/fs/cgroup/memory".into(), Version::One), ("/sys/fs/cgroup/unified".into(), Version::Two)];
        assert_eq!(controllers(MOUNTS), expected);
    }

    #[test]
    fn the_own_group_is_found() {
        let groups = "8:pids:/\n4:cpu,memory:/a/b\n0::/user.slice/x\n";
        assert_eq!(own(groups, Version::One), Path::new("a/b"));
        assert_eq!(own(groups, Version::Two), Path::new("user.slice/x"));
        assert_eq!(own("", Version::Two), Path::new(""));
    }

    #[test]
    fn a_group_below_nothing_is_made_below_the_mount() {
        let here = std::env::temp_dir();
        assert_eq!(parents(&here, Path::new("no/such/group"), Version::One), [here]);
    }
}
