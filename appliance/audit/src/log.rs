//! Writes the log and takes it up again after a crash.
//!
//! A group of records is one write and one flush; nothing counts until the flush has succeeded. After a failure the
//! file is taken back to where the last good flush left it, and the caller brings the same records again: they are
//! still in their rings.

use crate::format::{
    ChainHash, Header, Record, RingId, Source, What, append_header, append_record, read_event,
};
use crate::head::{self, HeadFile, Mark};
use crate::segment::{Segment, SegmentError};
use holdfast_model::audit::{Action, Outcome};
use holdfast_model::{LaneIndex, Sequence, Timestamp};
use holdfast_ports::audit::Head;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Why the log cannot be written or taken up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// No room. Nothing was written; try again when there is.
    #[error("no room for the audit log")]
    Full,
    /// The medium failed. Nothing counts as written; try again.
    #[error("the audit log cannot be written")]
    Io(#[source] io::Error),
    /// What is there is not the log that was there before: an auditor must look. Nothing was changed.
    #[error("the audit log is damaged: {what}")]
    Damaged {
        /// In our own words.
        what: &'static str,
    },
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}

/// Where the chain stands.
#[derive(Debug, Clone)]
struct State {
    records: u64,
    hash: ChainHash,
    bundle: Sequence,
    lanes: Vec<Source>,
}

/// The log, open for appending. There is one in a directory at a time.
pub struct Log {
    path: PathBuf,
    directory: File,
    segment_bytes_max: u64,
    segment: u64,
    file: File,
    /// Length of the segment that is on disk for certain.
    durable_bytes: u64,
    durable: State,
    /// What will be durable after the flush.
    staged: State,
    buffer: Vec<u8>,
    notes: Vec<What>,
    head_file: HeadFile,
    /// The last write failed: the file may be longer than what counts.
    broken: bool,
}

/// The name of a segment.
#[must_use]
pub(crate) fn segment_name(number: u64) -> String {
    format!("audit-{number:08}.log")
}

/// Numbers of all segments in the directory, in order.
pub(crate) fn segments(directory: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_prefix("audit-")?.strip_suffix(".log")?.parse().ok());
        numbers.extend(number.filter(|number| name.to_str() == Some(&segment_name(*number))));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

impl Log {
    /// Takes up the log in this directory, or begins one. Reads the last segment only.
    ///
    /// What a crash left unfinished at the end, and nobody was told is durable, is cut off, and the log says so.
    ///
    /// # Errors
    /// [`LogError::Damaged`] when records are missing that the head file knows of; nothing is changed then.
    pub fn open(path: &Path, segment_bytes_max: u64) -> Result<Self, LogError> {
        let directory = File::open(path)?;
        directory.try_lock().map_err(io::Error::from)?;
        let mark = head::read(path)?;
        let (found, cut_bytes) = take_up(path, mark.as_ref())?;
        let head_file = HeadFile::open(path)?;
        directory.sync_all()?;
        let log = |segment, file, durable_bytes, state: State| Self {
            path: path.to_owned(),
            directory,
            segment_bytes_max,
            segment,
            file,
            durable_bytes,
            staged: state.clone(),
            durable: state,
            buffer: Vec::new(),
            notes: Vec::new(),
            head_file,
            broken: false,
        };
        let mut log = match found {
            Some(Found { segment, file, bytes, state }) => log(segment, file, bytes, state),
            None => {
                let state = State { records: 0, hash: [0; 32], bundle: Sequence(0), lanes: Vec::new() };
                let file = new_segment_file(path, 1)?;
                let mut log = log(1, file, 0, state);
                log.write_header()?;
                log
            }
        };
        log.note(What::Opened { at: Timestamp::now(), cut_bytes });
        Ok(log)
    }

    /// Where the log stands, on disk.
    #[must_use]
    pub fn head(&self) -> Head {
        let State { records, hash, bundle, .. } = self.durable;
        Head { records, hash, bundle }
    }

    /// The last position of this ring that is on disk, if the last record of the lane came from this ring.
    #[must_use]
    pub fn written_of(&self, lane: LaneIndex, ring: RingId) -> Option<u64> {
        self.durable
            .lanes
            .iter()
            .find(|source| source.lane == lane && source.ring == ring)
            .map(|source| source.end)
    }

