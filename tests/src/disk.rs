//! A disk of one's own that can be filled: a tmpfs, mounted for as long as the test runs.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::parts::command;

pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// `None`, said loudly, where nothing may be mounted here.
    pub fn mount(mebibytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = format!("size={mebibytes}m,mode=700");
        let mounted = command("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { folder }),
            Ok(output) => {
                eprintln!("SKIPPED: no tmpfs may be mounted: {}", String::from_utf8_lossy(&output.stderr).trim());
                None
            }
            Err(error) => {
                eprintln!("SKIPPED: no tmpfs may be mounted: mount: {error}");
                None
            }
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn free_bytes(&self) -> u64 {
        let disk = rustix::fs::statvfs(self.path()).expect("it can be asked");
        disk.f_bavail * disk.f_frsize
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Fills it until only so much is free; zero fills it to the last byte.
    pub fn fill(&self, leave_bytes: u64) {
        let mut file = File::options().create(true).append(true).open(self.filler()).expect("a file");
        let mut piece = vec![0; 1 << 20];
        while self.free_bytes() > leave_bytes {
            let room = usize::try_from(self.free_bytes() - leave_bytes).expect("it fits");
            piece.truncate(room.max(4096));
            match file.write(&piece) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return,
                Err(error) => panic!("{}: {error}", self.filler().display()),
            }
        }
    }

    /// Takes the filling away.
    pub fn relieve(&self) {
        std::fs::remove_file(self.filler()).expect("it was filled");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open does not keep it here.
        let _ = command("umount").arg("-l").arg(self.path()).status();
    }
}
