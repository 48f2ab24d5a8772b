//! Walks checked TTLV: an item, its value, its children.
//!
//! Trusts: `parse`, the only maker of items. Still panics on nothing: a bound that did not hold would end the walk.

use super::error::{DecodeError, Fault};
use crate::tag::Tag;

/// Bytes of tag, type and length before each value.
pub(crate) const HEADER_BYTES: usize = 8;

/// The type of a value on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ItemType {
    /// Items in a row.
    Structure = 0x01,
    /// 32 bits, signed.
    Integer = 0x02,
    /// 64 bits, signed.
    LongInteger = 0x03,
    /// Two's complement, big-endian, a multiple of eight bytes.
    BigInteger = 0x04,
    /// 32 bits from a table.
    Enumeration = 0x05,
    /// True or false.
    Boolean = 0x06,
    /// UTF-8.
    TextString = 0x07,
    /// Bytes.
    ByteString = 0x08,
    /// POSIX time in seconds, 64 bits, signed.
    DateTime = 0x09,
    /// Seconds, 32 bits, unsigned.
    Interval = 0x0A,
    /// POSIX time in microseconds, 64 bits, signed (2.0 and later).
    DateTimeExtended = 0x0B,
}

impl ItemType {
    /// From the byte on the wire.
    #[must_use]
    #[inline]
    pub const fn from_byte(byte: u8) -> Option<ItemType> {
        Some(match byte {
            0x01 => ItemType::Structure,
            0x02 => ItemType::Integer,
            0x03 => ItemType::LongInteger,
            0x04 => ItemType::BigInteger,
            0x05 => ItemType::Enumeration,
            0x06 => ItemType::Boolean,
            0x07 => ItemType::TextString,
            0x08 => ItemType::ByteString,
            0x09 => ItemType::DateTime,
            0x0A => ItemType::Interval,
            0x0B => ItemType::DateTimeExtended,
            _ => return None,
        })
    }

    /// The byte on the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

pub(super) struct Header {
    pub(super) tag: Tag,
    pub(super) ty: ItemType,
    pub(super) length: usize,
}

impl Header {
    /// The header at the start of `bytes`; `None` if they are too few.
    #[inline]
    pub(super) fn read(bytes: &[u8], offset: usize) -> Result<Option<Header>, DecodeError> {
        let Some(&[t0, t1, t2, ty, l0, l1, l2, l3]) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let fault = |fault| DecodeError::Malformed { offset, fault };
        let tag = Tag::new(u32::from_be_bytes([0, t0, t1, t2])).ok_or_else(|| fault(Fault::NotATag))?;
        let ty = ItemType::from_byte(ty).ok_or_else(|| fault(Fault::NoSuchType))?;
        let length =
            usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).map_err(|_| fault(Fault::Length))?;
        Ok(Some(Header { tag, ty, length }))
    }

    /// Bytes of the value with its padding.
    #[inline]
    pub(super) fn padded(&self) -> usize {
        self.length.saturating_add(7) & !7
    }
}

/// One checked item, borrowed from the message. No `Debug`: it may hold a password or a key.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    tag: Tag,
    ty: ItemType,
    value: &'a [u8],
    offset: usize,
}

impl<'a> Item<'a> {
    /// The first item of checked bytes.
    #[inline]
    pub(super) fn first_of(checked: &'a [u8]) -> Option<Item<'a>> {
        Children::of_checked(checked).next()
    }

    /// The first item of what our own writer wrote.
    #[cfg(feature = "client")]
    pub(crate) fn of_written(bytes: &'a [u8]) -> Option<Item<'a>> {
        Children::of_checked(bytes).next()
    }

    /// A structure around encoded children that were checked before.
    pub(crate) fn of_structure(tag: Tag, checked: &'a [u8]) -> Item<'a> {
        Item { tag, ty: ItemType::Structure, value: checked, offset: 0 }
    }

    /// Which field it is.
    #[must_use]
    #[inline]
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// What type its value has.
    #[must_use]
    #[inline]
    pub fn ty(&self) -> ItemType {
        self.ty
    }

    /// Where it began in the bytes that were parsed.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The value's bytes, without padding; for a structure, its encoded children.
    #[must_use]
    pub fn value(&self) -> &'a [u8] {
        self.value
    }

    /// The children of a structure.
    ///
    /// # Errors
    /// [`DecodeError::WrongType`] if it is no structure. So for every reader of a value below.
    #[inline]
    pub fn children(&self) -> Result<Children<'a>, DecodeError> {
        self.of_type(ItemType::Structure)?;
        Ok(Children { rest: self.value, offset: self.offset + HEADER_BYTES })
    }

    /// An Integer.
    ///
    /// # Errors
    /// [`DecodeError::WrongType`].
    #[inline]
    pub fn integer(&self) -> Result<i32, DecodeError> {
        self.four(ItemType::Integer).map(i32::from_be_bytes)
    }

    /// A Long Integer.
    ///
    /// # Errors
    /// [`DecodeError::WrongType`].
    pub fn long_integer(&self) -> Result<i64, DecodeError> {
        self.eight(ItemType::LongInteger).map(i64::from_be_bytes)
    }

    /// A Big Integer: two's complement, big-endian, as it is on the wire.
    ///
    /// # Errors
    /// [`DecodeError::WrongType`].
    pub fn big_integer(&self) -> Result<&'a [u8], DecodeError> {
        self.of_type(ItemType::BigInteger)
    }

