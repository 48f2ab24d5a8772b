//! TTLV as the specification describes it, read for a second time: the stories' own encoder and reader.
//!
//! Allocates freely and trusts the server's lengths only as far as the bytes reach.
//! Rules: KMIP 1.4, section 9.1.

/// Tags that stories use (KMIP 1.4, section 9.1.3.1).
#[expect(missing_docs, reason = "each is the tag of the same name")]
pub mod tag {
    pub const ATTRIBUTE: u32 = 0x42_0008;
    pub const ATTRIBUTE_NAME: u32 = 0x42_000a;
    pub const ATTRIBUTE_VALUE: u32 = 0x42_000b;
    pub const BATCH_COUNT: u32 = 0x42_000d;
    pub const BATCH_ERROR_CONTINUATION_OPTION: u32 = 0x42_000e;
    pub const BATCH_ITEM: u32 = 0x42_000f;
    pub const BLOCK_CIPHER_MODE: u32 = 0x42_0011;
    pub const CRITICALITY_INDICATOR: u32 = 0x42_0026;
    pub const CRYPTOGRAPHIC_PARAMETERS: u32 = 0x42_002b;
    pub const IV_COUNTER_NONCE: u32 = 0x42_003d;
    pub const KEY_BLOCK: u32 = 0x42_0040;
    pub const KEY_MATERIAL: u32 = 0x42_0043;
    pub const KEY_VALUE: u32 = 0x42_0045;
    pub const MESSAGE_EXTENSION: u32 = 0x42_0051;
    pub const NAME_TYPE: u32 = 0x42_0054;
    pub const NAME_VALUE: u32 = 0x42_0055;
    pub const OBJECT_TYPE: u32 = 0x42_0057;
    pub const OPERATION: u32 = 0x42_005c;
    pub const PROTOCOL_VERSION: u32 = 0x42_0069;
    pub const PROTOCOL_VERSION_MAJOR: u32 = 0x42_006a;
    pub const PROTOCOL_VERSION_MINOR: u32 = 0x42_006b;
    pub const REQUEST_HEADER: u32 = 0x42_0077;
    pub const REQUEST_MESSAGE: u32 = 0x42_0078;
    pub const REQUEST_PAYLOAD: u32 = 0x42_0079;
    pub const RESPONSE_HEADER: u32 = 0x42_007a;
    pub const RESPONSE_MESSAGE: u32 = 0x42_007b;
    pub const RESPONSE_PAYLOAD: u32 = 0x42_007c;
    pub const RESULT_MESSAGE: u32 = 0x42_007d;
    pub const RESULT_REASON: u32 = 0x42_007e;
    pub const RESULT_STATUS: u32 = 0x42_007f;
    pub const REVOCATION_REASON: u32 = 0x42_0081;
    pub const REVOCATION_REASON_CODE: u32 = 0x42_0082;
    pub const SYMMETRIC_KEY: u32 = 0x42_008f;
    pub const TEMPLATE_ATTRIBUTE: u32 = 0x42_0091;
    pub const UNIQUE_BATCH_ITEM_ID: u32 = 0x42_0093;
    pub const UNIQUE_IDENTIFIER: u32 = 0x42_0094;
    pub const VENDOR_EXTENSION: u32 = 0x42_009c;
    pub const VENDOR_IDENTIFICATION: u32 = 0x42_009d;
    pub const DATA: u32 = 0x42_00c2;
    pub const RANDOM_IV: u32 = 0x42_00c5;
    pub const TAG_LENGTH: u32 = 0x42_00ce;
    pub const AUTHENTICATED_ENCRYPTION_TAG: u32 = 0x42_00ff;
}

/// Operations that stories use (KMIP 1.4, section 9.1.3.2.27).
#[expect(missing_docs, reason = "each is the operation of the same name")]
pub mod operation {
    pub const CREATE: u32 = 0x01;
    pub const LOCATE: u32 = 0x08;
    pub const GET: u32 = 0x0a;
    pub const GET_ATTRIBUTES: u32 = 0x0b;
    pub const ACTIVATE: u32 = 0x12;
    pub const REVOKE: u32 = 0x13;
    pub const DESTROY: u32 = 0x14;
    pub const QUERY: u32 = 0x18;
    pub const DISCOVER_VERSIONS: u32 = 0x1e;
    pub const ENCRYPT: u32 = 0x1f;
    pub const DECRYPT: u32 = 0x20;
}

/// Result reasons that stories tell apart (KMIP 1.4, section 9.1.3.2.29).
#[expect(missing_docs, reason = "each is the result reason of the same name")]
pub mod reason {
    pub const ITEM_NOT_FOUND: u32 = 0x01;
    pub const RESPONSE_TOO_LARGE: u32 = 0x02;
    pub const INVALID_MESSAGE: u32 = 0x04;
    pub const OPERATION_NOT_SUPPORTED: u32 = 0x05;
    pub const FEATURE_NOT_SUPPORTED: u32 = 0x08;
    pub const PERMISSION_DENIED: u32 = 0x0c;
    /// KMIP 2.0 and later; where the version of a message cannot be read, the answer is in the server's newest.
    pub const CODEC_ERROR: u32 = 0x26;
    /// KMIP 2.0 and later, likewise.
    pub const UNSUPPORTED_PROTOCOL_VERSION: u32 = 0x3f;
    pub const GENERAL_FAILURE: u32 = 0x100;
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub tag: u32,
    /// Its value.
    pub value: Value,
}

