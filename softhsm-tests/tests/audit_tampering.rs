//! Audit tampering: whatever is done to the log, the auditor's program finds it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use softhsm_tests::Stage;
use softhsm_tests::configuration::Settings;
use softhsm_tests::stage::run_holdfast;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Output;

/// A log that a box has written, with some hundred records.
fn real_log() -> (Stage, PathBuf) {
    let (stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let mut client = stage.client(&appliance, "acme");
    for at in 0..20 {
        let uid = client.create_active(&format!("key {at}")).unwrap();
        client.get(&uid).unwrap();
        client.encrypt(&uid, b"plain").unwrap();
    }
    assert!(appliance.stop().success());
    let log = stage.path("audit");
    (stage, log)
}

fn verify(log: &Path) -> Output {
    run_holdfast(&["audit", "verify"], log)
}

/// Where each frame of a segment is: after the mark, 4 bytes of length and 32 of chain hash before each content.
fn frames(segment: &[u8]) -> Vec<Range<usize>> {
    const MARK_BYTES: usize = 8;
    let mut frames = Vec::new();
    let mut at = MARK_BYTES;
    while at < segment.len() {
        let length = u32::from_be_bytes(segment[at..at + 4].try_into().unwrap());
        let end = at + 36 + usize::try_from(length).unwrap();
        frames.push(at..end);
        at = end;
    }
    assert_eq!(at, segment.len(), "the frames fill the segment");
    frames
}

#[test]
fn any_record_that_is_changed_deleted_doubled_moved_or_cut_off_is_found() {
    let (stage, log) = real_log();
    let good = verify(&log);
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stdout));
    let name = fs::read_dir(&log)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .find(|name| name != "head")
        .unwrap();
    let segment = fs::read(log.join(&name)).unwrap();
    let frames = frames(&segment);
    assert!(frames.len() > 60, "{} records", frames.len());
    let (some, other) = (frames[20].clone(), frames[30].clone());
    let without = |range: Range<usize>| [&segment[..range.start], &segment[range.end..]].concat();
    let mut flipped = segment.clone();
    flipped[some.start + 40] ^= 1;
    let mut rehashed = segment.clone();
    rehashed[some.start + 10] ^= 1;
    let doubled = [&segment[..some.end], &segment[some.clone()], &segment[some.end..]].concat();
    let moved = [
        &segment[..some.start],
        &segment[other.clone()],
        &segment[some.end..other.start],
        &segment[some.clone()],
        &segment[other.end..],
    ]
    .concat();
    let last = frames.last().unwrap().clone();
    let tampered: [(&str, Vec<u8>); 8] = [
        ("one bit of a record changed", flipped),
        ("one bit of a chain hash changed", rehashed),
        ("a record deleted", without(some.clone())),
        ("the first record deleted", without(frames[1].clone())),
        ("a record doubled", doubled),
        ("two records exchanged", moved),
        ("the last record cut off", segment[..last.start].to_vec()),
        ("half a record cut off", segment[..last.start + 20].to_vec()),
    ];
    for (what, bytes) in tampered {
        let copy = stage.path("copy");
        fs::create_dir(&copy).unwrap();
        fs::copy(log.join("head"), copy.join("head")).unwrap();
        fs::write(copy.join(&name), bytes).unwrap();
        let output = verify(&copy);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{what}: {said}");
        assert!(said.contains("FOUND"), "{what}: {said}");
        fs::remove_dir_all(&copy).unwrap();
    }
}

#[test]
fn a_log_that_was_cut_back_together_with_its_head_file_is_found_by_a_head_that_was_noted_elsewhere() {
    let (stage, log) = real_log();
    let said = String::from_utf8_lossy(&verify(&log).stdout).into_owned();
    let head = said.lines().find_map(|line| line.strip_prefix("head ")).unwrap().to_owned();
    let with_head = |path: &Path| run_holdfast(&["audit", "verify", "--head", &head], path);
    assert!(with_head(&log).status.success());
    let name = fs::read_dir(&log)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .find(|name| name != "head")
        .unwrap();
    let segment = fs::read(log.join(&name)).unwrap();
    let cut = frames(&segment)[40].start;
    let copy = stage.path("copy");
    fs::create_dir(&copy).unwrap();
    fs::write(copy.join(&name), &segment[..cut]).unwrap();
    assert_eq!(with_head(&copy).status.code(), Some(1), "the records are gone");
}
