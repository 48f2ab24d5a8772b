//! The JSON encoding of the profiles, to TTLV and back.
//!
//! Separate, and behind a feature, because only HTTPS bodies and people use it. A message in JSON means what its TTLV means, so it is
//! turned into TTLV and then read as any other; sizes and limits are those of the TTLV.
//! Does not trust: the text. Works without recursion; a property that is given twice or that has no meaning is refused.
//! Rules: KMIP Additional Message Encodings 1.0, section 4; KMIP Profiles 2.1, section 5.4; RFC 8259.

mod decode;
mod encode;
mod lexer;

#[cfg(test)]
mod tests;

pub use decode::to_ttlv;
pub use encode::from_ttlv;

/// Why JSON is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// No JSON, or another than that of a message.
    #[error("not the JSON of a message, at byte {offset}")]
    Syntax {
        /// Where.
        offset: usize,
    },
    /// An object names no tag.
    #[error("no such tag, at byte {offset}")]
    UnknownTag {
        /// Where the object begins.
        offset: usize,
    },
    /// A type names none.
    #[error("no such type, at byte {offset}")]
    UnknownType {
        /// Where the object begins.
        offset: usize,
    },
    /// A value is not of its type.
    #[error("value does not fit its type, at byte {offset}")]
    Value {
        /// Where the object begins.
        offset: usize,
    },
    /// Too deep, too many items, or too long.
    #[error("more than is taken, at byte {offset}")]
    Limit {
        /// Where.
        offset: usize,
    },
}
