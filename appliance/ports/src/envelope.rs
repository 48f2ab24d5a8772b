//! Requests and replies of the control plane: a number to match them by, then postcard.
//!
//! Replies may come in any order; the number says which request they answer.

use serde::{Serialize, de::DeserializeOwned};

/// Matches a reply to its request on one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Correlation(pub u64);

/// Bytes that are no message of this kind. The link they came on is to be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the peer sent bytes that are not a message of this link")]
pub struct NotAMessage;

/// Appends correlation and message: the content of one frame.
pub fn write<M: Serialize>(out: &mut Vec<u8>, correlation: Correlation, message: &M) {
    out.extend_from_slice(&correlation.0.to_be_bytes());
    // Serialising into memory fails only for types whose length is unknown in advance; ours are all plain.
    let taken = core::mem::take(out);
    match postcard::to_extend(message, taken) {
        Ok(done) => *out = done,
        Err(_) => out.clear(),
    }
}

/// Reads what [`write`] wrote; every byte must be used.
///
/// # Errors
/// [`NotAMessage`] for anything else.
pub fn read<M: DeserializeOwned>(content: &[u8]) -> Result<(Correlation, M), NotAMessage> {
    let (number, body) = content.split_first_chunk::<8>().ok_or(NotAMessage)?;
    let (message, rest) = postcard::take_from_bytes(body).map_err(|_| NotAMessage)?;
    if rest.is_empty() { Ok((Correlation(u64::from_be_bytes(*number)), message)) } else { Err(NotAMessage) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_with_its_correlation() {
        let mut out = vec![9];
        write(&mut out, Correlation(7), &("a".to_owned(), 3u32));
        assert_eq!(out[0], 9, "what was there before stays");
        assert_eq!(read::<(String, u32)>(&out[1..]), Ok((Correlation(7), ("a".to_owned(), 3))));
    }

    #[test]
    fn bytes_too_few_or_too_many_are_no_message() {
        let mut out = Vec::new();
        write(&mut out, Correlation(7), &3u32);
        out.push(0);
        assert_eq!(read::<u32>(&out), Err(NotAMessage));
        assert_eq!(read::<u32>(&out[..4]), Err(NotAMessage));
    }
}
