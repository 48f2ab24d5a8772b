//! Measures the appliance beside a bare TLS echo, with one load generator for both.
//!
//! `edge`: the frontend over a double of core, beside the echo; `kmip`: a running appliance, beside the echo. Figures
//! are of this machine, the generator on the same cores: read them as ratios.
#![allow(clippy::print_stdout, clippy::print_stderr)] // A measuring program prints.

mod echo;
mod edge;
mod load;
mod operations;
mod report;
// The same double and certificates that the frontend's tests use.
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#[path = "../../appliance/frontend/tests/support/mod.rs"]
mod support;

use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Parser)]
#[command(about = "Measures the appliance beside a bare TLS echo")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The frontend over a double of core, beside the bare echo.
    Edge {
        /// Seconds for each figure.
        #[arg(long, default_value_t = 3)]
        seconds: u64,
    },
    /// A running appliance, beside the bare echo.
    Kmip {
        /// Where it listens for KMIP.
        #[arg(long)]
        addr: SocketAddr,
        /// The name in its certificate.
        #[arg(long, default_value = "localhost")]
        name: String,
        /// Directory with ca.pem (of the box), client.pem and client.key.
        #[arg(long)]
        certs: PathBuf,
        /// Seconds for each figure.
        #[arg(long, default_value_t = 3)]
        seconds: u64,
        /// Objects to create before Locate by name is measured.
        #[arg(long, default_value_t = 0)]
        objects: u32,
    },
    /// The echo that the others are measured beside; started by this program itself.
    #[command(hide = true)]
    Echo,
    /// The frontend in its sandbox; started by this program itself.
    #[command(hide = true)]
    Frontend,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().what {
        What::Edge { seconds } => edge::measure(Duration::from_secs(seconds)),
        What::Kmip { addr, name, certs, seconds, objects } => {
            operations::measure(addr, &name, &certs, Duration::from_secs(seconds), objects)
        }
        What::Echo => echo::serve(),
        What::Frontend => {
            holdfast_ports::child::Child::begin().map_err(|e| e.to_string()).and_then(holdfast_frontend::run)
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
