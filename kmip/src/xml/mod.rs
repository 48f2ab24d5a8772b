//! The XML encoding of the profiles, to TTLV and back.
//!
//! Separate, and behind a feature, because only HTTPS bodies and test cases use it. A message in XML means what its TTLV means, so it is
//! turned into TTLV and then read as any other; sizes and limits are those of the TTLV.
//! Does not trust: the text. There are no document types, no entities but the predefined, no recursion.
//! Rules: KMIP Additional Message Encodings 1.0, section 6; KMIP Profiles 2.1, section 5.5.

mod decode;
mod encode;
mod reader;

#[cfg(test)]
mod tests;

pub use decode::{messages, to_ttlv};
pub use encode::from_ttlv;

/// Why XML is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Not well formed, or more XML than a message needs (a document type, character data).
    #[error("not the XML of a message, at byte {offset}")]
    Syntax {
        /// Where.
        offset: usize,
    },
    /// An element names no tag.
    #[error("no such tag, at byte {offset}")]
    UnknownTag {
        /// Where.
        offset: usize,
    },
    /// A type names none.
    #[error("no such type, at byte {offset}")]
    UnknownType {
        /// Where.
        offset: usize,
    },
    /// A value is not of its type.
    #[error("value does not fit its type, at byte {offset}")]
    Value {
        /// Where.
        offset: usize,
    },
    /// Too deep, too many items, or too long.
    #[error("more than is taken, at byte {offset}")]
    Limit {
        /// Where.
        offset: usize,
    },
}
