//! Reads one segment, frame by frame, whatever is in it.
//!
//! Nothing is allocated for a length that was only announced. Reading stops where frames cannot be told apart any
//! more; whether a frame is in its right place is the caller's to judge.

use crate::format::{
    CONTENT_BYTES_MAX, ChainHash, FRAME_HEADER_BYTES, Header, MARK, Record, chain, read_header, read_record,
};
use std::io::{self, Read};

/// A frame, and where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<T> {
    /// Offset of its first byte in the segment.
    pub offset: u64,
    /// The chain hash that stands in it.
    pub hash: ChainHash,
    /// Does that hash follow from the frame before, as that stands in the file?
    pub follows: bool,
    /// What is in it.
    pub content: T,
}

/// Why a segment cannot be read on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// It does not begin with the mark of a segment, or its header does not read.
    #[error("this is not a segment of an audit log")]
    NotASegment,
    /// The file ends inside a frame, or what comes is no frame.
    #[error("no frame can be read at byte {offset}")]
    Unreadable {
        /// Where.
        offset: u64,
    },
    /// The medium failed.
    #[error("the segment cannot be read")]
    Io(#[from] io::Error),
}

/// A segment that is being read.
pub struct Segment<R> {
    from: R,
    offset: u64,
    previous: ChainHash,
    content: Vec<u8>,
}

impl<R: Read> Segment<R> {
    /// Begins with the header.
    ///
    /// # Errors
    /// [`SegmentError::NotASegment`], [`SegmentError::Io`].
    pub fn open(from: R) -> Result<(Self, Frame<Header>), SegmentError> {
        let mut segment = Self { from, offset: 0, previous: [0; 32], content: Vec::new() };
        let mut mark = [0; MARK.len()];
        if segment.fill(&mut mark)? != MARK.len() || mark != *MARK {
            return Err(SegmentError::NotASegment);
        }
        segment.offset = MARK.len() as u64;
        let hash = match segment.frame() {
            Ok(Some(hash)) => hash,
            Ok(None) | Err(SegmentError::Unreadable { .. }) => return Err(SegmentError::NotASegment),
            Err(error) => return Err(error),
        };
        let header = read_header(&segment.content).map_err(|_| SegmentError::NotASegment)?;
        segment.previous = header.previous;
        let frame = segment.finish(hash, header);
        Ok((segment, frame))
    }

    /// The next record; `None` at the end of the file, if that is also the end of a frame.
    ///
    /// # Errors
    /// [`SegmentError`]; nothing more can be read.
    pub fn next_record(&mut self) -> Result<Option<Frame<Record>>, SegmentError> {
        let Some(hash) = self.frame()? else { return Ok(None) };
        let record =
            read_record(&self.content).map_err(|_| SegmentError::Unreadable { offset: self.offset })?;
        Ok(Some(self.finish(hash, record)))
    }

    /// Offset just after the last frame that was read.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    fn finish<T>(&mut self, hash: ChainHash, content: T) -> Frame<T> {
        let follows = chain(&self.previous, &self.content) == hash;
        let frame = Frame { offset: self.offset, hash, follows, content };
        self.previous = hash;
        self.offset += (FRAME_HEADER_BYTES + self.content.len()) as u64;
        frame
    }

    /// Reads a frame's content and gives its hash. The offset stays at its beginning.
    fn frame(&mut self) -> Result<Option<ChainHash>, SegmentError> {
        let unreadable = SegmentError::Unreadable { offset: self.offset };
        let mut head = [0; FRAME_HEADER_BYTES];
        match self.fill(&mut head)? {
            0 => return Ok(None),
            FRAME_HEADER_BYTES => {}
            _ => return Err(unreadable),
        }
        let (length, hash) = head.split_at(4);
        let length = length.try_into().map_or(0, u32::from_be_bytes);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length == 0 || length > CONTENT_BYTES_MAX {
            return Err(unreadable);
        }
        let mut content = core::mem::take(&mut self.content);
        content.resize(length, 0);
        let filled = self.fill(&mut content)?;
        self.content = content;
        if filled != length {
            return Err(unreadable);
        }
        Ok(Some(hash.try_into().unwrap_or_default()))
    }

    /// Fills as much as there is.
    fn fill(&mut self, mut room: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while !room.is_empty() {
            match self.from.read(room) {
                Ok(0) => break,
                Ok(bytes) => {
                    filled += bytes;
                    room = room.get_mut(bytes..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds() -> Vec<Vec<u8>> {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/segment");
        let entries = std::fs::read_dir(corpus).unwrap();
        entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    fn read_all(bytes: &[u8]) -> usize {
        let Ok((mut segment, _)) = Segment::open(bytes) else { return 0 };
        let mut records = 0;
        while let Ok(Some(frame)) = segment.next_record() {
            records += 1;
            let name = |_| None;
            assert!(!crate::show::text_line(&frame.content, &name).contains('\n'));
            assert!(
                serde_json::from_str::<serde_json::Value>(&crate::show::json_line(&frame.content, &name))
                    .is_ok()
            );
        }
        assert!(segment.offset() <= bytes.len() as u64);
        records
    }

    #[test]
    fn the_seeds_of_the_fuzzer_read_as_the_segments_they_are() {
        let records: Vec<_> = seeds().iter().map(|seed| read_all(seed)).collect();
        assert!(
            records.len() >= 6 && records.iter().filter(|records| **records > 3).count() >= 4,
            "{records:?}"
        );
    }

    #[test]
    fn seeds_cut_and_altered_anywhere_are_read_to_an_end_without_harm() {
        for seed in seeds() {
            for at in 0..seed.len() {
                read_all(&seed[..at]);
                let mut altered = seed.clone();
                altered[at] = altered[at].wrapping_add(0x7f);
                read_all(&altered);
            }
        }
    }

    #[test]
    fn a_length_that_was_only_announced_allocates_nothing() {
        let mut bytes = MARK.to_vec();
        bytes.extend_from_slice(&[0xff; FRAME_HEADER_BYTES]);
        assert!(matches!(Segment::open(bytes.as_slice()), Err(SegmentError::NotASegment)));
    }
}
