//! Writes TTLV into a buffer that the caller keeps and reuses.
//!
//! Wipes nothing: a caller that encodes key material or passwords owns the buffer, and wipes it. Give such a buffer its
//! full capacity beforehand: a vector that grows leaves the old bytes behind.

use super::item::{Item, ItemType};
use crate::tag::Tag;

/// Why a message could not be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// It would be longer than the receiver takes (or than the encoding can say).
    #[error("message longer than the {max} bytes allowed")]
    TooLong {
        /// The bound.
        max: usize,
    },
}

/// Appends items to a buffer. When the bound is reached nothing more is appended and [`finish`](Writer::finish) says so.
pub struct Writer<'b> {
    out: &'b mut Vec<u8>,
    start: usize,
    max: usize,
    overflow: bool,
}

/// A structure that is not yet closed.
pub(crate) struct OpenStructure {
    at: usize,
}

impl<'b> Writer<'b> {
    /// Appends to `out`, at most `max` bytes.
    #[must_use]
    pub fn new(out: &'b mut Vec<u8>, max: usize) -> Self {
        let start = out.len();
        Writer { out, start, max, overflow: false }
    }

    /// Ends writing.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`]: the buffer is back to what it held before.
    pub fn finish(self) -> Result<usize, EncodeError> {
        if self.overflow {
            self.out.truncate(self.start);
            return Err(EncodeError::TooLong { max: self.max });
        }
        Ok(self.out.len() - self.start)
    }

    /// A structure; `inside` writes its children.
    pub fn structure(&mut self, tag: Tag, inside: impl FnOnce(&mut Self)) {
        let at = self.open(tag);
        inside(self);
        self.close(at);
    }

    /// Begins a structure; what is written until [`close`](Self::close) is its children.
    pub(crate) fn open(&mut self, tag: Tag) -> OpenStructure {
        let at = self.out.len();
        self.header(tag, ItemType::Structure, 0);
        OpenStructure { at }
    }

    /// Ends the structure that was opened last.
    pub(crate) fn close(&mut self, open: OpenStructure) {
        if self.overflow {
            return;
        }
        let body = self.out.len().saturating_sub(open.at).saturating_sub(8);
        let Ok(length) = u32::try_from(body) else {
            self.overflow = true;
            return;
        };
        if let Some(slot) = self.out.get_mut(open.at + 4..open.at + 8) {
            slot.copy_from_slice(&length.to_be_bytes());
        }
    }

    /// Gives an open structure another tag: an encoding may name it behind its contents.
    #[cfg(feature = "json")]
    pub(crate) fn rename(&mut self, open: &OpenStructure, tag: Tag) {
        let [_, t0, t1, t2] = tag.number().to_be_bytes();
        if let Some(slot) = self.out.get_mut(open.at..open.at.saturating_add(3)).filter(|_| !self.overflow) {
            slot.copy_from_slice(&[t0, t1, t2]);
        }
    }

    /// An Integer.
    pub fn integer(&mut self, tag: Tag, value: i32) {
        self.word(tag, ItemType::Integer, value.to_be_bytes());
    }

    /// A Long Integer.
    pub fn long_integer(&mut self, tag: Tag, value: i64) {
        self.double(tag, ItemType::LongInteger, value.to_be_bytes());
    }

