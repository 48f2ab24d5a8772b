//! Opens what a configuration names, and refuses what others could read or change.
//!
//! Separate because the checks are on the open descriptor, never on a path that somebody may swap in between.
//! Trusts: root, and the user that the box runs as. Nobody else.

use super::error::Problem;
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, open};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Largest configuration or certificate chain.
const TEXT_BYTES_MAX: u64 = 1 << 20;
/// Largest PIN or private key file.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// Whom files may belong to, beside root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owners {
    /// Who we are now.
    pub(super) me: u32,
    /// Who the processes will be.
    pub(super) run_as: u32,
}

/// What others must not be able to do.
#[derive(Debug, Clone, Copy)]
enum Closed {
    /// Neither read nor write.
    Secret,
    /// Not write.
    Unchanged,
}

/// The configuration itself, whole. Nobody but its owner may read or change it.
pub(super) fn configuration(path: &Path, me: u32) -> Result<String, Problem> {
    absolute(path)?;
    let (fd, stat) = regular(path)?;
    guarded(path, &stat, Closed::Secret, &[me])?;
    text(path, fd, &stat)
}

/// A public text file, whole.
pub(super) fn public_text(path: &Path) -> Result<String, Problem> {
    absolute(path)?;
    let (fd, stat) = regular(path)?;
    text(path, fd, &stat)
}

/// A file with a secret in it: opened, never read here.
pub(super) fn secret(path: &Path, owners: Owners) -> Result<OwnedFd, Problem> {
    absolute(path)?;
    let (fd, stat) = regular(path)?;
    guarded(path, &stat, Closed::Secret, &[owners.me, owners.run_as])?;
    within(path, &stat, SECRET_BYTES_MAX)?;
    Ok(fd)
}

/// A vendor's module: code that nobody else may change.
pub(super) fn module(path: &Path, owners: Owners) -> Result<(), Problem> {
    absolute(path)?;
    let (_, stat) = regular(path)?;
    guarded(path, &stat, Closed::Unchanged, &[owners.me, owners.run_as])
}

/// A directory that the box writes and nobody else does.
pub(super) fn own_directory(path: &Path, owners: Owners) -> Result<(), Problem> {
    let stat = directory(path)?;
    if stat.st_uid != owners.run_as {
        return Err(Problem::ForeignOwner {
            path: path.to_owned(),
            owner: stat.st_uid,
            wanted: owners.run_as,
        });
    }
    guarded(path, &stat, Closed::Unchanged, &[owners.run_as])
}

/// A directory, whoever writes it.
pub(super) fn directory(path: &Path) -> Result<Stat, Problem> {
    absolute(path)?;
    let stat = anything(path)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => Ok(stat),
        _ => Err(Problem::WrongKind { path: path.to_owned(), wanted: "directory" }),
    }
}

/// Something that exists.
pub(super) fn anything(path: &Path) -> Result<Stat, Problem> {
    absolute(path)?;
    opened(path, OFlags::PATH).map(|(_, stat)| stat)
}

/// Where something is to be made: its directory is there.
pub(super) fn place(path: &Path) -> Result<(), Problem> {
    absolute(path)?;
    directory(path.parent().unwrap_or(path)).map(drop)
}

fn absolute(path: &Path) -> Result<(), Problem> {
    if path.is_absolute() { Ok(()) } else { Err(Problem::Relative { path: path.to_owned() }) }
}

fn regular(path: &Path) -> Result<(OwnedFd, Stat), Problem> {
    // Non-blocking, so that a pipe in the file's place cannot hold us up.
    let (fd, stat) = opened(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok((fd, stat)),
        _ => Err(Problem::WrongKind { path: path.to_owned(), wanted: "file" }),
    }
}

fn opened(path: &Path, flags: OFlags) -> Result<(OwnedFd, Stat), Problem> {
    let not_there =
        |errno: rustix::io::Errno| Problem::NotThere { path: path.to_owned(), source: errno.into() };
    let fd = open(path, flags | OFlags::CLOEXEC, Mode::empty()).map_err(not_there)?;
    let stat = fstat(&fd).map_err(not_there)?;
    Ok((fd, stat))
}

fn guarded(path: &Path, stat: &Stat, closed: Closed, owners: &[u32]) -> Result<(), Problem> {
    let mode = stat.st_mode & 0o7777;
    let (forbidden, who, fix) = match closed {
        Closed::Secret => (0o077, "read or written by its group or by others", "0600"),
        Closed::Unchanged => (0o022, "written by its group or by others", "go-w"),
    };
    if mode & forbidden != 0 {
        return Err(Problem::Loose { path: path.to_owned(), mode, who, fix });
    }
    if stat.st_uid == 0 || owners.contains(&stat.st_uid) {
        return Ok(());
    }
    let wanted = owners.first().copied().unwrap_or(0);
    Err(Problem::ForeignOwner { path: path.to_owned(), owner: stat.st_uid, wanted })
}

fn within(path: &Path, stat: &Stat, bytes_max: u64) -> Result<(), Problem> {
    match u64::try_from(stat.st_size) {
        Ok(bytes) if bytes <= bytes_max => Ok(()),
        bytes => {
            Err(Problem::TooLarge { path: path.to_owned(), bytes: bytes.unwrap_or(u64::MAX), bytes_max })
        }
    }
}

fn text(path: &Path, fd: OwnedFd, stat: &Stat) -> Result<String, Problem> {
    within(path, stat, TEXT_BYTES_MAX)?;
    let mut text = String::new();
    File::from(fd)
        .take(TEXT_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|source| Problem::NotThere { path: path.to_owned(), source })?;
    Ok(text)
}
