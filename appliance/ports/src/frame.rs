//! Frames: a length of four bytes, big-endian, then that many bytes.
//!
//! Nothing is allocated for a length that was only announced: a buffer grows with what has arrived.

use holdfast_model::limits::FRAME_BYTES_MAX;

/// Bytes before the content of a frame.
pub const HEADER_BYTES: usize = 4;

/// The peer has lost the framing; the link cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {announced} bytes was announced; the limit is {FRAME_BYTES_MAX}")]
pub struct FrameTooLong {
    /// What the header said.
    pub announced: usize,
}

/// The content of a frame is more than a frame may hold; nothing was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes do not fit a frame; the limit is {FRAME_BYTES_MAX}")]
pub struct ContentTooLong {
    /// What was offered.
    pub bytes: usize,
}

/// Splits the first whole frame off `bytes`: its content, and how many bytes it took with its header.
///
/// `None` means that more bytes are needed.
///
/// # Errors
/// [`FrameTooLong`] as soon as the header says so, before the content is there.
pub fn split(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, FrameTooLong> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let announced = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
    if announced > FRAME_BYTES_MAX {
        return Err(FrameTooLong { announced });
    }
    Ok(rest.get(..announced).map(|content| (content, HEADER_BYTES + announced)))
}

/// Appends a frame whose content `write` appends.
///
/// # Errors
/// [`ContentTooLong`]; `out` is as it was before.
pub fn append(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), ContentTooLong> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    write(out);
    let bytes = out.len() - start - HEADER_BYTES;
    match (u32::try_from(bytes), out.get_mut(start..start + HEADER_BYTES)) {
        (Ok(length), Some(header)) if bytes <= FRAME_BYTES_MAX => {
            header.copy_from_slice(&length.to_be_bytes());
            Ok(())
        }
        _ => {
            out.truncate(start);
            Err(ContentTooLong { bytes })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_as_it_was_written() {
        let mut out = Vec::new();
        append(&mut out, |o| o.extend_from_slice(b"hello")).unwrap();
        append(&mut out, |_| ()).unwrap();
        assert_eq!(split(&out), Ok(Some((b"hello".as_slice(), 9))));
        assert_eq!(split(&out[9..]), Ok(Some((b"".as_slice(), 4))));
    }

    #[test]
    fn a_frame_that_is_not_all_there_waits() {
        assert_eq!(split(&[0, 0, 0]), Ok(None));
        assert_eq!(split(&[0, 0, 0, 2, 1]), Ok(None));
    }

    #[test]
    fn an_announced_length_over_the_limit_is_refused_at_once() {
        assert!(split(&[0xff, 0xff, 0xff, 0xff]).is_err());
    }

    #[test]
    fn content_over_the_limit_is_not_queued() {
        let mut out = vec![1];
        assert!(append(&mut out, |o| o.resize(o.len() + FRAME_BYTES_MAX + 1, 0)).is_err());
        assert_eq!(out, [1]);
    }
}
