//! holdfast: the operator's command line.
//!
//! Every command makes a [`Report`]; this file prints it, for people or as JSON, and chooses the exit code. Commands
//! that make and read bundles run wherever the signers are, not on the box.

mod audit;
mod bundle;
mod init;
mod kmip;
mod report;
mod status;

use clap::{Parser, Subcommand};
use report::{Failure, Report};
use std::io::Write;
use std::process::ExitCode;

/// Look after a Holdfast appliance: its bundles, its audit log, its state.
#[derive(Parser)]
#[command(name = "holdfast", version, arg_required_else_help = true, after_help = HELP, max_term_width = 110)]
struct Arguments {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a commented configuration to begin with.
    Init(init::Init),
    /// Make, sign, read and check Orbital bundles: the orders that a box takes.
    #[command(subcommand)]
    Bundle(bundle::Command),
    /// Verify, read and export the audit log.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Talk to any KMIP server: look around, make keys, use them.
    Kmip(Box<kmip::Kmip>),
    /// Ask a running box how it is: processes, tenants, HSMs.
    Status(status::Status),
}

const HELP: &str = "\
From nothing to a tenant that can work:
  holdfast bundle keygen --name alice --out alice.pem     each signer, on a machine of their own
  holdfast init /etc/holdfast --cluster north --appliance north-1 --signer alice=alice.pub
  holdfast bundle new --cluster north --appliance north-1 --out first.toml
  (edit first.toml: say what is to be done)
  holdfast bundle sign --key alice=alice.pem first.toml first.bundle
  (carry first.bundle into the box's spool; a receipt appears in its outbox)
  holdfast status

Exit codes: 0 yes, done, healthy. 1 no: refused, or something is wrong. 2 could not be asked: wrong usage, a file
that is not there, a box that does not answer.";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Init(init) => init.run(),
        Command::Bundle(command) => command.run(),
        Command::Audit(command) => command.run(arguments.json),
        Command::Kmip(kmip) => kmip.run(),
        Command::Status(status) => status.run(arguments.json),
    };
    let (text, code) = match outcome {
        Ok(report) => (report.print(arguments.json), if report.good { 0 } else { 1 }),
        Err(failure) => {
            // Nobody may be listening; the exit code says it too.
            drop(writeln!(std::io::stderr().lock(), "holdfast: {failure}"));
            (if arguments.json { failure.json() } else { String::new() }, failure.exit_code())
        }
    };
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(2),
    }
}
