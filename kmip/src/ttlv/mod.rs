//! Reads and writes TTLV, the tag-type-length-value encoding under every KMIP message.
//!
//! Reading is in two steps. [`parse`] walks the bytes once and checks everything that can be checked without
//! knowing the vocabulary: tags, types, lengths, padding, nesting, counts, booleans, text. What it returns, an
//! [`Item`], exists for checked bytes only, so that walking it afterwards cannot fail in structure. Neither step
//! allocates, and values are borrowed from the input.
//!
//! Errors say what is wrong, at which offset and in which tag, and never carry a byte of the input.
//! Rules: KMIP 1.4, section 9.1; KMIP 2.1, section 10.1 (Date Time Extended).

mod error;
pub mod frame;
mod item;
mod limits;
mod parse;
mod writer;

#[cfg(test)]
mod tests;

pub use error::{DecodeError, Fault};
pub use item::{Children, Item, ItemType};
pub use limits::Limits;
pub use parse::{parse, parse_sequence};
#[cfg(feature = "xml")]
pub(crate) use writer::OpenStructure;
pub use writer::{EncodeError, Writer};
