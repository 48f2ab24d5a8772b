//! What a new connection costs: TCP, mutual TLS, one request.

use crate::load::Server;
use crate::report::{Report, micros, percentile};
use crate::requests::{encrypt, succeeded};
use crate::subject::Subject;
use crate::support::message;
use crate::talk::Talk;
use std::time::{Duration, Instant};

/// Measures and reports; echo and appliance in turns.
///
/// # Errors
/// When a connection fails.
pub(crate) fn measure(
    report: &mut Report,
    subject: &Subject,
    echo: &Server,
    rounds: usize,
) -> Result<(), String> {
    let (server, request, echoed) = (subject.server()?, encrypt(&subject.key), message(7, 192));
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.push(one(echo, &echoed, |_| true)?);
        ours.push(one(&server, &request, succeeded)?);
    }
    let means = "TCP, full mutual TLS 1.3 handshake (no resumption), first answer; one after the other";
    for (what, mut took) in [("bare echo", bare), ("appliance", ours)] {
        took.sort_unstable();
        let at = |percent| micros(percentile(&took, percent)) / 1e3;
        report.fact(&format!("new connection, {what}, p50"), at(50), "ms", means, None);
        report.fact(&format!("new connection, {what}, p99"), at(99), "ms", means, None);
    }
    Ok(())
}

fn one(server: &Server, request: &[u8], is_fine: fn(&[u8]) -> bool) -> Result<Duration, String> {
    let start = Instant::now();
    let answer = Talk::with(server).and_then(|mut talk| talk.ask(request)).map_err(|e| e.to_string())?;
    let took = start.elapsed();
    if is_fine(&answer) { Ok(took) } else { Err("a new connection was answered with an error".to_owned()) }
}
