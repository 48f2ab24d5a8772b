//! The spool: a directory that others put bundles into. Read, never changed.
//!
//! Separate so that every way of reading a hostile directory is in one place: names that are no names, links, pipes,
//! devices, files that are too long or change while they are read.
//! Put a file in by renaming it; one that is written in place is looked at again when it has changed.

use holdfast_model::limits::{BUNDLE_BYTES_MAX, SPOOL_FILES_MAX};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, inotify};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// What bundles are called.
const SUFFIX: &str = ".bundle";
/// Longest file name taken; `.receipt.json` still fits behind it.
const FILE_NAME_BYTES_MAX: usize = 200;

/// A file as it was when it was looked at: when any of this changes, it is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    bytes: i64,
    changed: (i64, i64),
}

impl Stamp {
    fn of(status: &Stat) -> Self {
        // The fields' types differ between architectures; all fit.
        #[allow(clippy::useless_conversion, clippy::unnecessary_cast, clippy::cast_possible_wrap)]
        Self {
            inode: status.st_ino,
            bytes: status.st_size as i64,
            changed: (status.st_ctime as i64, status.st_ctime_nsec as i64),
        }
    }
}

/// Why a file that is there was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Not a regular file (perhaps a link), or not ours to read. Not touched again until it changes.
    NotAFile,
    /// More bytes than a bundle may have.
    TooLarge,
    /// It went away, or the medium failed. Looked at again.
    Gone,
}

/// The spool directory.
pub(super) struct Spool {
    directory: OwnedFd,
    news: OwnedFd,
}

impl Spool {
    /// Opens it and asks to be told of new files. Before the sandbox is entered.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(path, flags, Mode::empty())?;
        let news = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        inotify::add_watch(&news, path, inotify::WatchFlags::CLOSE_WRITE | inotify::WatchFlags::MOVED_TO)?;
        Ok(Self { directory, news })
    }

    /// Forgets the news: whatever it was, the directory is looked through.
    pub(super) fn clear_news(&self) {
        let mut buffer = [0; 4096];
        while rustix::io::read(&self.news, &mut buffer).is_ok_and(|bytes| bytes > 0) {}
    }

    /// Which files are there that could be bundles: regular ones with a plain name.
    pub(super) fn list(&self) -> io::Result<BTreeMap<String, Stamp>> {
        let mut found = BTreeMap::new();
        for entry in Dir::read_from(&self.directory)? {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().ok().filter(|name| is_bundle_name(name)) else {
                continue;
            };
            let Ok(status) = rustix::fs::statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            if FileType::from_raw_mode(status.st_mode) == FileType::RegularFile {
                found.insert(name.to_owned(), Stamp::of(&status));
            }
            if found.len() >= SPOOL_FILES_MAX {
                tracing::warn!(files = found.len(), "spool-full");
                break;
            }
        }
        Ok(found)
    }

    /// Reads one file, whatever has become of it since it was listed.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, Unreadable> {
        // NONBLOCK: opening a pipe would wait for its other end.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file =
            rustix::fs::openat(&self.directory, name, flags, Mode::empty()).map_err(|error| match error {
                rustix::io::Errno::LOOP | rustix::io::Errno::ACCESS | rustix::io::Errno::NXIO => {
                    Unreadable::NotAFile
                }
                _ => Unreadable::Gone,
            })?;
        let status = rustix::fs::fstat(&file).map_err(|_| Unreadable::Gone)?;
        if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
            return Err(Unreadable::NotAFile);
        }
        let expected = usize::try_from(status.st_size).unwrap_or(0).min(BUNDLE_BYTES_MAX);
        let mut bytes = Vec::with_capacity(expected + 1);
        let limit = BUNDLE_BYTES_MAX as u64 + 1;
        File::from(file).take(limit).read_to_end(&mut bytes).map_err(|_| Unreadable::Gone)?;
        if bytes.len() > BUNDLE_BYTES_MAX { Err(Unreadable::TooLarge) } else { Ok(bytes) }
    }
}

impl AsFd for Spool {
    /// Readable when there is news.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.news.as_fd()
    }
}

/// Letters, digits, `.`, `_` and `-`, not beginning with a dot: safe in a log, and the name of a receipt.
fn is_bundle_name(name: &str) -> bool {
    name.len() <= FILE_NAME_BYTES_MAX
        && name.ends_with(SUFFIX)
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_of_regular_files_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.bundle", "b-2_x.1.bundle", ".hidden.bundle", "c.txt", "two words.bundle", "ä.bundle"]
        {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        std::fs::create_dir(dir.path().join("directory.bundle")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link.bundle")).unwrap();
        let pipe = dir.path().join("pipe.bundle");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        let names: Vec<_> = spool.list().unwrap().into_keys().collect();
        assert_eq!(names, ["a.bundle", "b-2_x.1.bundle"]);
    }

    #[test]
    fn a_file_that_becomes_a_link_or_a_pipe_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link.bundle")).unwrap();
        let pipe = dir.path().join("pipe.bundle");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        assert_eq!(spool.read("link.bundle"), Err(Unreadable::NotAFile));
        assert_eq!(spool.read("pipe.bundle"), Err(Unreadable::NotAFile));
        assert_eq!(spool.read("none.bundle"), Err(Unreadable::Gone));
    }

    #[test]
    fn of_a_file_that_is_too_long_no_more_than_that_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::create(dir.path().join("big.bundle")).unwrap();
        file.set_len(1 << 40).unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        assert_eq!(spool.read("big.bundle"), Err(Unreadable::TooLarge));
    }

    #[test]
    fn a_file_that_changes_is_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bundle");
        std::fs::write(&path, b"x").unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        let before = spool.list().unwrap();
        assert_eq!(spool.list().unwrap(), before);
        std::fs::write(dir.path().join("new"), b"y").unwrap();
        std::fs::rename(dir.path().join("new"), &path).unwrap();
        assert_ne!(spool.list().unwrap(), before);
    }
}