    /// An Enumeration's number.
    ///
    /// # Errors
    /// [`DecodeError::WrongType`].
    #[inline]
    pub fn enumeration(&self) -> Result<u32, DecodeError> {
        self.four(ItemType::Enumeration).map(u32::from_be_bytes)
    }

    /// A Boolean.
    ///
    /// # Errors
    /// [`DecodeError::WrongType`].
    #[inline]
    pub fn boolean(&self) -> Result<bool, DecodeError> {
        self.eight(ItemType::Boolean).map(|bytes| bytes != [0; 8])
    }

    /// A Text String.
    ///
    /// # Errors
    /// [`DecodeError::WrongType`].
    #[inline]
    pub fn text(&self) -> Result<&'a str, DecodeError> {
        let bytes = self.of_type(ItemType::TextString)?;
        core::str::from_utf8(bytes)
            .map_err(|_| DecodeError::Malformed { offset: self.offset, fault: Fault::Text })
    }

    /// A Byte String.
    ///
    /// # Errors
    /// [`DecodeError::WrongType`].
    #[inline]
    pub fn bytes(&self) -> Result<&'a [u8], DecodeError> {
        self.of_type(ItemType::ByteString)
    }

    /// A Date-Time: seconds since 1970, leap seconds not counted.
    ///
    /// # Errors
    /// [`DecodeError::WrongType`].
    pub fn date_time(&self) -> Result<i64, DecodeError> {
        self.eight(ItemType::DateTime).map(i64::from_be_bytes)
    }

    /// A Date-Time Extended: microseconds since 1970.
    ///
    /// # Errors
    /// [`DecodeError::WrongType`].
    pub fn date_time_extended(&self) -> Result<i64, DecodeError> {
        self.eight(ItemType::DateTimeExtended).map(i64::from_be_bytes)
    }

    /// An Interval in seconds.
    ///
    /// # Errors
    /// [`DecodeError::WrongType`].
    pub fn interval(&self) -> Result<u32, DecodeError> {
        self.four(ItemType::Interval).map(u32::from_be_bytes)
    }

    /// That this field's value is not one it may have.
    #[must_use]
    pub fn bad_value(&self) -> DecodeError {
        DecodeError::BadValue { offset: self.offset, tag: self.tag }
    }

    /// That this field has no place in `within`.
    #[must_use]
    pub fn unexpected_in(&self, within: Tag) -> DecodeError {
        DecodeError::Unexpected { offset: self.offset, within, tag: self.tag }
    }

    /// That this field is there a second time.
    #[must_use]
    pub fn repeated(&self) -> DecodeError {
        DecodeError::Repeated { offset: self.offset, tag: self.tag }
    }

    /// That this structure lacks a field it must have.
    #[must_use]
    pub fn lacks(&self, tag: Tag) -> DecodeError {
        DecodeError::Missing { offset: self.offset, within: self.tag, tag }
    }

    #[inline]
    fn of_type(&self, expected: ItemType) -> Result<&'a [u8], DecodeError> {
        if self.ty == expected {
            Ok(self.value)
        } else {
            Err(DecodeError::WrongType { offset: self.offset, tag: self.tag, expected })
        }
    }

    #[inline]
    fn four(&self, expected: ItemType) -> Result<[u8; 4], DecodeError> {
        self.of_type(expected)?.first_chunk().copied().ok_or_else(|| self.bad_value())
    }

    #[inline]
    fn eight(&self, expected: ItemType) -> Result<[u8; 8], DecodeError> {
        self.of_type(expected)?.first_chunk().copied().ok_or_else(|| self.bad_value())
    }
}

/// The items of a checked structure, in order. Ends early rather than panics. No `Debug`, as [`Item`].
#[derive(Clone, Copy, Default)]
pub struct Children<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Children<'a> {
    #[inline]
    pub(super) fn of_checked(bytes: &'a [u8]) -> Children<'a> {
        Children { rest: bytes, offset: 0 }
    }

    /// The encoded items that were not yet taken.
    #[must_use]
    pub fn encoded(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        let header = Header::read(self.rest, self.offset).ok()??;
        let body = self.rest.get(HEADER_BYTES..)?;
        let value = body.get(..header.length)?;
        let item = Item { tag: header.tag, ty: header.ty, value, offset: self.offset };
        self.rest = body.get(header.padded()..)?;
        self.offset += HEADER_BYTES + header.padded();
        Some(item)
    }
}
