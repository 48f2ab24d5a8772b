//! The value of an attribute: any TTLV type, its type kept.
//!
//! Structured values are kept as their encoded children, checked once: they compare, store and re-encode byte for byte, and
//! typed views ([`StructureValue::read`]) read them in place.

use std::borrow::Cow;
use std::fmt;

use super::structures::{CryptographicParameters, Digest, Link, Name, UsageLimits};
use crate::field::Field;
use crate::tag::Tag;
use crate::ttlv::{Children, DecodeError, Item, ItemType, Limits, Writer, parse_sequence};
use crate::version::Version;

/// A value of any type. `Debug` tells the type and the size only: a custom attribute may hold anything.
#[derive(Clone, PartialEq)]
pub enum AttributeValue<'a> {
    /// Integer, also for masks.
    Integer(i32),
    /// Long Integer.
    LongInteger(i64),
    /// Big Integer: two's complement, big-endian.
    BigInteger(Cow<'a, [u8]>),
    /// Enumeration, by number.
    Enumeration(u32),
    /// Boolean.
    Boolean(bool),
    /// Text String.
    Text(Cow<'a, str>),
    /// Byte String.
    Bytes(Cow<'a, [u8]>),
    /// Date-Time in seconds since 1970.
    DateTime(i64),
    /// Interval in seconds.
    Interval(u32),
    /// Date-Time Extended in microseconds since 1970.
    DateTimeExtended(i64),
    /// Structure.
    Structure(StructureValue<'a>),
}

/// The children of a structured value, encoded and known to be sound. No `Debug`.
#[derive(Clone, PartialEq)]
pub struct StructureValue<'a> {
    encoded: Cow<'a, [u8]>,
}

impl<'a> StructureValue<'a> {
    /// The structure `value` as version 2.1 has it, whole; encoding for an older version leaves out what that lacks.
    #[must_use]
    pub fn of<'s>(value: &impl Field<'s>) -> StructureValue<'static> {
        StructureValue::of_version(value, Version::V2_1)
    }

    /// The structure `value` as another version has it: for those that 2.x has no more.
    #[must_use]
    pub fn of_version<'s>(value: &impl Field<'s>, version: Version) -> StructureValue<'static> {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, usize::MAX);
        value.encode(Tag::ATTRIBUTE_VALUE, version, &mut writer);
        // Unbounded, so it cannot fail; then the structure's own header goes.
        let _ = writer.finish();
        out.drain(..out.len().min(8));
        StructureValue { encoded: Cow::Owned(out) }
    }

    /// Encoded children that were stored, checked again.
    ///
    /// # Errors
    /// [`DecodeError`]: they are not sound TTLV.
    pub fn from_encoded(encoded: Cow<'a, [u8]>) -> Result<Self, DecodeError> {
        parse_sequence(&encoded, &Limits::DEFAULT)?;
        Ok(StructureValue { encoded })
    }

    /// The encoded children.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// The children.
    #[must_use]
    pub fn children(&self) -> Children<'_> {
        Item::of_structure(Tag::ATTRIBUTE_VALUE, &self.encoded).children().unwrap_or_default()
    }

    /// The structure as the type it should be; fields of every version are accepted.
    ///
    /// # Errors
    /// [`DecodeError`]: it is another structure.
    pub fn read<'s, T: Field<'s>>(&'s self) -> Result<T, DecodeError> {
        T::decode(Item::of_structure(Tag::ATTRIBUTE_VALUE, &self.encoded), Version::V2_1)
    }
}

impl<'a> AttributeValue<'a> {
    /// Reads any item's value.
    ///
    /// # Errors
    /// None for a parsed item; the signature leaves room.
    pub fn decode(item: Item<'a>) -> Result<Self, DecodeError> {
        Ok(match item.ty() {
            ItemType::Structure => {
                AttributeValue::Structure(StructureValue { encoded: Cow::Borrowed(item.value()) })
            }
            ItemType::Integer => AttributeValue::Integer(item.integer()?),
            ItemType::LongInteger => AttributeValue::LongInteger(item.long_integer()?),
            ItemType::BigInteger => AttributeValue::BigInteger(Cow::Borrowed(item.big_integer()?)),
            ItemType::Enumeration => AttributeValue::Enumeration(item.enumeration()?),
            ItemType::Boolean => AttributeValue::Boolean(item.boolean()?),
            ItemType::TextString => AttributeValue::Text(Cow::Borrowed(item.text()?)),
            ItemType::ByteString => AttributeValue::Bytes(Cow::Borrowed(item.bytes()?)),
            ItemType::DateTime => AttributeValue::DateTime(item.date_time()?),
            ItemType::Interval => AttributeValue::Interval(item.interval()?),
            ItemType::DateTimeExtended => AttributeValue::DateTimeExtended(item.date_time_extended()?),
        })
    }

    /// Writes the value as an item called `tag`; `attribute` is which one it is, if the standard's: a structure is
    /// written without the fields that `version` lacks.
    pub fn encode(&self, tag: Tag, attribute: Option<Tag>, version: Version, out: &mut Writer<'_>) {
        match self {
            AttributeValue::Integer(value) => out.integer(tag, *value),
            AttributeValue::LongInteger(value) => out.long_integer(tag, *value),
            AttributeValue::BigInteger(value) => out.big_integer(tag, value),
            AttributeValue::Enumeration(value) => out.enumeration(tag, *value),
            AttributeValue::Boolean(value) => out.boolean(tag, *value),
            AttributeValue::Text(value) => out.text(tag, value),
            AttributeValue::Bytes(value) => out.bytes(tag, value),
            AttributeValue::DateTime(value) => out.date_time(tag, *value),
            AttributeValue::Interval(value) => out.interval(tag, *value),
            AttributeValue::DateTimeExtended(value) => out.date_time_extended(tag, *value),
            AttributeValue::Structure(value) => match attribute {
                None => out.structure(tag, |out| out.encoded(&value.encoded)),
                Some(attribute) => out.structure(tag, |out| {
                    for child in value.children() {
                        if field_exists(attribute, child.tag(), version) {
                            out.item(child.tag(), &child);
                        }
                    }
                }),
            },
        }
    }

