//! Runs stories one after another, and their probes as processes of their own.
//!
//! A sandbox binds a whole process for good, so each trial needs a fresh one with a single thread. The test program
//! starts itself again with `--probe NAME`; a probe ends with code 0 if all it tried went as it should.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // Part of test programs.
#![allow(dead_code)] // Each test program uses its part of this file.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::panic::catch_unwind;
use std::process::{Child, Command, ExitCode, Stdio};

/// A named function.
pub(crate) type Named = (&'static str, fn());

/// The main function of a test program: a probe if asked for, otherwise all stories whose name holds the filter.
pub(crate) fn run(stories: &[Named], probes: &[Named]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name, ..] = arguments.as_slice()
        && flag == "--probe"
    {
        let probe = probes.iter().find(|(known, _)| known == name);
        probe.unwrap_or_else(|| panic!("no probe is named {name}")).1();
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|a| a == "--list") {
        stories.iter().for_each(|(name, _)| say(&format!("{name}: test")));
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let chosen =
        stories.iter().filter(|(n, _)| filters.is_empty() || filters.iter().any(|f| n.contains(f.as_str())));
    let mut failed = 0;
    let mut passed = 0;
    say("");
    for (name, story) in chosen {
        let fine = catch_unwind(story).is_ok();
        say(&format!("test {name} ... {}", if fine { "ok" } else { "FAILED" }));
        *(if fine { &mut passed } else { &mut failed }) += 1;
    }
    say(&format!(
        "\ntest result: {}. {passed} passed; {failed} failed\n",
        if failed == 0 { "ok" } else { "FAILED" }
    ));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn say(line: &str) {
    println!("{line}");
}

/// How a probe ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Code(i32),
    Signal(i32),
}

/// A running probe; ended when dropped.
pub(crate) struct Probe {
    pub(crate) child: Child,
    pub(crate) out: BufReader<std::process::ChildStdout>,
}

impl Probe {
    pub(crate) fn start(name: &str) -> Self {
        Self::start_with(name, "")
    }

    /// As `start`, with a value that the probe gets from [`given`].
    pub(crate) fn start_with(name: &str, value: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut child = Command::new(program)
            .args(["--probe", name, value])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) fn end(&mut self) -> End {
        drop(self.child.stdin.take());
        let status = self.child.wait().unwrap();
        status.code().map_or_else(|| End::Signal(status.signal().unwrap()), End::Code)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a probe to its end.
pub(crate) fn end_of(name: &str) -> End {
    Probe::start(name).end()
}

/// What the story gave to this probe.
pub(crate) fn given() -> String {
    std::env::args().nth(3).unwrap()
}

/// The value after `Key:` in a status file of /proc.
pub(crate) fn status_of(pid: u32, key: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find(|l| l.starts_with(&format!("{key}:")));
    line.unwrap_or_else(|| panic!("no {key} in /proc/{pid}/status"))
        .split_once(':')
        .unwrap()
        .1
        .trim()
        .to_owned()
}

/// Makes the pairs of name and function for [`run`].
#[macro_export]
macro_rules! named {
    ($($function:ident),* $(,)?) => { &[$((stringify!($function), $function as fn())),*] };
}