    /// Begins a group: ends the present segment if it has reached its size, and adds the notes that wait.
    ///
    /// # Errors
    /// [`LogError`]: the present segment stays; nothing is staged.
    pub fn begin_group(&mut self) -> Result<(), LogError> {
        self.mend()?;
        if self.durable_bytes >= self.segment_bytes_max {
            self.rotate()?;
        }
        for what in self.notes.clone() {
            self.append(None, what);
        }
        Ok(())
    }

    /// Adds what stood in a ring to the group. It counts after [`Log::commit`].
    pub fn stage(&mut self, source: Source, bytes: &[u8]) {
        let what = match read_event(bytes) {
            Ok(event) => What::Event(event),
            Err(_) => What::Unreadable { bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX) },
        };
        self.append(Some(source), what);
    }

    /// Keeps a note of the agent's own for the next group that succeeds.
    pub fn note(&mut self, what: What) {
        self.notes.push(what);
    }

    /// Do notes wait?
    #[must_use]
    pub fn has_notes(&self) -> bool {
        !self.notes.is_empty()
    }

    /// Bytes in the group.
    #[must_use]
    pub fn staged_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Writes the group and flushes it. `Ok` means that all of it is on disk.
    ///
    /// # Errors
    /// [`LogError`]: none of it counts, and the group is empty again; what came from rings is to be staged again.
    /// Notes wait for the next group.
    pub fn commit(&mut self) -> Result<(), LogError> {
        let outcome = self.try_commit();
        if outcome.is_err() {
            self.broken = true;
            self.staged = self.durable.clone();
            self.buffer.clear();
        }
        outcome
    }

    /// Makes the head file durable, at the end of the process.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn close(mut self) -> Result<(), LogError> {
        Ok(self.head_file.sync()?)
    }

    fn append(&mut self, source: Option<Source>, what: What) {
        if let What::Event(event) = &what
            && (event.action, event.outcome) == (Action::Bundle, Outcome::Done)
        {
            self.staged.bundle = self.staged.bundle.max(event.bundle.unwrap_or_default());
        }
        if let Some(source) = source {
            self.staged.lanes.retain(|known| known.lane != source.lane);
            self.staged.lanes.push(source);
        }
        let record = Record { index: self.staged.records, source, what };
        self.staged.hash = append_record(&mut self.buffer, &self.staged.hash, &record);
        self.staged.records += 1;
    }

    fn try_commit(&mut self) -> Result<(), LogError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.file.write_all_at(&self.buffer, self.durable_bytes)?;
        self.file.sync_data()?;
        self.durable_bytes += self.buffer.len() as u64;
        self.buffer.clear();
        self.notes.clear();
        self.durable = self.staged.clone();
        self.write_mark();
        Ok(())
    }

    /// After a failed write: opens the segment anew and takes it back to what counts.
    fn mend(&mut self) -> Result<(), LogError> {
        if self.broken {
            let file =
                OpenOptions::new().read(true).write(true).open(self.path.join(segment_name(self.segment)))?;
            file.set_len(self.durable_bytes)?;
            file.sync_all()?;
            self.file = file;
            self.broken = false;
        }
        Ok(())
    }

    fn rotate(&mut self) -> Result<(), LogError> {
        let next = self.segment + 1;
        let file = new_segment_file(&self.path, next)?;
        let before = (self.segment, self.durable_bytes, core::mem::replace(&mut self.file, file));
        (self.segment, self.durable_bytes) = (next, 0);
        if let Err(error) = self.write_header() {
            (self.segment, self.durable_bytes, self.file) = before;
            return Err(error);
        }
        Ok(())
    }

    fn write_header(&mut self) -> Result<(), LogError> {
        let header = Header {
            segment: self.segment,
            records_before: self.durable.records,
            previous: self.durable.hash,
            begun: Timestamp::now(),
            bundle: self.durable.bundle,
            lanes: self.durable.lanes.clone(),
        };
        let mut bytes = Vec::new();
        let hash = append_header(&mut bytes, &header);
        self.file.write_all_at(&bytes, 0)?;
        self.file.sync_all()?;
        self.directory.sync_all()?;
        self.durable_bytes = bytes.len() as u64;
        self.durable.hash = hash;
        self.staged = self.durable.clone();
        self.write_mark();
        Ok(())
    }

    /// The head file may lag behind, so its failure is no failure of the log.
    fn write_mark(&mut self) {
        let State { records, hash, bundle, .. } = self.durable;
        if let Err(error) = self.head_file.write(&Mark { records, hash, segment: self.segment, bundle }) {
            tracing::warn!(reason = %error, "audit-head-not-written");
        }
    }
}

