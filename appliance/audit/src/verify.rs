//! Finds what was done to a log: which record was changed, is missing, out of place, doubled or cut off.
//!
//! Reads the files as hostile. A log that was rewritten whole, with a new chain, is consistent in itself; only a head
//! that was kept elsewhere shows that, so give one if there is one.

use crate::format::{ChainHash, Record};
use crate::head;
use crate::log::{segment_name, segments};
use crate::segment::{Frame, Segment, SegmentError};
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

/// Findings kept; a log with more is not worth listing.
const FINDINGS_MAX: usize = 1000;
/// Records between two calls of the progress function.
const PROGRESS_RECORDS: u64 = 10_000;

/// A head that was noted elsewhere: the log must hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedHead {
    /// Records at that time.
    pub records: u64,
    /// Chain hash at that time.
    pub hash: ChainHash,
}

/// How far verification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Segment that is being read.
    pub segment: u64,
    /// Segments in all.
    pub segments: u64,
    /// Records read.
    pub records: u64,
}

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Segments read.
    pub segments: u64,
    /// Records read.
    pub records: u64,
    /// Chain hash of the last record or header.
    pub hash: ChainHash,
    /// What is wrong; empty for a good log.
    pub findings: Vec<Finding>,
    /// There was more than is listed.
    pub more_findings: bool,
}

impl Report {
    /// Is nothing wrong?
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which segment.
    pub segment: u64,
    /// Byte offset there.
    pub offset: u64,
    /// What.
    pub defect: Defect,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// The record, or its chain hash, is not what was written.
    Changed {
        /// Which record.
        index: u64,
    },
    /// Records are not there.
    Missing {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// The record stands here instead of where it belongs.
    OutOfPlace {
        /// Which record.
        index: u64,
    },
    /// The record stands here although it stands before already.
    Repeated {
        /// Which record.
        index: u64,
    },
    /// From here on the segment cannot be read. At the end of the last segment a power cut may have left this; the
    /// agent cuts it off when it starts.
    Unreadable,
    /// The segment's header is not the one that was written.
    HeaderChanged,
    /// The segment does not go on from the end of the one before.
    ChainBroken,
    /// The segment is not there.
    SegmentMissing,
    /// The log ends before the record that the head file or the expected head knows of.
    CutOff {
        /// Records that there should be.
        records: u64,
    },
    /// Consistent in itself, but not the log that the head file or the expected head knows: it was written anew.
    NotTheExpectedLog {
        /// After this many records the hash is another.
        records: u64,
    },
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { index } => write!(f, "record {index} was changed"),
            Self::Missing { first, last } if first == last => write!(f, "record {first} is missing"),
            Self::Missing { first, last } => write!(f, "records {first} to {last} are missing"),
            Self::OutOfPlace { index } => write!(f, "record {index} is out of its place"),
            Self::Repeated { index } => write!(f, "record {index} is there a second time"),
            Self::Unreadable => f.write_str("the rest of the segment cannot be read"),
            Self::HeaderChanged => f.write_str("the segment's header was changed"),
            Self::ChainBroken => f.write_str("the segment does not go on from the one before"),
            Self::SegmentMissing => f.write_str("the segment is missing"),
            Self::CutOff { records } => write!(f, "the log is cut off: it had {records} records"),
            Self::NotTheExpectedLog { records } => {
                write!(f, "the log was written anew: after {records} records it is not the one expected")
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} byte {}: {}", segment_name(self.segment), self.offset, self.defect)
    }
}

/// Verifies the log in a directory. `progress` is called now and then.
///
/// The head file in the directory is believed as far as it says that there should be more; `expected` is a head from
/// elsewhere.
///
/// # Errors
/// When the directory or a file cannot be read; what is in them is a finding and no error.
pub fn verify(
    directory: &Path,
    expected: Option<ExpectedHead>,
    progress: &mut dyn FnMut(Progress),
) -> io::Result<Report> {
    let numbers = segments(directory)?;
    let mark = head::read(directory)?.map(|mark| ExpectedHead { records: mark.records, hash: mark.hash });
    let mut check = Check {
        heads: mark.into_iter().chain(expected).map(|head| (head, false)).collect(),
        next: 0,
        hash: [0; 32],
        gaps: Vec::new(),
        known_to_hash: true,
        report: Report { segments: 0, records: 0, hash: [0; 32], findings: Vec::new(), more_findings: false },
    };
    check.meet_heads();
    let mut number = 1;
    for found in &numbers {
        while number < *found {
            if check.report.more_findings {
                break;
            }
            check.find(number, 0, Defect::SegmentMissing);
            number += 1;
        }
        let file = File::open(directory.join(segment_name(*found)))?;
        let mut tell = |records| {
            progress(Progress { segment: *found, segments: numbers.len() as u64, records });
        };
        tell(check.report.records);
        check.segment(*found, BufReader::with_capacity(1 << 20, file), &mut tell)?;
        number = found.saturating_add(1);
    }
    check.finish(numbers.last().copied().unwrap_or(1));
    Ok(check.report)
}

