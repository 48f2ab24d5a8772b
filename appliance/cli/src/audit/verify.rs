//! `holdfast audit verify`.

use crate::{Failure, Report};
use clap::Args;
use holdfast_audit::verify::ExpectedHead;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Reads a whole log and finds any record that was changed, is missing, moved, doubled or cut off.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast audit verify /var/lib/holdfast/audit
  holdfast audit verify --head 1234:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 copy/

It ends with the log's head: note it elsewhere. A log that somebody wrote anew, whole, is consistent in itself;
only a head that was noted elsewhere, given with --head, shows that.

Exit code 0: nothing wrong. 1: findings. On a box that runs, the newest records may still be on their way.")]
pub(crate) struct Verify {
    /// Directory of the log.
    directory: PathBuf,
    /// A head that was noted earlier: the log must hold it.
    #[arg(long, value_name = "RECORDS:HASH", value_parser = parse_head)]
    head: Option<ExpectedHead>,
}

fn parse_head(text: &str) -> Result<ExpectedHead, String> {
    const WRONG: &str = "write RECORDS:HASH as `holdfast audit verify` printed it";
    let (records, hash) = text.split_once(':').ok_or(WRONG)?;
    let digest: holdfast_orbital::BundleDigest = hash.parse().map_err(|_| WRONG)?;
    Ok(ExpectedHead { records: records.parse().map_err(|_| WRONG)?, hash: digest.0 })
}

impl Verify {
    pub(crate) fn run(&self) -> Result<Report, Failure> {
        verify(&self.directory, self.head)
    }
}

/// Verifies a log, and says what was found.
pub(super) fn verify(directory: &Path, expected: Option<ExpectedHead>) -> Result<Report, Failure> {
    let found = holdfast_audit::verify(directory, expected, &mut |_| {})
        .map_err(|error| Failure::file(directory, &error))?;
    if found.segments == 0 && found.is_good() {
        return Err(Failure::Unable(format!("{}: no audit log is there", directory.display())));
    }
    let hash: String = found.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let head = format!("{}:{hash}", found.records);
    let mut text =
        if found.is_good() { "good: nothing is wrong with this log\n".to_owned() } else { String::new() };
    for finding in &found.findings {
        text.push_str(&format!("FOUND {finding}\n"));
    }
    if found.more_findings {
        text.push_str("... and more\n");
    }
    text.push_str(&format!("{} records in {} segments\nhead {head}\n", found.records, found.segments));
    let findings: Vec<_> = found
        .findings
        .iter()
        .map(|one| json!({ "segment": one.segment, "offset": one.offset, "what": one.defect.to_string() }))
        .collect();
    let json = json!({
        "good": found.is_good(), "records": found.records, "segments": found.segments, "head": head,
        "findings": findings, "more_findings": found.more_findings,
    });
    Ok(Report { text, json, good: found.is_good() })
}
