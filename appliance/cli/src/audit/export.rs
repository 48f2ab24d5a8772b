//! `holdfast audit export`.

use crate::{Failure, Report};
use clap::Args;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Copies a log, byte for byte, into a new directory, and verifies the copy.
#[derive(Args)]
#[command(after_help = "\
Example:
  holdfast audit export /var/lib/holdfast/audit /media/stick/north-1

Then, off the box: holdfast audit verify /media/stick/north-1")]
pub(crate) struct Export {
    /// Directory of the log.
    directory: PathBuf,
    /// Directory for the copy; must not be there yet.
    to: PathBuf,
}

impl Export {
    pub(crate) fn run(&self) -> Result<Report, Failure> {
        let failed = |error: std::io::Error| Failure::file(&self.directory, &error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_type().map_err(failed)?.is_file() {
                names.push(entry.file_name());
            }
        }
        // The head file first, then the segments in order: the head must not promise more than the copy holds.
        names.sort_by_key(|name| (name != "head", name.clone()));
        fs::create_dir(&self.to).map_err(|error| Failure::file(&self.to, &error))?;
        for name in names {
            copy(&self.directory.join(&name), &self.to.join(&name))?;
        }
        let mut report = super::verify::verify(&self.to, None)?;
        report.text = format!("copied to {}\n{}", self.to.display(), report.text);
        Ok(report)
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let mut source = File::open(from).map_err(|error| Failure::file(from, &error))?;
    let failed = |error: std::io::Error| Failure::file(to, &error);
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o640).open(to).map_err(failed)?;
    std::io::copy(&mut source, &mut target).map_err(failed)?;
    target.sync_all().map_err(failed)
}