struct Check {
    /// Heads to be met, and whether they were.
    heads: Vec<(ExpectedHead, bool)>,
    /// Index that comes next.
    next: u64,
    hash: ChainHash,
    /// Indices that were jumped over: first and last.
    gaps: Vec<(u64, u64)>,
    /// `hash` is what the frame before says; after a missing segment it is not.
    known_to_hash: bool,
    report: Report,
}

impl Check {
    fn segment(&mut self, number: u64, from: impl io::Read, tell: &mut dyn FnMut(u64)) -> io::Result<()> {
        self.report.segments += 1;
        let (mut segment, header) = match Segment::open(from) {
            Ok(opened) => opened,
            Err(SegmentError::Io(error)) => return Err(error),
            Err(_) => {
                self.find(number, 0, Defect::Unreadable);
                self.known_to_hash = false;
                return Ok(());
            }
        };
        let content = &header.content;
        if !header.follows || content.segment != number {
            self.find(number, header.offset, Defect::HeaderChanged);
        } else if self.known_to_hash && content.previous != self.hash {
            self.find(number, header.offset, Defect::ChainBroken);
        }
        if content.records_before > self.next {
            self.missing(number, header.offset, content.records_before);
        }
        (self.hash, self.known_to_hash) = (header.hash, true);
        self.meet_heads();
        let mut held: Option<Frame<Record>> = None;
        loop {
            let offset = segment.offset();
            let next = segment.next_record();
            if let Some(frame) = held.take() {
                self.record(number, &frame, next.as_ref().ok().and_then(Option::as_ref));
                if self.report.records.is_multiple_of(PROGRESS_RECORDS) {
                    tell(self.report.records);
                }
            }
            match next {
                Ok(Some(frame)) => held = Some(frame),
                Ok(None) => return Ok(()),
                Err(SegmentError::Io(error)) => return Err(error),
                Err(_) => {
                    self.find(number, offset, Defect::Unreadable);
                    self.known_to_hash = false;
                    return Ok(());
                }
            }
        }
    }

    /// Judges a record by itself, the ones before, and the one that comes after it.
    fn record(&mut self, segment: u64, frame: &Frame<Record>, next: Option<&Frame<Record>>) {
        // A record that does not follow, between two that are where they belong and go on from it as it stands, is
        // the right one with something changed in it, whatever index it claims.
        let goes_on =
            next.is_some_and(|next| next.follows && next.content.index == self.next.saturating_add(1));
        let changed = !frame.follows && goes_on;
        let index = if changed { self.next } else { frame.content.index };
        self.report.records += 1;
        self.hash = frame.hash;
        if index < self.next {
            let gap = self.gaps.iter().position(|(first, last)| (*first..=*last).contains(&index));
            let defect = match gap {
                Some(_) => Defect::OutOfPlace { index },
                None => Defect::Repeated { index },
            };
            self.find(segment, frame.offset, defect);
            return;
        }
        if index > self.next {
            self.missing(segment, frame.offset, index);
        } else if !frame.follows {
            self.find(segment, frame.offset, Defect::Changed { index });
        }
        self.next = index.saturating_add(1);
        self.meet_heads();
    }

    /// Records from the next one to before `index` were jumped over.
    fn missing(&mut self, segment: u64, offset: u64, index: u64) {
        let (first, last) = (self.next, index.saturating_sub(1));
        if self.gaps.len() < FINDINGS_MAX {
            self.gaps.push((first, last));
        }
        self.find(segment, offset, Defect::Missing { first, last });
        self.next = index;
    }

    fn meet_heads(&mut self) {
        for (head, met) in &mut self.heads {
            *met |= head.records == self.next && head.hash == self.hash;
        }
    }

    fn finish(&mut self, last_segment: u64) {
        let good_so_far = self.report.findings.is_empty();
        let mut defects: Vec<_> = Vec::new();
        for (head, met) in &self.heads {
            let records = head.records;
            if records > self.next {
                defects.push(Defect::CutOff { records });
            } else if !met && good_so_far {
                defects.push(Defect::NotTheExpectedLog { records });
            }
        }
        defects.dedup();
        for defect in defects {
            self.find(last_segment, 0, defect);
        }
        self.report.hash = self.hash;
    }

    fn find(&mut self, segment: u64, offset: u64, defect: Defect) {
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(Finding { segment, offset, defect });
        } else {
            self.report.more_findings = true;
        }
    }
}

#[cfg(test)]
mod tests;