    /// The type on the wire.
    #[must_use]
    pub fn ty(&self) -> ItemType {
        match self {
            AttributeValue::Integer(_) => ItemType::Integer,
            AttributeValue::LongInteger(_) => ItemType::LongInteger,
            AttributeValue::BigInteger(_) => ItemType::BigInteger,
            AttributeValue::Enumeration(_) => ItemType::Enumeration,
            AttributeValue::Boolean(_) => ItemType::Boolean,
            AttributeValue::Text(_) => ItemType::TextString,
            AttributeValue::Bytes(_) => ItemType::ByteString,
            AttributeValue::DateTime(_) => ItemType::DateTime,
            AttributeValue::Interval(_) => ItemType::Interval,
            AttributeValue::DateTimeExtended(_) => ItemType::DateTimeExtended,
            AttributeValue::Structure(_) => ItemType::Structure,
        }
    }

    /// The same, owning its bytes.
    #[must_use]
    pub fn into_owned(self) -> AttributeValue<'static> {
        match self {
            AttributeValue::Integer(value) => AttributeValue::Integer(value),
            AttributeValue::LongInteger(value) => AttributeValue::LongInteger(value),
            AttributeValue::BigInteger(value) => AttributeValue::BigInteger(Cow::Owned(value.into_owned())),
            AttributeValue::Enumeration(value) => AttributeValue::Enumeration(value),
            AttributeValue::Boolean(value) => AttributeValue::Boolean(value),
            AttributeValue::Text(value) => AttributeValue::Text(Cow::Owned(value.into_owned())),
            AttributeValue::Bytes(value) => AttributeValue::Bytes(Cow::Owned(value.into_owned())),
            AttributeValue::DateTime(value) => AttributeValue::DateTime(value),
            AttributeValue::Interval(value) => AttributeValue::Interval(value),
            AttributeValue::DateTimeExtended(value) => AttributeValue::DateTimeExtended(value),
            AttributeValue::Structure(value) => {
                AttributeValue::Structure(StructureValue { encoded: Cow::Owned(value.encoded.into_owned()) })
            }
        }
    }

    /// A text value.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        AttributeValue::Text(Cow::Borrowed(text))
    }

    /// A structured value.
    #[must_use]
    pub fn structure<'s>(value: &impl Field<'s>) -> AttributeValue<'static> {
        AttributeValue::Structure(StructureValue::of(value))
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            AttributeValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if it is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i32> {
        match self {
            AttributeValue::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The enumeration's number, if it is one.
    #[must_use]
    pub fn as_enumeration(&self) -> Option<u32> {
        match self {
            AttributeValue::Enumeration(value) => Some(*value),
            _ => None,
        }
    }

    /// The seconds of a Date-Time, if it is one.
    #[must_use]
    pub fn as_date_time(&self) -> Option<i64> {
        match self {
            AttributeValue::DateTime(value) => Some(*value),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    #[must_use]
    pub fn as_boolean(&self) -> Option<bool> {
        match self {
            AttributeValue::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// The structure, read as the type `T`, if it is one.
    #[must_use]
    pub fn as_structure<'s, T: Field<'s>>(&'s self) -> Option<T> {
        match self {
            AttributeValue::Structure(value) => value.read().ok(),
            _ => None,
        }
    }

    /// A Name.
    #[must_use]
    pub fn as_name(&self) -> Option<Name<'_>> {
        self.as_structure()
    }

    /// A Link.
    #[must_use]
    pub fn as_link(&self) -> Option<Link<'_>> {
        self.as_structure()
    }

    /// Cryptographic Parameters.
    #[must_use]
    pub fn as_cryptographic_parameters(&self) -> Option<CryptographicParameters<'_>> {
        self.as_structure()
    }

    /// A Digest.
    #[must_use]
    pub fn as_digest(&self) -> Option<Digest<'_>> {
        self.as_structure()
    }

    /// Usage Limits.
    #[must_use]
    pub fn as_usage_limits(&self) -> Option<UsageLimits> {
        self.as_structure()
    }
}

/// Whether `version` has this field in this attribute. Mostly the field's tag tells; the rest is here.
fn field_exists(attribute: Tag, field: Tag, version: Version) -> bool {
    let since = match (attribute, field) {
        // Table 80 of 1.0 has the digest without, table 89 of 1.1 with the key format type.
        (Tag::DIGEST, Tag::KEY_FORMAT_TYPE) => Version::V1_1,
        (Tag::CRYPTOGRAPHIC_PARAMETERS, Tag::CRYPTOGRAPHIC_ALGORITHM | Tag::DIGITAL_SIGNATURE_ALGORITHM) => {
            Version::V1_2
        }
        _ => Version::V1_0,
    };
    version >= since && (field.is_extension() || field.exists_in(version))
}

impl fmt::Debug for AttributeValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.ty())?;
        match self {
            AttributeValue::Text(value) => write!(f, "({} bytes)", value.len()),
            AttributeValue::Bytes(value) | AttributeValue::BigInteger(value) => {
                write!(f, "({} bytes)", value.len())
            }
            AttributeValue::Structure(value) => write!(f, "({} bytes)", value.encoded.len()),
            _ => Ok(()),
        }
    }
}
