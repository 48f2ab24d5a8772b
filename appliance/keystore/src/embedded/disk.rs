//! The directory and the file under the embedded store.
//!
//! Separate from the engine's own file access for two reasons: growth reserves real blocks first, so that a full
//! disk is found out before anything is written and never in the middle of a commit; and the store learns that it
//! was a full disk and nothing worse. A new store gets its name only when it is whole: the engine does not recover
//! from a power cut while it makes one.

use super::change::make_tables;
use super::{FILE_NAME, Fault, Medium};
use redb::{Builder, Database, StorageBackend, StorageError};
use rustix::fs::FallocateFlags;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A store that is being made.
const UNFINISHED_NAME: &str = "keystore.unfinished";

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

/// The directory of a store, held alone as long as this lives.
pub(super) struct Directory {
    path: PathBuf,
    handle: File,
}

impl Directory {
    /// Locks the directory against a second store, and removes what a power cut has left of a store half made.
    pub(super) fn take(path: &Path) -> io::Result<Self> {
        let handle = File::open(path)?;
        handle.try_lock()?;
        match std::fs::remove_file(path.join(UNFINISHED_NAME)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Self { path: path.to_owned(), handle }),
        }
    }

    fn make(&self, full: FullSign, builder: &Builder) -> Result<(), Fault> {
        let unfinished = self.path.join(UNFINISHED_NAME);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(StorageError::from)?;
        let database = builder.create_with_backend(Disk { file, full })?;
        make_tables(&database)?;
        database.close()?;
        let name = || -> io::Result<()> {
            File::open(&unfinished)?.sync_all()?;
            std::fs::rename(&unfinished, self.path.join(FILE_NAME))?;
            self.handle.sync_all()
        };
        Ok(name().map_err(StorageError::from)?)
    }
}

impl Medium for Directory {
    fn open(&self, full: FullSign, builder: &Builder) -> Result<Database, Fault> {
        let path = self.path.join(FILE_NAME);
        if !path.try_exists().map_err(StorageError::from)? {
            self.make(full.clone(), builder)?;
        }
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(StorageError::from)?;
        // The engine would take an empty file for a new store; a store that has become empty is a loss.
        if file.metadata().map_err(StorageError::from)?.len() == 0 {
            return Err(StorageError::Corrupted("the store is empty".to_owned()).into());
        }
        Ok(builder.create_with_backend(Disk { file, full })?)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(std::fs::metadata(self.path.join(FILE_NAME))?.len())
    }
}

/// One open file.
#[derive(Debug)]
struct Disk {
    file: File,
    full: FullSign,
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
