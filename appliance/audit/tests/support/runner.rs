//! Runs named tests of a program that has a `main` of its own, with the test runner's filter and listing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

pub(crate) type Test = (&'static str, fn());

pub(crate) fn run(tests: &[Test]) -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let filters: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let exact = arguments.iter().any(|argument| argument == "--exact");
    let chosen = tests.iter().filter(|(name, _)| {
        let fits =
            |filter: &&String| if exact { *name == filter.as_str() } else { name.contains(filter.as_str()) };
        filters.is_empty() || filters.iter().any(fits)
    });
    if arguments.iter().any(|argument| argument == "--list") {
        chosen.for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let mut failed = 0;
    for (name, test) in chosen {
        let passed = catch_unwind(AssertUnwindSafe(test)).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += u32::from(!passed);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a program of the system and fails with its words if it fails.
pub(crate) fn program(line: &[&str]) {
    let output = std::process::Command::new(line[0]).args(&line[1..]).output();
    let output = output.unwrap_or_else(|error| panic!("{} is needed: {error}", line[0]));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line:?} (root and loop devices are needed): {words}");
}
