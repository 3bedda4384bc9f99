//! Writing to a tier that is a folder: an object is whole and on the disk, or it is not there.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use crate::error::{Error, Kind};

/// Objects are written here first. Its name tells it from every object's.
const INCOMPLETE: &str = ".incomplete";

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Names of files that are not whole yet.
    next: AtomicU64,
}

impl Folder {
    /// Makes the folder, and clears away what an earlier host left unfinished.
    pub(super) fn new(path: PathBuf) -> std::io::Result<Self> {
        let incomplete = path.join(INCOMPLETE);
        std::fs::create_dir_all(&incomplete)?;
        for entry in std::fs::read_dir(&incomplete)? {
            std::fs::remove_file(entry?.path())?;
        }
        Ok(Self { path, next: AtomicU64::new(0) })
    }

    pub(super) async fn put(folder: &Arc<Self>, path: &str, bytes: Bytes) -> std::io::Result<()> {
        Self::write(folder, path, bytes, |from, to| std::fs::rename(from, to)).await
    }

    /// Says whether there was none of that name.
    pub(super) async fn create(folder: &Arc<Self>, path: &str, bytes: Bytes) -> std::io::Result<bool> {
        // A link, unlike a renaming, never takes another file's place.
        match Self::write(folder, path, bytes, |from, to| std::fs::hard_link(from, to)).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn write(
        folder: &Arc<Self>,
        path: &str,
        bytes: Bytes,
        place: impl FnOnce(&Path, &Path) -> std::io::Result<()> + Send + 'static,
    ) -> std::io::Result<()> {
        let number = folder.next.fetch_add(1, Ordering::Relaxed);
        let incomplete = folder.path.join(INCOMPLETE).join(format!("{}-{number}", std::process::id()));
        let (folder, target) = (Arc::clone(folder), folder.path.join(path));
        let write = move || {
            let written = (|| {
                let mut file = File::create(&incomplete)?;
                file.write_all(&bytes)?;
                file.sync_all()?;
                if let Some(parent) = target.parent() {
                    std::fs::create_dir_all(parent)?;
                }
                let placed = place(&incomplete, &target);
                // What is there already may not have reached the disk by name: its folders are synced too.
                for parent in target.ancestors().skip(1).take_while(|parent| parent.starts_with(&folder.path)) {
                    File::open(parent)?.sync_all()?;
                }
                placed
            })();
            // A renaming takes it away; whatever else happened leaves it behind.
            match std::fs::remove_file(&incomplete) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!(%error, file = %incomplete.display(), "an unfinished file is left behind");
                }
                _ => {}
            }
            written
        };
        tokio::task::spawn_blocking(write).await.map_err(std::io::Error::other)?
    }
}

pub(super) fn failed(url: &str, error: &std::io::Error) -> Error {
    let (kind, code) = match error.kind() {
        ErrorKind::StorageFull => (Kind::StorageFull, "storage-full"),
        _ => (Kind::Unavailable, "tier-unavailable"),
    };
    Error::new(kind, code, format!("{url} cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_unfinished_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let incomplete = dir.path().join(INCOMPLETE);
        std::fs::create_dir_all(&incomplete).unwrap();
        std::fs::write(incomplete.join("old"), "half").unwrap();
        let folder = Arc::new(Folder::new(dir.path().to_owned()).unwrap());
        let put = |path, text: &'static str| Folder::put(&folder, path, Bytes::from_static(text.as_bytes()));
        put("a/b", "one").await.unwrap();
        put("a/b", "two").await.unwrap();
        assert_eq!(std::fs::read(dir.path().join("a/b")).unwrap(), b"two");
        assert!(!Folder::create(&folder, "a/b", Bytes::from_static(b"three")).await.unwrap());
        assert!(Folder::create(&folder, "c", Bytes::from_static(b"three")).await.unwrap());
        // A file stands where a folder is wanted.
        assert!(put("c/d", "four").await.is_err());
        assert_eq!(std::fs::read_dir(&incomplete).unwrap().count(), 0);
    }
}
