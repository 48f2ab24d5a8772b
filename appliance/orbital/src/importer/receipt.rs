//! Receipts: how each bundle file was judged, for whoever carries them back.
//!
//! One file for each bundle file, `NAME.receipt.json`, one JSON object a line, the latest last. Written whole and
//! renamed, so that it is never seen half. Holds fixed words, numbers, and names that were signed or checked.
//! A receipt that is still there tells a restarted importer what is settled; core decides for itself anyway.

use super::Verdict;
use holdfast_model::Timestamp;
use holdfast_model::limits::RECEIPT_BYTES_MAX;
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// One judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// When, RFC 3339.
    pub at: String,
    /// Name of the bundle file.
    pub file: String,
    /// SHA-256 of the bundle file.
    pub file_sha256: String,
    /// `applied`, `applied-already`, `refused`, or `waiting` (it will be tried again while the file is there).
    pub outcome: String,
    /// Why refused or waiting: a fixed word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The same for people, with what to do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The bundle's own header, once its signatures were found good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<About>,
    /// What became of each directive, in the order applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<Done>,
}

/// Which bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Who issued it.
    pub source: String,
    /// Its place in their order.
    pub sequence: u64,
    /// Its lane.
    pub lane: u8,
    /// Digest of its payload: what the next bundle names as `previous`.
    pub digest: String,
}

/// What became of one directive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Its task id.
    pub task: String,
    /// Its type.
    pub directive: String,
    /// Empty when done; otherwise why not yet.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pending: String,
}

/// SHA-256 of a file, in hexadecimal.
pub(super) fn file_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Receipt {
    /// A judgement made now.
    pub(super) fn new(file: &str, file_sha256: &str, about: Option<About>, verdict: &Verdict) -> Self {
        let (outcome, reason, detail, directives) = match verdict {
            Verdict::Applied(directives) => ("applied", String::new(), String::new(), directives.clone()),
            Verdict::AppliedAlready => ("applied-already", String::new(), String::new(), Vec::new()),
            Verdict::Refused { reason, detail } => ("refused", reason.clone(), detail.clone(), Vec::new()),
            Verdict::Waiting { reason, detail } => ("waiting", reason.clone(), detail.clone(), Vec::new()),
        };
        Self {
            at: Timestamp::now().to_string(),
            file: file.to_owned(),
            file_sha256: file_sha256.to_owned(),
            outcome: outcome.to_owned(),
            reason,
            detail,
            bundle: about,
            directives,
        }
    }

    /// Will nothing change this any more?
    fn is_final(&self) -> bool {
        self.outcome != "waiting"
    }
}

/// The directory that receipts are carried out of.
pub(super) struct Outbox {
    directory: OwnedFd,
}

impl Outbox {
    /// Opens it. Before the sandbox is entered.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { directory: rustix::fs::open(path, flags, Mode::empty())? })
    }

    /// Has this very file been settled, says a receipt that is still here?
    pub(super) fn is_settled(&self, file: &str, file_sha256: &str) -> bool {
        let lines = self.read(file).unwrap_or_default();
        let mut receipts = lines.lines().filter_map(|line| serde_json::from_str::<Receipt>(line).ok());
        receipts.any(|receipt| receipt.file_sha256 == file_sha256 && receipt.is_final())
    }

    /// Adds a judgement to the receipt of a file; durable when it returns.
    pub(super) fn add(&self, receipt: &Receipt) -> io::Result<()> {
        let mut lines = self.read(&receipt.file)?;
        lines.push_str(&serde_json::to_string(receipt)?);
        lines.push('\n');
        while lines.len() > RECEIPT_BYTES_MAX {
            let Some(end) = lines.find('\n').filter(|end| end + 1 < lines.len()) else { break };
            lines.drain(..=end);
        }
        let (name, new) = (name_of(&receipt.file), format!(".{}.new", name_of(&receipt.file)));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&self.directory, &new, flags, Mode::from_raw_mode(0o640))?);
        file.write_all_at(lines.as_bytes(), 0)?;
        file.sync_all()?;
        rustix::fs::renameat(&self.directory, &new, &self.directory, &name)?;
        rustix::fs::fsync(&self.directory)?;
        Ok(())
    }

    /// The lines so far; none if there is no receipt, or something that is not one.
    fn read(&self, file: &str) -> io::Result<String> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = match rustix::fs::openat(&self.directory, name_of(file), flags, Mode::empty()) {
            Ok(opened) => File::from(opened),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::LOOP) => return Ok(String::new()),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = Vec::new();
        opened.take(RECEIPT_BYTES_MAX as u64).read_to_end(&mut bytes)?;
        Ok(String::from_utf8(bytes).unwrap_or_default())
    }
}

fn name_of(file: &str) -> String {
    format!("{file}.receipt.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(reason: &str) -> Verdict {
        Verdict::Refused { reason: reason.to_owned(), detail: String::new() }
    }

    #[test]
    fn a_receipt_keeps_every_judgement_the_latest_last() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(dir.path()).unwrap();
        let waiting = Verdict::Waiting { reason: "broken-chain".to_owned(), detail: String::new() };
        for verdict in [waiting, Verdict::Applied(vec![]), refused("stale")] {
            outbox.add(&Receipt::new("a.bundle", "00", None, &verdict)).unwrap();
        }
        let text = std::fs::read_to_string(dir.path().join("a.bundle.receipt.json")).unwrap();
        let outcomes: Vec<_> =
            text.lines().map(|line| serde_json::from_str::<Receipt>(line).unwrap().outcome).collect();
        assert_eq!(outcomes, ["waiting", "applied", "refused"]);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing half-written stays");
    }

    #[test]
    fn only_a_final_judgement_on_the_same_bytes_settles_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(dir.path()).unwrap();
        assert!(!outbox.is_settled("a.bundle", "00"));
        let waiting = Verdict::Waiting { reason: "broken-chain".to_owned(), detail: String::new() };
        outbox.add(&Receipt::new("a.bundle", "00", None, &waiting)).unwrap();
        assert!(!outbox.is_settled("a.bundle", "00"));
        outbox.add(&Receipt::new("a.bundle", "00", None, &refused("forged"))).unwrap();
        assert!(outbox.is_settled("a.bundle", "00"));
        assert!(!outbox.is_settled("a.bundle", "01"));
    }

    #[test]
    fn a_receipt_does_not_grow_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(dir.path()).unwrap();
        let long = refused(&"x".repeat(300_000));
        for _ in 0..5 {
            outbox.add(&Receipt::new("a.bundle", "00", None, &long)).unwrap();
        }
        let text = std::fs::read_to_string(dir.path().join("a.bundle.receipt.json")).unwrap();
        assert_eq!(text.lines().count(), 3);
    }
}
