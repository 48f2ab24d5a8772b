//! The audit log on the command line: a good log, and what was done to a bad one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use holdfast_audit::Log;
use holdfast_audit::format::{RingId, Source};
use holdfast_model::audit::{Action, AuditEvent, Outcome, Reason};
use holdfast_model::{Generation, KeyVersion, LaneIndex, TenantId, Timestamp};
use std::path::Path;
use std::process::{Command, Output};

/// A log of 40 uses of a key, by turns of two tenants.
fn log(directory: &Path) {
    std::fs::create_dir(directory).unwrap();
    let mut log = Log::open(directory, 1 << 20).unwrap();
    for number in 0..40_u64 {
        let event = AuditEvent {
            at: Timestamp::from_seconds(1_800_000_000),
            generation: Generation(1),
            lane: LaneIndex(0),
            action: Action::Kmip(0x1f),
            outcome: Outcome::Done,
            reason: Reason::NONE,
            tenant: TenantId::parse(if number % 2 == 0 { "acme" } else { "globex" }).ok(),
            service: None,
            object: None,
            key_version: KeyVersion(1),
            client: None,
            bundle: None,
        };
        let source =
            Source { lane: LaneIndex(0), ring: RingId { inode: 1, born_ns: 2 }, end: (number + 1) * 100 };
        log.begin_group().unwrap();
        log.stage(source, &postcard::to_allocvec(&event).unwrap());
        log.commit().unwrap();
    }
    log.close().unwrap();
}

fn holdfast(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_holdfast")).args(arguments).current_dir(directory).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_good_log_verifies_and_its_head_can_be_asked_for_again() {
    let dir = tempfile::tempdir().unwrap();
    log(&dir.path().join("log"));
    let output = holdfast(dir.path(), &["audit", "verify", "log"]);
    assert!(output.status.success());
    assert!(text(&output).starts_with("good: nothing is wrong with this log\n"), "{}", text(&output));
    let head = json(&holdfast(dir.path(), &["--json", "audit", "verify", "log"]))["head"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(text(&output).ends_with(&format!("head {head}\n")));
    assert!(holdfast(dir.path(), &["audit", "verify", "log", "--head", &head]).status.success());
    let (records, _) = head.split_once(':').unwrap();
    let other = format!("{records}:{}", "0".repeat(64));
    let output = holdfast(dir.path(), &["audit", "verify", "log", "--head", &other]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("FOUND") && text(&output).contains("was written anew"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_changed_byte_is_found_and_is_exit_code_1() {
    let dir = tempfile::tempdir().unwrap();
    log(&dir.path().join("log"));
    let path = dir.path().join("log/audit-00000001.log");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let output = holdfast(dir.path(), &["--json", "audit", "verify", "log"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(json(&output)["good"], false);
    assert!(!json(&output)["findings"].as_array().unwrap().is_empty());
}

#[test]
fn records_are_shown_as_lines_for_people_and_for_programs() {
    let dir = tempfile::tempdir().unwrap();
    log(&dir.path().join("log"));
    let all = text(&holdfast(dir.path(), &["audit", "show", "log"]));
    assert!(all.lines().count() >= 40, "{all}");
    assert!(all.contains("2027-01-15T08:00:00.000Z kmip-Encrypt done tenant=acme key_version=1"), "{all}");
    let mine = text(&holdfast(dir.path(), &["audit", "show", "log", "--tenant", "acme", "--last", "3"]));
    assert_eq!(mine.lines().count(), 3);
    assert!(!mine.contains("globex"));
    let output = holdfast(dir.path(), &["--json", "audit", "show", "log", "--last", "1"]);
    assert_eq!(json(&output)["op"], "kmip-Encrypt");
}

#[test]
fn an_exported_log_verifies_off_the_box_and_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    log(&dir.path().join("log"));
    let output = holdfast(dir.path(), &["audit", "export", "log", "copy"]);
    assert!(
        output.status.success() && text(&output).starts_with("copied to copy\ngood:"),
        "{}",
        text(&output)
    );
    let head =
        |directory| json(&holdfast(dir.path(), &["--json", "audit", "verify", directory]))["head"].clone();
    assert_eq!(head("copy"), head("log"));
    assert_eq!(holdfast(dir.path(), &["audit", "export", "log", "copy"]).status.code(), Some(2));
}

#[test]
fn where_no_log_is_nothing_is_called_good() {
    let dir = tempfile::tempdir().unwrap();
    for directory in [".", "none"] {
        let output = holdfast(dir.path(), &["audit", "verify", directory]);
        assert_eq!(output.status.code(), Some(2), "{directory}: {}", text(&output));
    }
}
