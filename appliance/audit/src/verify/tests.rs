use super::*;
use crate::format::{FRAME_HEADER_BYTES, MARK};
use crate::sample::{append, filled};
use holdfast_ports::audit::Head;
use std::path::PathBuf;

/// A log of 41 records (note and 40 events), its one segment taken apart into header and records.
struct Victim {
    directory: tempfile::TempDir,
    head: Head,
    start: Vec<u8>,
    records: Vec<Vec<u8>>,
}

impl Victim {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = filled(directory.path(), 40, 1 << 30);
        let head = log.head();
        log.close().unwrap();
        let bytes = std::fs::read(directory.path().join(segment_name(1))).unwrap();
        let mut frames = Vec::new();
        let mut rest = &bytes[MARK.len()..];
        while let Some(length) = rest.first_chunk::<4>() {
            let end = FRAME_HEADER_BYTES + usize::try_from(u32::from_be_bytes(*length)).unwrap();
            frames.push(rest[..end].to_vec());
            rest = &rest[end..];
        }
        let start = [MARK.as_slice(), &frames.remove(0)].concat();
        assert_eq!(frames.len(), 41);
        Self { directory, head, start, records: frames }
    }

    fn defects(&self) -> Vec<Defect> {
        self.defects_against(None)
    }

    fn defects_against(&self, expected: Option<ExpectedHead>) -> Vec<Defect> {
        let bytes = [self.start.clone(), self.records.concat()].concat();
        std::fs::write(self.directory.path().join(segment_name(1)), bytes).unwrap();
        let report = verify(self.directory.path(), expected, &mut |_| ()).unwrap();
        report.findings.iter().map(|finding| finding.defect).collect()
    }
}

#[test]
fn a_good_log_verifies_and_its_head_is_told() {
    let victim = Victim::new();
    assert_eq!(victim.defects(), []);
    let report = verify(victim.directory.path(), None, &mut |_| ()).unwrap();
    assert_eq!((report.records, report.hash), (victim.head.records, victim.head.hash));
}

#[test]
fn any_changed_byte_of_any_record_is_found_and_the_record_named() {
    let mut victim = Victim::new();
    let record = victim.records[20].clone();
    for at in 4..record.len() {
        victim.records[20] = record.clone();
        victim.records[20][at] ^= 0x10;
        let defects = victim.defects();
        let names_it = |defect: &Defect| match defect {
            Defect::Changed { index } => *index == 20 || *index == 21,
            Defect::Missing { .. } | Defect::Unreadable => true,
            _ => false,
        };
        assert!(defects.first().is_some_and(names_it), "byte {at}: {defects:?}");
    }
    victim.records[20] = record;
    let last = victim.records[20].len() - 1;
    victim.records[20][last] ^= 1;
    let report_offset = {
        victim.defects();
        verify(victim.directory.path(), None, &mut |_| ()).unwrap().findings[0].offset
    };
    let before: usize = victim.start.len() + victim.records[..20].iter().map(Vec::len).sum::<usize>();
    assert_eq!(report_offset, before as u64);
}

#[test]
fn a_changed_length_ends_what_can_be_read_and_what_is_lost_is_told() {
    let mut victim = Victim::new();
    victim.records[20][3] ^= 0x7f;
    let defects = victim.defects();
    assert_eq!(defects[0], Defect::Unreadable);
    assert!(defects.contains(&Defect::CutOff { records: 41 }), "{defects:?}");
}

#[test]
fn a_missing_record_is_found_and_named() {
    let mut victim = Victim::new();
    victim.records.remove(20);
    assert_eq!(victim.defects(), [Defect::Missing { first: 20, last: 20 }]);
    victim.records.drain(30..33);
    assert_eq!(
        victim.defects(),
        [Defect::Missing { first: 20, last: 20 }, Defect::Missing { first: 31, last: 33 }]
    );
}

#[test]
fn records_that_changed_places_are_found_and_named() {
    let mut victim = Victim::new();
    victim.records.swap(20, 21);
    let defects = victim.defects();
    assert!(defects.contains(&Defect::OutOfPlace { index: 20 }), "{defects:?}");
}

#[test]
fn a_record_that_stands_twice_is_found_and_named() {
    let mut victim = Victim::new();
    let copy = victim.records[20].clone();
    victim.records.insert(21, copy);
    assert!(victim.defects().contains(&Defect::Repeated { index: 20 }));
    let mut victim = Victim::new();
    let copy = victim.records[5].clone();
    victim.records.insert(30, copy);
    assert!(victim.defects().contains(&Defect::Repeated { index: 5 }));
}

#[test]
fn records_cut_off_at_the_end_are_found() {
    let mut victim = Victim::new();
    victim.records.truncate(30);
    assert_eq!(victim.defects(), [Defect::CutOff { records: 41 }]);
    let mut victim = Victim::new();
    victim.records[40].pop();
    assert_eq!(victim.defects(), [Defect::Unreadable, Defect::CutOff { records: 41 }]);
}

