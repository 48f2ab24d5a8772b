//! `holdfast bundle`: the signer's and the auditor's side of Orbital bundles.

mod draft;
mod keygen;
mod keys;
mod new;
mod show;
mod sign;
mod time;
mod verify;

pub(crate) use keys::NamedKey;

use crate::{Failure, Report};
use clap::Subcommand;
use holdfast_orbital::Received;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

/// No draft and no bundle is longer; two bundles' worth, so that one too long is refused for that.
const FILE_BYTES_MAX: u64 = 2 << 20;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a signer's key.
    Keygen(keygen::Keygen),
    /// Begin a draft: a text file to be edited.
    New(new::New),
    /// Sign a draft, or add a signature to a bundle that others have signed.
    Sign(sign::Sign),
    /// Read a bundle, without checking who signed it.
    Show(show::Show),
    /// Check a bundle as a box would.
    Verify(verify::Verify),
}

impl Command {
    pub(crate) fn run(&self) -> Result<Report, Failure> {
        match self {
            Self::Keygen(command) => command.run(),
            Self::New(command) => command.run(),
            Self::Sign(command) => command.run(),
            Self::Show(command) => command.run(),
            Self::Verify(command) => command.run(),
        }
    }
}

/// Reads a file that is not longer than it should be.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::file(path, &error);
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn read_bundle(path: &Path) -> Result<Received, Failure> {
    Ok(Received::new(read(path)?)?)
}

/// Writes a new file; what is there already stays.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::file(path, &error);
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)
}