struct Found {
    segment: u64,
    file: File,
    bytes: u64,
    state: State,
}

fn new_segment_file(path: &Path, number: u64) -> io::Result<File> {
    // What an earlier try left has no whole header, or it would have been taken up.
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path.join(segment_name(number)))
}

/// Finds the end of the log and cuts off what is unfinished there; tells how many bytes that was.
fn take_up(path: &Path, mark: Option<&Mark>) -> Result<(Option<Found>, u64), LogError> {
    let mut numbers = segments(path)?;
    let mut cut = 0;
    while let Some(number) = numbers.pop() {
        let file = OpenOptions::new().read(true).write(true).open(path.join(segment_name(number)))?;
        let length = file.metadata()?.len();
        let (mut segment, header) = match Segment::open(BufReader::with_capacity(1 << 20, &file)) {
            Ok(opened) => opened,
            // A crash while a segment was begun: it holds nothing that counts, if the head file agrees.
            Err(SegmentError::NotASegment) if mark.is_none_or(|mark| mark.segment < number) => {
                tracing::warn!(segment = number, cut_bytes = length, "audit-segment-unfinished");
                cut += length;
                continue;
            }
            Err(SegmentError::Io(error)) => return Err(error.into()),
            Err(_) => return Err(LogError::Damaged { what: "the last segment has no header" }),
        };
        if header.content.segment != number || !header.follows {
            return Err(LogError::Damaged { what: "the header of the last segment is not its own" });
        }
        let mut state = State {
            records: header.content.records_before,
            hash: header.hash,
            bundle: header.content.bundle,
            lanes: header.content.lanes,
        };
        let mut bytes = segment.offset();
        let mut at_mark = mark.is_none_or(|mark| mark.hash == state.hash);
        loop {
            match segment.next_record() {
                Ok(Some(frame)) if frame.follows && frame.content.index == state.records => {
                    state.take(&frame.content, frame.hash);
                    bytes = segment.offset();
                    at_mark |=
                        mark.is_some_and(|mark| (mark.records, mark.hash) == (state.records, state.hash));
                }
                Err(SegmentError::Io(error)) => return Err(error.into()),
                Ok(_) | Err(_) => break,
            }
        }
        drop(segment);
        let marked = mark.map_or(0, |mark| mark.records);
        if state.records < marked {
            return Err(LogError::Damaged { what: "records are missing at its end" });
        }
        if mark.is_some_and(|mark| mark.segment > number) {
            return Err(LogError::Damaged { what: "its last segment is gone" });
        }
        if !at_mark && mark.is_some_and(|mark| mark.segment == number) {
            return Err(LogError::Damaged { what: "it is not the log that the head file knows" });
        }
        if length > bytes {
            tracing::warn!(segment = number, cut_bytes = length - bytes, "audit-tail-cut");
            cut += length - bytes;
            file.set_len(bytes)?;
            file.sync_all()?;
        }
        return Ok((Some(Found { segment: number, file, bytes, state }), cut));
    }
    match mark {
        Some(_) => Err(LogError::Damaged { what: "all its segments are gone" }),
        None => Ok((None, cut)),
    }
}

impl State {
    fn take(&mut self, record: &Record, hash: ChainHash) {
        self.records += 1;
        self.hash = hash;
        if let What::Event(event) = &record.what
            && (event.action, event.outcome) == (Action::Bundle, Outcome::Done)
        {
            self.bundle = self.bundle.max(event.bundle.unwrap_or_default());
        }
        if let Some(source) = record.source {
            self.lanes.retain(|known| known.lane != source.lane);
            self.lanes.push(source);
        }
    }
}

#[cfg(test)]
mod tests;
