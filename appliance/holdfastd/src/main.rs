//! holdfastd: the appliance, seven processes from one binary.
//!
//! With `--config` it becomes warden; warden starts it anew for every other role, with the role's name as its only
//! argument and a table of descriptors. All that is here is which crate serves which role.

mod help;
mod logs;
mod roles;

use hardening::heap::SecretHeap;
use holdfast_model::role::Role;
use holdfast_ports::child::Child;
use holdfast_warden::config::Config;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Passes everything on to the system's allocator until core enters secret memory.
#[global_allocator]
static HEAP: SecretHeap = SecretHeap;

/// The command line was not understood.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    match words.as_slice() {
        ["--config", path] => warden(Path::new(path)),
        ["--config", path, "--check"] | ["--check", "--config", path] => check(Path::new(path)),
        ["--help" | "-h"] => help::print(),
        ["--processes"] => help::print_processes(),
        ["--version" | "-V"] => help::print_version(),
        [word] => Role::from_name(word).map_or_else(|| refuse(help::USAGE), serve),
        _ => refuse(help::USAGE),
    }
}

fn refuse(why: &str) -> ExitCode {
    help::complain(why);
    ExitCode::from(EXIT_USAGE)
}

fn check(path: &Path) -> ExitCode {
    match Config::load(path) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            help::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn warden(path: &Path) -> ExitCode {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => {
            help::complain(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    logs::begin(config.logs);
    match holdfast_warden::run(config, roles::profile) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(reason = %error, "box-not-running");
            ExitCode::FAILURE
        }
    }
}

/// One of the children. What it is started with must be right: there is nothing to fall back to.
fn serve(role: Role) -> ExitCode {
    let outcome = hardening::process::enter().map_err(|error| error.to_string()).and_then(|()| {
        let child = Child::begin().map_err(|error| error.to_string())?;
        if child.instance().role != role {
            return Err("warden started this process for another role".to_owned());
        }
        logs::begin(child.logs());
        roles::run(role, child)
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            help::complain(&format!("{role}: {reason}"));
            ExitCode::FAILURE
        }
    }
}
