//! What is known of each file in the spool, and which one is next.
//!
//! Separate from reading and sending so that the order can be seen and tested without either.
//! Order: lane, then sequence, then name. A bundle that misses the one before it waits until one is applied.

use super::receipt::About;
use super::spool::Stamp;
use holdfast_model::Sequence;
use std::collections::BTreeMap;
use std::time::Instant;

/// What is to be done with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Not looked into yet.
    New,
    /// Good as far as can be told here; to be sent to core.
    Ready(About),
    /// Core misses the bundle before it.
    MissesOne(About),
    /// To be looked into again at this time.
    Later(Instant),
    /// Judged for good.
    Settled,
}

struct Entry {
    stamp: Stamp,
    state: State,
    /// The reason that its last receipt gave for waiting: said once, not at each look.
    told: String,
}

/// Every file of the spool.
#[derive(Default)]
pub(super) struct Ledger {
    files: BTreeMap<String, Entry>,
}

impl Ledger {
    /// Takes a new listing: forgets what is gone, begins again with what has changed.
    pub(super) fn update(&mut self, listing: BTreeMap<String, Stamp>) {
        self.files.retain(|name, entry| listing.get(name) == Some(&entry.stamp));
        for (name, stamp) in listing {
            self.files.entry(name).or_insert(Entry { stamp, state: State::New, told: String::new() });
        }
    }

    /// Files to be looked into now.
    pub(super) fn to_look_into(&self, now: Instant) -> Vec<String> {
        let due = |entry: &Entry| match entry.state {
            State::New => true,
            State::Later(at) => at <= now,
            State::Ready(_) | State::MissesOne(_) | State::Settled => false,
        };
        self.files.iter().filter(|(_, entry)| due(entry)).map(|(name, _)| name.clone()).collect()
    }

    /// The file to be sent next.
    pub(super) fn next(&self) -> Option<(&str, &About)> {
        self.files
            .iter()
            .filter_map(|(name, entry)| match &entry.state {
                State::Ready(about) => Some((name.as_str(), about)),
                State::New | State::MissesOne(_) | State::Later(_) | State::Settled => None,
            })
            .min_by_key(|(_, about)| (about.lane, about.sequence))
    }

    /// Sets what is to be done with a file, if it is still there.
    pub(super) fn set(&mut self, name: &str, state: State) {
        if let Some(entry) = self.files.get_mut(name) {
            entry.state = state;
        }
    }

    /// Is this a new reason for waiting? Then it is worth a receipt.
    pub(super) fn tells(&mut self, name: &str, reason: &str) -> bool {
        let Some(entry) = self.files.get_mut(name).filter(|entry| entry.told != reason) else { return false };
        reason.clone_into(&mut entry.told);
        true
    }

    /// A bundle was applied: whoever waits for the one before it may try again.
    pub(super) fn applied(&mut self, sequence: Sequence) {
        for entry in self.files.values_mut() {
            if let State::MissesOne(about) = &entry.state
                && about.sequence > sequence.0
            {
                entry.state = State::Ready(about.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::spool::Spool;
    use super::*;
    use std::time::Duration;

    fn about(lane: u8, sequence: u64) -> About {
        About { source: "plane".to_owned(), sequence, lane, digest: String::new() }
    }

    /// A ledger of files that are there.
    fn ledger(names: &[&str]) -> (Ledger, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        let mut ledger = Ledger::default();
        ledger.update(Spool::open(dir.path()).unwrap().list().unwrap());
        (ledger, dir)
    }

    fn next(ledger: &Ledger) -> Option<&str> {
        ledger.next().map(|(name, _)| name)
    }

    #[test]
    fn the_urgent_lane_goes_first_and_within_a_lane_the_sequence_counts() {
        let (mut ledger, _dir) = ledger(&["a.bundle", "b.bundle", "c.bundle"]);
        ledger.set("a.bundle", State::Ready(about(1, 9)));
        ledger.set("b.bundle", State::Ready(about(1, 8)));
        ledger.set("c.bundle", State::Ready(about(0, 10)));
        for expected in ["c.bundle", "b.bundle", "a.bundle"] {
            let name = next(&ledger).unwrap().to_owned();
            assert_eq!(name, expected);
            ledger.set(&name, State::Settled);
        }
        assert_eq!(next(&ledger), None);
    }

    #[test]
    fn a_bundle_that_misses_one_tries_again_when_an_earlier_one_was_applied() {
        let (mut ledger, _dir) = ledger(&["a.bundle"]);
        ledger.set("a.bundle", State::MissesOne(about(2, 5)));
        ledger.applied(Sequence(7));
        assert_eq!(next(&ledger), None);
        ledger.applied(Sequence(4));
        assert_eq!(next(&ledger), Some("a.bundle"));
    }

    #[test]
    fn a_settled_file_stays_so_until_it_changes() {
        let (mut ledger, dir) = ledger(&["a.bundle"]);
        let list = || Spool::open(dir.path()).unwrap().list().unwrap();
        ledger.set("a.bundle", State::Settled);
        ledger.update(list());
        assert!(ledger.to_look_into(Instant::now()).is_empty());
        std::fs::remove_file(dir.path().join("a.bundle")).unwrap();
        std::fs::write(dir.path().join("a.bundle"), b"other").unwrap();
        ledger.update(list());
        assert_eq!(ledger.to_look_into(Instant::now()), ["a.bundle"]);
    }

    #[test]
    fn a_file_whose_time_has_not_come_is_looked_into_then_and_its_reason_told_once() {
        let (mut ledger, _dir) = ledger(&["a.bundle"]);
        let now = Instant::now();
        ledger.set("a.bundle", State::Later(now + Duration::from_secs(5)));
        assert!(ledger.to_look_into(now).is_empty());
        assert_eq!(ledger.to_look_into(now + Duration::from_secs(5)), ["a.bundle"]);
        assert!(ledger.tells("a.bundle", "not-yet-valid"));
        assert!(!ledger.tells("a.bundle", "not-yet-valid"));
    }
}