/// A value and, by that, its type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the item type of the same name")]
pub enum Value {
    Structure(Vec<Item>),
    Integer(i32),
    LongInteger(i64),
    BigInteger(Vec<u8>),
    Enumeration(u32),
    Boolean(bool),
    Text(String),
    Bytes(Vec<u8>),
    DateTime(i64),
    Interval(u32),
}

/// A structure.
pub fn structure(tag: u32, items: impl Into<Vec<Item>>) -> Item {
    Item { tag, value: Value::Structure(items.into()) }
}

/// An integer.
#[must_use]
pub fn integer(tag: u32, value: i32) -> Item {
    Item { tag, value: Value::Integer(value) }
}

/// An enumeration.
#[must_use]
pub fn enumeration(tag: u32, value: u32) -> Item {
    Item { tag, value: Value::Enumeration(value) }
}

/// A text string.
#[must_use]
pub fn text(tag: u32, value: &str) -> Item {
    Item { tag, value: Value::Text(value.to_owned()) }
}

/// A byte string.
pub fn bytes(tag: u32, value: impl Into<Vec<u8>>) -> Item {
    Item { tag, value: Value::Bytes(value.into()) }
}

/// A boolean.
#[must_use]
pub fn boolean(tag: u32, value: bool) -> Item {
    Item { tag, value: Value::Boolean(value) }
}

impl Item {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (kind, mut value) = match &self.value {
            Value::Structure(items) => (1, items.iter().flat_map(Self::encode).collect()),
            Value::Integer(value) => (2, value.to_be_bytes().to_vec()),
            Value::LongInteger(value) => (3, value.to_be_bytes().to_vec()),
            Value::BigInteger(value) => (4, value.clone()),
            Value::Enumeration(value) => (5, value.to_be_bytes().to_vec()),
            Value::Boolean(value) => (6, u64::from(*value).to_be_bytes().to_vec()),
            Value::Text(value) => (7, value.as_bytes().to_vec()),
            Value::Bytes(value) => (8, value.clone()),
            Value::DateTime(value) => (9, value.to_be_bytes().to_vec()),
            Value::Interval(value) => (10, value.to_be_bytes().to_vec()),
        };
        let mut out = self.tag.to_be_bytes()[1..].to_vec();
        out.push(kind);
        out.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        value.resize(value.len().next_multiple_of(8), 0);
        out.extend(value);
        out
    }

    /// Reads one item that fills `bytes`.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (item, rest) = Self::first(bytes)?;
        rest.is_empty().then_some(item)
    }

    fn first(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (header, rest) = bytes.split_first_chunk::<8>()?;
        let tag = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let length =
            usize::try_from(u32::from_be_bytes([header[4], header[5], header[6], header[7]])).ok()?;
        let padded = length.next_multiple_of(8);
        let value = rest.get(..length)?;
        let word = || value.try_into().ok().map(u32::from_be_bytes);
        let long = || value.try_into().ok().map(i64::from_be_bytes);
        let value = match header[3] {
            1 => {
                let (mut items, mut left) = (Vec::new(), value);
                while !left.is_empty() {
                    let (item, rest) = Self::first(left)?;
                    items.push(item);
                    left = rest;
                }
                Value::Structure(items)
            }
            2 => Value::Integer(word()?.cast_signed()),
            3 => Value::LongInteger(long()?),
            4 => Value::BigInteger(value.to_vec()),
            5 => Value::Enumeration(word()?),
            6 => Value::Boolean(long()? != 0),
            7 => Value::Text(String::from_utf8(value.to_vec()).ok()?),
            8 => Value::Bytes(value.to_vec()),
            9 => Value::DateTime(long()?),
            10 => Value::Interval(word()?),
            _ => return None,
        };
        Some((Self { tag, value }, rest.get(padded..)?))
    }

    /// What a structure holds; nothing for the rest.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::Structure(items) => items,
            _ => &[],
        }
    }

    /// The first item with this tag, directly within.
    #[must_use]
    pub fn get(&self, tag: u32) -> Option<&Self> {
        self.items().iter().find(|item| item.tag == tag)
    }

    /// Every item with this tag, directly within.
    pub fn all(&self, tag: u32) -> impl Iterator<Item = &Self> {
        self.items().iter().filter(move |item| item.tag == tag)
    }

    /// The first item with this tag, however deep.
    #[must_use]
    pub fn find(&self, tag: u32) -> Option<&Self> {
        self.items().iter().find_map(|item| if item.tag == tag { Some(item) } else { item.find(tag) })
    }

    /// Of a text string.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Of a byte string.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Of an enumeration.
    #[must_use]
    pub const fn as_enumeration(&self) -> Option<u32> {
        match &self.value {
            Value::Enumeration(value) => Some(*value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_examples_are_written_as_it_writes_them() {
        // KMIP 1.4, section 9.1.2.
        let example = structure(0x42_0020, [enumeration(0x42_0004, 254), integer(0x42_0005, 255)]);
        let hex = "42002001000000204200040500000004000000fe000000004200050200000004000000ff00000000";
        let written: String = example.encode().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(written, hex);
        assert_eq!(Item::decode(&example.encode()), Some(example));
    }
}
