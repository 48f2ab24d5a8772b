//! The one back-off policy: doubling with jitter, up to a limit.

use core::time::Duration;

/// First wait.
pub const FIRST: Duration = Duration::from_millis(50);
/// Longest wait.
pub const LONGEST: Duration = Duration::from_secs(10);

/// Counts failures in a row and says how long to wait after each.
#[derive(Debug, Clone, Copy, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// No failure yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { failures: 0 }
    }

    /// One more failure: how long to wait now. `noise` is any number; it spreads the waits by up to a quarter, so
    /// that many who failed together do not come back together.
    pub fn failed(&mut self, noise: u32) -> Duration {
        let doubled = FIRST.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX)).min(LONGEST);
        self.failures = self.failures.saturating_add(1).min(16);
        doubled - doubled / 4 * (noise % 256) / 256
    }

    /// It worked: begin again from the first wait.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_again_after_success() {
        let mut backoff = Backoff::new();
        assert_eq!(backoff.failed(0), FIRST);
        assert_eq!(backoff.failed(0), FIRST * 2);
        let waits: Vec<_> = (0..40).map(|_| backoff.failed(0)).collect();
        assert_eq!(waits.last(), Some(&LONGEST));
        backoff.succeeded();
        assert_eq!(backoff.failed(0), FIRST);
    }

    #[test]
    fn jitter_shortens_by_at_most_a_quarter() {
        for noise in [0, 1, 128, 255, u32::MAX] {
            let wait = Backoff::new().failed(noise);
            assert!(wait <= FIRST && wait >= FIRST * 3 / 4);
        }
    }
}
