//! The kill switch: from an unlink bundle in the spool to the first request that is refused.
//!
//! Measured from outside, from before the file is written into the spool: so it contains noticing and reading the
//! file, the importer's verification and core's own. From core's verification alone it is less.

use crate::load::Server;
use crate::report::{Goal, Report, micros, percentile};
use crate::requests::{encrypt, succeeded};
use crate::subject::{Subject, TENANT};
use crate::talk::Talk;
use holdfast_orbital::Lane;
use softhsm_tests::governance::{link, unlink};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Requests under way before the bundle appears.
const BEFORE: usize = 20;

/// Measures and reports.
///
/// # Errors
/// When a bundle is not applied, the tenant does not come back, or anything is done after the first refusal.
pub(crate) fn measure(report: &mut Report, subject: &mut Subject, rounds: usize) -> Result<(), String> {
    let mut took = Vec::new();
    for round in 0..rounds {
        took.push(cut(subject, round)?);
        let receipt = subject.stage.order(&format!("again-{round}"), Lane::High, vec![link(TENANT)]);
        applied(&receipt)?;
        subject.done(&encrypt(&subject.key))?;
    }
    took.sort_unstable();
    let means = "from before a signed unlink is written to the spool until a client that encrypts is refused: \
                 contains the noticing, both verifications and the wiping";
    let at = |percent| micros(percentile(&took, percent)) / 1e3;
    report.fact(&format!("unlink to first refusal, p50 of {rounds}"), at(50), "ms", means, None);
    let goal = Goal::at_most("p99 ms", at(99), 10.0);
    report.fact(&format!("unlink to first refusal, p99 of {rounds}"), at(99), "ms", means, Some(goal));
    Ok(())
}

fn cut(subject: &mut Subject, round: usize) -> Result<Duration, String> {
    let name = format!("cut-{round}");
    let bundle = subject.stage.sign(Lane::Critical, vec![unlink(TENANT)]);
    let (server, request) = (subject.server()?, encrypt(&subject.key));
    let (asked, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let stage = &subject.stage;
    let (carried, refused) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| encrypt_until_refused(&server, &request, &asked, &stop));
        while asked.load(Relaxed) < BEFORE && !asking.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let carried = Instant::now();
        stage.carry(&name, bundle.as_bytes());
        let receipt = stage.settled(&name);
        stop.store(true, Relaxed);
        let refused = asking.join().map_err(|_| "the client panicked".to_owned())??;
        applied(&receipt)?;
        Ok::<_, String>((carried, refused))
    })?;
    Ok(refused.saturating_duration_since(carried))
}

/// When the first refusal came. Goes on asking until told to stop: nothing may be done after it.
fn encrypt_until_refused(
    server: &Server,
    request: &[u8],
    asked: &AtomicUsize,
    stop: &AtomicBool,
) -> Result<Instant, String> {
    let text = |e: std::io::Error| e.to_string();
    let mut talk = Talk::with(server).map_err(text)?;
    let mut refused = None;
    loop {
        let answer = talk.ask(request).map_err(text)?;
        asked.fetch_add(1, Relaxed);
        match (succeeded(&answer), refused) {
            (false, None) => refused = Some(Instant::now()),
            (true, Some(_)) => return Err("something was encrypted after the first refusal".to_owned()),
            _ => {}
        }
        if let (Some(at), true) = (refused, stop.load(Relaxed)) {
            return Ok(at);
        }
    }
}

fn applied(receipt: &serde_json::Value) -> Result<(), String> {
    if receipt["outcome"] == "applied" { Ok(()) } else { Err(format!("a bundle was not applied: {receipt}")) }
}
