//! The two KMIP messages that the frontend says itself: your request is larger than may be, or is none.
//!
//! Separate from core because core never sees such a request. Says nothing of the request but its version.
//! Rules: KMIP 1.4, sections 7.2 (response message), 11.1 (a message that is not taken is Invalid Message).

use kmip::tag::Tag;
use kmip::ttlv::Writer;

/// Longest refusal in bytes.
const BYTES_MAX: usize = 512;
/// Result Status: Operation Failed.
const OPERATION_FAILED: u32 = 1;
/// Result Reason: Invalid Message.
const INVALID_MESSAGE: u32 = 4;

/// The response to a request whose header announces too much; `start` is as much of it as has arrived.
pub(crate) fn too_long(start: &[u8]) -> Vec<u8> {
    say(version(start).unwrap_or((1, 0)), "the request is larger than this server takes")
}

/// The response to a body that is no request in the encoding that it says.
pub(crate) fn unreadable() -> Vec<u8> {
    say((1, 0), "the request cannot be read")
}

fn say((major, minor): (i32, i32), words: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(BYTES_MAX);
    let mut writer = Writer::new(&mut out, BYTES_MAX);
    writer.structure(Tag::RESPONSE_MESSAGE, |w| {
        w.structure(Tag::RESPONSE_HEADER, |w| {
            w.structure(Tag::PROTOCOL_VERSION, |w| {
                w.integer(Tag::PROTOCOL_VERSION_MAJOR, major);
                w.integer(Tag::PROTOCOL_VERSION_MINOR, minor);
            });
            w.date_time(Tag::TIME_STAMP, holdfast_model::Timestamp::now().seconds());
            w.integer(Tag::BATCH_COUNT, 1);
        });
        w.structure(Tag::BATCH_ITEM, |w| {
            w.enumeration(Tag::RESULT_STATUS, OPERATION_FAILED);
            w.enumeration(Tag::RESULT_REASON, INVALID_MESSAGE);
            w.text(Tag::RESULT_MESSAGE, words);
        });
    });
    match writer.finish() {
        Ok(_) => out,
        Err(_) => Vec::new(),
    }
}

/// The protocol version, which every request begins with; only versions that exist, so that nothing is echoed.
fn version(start: &[u8]) -> Option<(i32, i32)> {
    const BEFORE_MAJOR: [u8; 16] =
        [0x42, 0x00, 0x69, 0x01, 0, 0, 0, 0x20, 0x42, 0x00, 0x6A, 0x02, 0, 0, 0, 4];
    const BEFORE_MINOR: [u8; 8] = [0x42, 0x00, 0x6B, 0x02, 0, 0, 0, 4];
    let after_header = start.get(16..)?.strip_prefix(&BEFORE_MAJOR)?;
    let (major, rest) = after_header.split_first_chunk::<8>()?;
    let (minor, _) = rest.strip_prefix(&BEFORE_MINOR)?.split_first_chunk::<8>()?;
    match (major, minor) {
        ([0, 0, 0, 1, 0, 0, 0, 0], [0, 0, 0, minor @ 0..=4, 0, 0, 0, 0]) => Some((1, i32::from(*minor))),
        ([0, 0, 0, 2, 0, 0, 0, 0], [0, 0, 0, minor @ 0..=1, 0, 0, 0, 0]) => Some((2, i32::from(*minor))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(major: u8, minor: u8) -> Vec<u8> {
        let mut bytes = vec![0x42, 0, 0x78, 1, 0x7f, 0, 0, 0, 0x42, 0, 0x77, 1, 0, 0, 0, 0x38];
        bytes.extend([0x42, 0, 0x69, 1, 0, 0, 0, 0x20]);
        bytes.extend([0x42, 0, 0x6A, 2, 0, 0, 0, 4, 0, 0, 0, major, 0, 0, 0, 0]);
        bytes.extend([0x42, 0, 0x6B, 2, 0, 0, 0, 4, 0, 0, 0, minor, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn a_refusal_speaks_the_version_of_the_request() {
        assert_eq!(version(&start(1, 4)), Some((1, 4)));
        assert_eq!(version(&start(2, 1)), Some((2, 1)));
    }

    #[test]
    fn a_version_that_does_not_exist_or_has_not_arrived_is_not_repeated() {
        assert_eq!(version(&start(1, 9)), None);
        assert_eq!(version(&start(3, 0)), None);
        assert_eq!(version(&start(1, 4)[..40]), None);
    }

    #[test]
    fn a_refusal_is_a_whole_response_message() {
        let bytes = too_long(&start(1, 2));
        assert_eq!(kmip::ttlv::frame::response_length(&bytes, 4096), Ok(Some(bytes.len())));
    }
}
