//! What the frontend counts of itself, for the operator.
//!
//! Shared by all threads; each number stands for itself, so no order between them is promised.

use holdfast_ports::edge::Rejection;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number of things that are there now.
#[derive(Debug, Default)]
pub(crate) struct Level(AtomicU64);

impl Level {
    /// One more, unless there are `max` already. The place is given back when the return value is dropped.
    pub(crate) fn enter(self: &std::sync::Arc<Self>, max: u64) -> Option<Place> {
        self.0
            .fetch_update(Relaxed, Relaxed, |now| (now < max).then_some(now + 1))
            .ok()
            .map(|_| Place(self.clone()))
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// One of the things that a [`Level`] counts.
#[derive(Debug)]
pub(crate) struct Place(std::sync::Arc<Level>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

/// Every count of the frontend.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Connections open now, in whatever state.
    pub(crate) open: std::sync::Arc<Level>,
    /// Of these, in their TLS handshake.
    pub(crate) handshaking: std::sync::Arc<Level>,
    /// Connections accepted.
    pub(crate) accepted: Count,
    /// Connections closed at once because there were too many.
    pub(crate) turned_away: Count,
    /// `accept` failed for want of descriptors or memory.
    pub(crate) accept_failures: Count,
    /// Clients admitted.
    pub(crate) admitted: Count,
    /// Clients refused, by reason.
    pub(crate) rejected: Rejected,
    /// Requests handed to core.
    pub(crate) requests: Count,
    /// Replies handed to clients.
    pub(crate) replies: Count,
    /// Requests that had to wait for their tenant's rate.
    pub(crate) delayed: Count,
    /// Connections closed because their bytes were not KMIP or announced too much.
    pub(crate) misframed: Count,
    /// Connections closed because they were too slow or silent.
    pub(crate) timed_out: Count,
    /// Connections closed because too much was waiting for them.
    pub(crate) overloaded: Count,
    /// Connections closed because core went away.
    pub(crate) core_lost: Count,
    /// Connections closed because the client is nobody any more.
    pub(crate) disowned: Count,
    /// Handshakes that failed because core was away or did not sign.
    pub(crate) unserved: Count,
    /// Times that core said what it must not on the edge line.
    pub(crate) protocol_errors: Count,
}

/// Refused clients, by reason.
#[derive(Debug, Default)]
pub(crate) struct Rejected([Count; REJECTIONS.len()]);

/// Every reason, with the word for it in metrics.
pub(crate) const REJECTIONS: [(Rejection, &str); 6] = [
    (Rejection::NoCertificate, "no-certificate"),
    (Rejection::UnknownIssuer, "unknown-issuer"),
    (Rejection::Expired, "expired"),
    (Rejection::BadCertificate, "bad-certificate"),
    (Rejection::NoRule, "no-rule"),
    (Rejection::Handshake, "handshake"),
];

impl Rejected {
    pub(crate) fn add(&self, why: Rejection) {
        let of = |(count, (reason, _)): (&Count, &(Rejection, &str))| {
            if *reason == why {
                count.add(1)
            }
        };
        self.0.iter().zip(&REJECTIONS).for_each(of);
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = (&'static str, u64)> {
        REJECTIONS.iter().zip(&self.0).map(|((_, word), count)| (*word, count.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_level_lets_in_no_more_than_its_bound_and_takes_places_back() {
        let level = Arc::new(Level::default());
        let first = level.enter(2);
        let _second = level.enter(2);
        assert!(level.enter(2).is_none());
        drop(first);
        assert!(level.enter(2).is_some());
    }

    #[test]
    fn a_rejection_is_counted_under_its_own_reason_alone() {
        let rejected = Rejected::default();
        rejected.add(Rejection::Expired);
        assert_eq!(rejected.each().filter(|(_, n)| *n > 0).collect::<Vec<_>>(), [("expired", 1)]);
    }
}
