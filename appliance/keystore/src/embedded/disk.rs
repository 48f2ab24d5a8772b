//! The file under the embedded store, as its engine sees it.
//!
//! Separate from the engine's own file access for two reasons: growth reserves real blocks first, so that a full
//! disk is found out before anything is written and never in the middle of a commit; and the store learns that it
//! was a full disk and nothing worse.

use redb::StorageBackend;
use rustix::fs::FallocateFlags;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set when the medium had no room for growth; read and cleared by the store.
#[derive(Debug, Clone, Default)]
pub(super) struct FullSign(Arc<AtomicBool>);

impl FullSign {
    pub(super) fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// One open file, held alone.
#[derive(Debug)]
pub(super) struct Disk {
    file: File,
    full: FullSign,
}

impl Disk {
    /// Opens or creates the file, for its owner only, and locks it against a second store.
    pub(super) fn open(path: &Path, full: FullSign) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        file.try_lock()?;
        if let Some(directory) = path.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(Self { file, full })
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let now = self.len()?;
        if length <= now {
            return self.file.set_len(length);
        }
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), now, length - now) {
            Ok(()) => Ok(()),
            Err(error) => {
                if matches!(error, rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT) {
                    self.full.raise();
                    // Some file systems keep the part that did fit; give it back to whoever needs it.
                    self.file.set_len(now)?;
                }
                Err(error.into())
            }
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }
}
