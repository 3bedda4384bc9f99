//! opendal and nothing else: objects that are written once, under names that never change their meaning.
//!
//! Every operation has a timeout inside its retries, so that a store that hangs is tried again rather than waited for.
//! Knows nothing of what the objects mean; whoever reads one checks it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use opendal::layers::{RetryLayer, TimeoutLayer};
use opendal::{ErrorKind, Operator, services};

use crate::error::{Error, Kind, Result};
use crate::limits::{TIER_OPERATION_MS_MAX, TIER_TRIES_MAX};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tier {
    operator: Operator,
    /// Of a tier that is a folder.
    folder: PathBuf,
}

impl Tier {
    /// A folder: the tier that is always there. Writes go to a file beside and are renamed once they are whole.
    pub fn folder(path: &Path) -> Result<Self> {
        let root = path.to_string_lossy();
        let service = services::Fs::default().root(&root).atomic_write_dir(&format!("{root}/.incomplete"));
        let operator = Operator::new(service).map_err(failed)?;
        Ok(Self { operator: guarded(operator), folder: path.to_owned() })
    }

    /// Writes a whole object; returns once it is on the disk.
    pub async fn put(&self, path: &str, bytes: Bytes) -> Result<()> {
        self.operator.write(path, bytes).await.map_err(failed)?;
        // opendal renames the file into its place, and leaves it to the system when that reaches the disk.
        let file = self.folder.join(path);
        let synced = tokio::task::spawn_blocking(move || {
            File::open(&file)?.sync_all()?;
            file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        });
        let unsynced = |error: &dyn std::fmt::Display| {
            Error::new(Kind::Unavailable, "tier-unavailable", format!("{path} does not reach the disk: {error}"))
        };
        synced.await.map_err(|error| unsynced(&error))?.map_err(|error| unsynced(&error))
    }

    /// Reads a whole object.
    pub async fn get(&self, path: &str) -> Result<Bytes> {
        Ok(self.operator.read(path).await.map_err(failed)?.to_bytes())
    }

    /// The names of the objects in a folder.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>> {
        let entries = match self.operator.list(folder).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        Ok(entries.iter().filter(|entry| entry.metadata().is_file()).map(|entry| entry.path().to_owned()).collect())
    }

    /// Deletes an object; one that is gone already is no error.
    pub async fn delete(&self, path: &str) -> Result<()> {
        self.operator.delete(path).await.map_err(failed)
    }
}

fn guarded(operator: Operator) -> Operator {
    let timeout = Duration::from_millis(TIER_OPERATION_MS_MAX);
    operator
        .layer(TimeoutLayer::new().with_timeout(timeout).with_io_timeout(timeout))
        .layer(RetryLayer::new().with_max_times(TIER_TRIES_MAX).with_jitter())
}

fn failed(error: opendal::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::internal(format!("an object is missing from the tier: {error}")),
        _ => Error::new(Kind::Unavailable, "tier-unavailable", format!("the tier does not answer: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn objects_are_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let tier = Tier::folder(dir.path()).unwrap();
        assert!(tier.get("plugins/a").await.is_err());
        tier.put("plugins/a", Bytes::from_static(b"one")).await.unwrap();
        tier.put("plugins/a", Bytes::from_static(b"two")).await.unwrap();
        assert_eq!(tier.get("plugins/a").await.unwrap(), "two");
        assert_eq!(tier.list("plugins/").await.unwrap(), ["plugins/a"]);
        assert!(tier.list("nothing/").await.unwrap().is_empty());
        tier.delete("plugins/a").await.unwrap();
        tier.delete("plugins/a").await.unwrap();
        assert!(tier.get("plugins/a").await.is_err());
    }
}
