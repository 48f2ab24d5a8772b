//! What holdfastd says to a person at a terminal.

use holdfast_warden::table::TABLE;
use std::io::Write;
use std::process::ExitCode;

/// For who mistyped.
pub(crate) const USAGE: &str = "usage: holdfastd --config FILE [--check]; more with --help";

const HELP: &str = "\
holdfastd: the execution plane of OpenKCM as an HSM appliance

usage:
  holdfastd --config FILE          run the appliance until SIGTERM or SIGINT
  holdfastd --config FILE --check  check the configuration and everything that it names; start nothing
  holdfastd --processes            list the processes and what follows when one dies
  holdfastd --help | --version

FILE is TOML, owned by root or by you, and readable by its owner only (chmod 0600). The commented example with every
key is holdfast.example.toml. Started as root, it becomes the user named in [box]; without root it stays who you are,
and then LimitMEMLOCK must allow the memory that [core] asks for.

Exit codes: 0 stopped as asked, or the check passed; 1 refused, with the reason on standard error; 2 usage.
Logs go to standard error, one event a line, as JSON or text ([logs] format).
";

/// The whole help.
pub(crate) fn print() -> ExitCode {
    say(HELP)
}

/// The version.
pub(crate) fn print_version() -> ExitCode {
    say(concat!("holdfastd ", env!("CARGO_PKG_VERSION"), "\n"))
}

/// The table of processes, for people.
pub(crate) fn print_processes() -> ExitCode {
    let lines =
        TABLE.iter().map(|row| format!("{:<16}when it dies: {}\n", row.role.name(), row.when_it_dies));
    say(&lines.collect::<String>())
}

/// To standard error. When nobody listens there is nothing to be done about it.
pub(crate) fn complain(why: &str) {
    drop(writeln!(std::io::stderr(), "holdfastd: {why}"));
}

fn say(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