#[test]
fn a_changed_header_is_found() {
    let mut victim = Victim::new();
    let last = victim.start.len() - 1;
    victim.start[last] ^= 1;
    assert!(!victim.defects().is_empty());
    let mut victim = Victim::new();
    victim.start[0] ^= 1;
    assert_eq!(victim.defects()[0], Defect::Unreadable);
}

#[test]
fn a_log_written_anew_with_a_good_chain_is_found_by_a_head_kept_elsewhere() {
    let victim = Victim::new();
    let kept = ExpectedHead { records: victim.head.records, hash: victim.head.hash };
    assert_eq!(victim.defects_against(Some(kept)), []);
    let other = tempfile::tempdir().unwrap();
    let mut log = filled(other.path(), 10, 1 << 30);
    append(&mut log, 100..150);
    log.close().unwrap();
    let report = verify(other.path(), None, &mut |_| ()).unwrap();
    assert!(report.is_good(), "it is good in itself");
    let report = verify(other.path(), Some(kept), &mut |_| ()).unwrap();
    assert_eq!(report.findings[0].defect, Defect::NotTheExpectedLog { records: 41 });
}

#[test]
fn an_older_head_kept_elsewhere_is_met_on_the_way() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = filled(directory.path(), 40, 3000);
    let Head { records, hash, .. } = log.head();
    append(&mut log, 40..100);
    drop(log);
    let kept = ExpectedHead { records, hash };
    assert!(verify(directory.path(), Some(kept), &mut |_| ()).unwrap().is_good());
    let wrong = ExpectedHead { hash: [1; 32], ..kept };
    assert!(!verify(directory.path(), Some(wrong), &mut |_| ()).unwrap().is_good());
}

fn segmented() -> (tempfile::TempDir, impl Fn(u64) -> PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path(), 300, 5000).close().unwrap();
    let path = directory.path().to_owned();
    (directory, move |number| path.join(segment_name(number)))
}

fn findings(directory: &Path) -> Vec<(u64, Defect)> {
    let report = verify(directory, None, &mut |_| ()).unwrap();
    report.findings.iter().map(|finding| (finding.segment, finding.defect)).collect()
}

#[test]
fn a_missing_segment_is_found_with_the_records_it_held() {
    let (directory, path) = segmented();
    std::fs::remove_file(path(2)).unwrap();
    let found = findings(directory.path());
    assert_eq!(found[0], (2, Defect::SegmentMissing));
    assert!(found.iter().any(|(_, defect)| matches!(defect, Defect::Missing { .. })), "{found:?}");
}

#[test]
fn a_missing_first_or_last_segment_is_found() {
    let (directory, path) = segmented();
    std::fs::remove_file(path(1)).unwrap();
    assert_eq!(findings(directory.path())[0], (1, Defect::SegmentMissing));
    let (directory, path) = segmented();
    let last = *segments(directory.path()).unwrap().last().unwrap();
    std::fs::remove_file(path(last)).unwrap();
    assert!(findings(directory.path()).iter().any(|(_, defect)| matches!(defect, Defect::CutOff { .. })));
}

#[test]
fn segments_that_changed_places_are_found() {
    let (directory, path) = segmented();
    std::fs::rename(path(2), path(99)).unwrap();
    std::fs::rename(path(3), path(2)).unwrap();
    std::fs::rename(path(99), path(3)).unwrap();
    assert!(findings(directory.path()).iter().any(|(segment, _)| *segment == 2));
}

#[test]
fn a_segment_of_another_log_is_found() {
    let (directory, path) = segmented();
    let other = tempfile::tempdir().unwrap();
    let mut log = filled(other.path(), 5, 5000);
    append(&mut log, 50..60);
    for group in 0..40 {
        append(&mut log, group * 10..group * 10 + 10);
    }
    drop(log);
    std::fs::copy(other.path().join(segment_name(2)), path(2)).unwrap();
    assert_eq!(findings(directory.path())[0], (2, Defect::ChainBroken));
}

#[test]
fn progress_is_told_for_every_segment() {
    let (directory, _) = segmented();
    let mut seen = Vec::new();
    verify(directory.path(), None, &mut |progress| seen.push(progress.segment)).unwrap();
    assert_eq!(seen, segments(directory.path()).unwrap());
}

#[test]
fn nonsense_is_never_a_good_log_and_never_stops_the_verifier() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(segment_name(1));
    let good = {
        filled(directory.path(), 3, 1 << 30).close().unwrap();
        std::fs::read(&path).unwrap()
    };
    let mut state = 7_u64;
    for _ in 0..2000 {
        let mut bytes = good.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).unwrap() % bytes.len();
            bytes[at] = bytes[at].wrapping_add(state.to_be_bytes()[7] | 1);
        }
        std::fs::write(&path, &bytes).unwrap();
        let same = bytes == good;
        assert_eq!(verify(directory.path(), None, &mut |_| ()).unwrap().is_good(), same);
        crate::show::each_record(directory.path(), |_| true).unwrap();
    }
}
