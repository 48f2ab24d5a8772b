//! Waiting for something to become true, with an end to patience.

use std::time::{Duration, Instant};

/// Asks again and again until there is an answer; how long to ask is the story's to say.
///
/// # Panics
/// When there is none in time; says what was waited for.
pub fn within<T>(limit: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "waited {limit:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// As [`within`] twenty seconds: far more than anything takes on an idle machine, for those that are busy.
///
/// # Panics
/// As [`within`].
pub fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(Duration::from_secs(20), what, ask)
}
