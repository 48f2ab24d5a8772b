//! How long a box takes from its start until it serves.

use crate::report::{Goal, Report, median};
use crate::subject::Subject;

/// Measures and reports.
///
/// # Errors
/// When the box does not come back.
pub(crate) fn measure(
    report: &mut Report,
    subject: &mut Subject,
    rounds: usize,
    objects: usize,
) -> Result<(), String> {
    let (mut whole, mut first) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (serving, answered) = subject.restart()?;
        whole.push(serving.as_secs_f64());
        first.push(answered.as_secs_f64());
    }
    let slowest = first.iter().copied().fold(0.0, f64::max);
    let means =
        format!("holdfastd is started, self-tested and locked down, on a keystore of {objects} objects");
    report.fact(&format!("start to serving, p50 of {rounds}"), median(whole), "s", &means, None);
    let means = "the same, a connection and an Encrypt for which the HSM unseals the tenant";
    let p50 = median(first);
    let goal = Goal::at_most("s", p50, 1.0);
    report.fact(&format!("start to first Encrypt, p50 of {rounds}"), p50, "s", means, Some(goal));
    report.fact(&format!("start to first Encrypt, slowest of {rounds}"), slowest, "s", means, None);
    Ok(())
}
