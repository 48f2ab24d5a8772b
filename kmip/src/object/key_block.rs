//! The key block: a key in some format, perhaps wrapped, perhaps absent.
//!
//! Rules: KMIP 1.4, sections 2.1.3 and 2.1.4.

use super::material::KeyMaterial;
use super::wrapping::KeyWrappingData;
use crate::attribute::InlineAttributes;
use crate::enums::{CryptographicAlgorithm, KeyCompressionType, KeyFormatType};
use crate::field::{Field, structure};
use crate::tag::Tag;
use crate::ttlv::{DecodeError, Item, ItemType, Writer};
use crate::version::Version;

structure! {
    /// A key with what is needed to read it.
    #[derive(Clone, Copy)]
    KeyBlock<'a> {
        /// Format of the key material.
        format: KeyFormatType = KEY_FORMAT_TYPE,
        /// How a point of an elliptic curve is written.
        compression: Option<KeyCompressionType> = KEY_COMPRESSION_TYPE,
        /// The key; absent if only its attributes are registered.
        value: Option<KeyValue<'a>> = KEY_VALUE,
        /// Algorithm; may be left out if the material tells, or a client does not say.
        algorithm: Option<CryptographicAlgorithm> = CRYPTOGRAPHIC_ALGORITHM,
        /// Length in bits; may be left out as the algorithm.
        length: Option<i32> = CRYPTOGRAPHIC_LENGTH,
        /// How the key is wrapped, if it is.
        wrapping: Option<KeyWrappingData<'a>> = KEY_WRAPPING_DATA,
    }
}

/// A key value in clear or wrapped.
#[derive(Clone, Copy)]
pub enum KeyValue<'a> {
    /// Wrapped: what was wrapped depends on the encoding option of the wrapping data.
    Wrapped(&'a [u8]),
    /// In clear.
    Plain(PlainKeyValue<'a>),
}

structure! {
    /// Key material with the attributes that travel with it.
    #[derive(Clone, Copy)]
    PlainKeyValue<'a> {
        /// The key itself.
        material: KeyMaterial<'a> = KEY_MATERIAL,
        /// Attributes.
        attributes: InlineAttributes<'a> = ATTRIBUTE | ATTRIBUTES,
    }
}

impl<'a> KeyValue<'a> {
    /// Key material in clear, without attributes.
    #[must_use]
    pub fn plain(material: KeyMaterial<'a>) -> Self {
        KeyValue::Plain(PlainKeyValue { material, attributes: InlineAttributes::default() })
    }
}

impl<'a> Field<'a> for KeyValue<'a> {
    fn decode(item: Item<'a>, version: Version) -> Result<Self, DecodeError> {
        match item.ty() {
            ItemType::ByteString => item.bytes().map(KeyValue::Wrapped),
            _ => PlainKeyValue::decode(item, version).map(KeyValue::Plain),
        }
    }

    fn encode(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        match self {
            KeyValue::Wrapped(bytes) => out.bytes(tag, bytes),
            KeyValue::Plain(value) => value.encode(tag, version, out),
        }
    }
}
