//! `holdfast audit`: the auditor's side of the log, on the box or off it.

mod export;
mod show;
mod verify;

use crate::{Failure, Report};
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Find any record that was changed, is missing, moved, doubled or cut off.
    Verify(verify::Verify),
    /// Print the records.
    Show(show::Show),
    /// Copy the log to carry it off the box, and verify the copy.
    Export(export::Export),
}

impl Command {
    pub(crate) fn run(&self, as_json: bool) -> Result<Report, Failure> {
        match self {
            Self::Verify(command) => command.run(),
            Self::Show(command) => command.run(as_json),
            Self::Export(command) => command.run(),
        }
    }
}
