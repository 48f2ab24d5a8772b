//! Requests on one connection, several on their way at a time: what a client gains that does not wait for each answer.

use crate::load::Server;
use crate::operations::Turns;
use crate::report::{Report, Round, median};
use crate::requests::{encrypt, get, succeeded};
use crate::subject::Subject;
use crate::support::message;
use crate::talk::Talk;
use std::time::{Duration, Instant};

/// Requests on their way at a time: as many as the frontend takes from one connection before it waits.
const DEPTHS: [usize; 3] = [1, 8, 32];
/// Bytes of an echoed message: about what an Encrypt takes.
const ECHOED_BYTES: usize = 200;

/// Encrypt and Get at each depth, beside the echo at the same.
///
/// # Errors
/// When a server fails or answers with an error.
pub(crate) fn measure(
    report: &mut Report,
    subject: &Subject,
    echo: &Server,
    turns: Turns,
) -> Result<(), String> {
    let server = subject.server()?;
    let asked: [(&str, &Server, Vec<u8>, bool); 3] = [
        ("bare echo", echo, message(7, ECHOED_BYTES - 8), false),
        ("Encrypt 32 B, AES-256-GCM", &server, encrypt(&subject.key), true),
        ("Get, AES-256 key", &server, get(&subject.key), true),
    ];
    for depth in DEPTHS {
        let mut talks = Vec::new();
        for (_, server, _, _) in &asked {
            talks.push(Talk::with(server).map_err(|e| e.to_string())?);
        }
        let mut rounds = vec![Vec::new(); asked.len()];
        // The first turn warms up.
        for turn in 0..=turns.rounds {
            for (((what, _, request, judged), talk), rounds) in asked.iter().zip(&mut talks).zip(&mut rounds)
            {
                let round = round(talk, &request.repeat(depth), depth, *judged, turns.each)
                    .map_err(|why| format!("{what}, {depth} at a time: {why}"))?;
                rounds.extend((turn > 0).then_some(round));
            }
        }
        let beside = rounds.first().cloned().unwrap_or_default();
        for ((what, _, _, _), rounds) in asked.iter().zip(&rounds) {
            let ratios = rounds.iter().zip(&beside).map(|(ours, echo)| ours.per_second / echo.per_second);
            let what = format!("{what}, {depth} at a time");
            report.row(&what, 1, &Round::median(rounds), median(ratios.collect()), None);
        }
    }
    Ok(())
}

/// Sends and reads so many at a time for so long; latencies are those of the whole bunch.
fn round(
    talk: &mut Talk,
    bunch: &[u8],
    depth: usize,
    judged: bool,
    duration: Duration,
) -> Result<Round, String> {
    let (start, mut latencies) = (Instant::now(), Vec::new());
    while start.elapsed() < duration {
        let begun = Instant::now();
        let answers = talk.ask_all(bunch, depth).map_err(|e| e.to_string())?;
        latencies.extend(std::iter::repeat_n(begun.elapsed(), depth));
        if judged && !answers.iter().all(|answer| succeeded(answer)) {
            return Err("a request was refused".to_owned());
        }
    }
    Ok(Round::of(latencies, start.elapsed(), Duration::ZERO))
}