    /// A Big Integer in two's complement, big-endian, of any length: it is sign-extended to a multiple of eight.
    pub fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        let padded = value.len().max(1).saturating_add(7) & !7;
        let sign = if value.first().is_some_and(|first| first & 0x80 != 0) { 0xFF } else { 0x00 };
        if self.header(tag, ItemType::BigInteger, padded) {
            self.out.extend(core::iter::repeat_n(sign, padded - value.len()));
            self.out.extend_from_slice(value);
        }
    }

    /// An Enumeration.
    pub fn enumeration(&mut self, tag: Tag, value: u32) {
        self.word(tag, ItemType::Enumeration, value.to_be_bytes());
    }

    /// A Boolean.
    pub fn boolean(&mut self, tag: Tag, value: bool) {
        self.double(tag, ItemType::Boolean, u64::from(value).to_be_bytes());
    }

    /// A Text String.
    pub fn text(&mut self, tag: Tag, value: &str) {
        self.string(tag, ItemType::TextString, value.as_bytes());
    }

    /// A Text String made of parts.
    pub fn text_of(&mut self, tag: Tag, parts: &[&str]) {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        if self.header(tag, ItemType::TextString, length) {
            parts.iter().for_each(|part| self.out.extend_from_slice(part.as_bytes()));
            self.out.extend(core::iter::repeat_n(0, length.wrapping_neg() & 7));
        }
    }

    /// A Byte String.
    pub fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.string(tag, ItemType::ByteString, value);
    }

    /// A Date-Time: seconds since 1970.
    pub fn date_time(&mut self, tag: Tag, seconds: i64) {
        self.double(tag, ItemType::DateTime, seconds.to_be_bytes());
    }

    /// A Date-Time Extended: microseconds since 1970.
    pub fn date_time_extended(&mut self, tag: Tag, microseconds: i64) {
        self.double(tag, ItemType::DateTimeExtended, microseconds.to_be_bytes());
    }

    /// An Interval in seconds.
    pub fn interval(&mut self, tag: Tag, seconds: u32) {
        self.word(tag, ItemType::Interval, seconds.to_be_bytes());
    }

    /// A checked item, again, under another tag if need be.
    pub fn item(&mut self, tag: Tag, item: &Item<'_>) {
        self.raw(tag, item.ty(), item.value());
    }

    /// A value of any type whose bytes are already in the form of the wire (a structure: its encoded children).
    pub(crate) fn raw(&mut self, tag: Tag, ty: ItemType, value: &[u8]) {
        self.string(tag, ty, value);
    }

    /// Items that are already encoded, inside an open structure.
    pub(crate) fn encoded(&mut self, items: &[u8]) {
        if self.room_for(items.len()) {
            self.out.extend_from_slice(items);
        }
    }

    fn word(&mut self, tag: Tag, ty: ItemType, value: [u8; 4]) {
        let [a, b, c, d] = value;
        if self.header_for(tag, ty, 4, 8) {
            self.out.extend_from_slice(&[a, b, c, d, 0, 0, 0, 0]);
        }
    }

    fn double(&mut self, tag: Tag, ty: ItemType, value: [u8; 8]) {
        if self.header(tag, ty, 8) {
            self.out.extend_from_slice(&value);
        }
    }

    fn string(&mut self, tag: Tag, ty: ItemType, value: &[u8]) {
        if self.header(tag, ty, value.len()) {
            self.out.extend_from_slice(value);
            let padding = value.len().wrapping_neg() & 7;
            self.out.extend(core::iter::repeat_n(0, padding));
        }
    }

    fn header(&mut self, tag: Tag, ty: ItemType, length: usize) -> bool {
        self.header_for(tag, ty, length, length.saturating_add(7) & !7)
    }

    /// Writes a header if it and its `padded` bytes of value have room.
    fn header_for(&mut self, tag: Tag, ty: ItemType, length: usize, padded: usize) -> bool {
        let Ok(length) = u32::try_from(length) else {
            self.overflow = true;
            return false;
        };
        if !self.room_for(padded.saturating_add(8)) {
            return false;
        }
        let [_, t0, t1, t2] = tag.number().to_be_bytes();
        let [l0, l1, l2, l3] = length.to_be_bytes();
        self.out.extend_from_slice(&[t0, t1, t2, ty.byte(), l0, l1, l2, l3]);
        true
    }

    fn room_for(&mut self, bytes: usize) -> bool {
        let used = self.out.len().saturating_sub(self.start);
        if self.overflow || self.max.saturating_sub(used) < bytes {
            self.overflow = true;
        }
        !self.overflow
    }
}
