//! Measures a whole appliance beside a bare TLS echo, with one load generator for both.
//!
//! Starts everything itself: `holdfastd` in its full sandbox on a SoftHSM2 token, as an unprivileged user when started
//! as root. Figures are of this machine, the generator on the same cores: read them as ratios.
#![allow(clippy::print_stdout, clippy::print_stderr)] // A measuring program prints.

mod connections;
mod echo;
mod edge;
mod every;
mod kill_switch;
mod load;
mod machine;
mod operations;
mod pipelined;
mod report;
mod requests;
mod service_keys;
mod start;
mod subject;
// The same double and certificates that the frontend's tests use.
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#[path = "../../appliance/frontend/tests/support/mod.rs"]
mod support;
mod talk;

use clap::{Parser, Subcommand, ValueEnum};
use hardening::heap::SecretHeap;
use operations::Turns;
use report::Report;
use std::process::ExitCode;
use std::time::Duration;
use subject::Subject;

/// As `holdfastd` has it; only the process that holds service keys enters secret memory.
#[global_allocator]
static HEAP: SecretHeap = SecretHeap;

#[derive(Parser)]
#[command(about = "Measures a whole appliance beside a bare TLS echo")]
struct Arguments {
    /// Only these; all of them if none is named.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Turns of echo and appliance; figures are medians over them.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each turn is.
    #[arg(long, default_value_t = 100)]
    round_ms: u64,
    /// Objects among which Locate looks, one number after the other; a million takes some ten minutes to make.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000])]
    objects: Vec<usize>,
    /// How often the tenant is unlinked.
    #[arg(long, default_value_t = 100)]
    cuts: usize,
    /// How often the box is started again.
    #[arg(long, default_value_t = 10)]
    starts: usize,
    /// Fast lanes of core, and workers of frontend; one for each CPU if it is not said.
    #[arg(long)]
    lanes: Option<u16>,
    /// Service keys held in memory.
    #[arg(long, default_value_t = 100_000)]
    keys: usize,
    /// One JSON document instead of the table.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Encrypt, Get, Create.
    Operations,
    /// Every other operation.
    Every,
    /// Several requests on their way on one connection.
    Pipelined,
    /// New connections.
    Connections,
    /// Locate by name.
    Locate,
    /// From an unlink to the first refusal.
    KillSwitch,
    /// From start to serving.
    Start,
    /// Memory for service keys.
    Memory,
}

#[derive(Subcommand)]
enum What {
    /// The frontend alone, over a double of core, beside the bare echo.
    Edge,
    /// The echo that the others are measured beside; started by this program itself.
    #[command(hide = true)]
    Echo,
    /// The frontend in its sandbox; started by this program itself.
    #[command(hide = true)]
    Frontend,
    /// Holds service keys and says what they take; started by this program itself.
    #[command(hide = true)]
    ServiceKeys {
        /// How many.
        keys: usize,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let turns = Turns { rounds: arguments.rounds.max(1), each: Duration::from_millis(arguments.round_ms) };
    let outcome = match arguments.what {
        None => measure(&arguments, turns),
        Some(What::Edge) => edge::measure(&mut Report::new(arguments.json), turns),
        Some(What::Echo) => echo::serve(),
        Some(What::Frontend) => {
            holdfast_ports::child::Child::begin().map_err(|e| e.to_string()).and_then(holdfast_frontend::run)
        }
        Some(What::ServiceKeys { keys }) => service_keys::hold(keys),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments, turns: Turns) -> Result<(), String> {
    let wanted = |part: Part| arguments.only.is_empty() || arguments.only.contains(&part);
    let (mut report, machine) = (Report::new(arguments.json), machine::describe());
    report.note(&format!("on {machine}"));
    if wanted(Part::Memory) {
        service_keys::measure(&mut report, arguments.keys)?;
    }
    let mut subject = Subject::serving(arguments.lanes)?;
    let (_echo, echo) = subject::echo()?;
    if wanted(Part::Operations) {
        operations::measure(&mut report, &subject, &echo, turns)?;
    }
    if wanted(Part::Every) {
        every::measure(&mut report, &subject, &echo, turns)?;
    }
    if wanted(Part::Pipelined) {
        pipelined::measure(&mut report, &subject, &echo, turns)?;
    }
    if wanted(Part::Connections) {
        connections::measure(&mut report, &subject, &echo, turns.rounds * 40)?;
    }
    if wanted(Part::KillSwitch) {
        kill_switch::measure(&mut report, &mut subject, arguments.cuts)?;
    }
    let mut objects = 0;
    if wanted(Part::Locate) {
        let mut sizes = arguments.objects.clone();
        sizes.sort_unstable();
        for size in sizes {
            operations::measure_locate(&mut report, &subject, &echo, turns, objects, size)?;
            objects = size;
        }
    }
    if wanted(Part::Memory) {
        let mib = |kib: u64| f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0;
        let resident = mib(subject.appliance()?.resident_kib("core"));
        report.fact("core, resident", resident, "MiB", "after everything above", None);
    }
    if wanted(Part::Start) {
        start::measure(&mut report, &mut subject, arguments.starts, objects)?;
    }
    report.note(&format!("load average now {}", machine::load()));
    report.finish(&machine);
    Ok(())
}
