//! KMIP operations beside the echo, in turns.

use crate::load::{Load, Requests, Server, runtime};
use crate::report::{Goal, Report, Round, median};
use crate::requests::{create, create_all, encrypt, get, locate, succeeded};
use crate::subject::Subject;
use crate::support::message;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Bytes of an echoed message: about what an Encrypt takes.
const ECHOED_BYTES: usize = 200;
/// Connections over which the keystore is filled, and Creates in one message; a batch is stored as one.
const FILLING: (usize, usize) = (16, 50);

/// How often and how long.
#[derive(Clone, Copy)]
pub(crate) struct Turns {
    pub(crate) rounds: usize,
    pub(crate) each: Duration,
}

/// Encrypt, Get and Create.
///
/// # Errors
/// When a server fails or answers with an error.
pub(crate) fn measure(
    report: &mut Report,
    subject: &Subject,
    echo: &Server,
    turns: Turns,
) -> Result<(), String> {
    for connections in [1, 16] {
        let bytes = encrypt(&subject.key);
        let encrypting: Requests = Box::new(move || bytes.clone());
        let bytes = get(&subject.key);
        let getting: Requests = Box::new(move || bytes.clone());
        let number = Cell::new(0);
        let creating: Requests = Box::new(move || {
            number.set(number.get() + 1);
            create(&format!("bench-{connections}-{}", number.get()))
        });
        let goal: Judge = match connections {
            1 => |figures, _| Goal::at_most("p50 us", figures.p50_us, 100.0),
            _ => |_, ratio| Goal::at_least("of echo", ratio, 0.5),
        };
        let asked: [Asked<'_>; 3] = [
            ("Encrypt 32 B, AES-256-GCM", encrypting, Some(goal)),
            ("Get, AES-256 key", getting, None),
            ("Create, AES-256 key", creating, None),
        ];
        in_turns(report, &subject.server()?, echo, connections, turns, asked)?;
    }
    Ok(())
}

/// Locate by name among so many objects; fills the keystore up to them first.
///
/// # Errors
/// When a server fails or answers with an error.
pub(crate) fn measure_locate(
    report: &mut Report,
    subject: &Subject,
    echo: &Server,
    turns: Turns,
    there: usize,
    objects: usize,
) -> Result<(), String> {
    fill(report, subject, there, objects)?;
    for connections in [1, 16] {
        let next = Cell::new(0);
        let locating: Requests = Box::new(move || {
            // A large step, so that neighbours on disk are not asked for one after the other.
            next.set((next.get() + 7919) % objects.max(1));
            locate(&object_name(next.get()))
        });
        let goal: Judge = |figures, _| Goal::at_most("p50 us", figures.p50_us, 1000.0);
        let what = format!("Locate by name among {objects}");
        let asked = [(what.as_str(), locating, Some(goal))];
        in_turns(report, &subject.server()?, echo, connections, turns, asked)?;
    }
    for process in ["core", "keystore-agent"] {
        let kib = subject.appliance()?.resident_kib(process);
        let mib = f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0;
        report.fact(
            &format!("{process}, resident"),
            mib,
            "MiB",
            &format!("with {objects} objects in the keystore"),
            None,
        );
    }
    Ok(())
}

fn object_name(number: usize) -> String {
    format!("bench-object-{number}")
}

/// Creates objects as a client would: batches over several connections.
fn fill(report: &mut Report, subject: &Subject, there: usize, objects: usize) -> Result<(), String> {
    let (connections, batch) = FILLING;
    let (runtime, next) = (runtime()?, Cell::new(there));
    let creating: Requests = Box::new(move || {
        let first = next.get();
        next.set(first + batch);
        create_all((first..first + batch).map(object_name))
    });
    let start = Instant::now();
    let mut load = Load::open(&runtime, &subject.server()?, connections, creating, succeeded)?;
    load.round(&runtime, Duration::from_secs(3600), objects.saturating_sub(there).div_ceil(batch))?;
    let (took, means) =
        (start.elapsed().as_secs_f64(), "Create in batches of 50 over 16 connections, each durable");
    report.fact(&format!("keystore filled with {objects} objects"), took, "s", means, None);
    Ok(())
}

/// Holds figures and their ratio to the echo against a goal.
pub(crate) type Judge = fn(&Round, f64) -> Goal;
/// What is asked, and what it is judged by.
pub(crate) type Asked<'a> = (&'a str, Requests, Option<Judge>);

/// Rounds of the echo and of each request in turns; ratios are taken within a turn.
pub(crate) fn in_turns<'a>(
    report: &mut Report,
    server: &Server,
    echo: &Server,
    connections: usize,
    turns: Turns,
    asked: impl IntoIterator<Item = Asked<'a>>,
) -> Result<(), String> {
    let runtime = runtime()?;
    let echoed = message(7, ECHOED_BYTES - 8);
    let mut bare = Load::open(&runtime, echo, connections, Box::new(move || echoed.clone()), |_| true)?;
    let mut loads = Vec::new();
    for (what, requests, goal) in asked {
        let load = Load::open(&runtime, server, connections, requests, succeeded)?;
        loads.push((what, load, goal, Vec::new()));
    }
    let mut of_echo = Vec::new();
    // The first turn warms up.
    for turn in 0..=turns.rounds {
        let beside = bare.round(&runtime, turns.each, usize::MAX)?;
        of_echo.extend((turn > 0).then_some(beside));
        for (what, load, _, rounds) in &mut loads {
            let round =
                load.round(&runtime, turns.each, usize::MAX).map_err(|why| format!("{what}: {why}"))?;
            rounds.extend((turn > 0).then_some(round));
        }
    }
    report.row("bare echo, 200 B", connections, &Round::median(&of_echo), 1.0, None);
    for (what, _, goal, rounds) in &loads {
        let figures = Round::median(rounds);
        let ratios = rounds.iter().zip(&of_echo).map(|(ours, echo)| ours.per_second / echo.per_second);
        let ratio = median(ratios.collect());
        report.row(what, connections, &figures, ratio, goal.map(|goal| goal(&figures, ratio)));
    }
    Ok(())
}
