//! Events and logs for tests.

use crate::Log;
use crate::format::{RingId, Source};
use holdfast_model::audit::{Action, AuditEvent, Outcome, Reason};
use holdfast_model::{
    Fingerprint, Generation, KeyVersion, LaneIndex, ObjectId, Sequence, TenantId, Timestamp,
};
use std::path::Path;

pub(crate) const RING: RingId = RingId { inode: 1, born_ns: 2 };

/// The event of this number, as it stands in a ring.
pub(crate) fn event_bytes(number: u64) -> Vec<u8> {
    postcard::to_allocvec(&event(number)).unwrap()
}

/// The event of this number.
pub(crate) fn event(number: u64) -> AuditEvent {
    AuditEvent {
        at: Timestamp::from_millis(1_700_000_000_000 + number),
        generation: Generation(1),
        lane: LaneIndex(0),
        action: Action::Kmip(8),
        outcome: if number.is_multiple_of(2) { Outcome::Done } else { Outcome::Refused },
        reason: if number.is_multiple_of(2) { Reason::NONE } else { Reason::word("not-there") },
        tenant: TenantId::parse("acme").ok(),
        service: None,
        object: Some(ObjectId::from_bytes(u128::from(number).to_be_bytes())),
        key_version: KeyVersion(1),
        client: Some(Fingerprint([3; 32])),
        bundle: None,
    }
}

/// An event that says that a bundle was applied.
pub(crate) fn bundle_bytes(sequence: u64, outcome: Outcome) -> Vec<u8> {
    let bundle = Some(Sequence(sequence));
    postcard::to_allocvec(&AuditEvent { action: Action::Bundle, outcome, bundle, ..event(0) }).unwrap()
}

/// Appends events of these numbers as one group.
pub(crate) fn append(log: &mut Log, numbers: std::ops::Range<u64>) {
    log.begin_group().unwrap();
    for number in numbers {
        let source = Source { lane: LaneIndex(0), ring: RING, end: (number + 1) * 100 };
        log.stage(source, &event_bytes(number));
    }
    log.commit().unwrap();
}

/// A log with events 0 to `events`, in groups of 10, after the first note.
pub(crate) fn filled(directory: &Path, events: u64, segment_bytes_max: u64) -> Log {
    let mut log = Log::open(directory, segment_bytes_max).unwrap();
    let mut at = 0;
    while at < events {
        let end = (at + 10).min(events);
        append(&mut log, at..end);
        at = end;
    }
    log
}
