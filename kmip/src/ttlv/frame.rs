//! Tells from the first eight bytes how long a message is.
//!
//! Separate from `parse` so that a connection can be framed, and garbage refused, before a buffer of the
//! announced size exists.
//! Rules: KMIP 1.4, sections 7.1 (message format) and 9.1.1.

/// Bytes of a message's own tag, type and length.
pub const HEADER_BYTES: usize = 8;

const REQUEST_MESSAGE: [u8; 4] = [0x42, 0x00, 0x78, 0x01];
const RESPONSE_MESSAGE: [u8; 4] = [0x42, 0x00, 0x7B, 0x01];

/// Why a connection cannot be framed any further: close it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The bytes do not begin like the message expected.
    #[error("not the beginning of a KMIP message")]
    NotKmip,
    /// The message is longer than taken. Nothing of it was allocated.
    #[error("message of {bytes} bytes, at most {max} are taken")]
    TooLong {
        /// What the header announces, header included.
        bytes: usize,
        /// What is taken.
        max: usize,
    },
    /// The announced length is not a multiple of eight.
    #[error("message length is no multiple of eight")]
    Length,
}

/// Length in bytes, header included, of the request message that begins here; `None` while it cannot be told.
///
/// Garbage is refused at the first byte that no message has, so that a peer that speaks something else is
/// dropped without waiting for eight bytes.
///
/// ```
/// use kmip::ttlv::frame;
/// assert_eq!(frame::length(&[0x42, 0x00, 0x78, 0x01, 0, 0, 0, 0x20], 1024), Ok(Some(0x28)));
/// assert_eq!(frame::length(&[0x42, 0x00], 1024), Ok(None));
/// assert!(frame::length(b"GET / HTTP/1.1", 1024).is_err());
/// ```
///
/// # Errors
/// [`FrameError`]: the connection is past saving.
pub fn length(start: &[u8], max: usize) -> Result<Option<usize>, FrameError> {
    of_kind(REQUEST_MESSAGE, start, max)
}

/// The same for response messages, as a client reads them.
///
/// # Errors
/// [`FrameError`]: the connection is past saving.
pub fn response_length(start: &[u8], max: usize) -> Result<Option<usize>, FrameError> {
    of_kind(RESPONSE_MESSAGE, start, max)
}

fn of_kind(kind: [u8; 4], start: &[u8], max: usize) -> Result<Option<usize>, FrameError> {
    if start.iter().zip(kind).any(|(got, wanted)| *got != wanted) {
        return Err(FrameError::NotKmip);
    }
    let Some((_, rest)) = start.split_first_chunk::<4>() else { return Ok(None) };
    let Some((announced, _)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    let bytes = usize::try_from(u32::from_be_bytes(*announced))
        .ok()
        .and_then(|body| body.checked_add(HEADER_BYTES))
        .unwrap_or(usize::MAX);
    if bytes > max {
        return Err(FrameError::TooLong { bytes, max });
    }
    if bytes % 8 != 0 {
        return Err(FrameError::Length);
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kmip_is_refused_at_the_first_wrong_byte() {
        assert_eq!(length(b"G", 1024), Err(FrameError::NotKmip));
        assert_eq!(length(&[0x42, 0x00, 0x7B], 1024), Err(FrameError::NotKmip));
        assert_eq!(length(&[0x16, 0x03, 0x01], 1024), Err(FrameError::NotKmip));
        assert_eq!(length(&[], 1024), Ok(None));
    }

    #[test]
    fn a_length_beyond_the_bound_is_refused_from_eight_bytes() {
        let start = [0x42, 0x00, 0x78, 0x01, 0xFF, 0xFF, 0xFF, 0xF8];
        assert!(matches!(length(&start, 1 << 20), Err(FrameError::TooLong { .. })));
    }

    #[test]
    fn a_length_that_no_structure_has_is_refused() {
        let start = [0x42, 0x00, 0x78, 0x01, 0, 0, 0, 9];
        assert_eq!(length(&start, 1 << 20), Err(FrameError::Length));
    }

    #[test]
    fn a_response_is_no_request_but_a_client_reads_it() {
        let start = [0x42, 0x00, 0x7B, 0x01, 0, 0, 0, 8];
        assert_eq!(length(&start, 1024), Err(FrameError::NotKmip));
        assert_eq!(response_length(&start, 1024), Ok(Some(16)));
    }
}
