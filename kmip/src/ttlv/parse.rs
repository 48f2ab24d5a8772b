//! Checks a message's encoding, once and whole.
//!
//! Separate from `item` because only this file may make an [`Item`] of unchecked bytes.
//! Does not trust: a single byte of the input. Works without recursion: depth is a loop variable with a bound.

use super::error::{DecodeError, Fault};
use super::item::{HEADER_BYTES, Header, Item, ItemType};
use super::limits::Limits;

/// Deepest nesting that any [`Limits`] can allow: the open structures are kept in an array of this size.
pub(crate) const DEPTH_MAX: usize = 32;

/// Checks that `bytes` are exactly one item, and lends it.
///
/// # Errors
/// A [`DecodeError`] for which [`is_encoding`](DecodeError::is_encoding) holds.
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Item<'a>, DecodeError> {
    if let Some(header) = Header::read(bytes, 0)?
        && bytes.len() > limits.message_bytes
    {
        return Err(DecodeError::TooLong {
            offset: 0,
            tag: header.tag,
            bytes: bytes.len(),
            max: limits.message_bytes,
        });
    }
    let end = check(bytes, limits, false)?;
    if end != bytes.len() {
        return Err(DecodeError::Trailing { offset: end });
    }
    Item::first_of(bytes).ok_or(DecodeError::Truncated { offset: 0 })
}

/// Checks that `bytes` are a sequence of items, possibly none: the inside of a structure that was stored.
///
/// # Errors
/// A [`DecodeError`] for which [`is_encoding`](DecodeError::is_encoding) holds.
pub fn parse_sequence<'a>(bytes: &'a [u8], limits: &Limits) -> Result<super::Children<'a>, DecodeError> {
    check(bytes, limits, true)?;
    Ok(super::Children::of_checked(bytes))
}

/// Walks one item (or a sequence) with everything inside and returns where it ends.
fn check(bytes: &[u8], limits: &Limits, sequence: bool) -> Result<usize, DecodeError> {
    // Where each open structure ends. `open` counts them.
    let mut ends = [0_usize; DEPTH_MAX];
    let mut open = 0_usize;
    let mut items = 0_usize;
    let mut at = 0_usize;
    loop {
        // Close what ends here.
        while open > 0 && ends.get(open - 1) == Some(&at) {
            open -= 1;
        }
        if open == 0 && ((items > 0 && !sequence) || (sequence && at == bytes.len())) {
            return Ok(at);
        }
        let offset = at;
        let end = if open == 0 { bytes.len() } else { ends.get(open - 1).copied().unwrap_or(0) };
        let beyond = if open == 0 {
            DecodeError::Truncated { offset }
        } else {
            DecodeError::Malformed { offset, fault: Fault::BeyondStructure }
        };
        let Some(rest) = bytes.get(offset..end) else { return Err(beyond) };
        let Some(header) = Header::read(rest, offset)? else { return Err(beyond) };
        items += 1;
        if items > limits.items {
            return Err(DecodeError::TooManyItems { offset });
        }
        let body = offset + HEADER_BYTES;
        if header.ty == ItemType::Structure {
            if header.length % 8 != 0 {
                return Err(DecodeError::Malformed { offset, fault: Fault::Length });
            }
            if header.length > end - body {
                return Err(beyond);
            }
            if open >= limits.depth.min(DEPTH_MAX) {
                return Err(DecodeError::TooDeep { offset, tag: header.tag });
            }
            if let Some(slot) = ends.get_mut(open) {
                *slot = body + header.length;
            }
            open += 1;
            at = body;
        } else {
            let padded = header.check_leaf(offset, limits)?;
            if padded > end - body {
                return Err(beyond);
            }
            at = body + padded;
            header.check_value(offset, bytes.get(body..body + header.length).unwrap_or_default())?;
        }
    }
}

impl Header {
    /// Bytes that the value takes with its padding, if the length fits the type and the bounds.
    #[inline]
    fn check_leaf(&self, offset: usize, limits: &Limits) -> Result<usize, DecodeError> {
        let fits = match self.ty {
            ItemType::Integer | ItemType::Enumeration | ItemType::Interval => self.length == 4,
            ItemType::LongInteger | ItemType::Boolean | ItemType::DateTime | ItemType::DateTimeExtended => {
                self.length == 8
            }
            // An empty big integer is no number.
            ItemType::BigInteger => self.length.is_multiple_of(8) && self.length > 0,
            ItemType::TextString | ItemType::ByteString => true,
            ItemType::Structure => false,
        };
        if !fits {
            return Err(DecodeError::Malformed { offset, fault: Fault::Length });
        }
        if self.length > limits.string_bytes.max(8) {
            let max = limits.string_bytes;
            return Err(DecodeError::TooLong { offset, tag: self.tag, bytes: self.length, max });
        }
        Ok(self.padded())
    }

    #[inline]
    fn check_value(&self, offset: usize, value: &[u8]) -> Result<(), DecodeError> {
        match self.ty {
            ItemType::Boolean if !matches!(value, [0, 0, 0, 0, 0, 0, 0, 0 | 1]) => {
                Err(DecodeError::Malformed { offset, fault: Fault::Boolean })
            }
            ItemType::TextString if core::str::from_utf8(value).is_err() => {
                Err(DecodeError::Malformed { offset, fault: Fault::Text })
            }
            _ => Ok(()),
        }
    }
}
