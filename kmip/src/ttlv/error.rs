//! Says why bytes are not the message they should be.

use crate::tag::Tag;
use crate::ttlv::ItemType;

/// Why TTLV could not be read. Offsets count from the first byte given to [`parse`](super::parse); no variant
/// carries bytes of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end inside an item. More bytes may help.
    #[error("item at {offset} is cut off")]
    Truncated {
        /// Where the item begins.
        offset: usize,
    },
    /// A message or string is larger than the reader takes.
    #[error("{tag} at {offset} announces {bytes} bytes, at most {max} are taken")]
    TooLong {
        /// Where the item begins.
        offset: usize,
        /// The item's tag.
        tag: Tag,
        /// What it announces.
        bytes: usize,
        /// What is taken.
        max: usize,
    },
    /// Structures are nested deeper than the reader takes.
    #[error("{tag} at {offset} is nested too deep")]
    TooDeep {
        /// Where the item begins.
        offset: usize,
        /// The item's tag.
        tag: Tag,
    },
    /// There are more items than the reader takes.
    #[error("too many items, the first too many at {offset}")]
    TooManyItems {
        /// Where the first item too many begins.
        offset: usize,
    },
    /// The bytes break a rule of the encoding: tag, type, length, boolean, text.
    #[error("malformed item at {offset}: {fault}")]
    Malformed {
        /// Where the item begins.
        offset: usize,
        /// The rule that is broken.
        fault: Fault,
    },
    /// Bytes follow the message.
    #[error("bytes follow the message at {offset}")]
    Trailing {
        /// Where the surplus begins.
        offset: usize,
    },
    /// A field has another type than its tag demands.
    #[error("{tag} at {offset} is not of type {expected:?}")]
    WrongType {
        /// Where the item begins.
        offset: usize,
        /// The item's tag.
        tag: Tag,
        /// The type its tag demands.
        expected: ItemType,
    },
    /// A field has the right type and a value it must not have.
    #[error("{tag} at {offset} has a value it must not have")]
    BadValue {
        /// Where the item begins.
        offset: usize,
        /// The item's tag.
        tag: Tag,
    },
    /// A required field is not there.
    #[error("{tag} is missing in {within} at {offset}")]
    Missing {
        /// Where the structure begins.
        offset: usize,
        /// The structure.
        within: Tag,
        /// The field.
        tag: Tag,
    },
    /// A field stands where the standard has none of its name.
    #[error("{tag} at {offset} does not belong in {within}")]
    Unexpected {
        /// Where the item begins.
        offset: usize,
        /// The structure.
        within: Tag,
        /// The item's tag.
        tag: Tag,
    },
    /// A field that may occur once occurs again.
    #[error("{tag} at {offset} is there twice")]
    Repeated {
        /// Where the second begins.
        offset: usize,
        /// The item's tag.
        tag: Tag,
    },
}

/// The rule of the encoding that an item breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The tag's first byte is neither 42 nor 54.
    #[error("not a tag")]
    NotATag,
    /// No such type.
    #[error("no such type")]
    NoSuchType,
    /// The length does not fit the type.
    #[error("length does not fit the type")]
    Length,
    /// The item reaches beyond the structure around it.
    #[error("reaches beyond its structure")]
    BeyondStructure,
    /// A boolean is neither zero nor one.
    #[error("boolean is neither 0 nor 1")]
    Boolean,
    /// Text is not UTF-8.
    #[error("text is not UTF-8")]
    Text,
}

impl DecodeError {
    /// Whether the encoding itself is broken or too large, so that nothing in the message can be trusted. Otherwise
    /// the encoding is sound and a field is wrong, which fails the batch item that holds it.
    #[must_use]
    pub fn is_encoding(&self) -> bool {
        match self {
            DecodeError::Truncated { .. }
            | DecodeError::TooLong { .. }
            | DecodeError::TooDeep { .. }
            | DecodeError::TooManyItems { .. }
            | DecodeError::Malformed { .. }
            | DecodeError::Trailing { .. } => true,
            DecodeError::WrongType { .. }
            | DecodeError::BadValue { .. }
            | DecodeError::Missing { .. }
            | DecodeError::Unexpected { .. }
            | DecodeError::Repeated { .. } => false,
        }
    }
}
