//! Files of a host, as the disk has them.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::Advice;

const PART_BYTES: usize = 1 << 20;

/// All files under a folder, in the order of their paths.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// The segments of a host's usual tier.
pub(super) fn segments(data: &Path) -> Result<Vec<PathBuf>> {
    let mut files = files(&data.join("tier"))?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "segment"));
    Ok(files)
}

/// Makes the kernel forget what it holds of these, so that the next to read them reads the disk.
pub(super) fn evict(files: &[PathBuf]) -> Result<()> {
    for path in files {
        let file = match File::open(path) {
            Ok(file) => file,
            // The host deletes what a shutdown left half-done as soon as it is back.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("cannot open {}", path.display())),
        };
        // Only what is on the disk can be forgotten.
        file.sync_all()?;
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed)?;
    }
    Ok(())
}

/// Reads each through, and answers how many bytes they have.
pub(super) fn read_through(files: &[PathBuf]) -> Result<u64> {
    let mut part = vec![0; PART_BYTES];
    let mut total = 0;
    for path in files {
        let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        loop {
            match file.read(&mut part)? {
                0 => break,
                bytes => total += bytes as u64,
            }
        }
    }
    Ok(total)
}

pub(super) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
