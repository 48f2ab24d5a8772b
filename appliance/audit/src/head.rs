//! The small file that says how far the log goes, so that a log cut off at a frame's end is found out.
//!
//! Two slots, written in turn, each with its own checksum: a write that a power cut tears leaves the other. It is
//! written after each group and synced once a second, so after a power cut it may say less than the log holds, never
//! more. It guards against loss, not against whoever can write to this disk: that takes a head kept elsewhere.

use crate::format::ChainHash;
use aws_lc_rs::digest::{SHA256, digest};
use holdfast_model::Sequence;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// The file's name in the log's directory.
pub(crate) const NAME: &str = "head";
/// Slots lie on sectors of their own.
const SLOT_BYTES: u64 = 4096;
const CONTENT_BYTES: usize = 128;
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// How far the log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) records: u64,
    pub(crate) hash: ChainHash,
    pub(crate) segment: u64,
    pub(crate) bundle: Sequence,
}

/// The open file.
pub(crate) struct HeadFile {
    file: File,
    next_slot: u64,
    synced: Instant,
}

/// The furthest mark that the file holds, if it holds any.
pub(crate) fn read(directory: &Path) -> io::Result<Option<Mark>> {
    match File::open(directory.join(NAME)) {
        Ok(file) => {
            Ok(read_slots(&file)?.into_iter().flatten().max_by_key(|mark| (mark.records, mark.segment)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl HeadFile {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join(NAME))?;
        let [first, second] = read_slots(&file)?;
        let reach = |mark: Option<Mark>| mark.map(|mark| (mark.records, mark.segment));
        let next_slot = u64::from(reach(first) > reach(second));
        Ok(Self { file, next_slot, synced: Instant::now() })
    }

    /// Writes the mark over the older one. The log up to there is durable already.
    pub(crate) fn write(&mut self, mark: &Mark) -> io::Result<()> {
        let mut slot = postcard::to_allocvec(mark).map_err(io::Error::other)?;
        slot.resize(CONTENT_BYTES, 0);
        slot.extend_from_slice(digest(&SHA256, &slot).as_ref());
        self.file.write_all_at(&slot, self.next_slot * SLOT_BYTES)?;
        self.next_slot = 1 - self.next_slot;
        if self.synced.elapsed() >= SYNC_INTERVAL {
            self.sync()?;
        }
        Ok(())
    }

    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        self.synced = Instant::now();
        Ok(())
    }
}

fn read_slots(file: &File) -> io::Result<[Option<Mark>; 2]> {
    let slot = |at: u64| -> io::Result<Option<Mark>> {
        let mut bytes = [0; CONTENT_BYTES + 32];
        match file.read_exact_at(&mut bytes, at * SLOT_BYTES) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let (content, checksum) = bytes.split_at(CONTENT_BYTES);
        let whole = digest(&SHA256, content).as_ref() == checksum;
        Ok(if whole { postcard::take_from_bytes(content).ok().map(|(mark, _)| mark) } else { None })
    };
    Ok([slot(0)?, slot(1)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(records: u64) -> Mark {
        Mark { records, hash: [7; 32], segment: 1, bundle: Sequence(3) }
    }

    #[test]
    fn the_last_mark_written_is_read_back_also_by_the_next_process() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read(directory.path()).unwrap(), None);
        for records in 1..6 {
            HeadFile::open(directory.path()).unwrap().write(&mark(records)).unwrap();
            assert_eq!(read(directory.path()).unwrap(), Some(mark(records)));
        }
    }

    #[test]
    fn a_torn_slot_leaves_the_mark_before_it() {
        let directory = tempfile::tempdir().unwrap();
        let mut head = HeadFile::open(directory.path()).unwrap();
        head.write(&mark(1)).unwrap();
        head.write(&mark(2)).unwrap();
        head.file.write_all_at(&[0xff], SLOT_BYTES + 20).unwrap();
        assert_eq!(read(directory.path()).unwrap(), Some(mark(1)));
    }
}
