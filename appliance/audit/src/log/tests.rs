use super::*;
use crate::sample::{RING, append, bundle_bytes, filled};
use crate::show::each_record;
use crate::verify::verify;

const LARGE: u64 = 1 << 30;

fn is_good(directory: &Path) -> bool {
    let report = verify(directory, None, &mut |_| ()).unwrap();
    assert!(report.is_good(), "{:?}", report.findings);
    true
}

fn last_segment(directory: &Path) -> PathBuf {
    directory.join(segment_name(*segments(directory).unwrap().last().unwrap()))
}

#[test]
fn a_log_taken_up_again_goes_on_where_it_stood() {
    let directory = tempfile::tempdir().unwrap();
    let first = filled(directory.path(), 25, LARGE).head();
    assert_eq!(first.records, 26, "25 events and the note that the log was begun");
    let mut log = Log::open(directory.path(), LARGE).unwrap();
    assert_eq!(log.head(), first);
    assert_eq!(log.written_of(LaneIndex(0), RING), Some(2500));
    append(&mut log, 25..30);
    assert_eq!(log.head().records, 32);
    assert!(is_good(directory.path()));
}

#[test]
fn another_ring_of_the_same_lane_is_not_taken_for_the_one_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let log = filled(directory.path(), 5, LARGE);
    assert_eq!(log.written_of(LaneIndex(0), RingId { born_ns: 3, ..RING }), None);
    assert_eq!(log.written_of(LaneIndex(0), RingId { inode: 3, ..RING }), None);
    assert_eq!(log.written_of(LaneIndex(1), RING), None);
}

#[test]
fn segments_end_at_their_size_and_each_knows_what_came_before() {
    let directory = tempfile::tempdir().unwrap();
    let head = filled(directory.path(), 200, 5000).head();
    let numbers = segments(directory.path()).unwrap();
    assert!(numbers.len() > 3, "{numbers:?}");
    assert!(is_good(directory.path()));
    let log = Log::open(directory.path(), 5000).unwrap();
    assert_eq!(log.head(), head);
    assert_eq!(log.written_of(LaneIndex(0), RING), Some(20_000));
}

#[test]
fn a_lane_that_was_silent_for_whole_segments_is_still_known() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::open(directory.path(), 2000).unwrap();
    log.begin_group().unwrap();
    log.stage(Source { lane: LaneIndex(7), ring: RING, end: 64 }, b"not an event");
    log.commit().unwrap();
    for group in 0..20 {
        append(&mut log, group * 10..group * 10 + 10);
    }
    assert!(log.segment > 3);
    drop(log);
    let log = Log::open(directory.path(), 2000).unwrap();
    assert_eq!(log.written_of(LaneIndex(7), RING), Some(64));
}

#[test]
fn what_a_crash_left_unfinished_is_cut_off_and_the_log_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let head = filled(directory.path(), 20, LARGE).head();
    let path = last_segment(directory.path());
    let whole = std::fs::read(&path).unwrap();
    for unfinished in [&[0_u8; 4000][..], &whole[whole.len() - 60..], b"x", &[0xff; 100]] {
        std::fs::write(&path, [&whole, unfinished].concat()).unwrap();
        let mut log = Log::open(directory.path(), LARGE).unwrap();
        assert_eq!(log.head(), head);
        log.begin_group().unwrap();
        log.commit().unwrap();
        drop(log);
        assert!(is_good(directory.path()));
        let mut last = None;
        each_record(directory.path(), |record| {
            last = Some(record.what.clone());
            true
        })
        .unwrap();
        assert!(
            matches!(last, Some(What::Opened { cut_bytes, .. }) if cut_bytes == unfinished.len() as u64),
            "{last:?}"
        );
        std::fs::write(&path, &whole).unwrap();
        std::fs::remove_file(directory.path().join(head::NAME)).unwrap();
    }
}

#[test]
fn a_segment_that_a_crash_left_half_begun_is_begun_again() {
    for left in [&b""[..], b"HFAUDIT\x01", b"HFAUDIT\x01\0\0\0\x20abc", &[0; 300]] {
        let directory = tempfile::tempdir().unwrap();
        let head = filled(directory.path(), 20, LARGE).head();
        std::fs::write(directory.path().join(segment_name(2)), left).unwrap();
        let mut log = Log::open(directory.path(), 100).unwrap();
        assert_eq!(log.head(), head);
        append(&mut log, 20..25);
        append(&mut log, 25..30);
        drop(log);
        assert!(is_good(directory.path()));
    }
}

#[test]
fn a_log_that_lost_records_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path(), 20, LARGE).close().unwrap();
    let path = last_segment(directory.path());
    let whole = std::fs::read(&path).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    for damaged in [&whole[..whole.len() - 1], &whole[..whole.len() / 2], &whole[..3], b"", &changed] {
        std::fs::write(&path, damaged).unwrap();
        assert!(matches!(Log::open(directory.path(), LARGE), Err(LogError::Damaged { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), damaged);
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Log::open(directory.path(), LARGE), Err(LogError::Damaged { .. })));
    std::fs::write(&path, &whole).unwrap();
    assert!(Log::open(directory.path(), LARGE).is_ok());
}

#[test]
fn a_log_whose_last_segment_is_gone_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path(), 200, 5000).close().unwrap();
    std::fs::remove_file(last_segment(directory.path())).unwrap();
    assert!(matches!(Log::open(directory.path(), 5000), Err(LogError::Damaged { .. })));
}

#[test]
fn a_log_replaced_by_another_one_as_long_is_refused() {
    let (directory, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(directory.path(), 20, LARGE).close().unwrap();
    let mut log = Log::open(other.path(), LARGE).unwrap();
    append(&mut log, 5..40);
    std::fs::copy(last_segment(other.path()), last_segment(directory.path())).unwrap();
    assert!(matches!(Log::open(directory.path(), LARGE), Err(LogError::Damaged { .. })));
}

#[test]
fn two_agents_do_not_write_one_log() {
    let directory = tempfile::tempdir().unwrap();
    let _log = filled(directory.path(), 1, LARGE);
    assert!(matches!(Log::open(directory.path(), LARGE), Err(LogError::Io(_))));
}

#[test]
fn the_highest_bundle_applied_is_remembered_and_refused_ones_do_not_count() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::open(directory.path(), 400).unwrap();
    for (end, bytes) in [
        (10, bundle_bytes(3, Outcome::Done)),
        (20, bundle_bytes(9, Outcome::Refused)),
        (30, bundle_bytes(2, Outcome::Done)),
    ] {
        log.begin_group().unwrap();
        log.stage(Source { lane: LaneIndex(0), ring: RING, end }, &bytes);
        log.commit().unwrap();
        append(&mut log, 0..10);
    }
    assert_eq!(log.head().bundle, Sequence(3));
    drop(log);
    assert_eq!(Log::open(directory.path(), 400).unwrap().head().bundle, Sequence(3));
}

#[test]
fn what_is_no_event_is_noted_without_its_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::open(directory.path(), LARGE).unwrap();
    log.begin_group().unwrap();
    log.stage(Source { lane: LaneIndex(0), ring: RING, end: 8 }, b"secret text of a request");
    log.commit().unwrap();
    let mut seen = Vec::new();
    each_record(directory.path(), |record| {
        seen.push(record.what.clone());
        true
    })
    .unwrap();
    assert_eq!(seen.last(), Some(&What::Unreadable { bytes: 24 }));
    let file = std::fs::read(last_segment(directory.path())).unwrap();
    assert!(!file.windows(6).any(|part| part == b"secret"));
}
