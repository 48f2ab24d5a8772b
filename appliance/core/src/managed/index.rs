//! What Locate can find an object by: field number and exact bytes, for the blind index of the keystore.
//!
//! A field's number is the attribute's tag. A value is its TTLV type and its bytes, so that equal values of any
//! protocol version are equal here. Secrets are no attributes; nothing here is one.
//! Rules: KMIP 1.4, section 4.10 (Locate compares for equality except dates, which are ranges).

use super::Managed;
use kmip::attribute::{AttributeName, AttributeValue};
use kmip::enums::Enumeration;
use kmip::mask::StorageStatusMask;
use kmip::tag::Tag;
use kmip::ttlv::Writer;
use kmip::version::Version;

/// Longest value that is indexed; longer ones are found by looking at each candidate.
const VALUE_BYTES_MAX: usize = 1024;

/// One indexed field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// Which.
    pub field: u32,
    /// Its exact bytes.
    pub value: Vec<u8>,
}

impl Indexed {
    /// The index entry of an attribute's value; `None` if it is not found by index: dates (asked for by range),
    /// what the clock moves, what is too long.
    #[must_use]
    pub fn of(name: &AttributeName<'_>, value: &AttributeValue<'_>) -> Option<Self> {
        if matches!(value, AttributeValue::DateTime(_) | AttributeValue::DateTimeExtended(_)) {
            return None;
        }
        let (field, prefix) = match name {
            AttributeName::Standard(
                Tag::STATE | Tag::LEASE_TIME | Tag::USAGE_LIMITS | Tag::CRYPTOGRAPHIC_USAGE_MASK | Tag::FRESH,
            ) => return None,
            AttributeName::Standard(tag) => (tag.number(), Vec::new()),
            AttributeName::Vendor { vendor, name } => {
                let mut prefix = vendor.as_bytes().to_vec();
                prefix.push(0);
                prefix.extend_from_slice(name.as_bytes());
                prefix.push(0);
                (Tag::ATTRIBUTE.number(), prefix)
            }
            AttributeName::Unknown(_) => return None,
        };
        let mut bytes = prefix;
        let mut writer = Writer::new(&mut bytes, VALUE_BYTES_MAX);
        value.encode(Tag::ATTRIBUTE_VALUE, None, Version::V2_1, &mut writer);
        writer.finish().ok()?;
        Some(Self { field, value: bytes })
    }

    /// The index entry of where an object is: on line, archived, or destroyed.
    #[must_use]
    pub fn storage(mask: StorageStatusMask) -> Self {
        Self { field: Tag::STORAGE_STATUS_MASK.number(), value: mask.bits().to_be_bytes().to_vec() }
    }

    /// The index entry of an object type.
    #[must_use]
    pub fn object_type(code: u32) -> Self {
        Self { field: Tag::OBJECT_TYPE.number(), value: code.to_be_bytes().to_vec() }
    }
}

impl Managed {
    /// Where it is. Only operations move it, never the clock, so that the index is always right.
    #[must_use]
    pub fn storage(&self) -> StorageStatusMask {
        if self.stored_state().is_destroyed() {
            StorageStatusMask::DESTROYED_STORAGE
        } else if self.is_archived() {
            StorageStatusMask::ARCHIVAL_STORAGE
        } else {
            StorageStatusMask::ON_LINE_STORAGE
        }
    }

    /// Calls `entry` with everything that this object is found by.
    pub fn index(&self, entry: &mut dyn FnMut(u32, &[u8])) {
        if self.internal {
            return;
        }
        let ty = Indexed::object_type(self.object_type.code());
        entry(ty.field, &ty.value);
        // A question that does not say otherwise is for what is stored; what is hidden is not found by it.
        if !self.is_hidden_from_others() {
            let storage = Indexed::storage(self.storage());
            entry(storage.field, &storage.value);
        }
        for attribute in self.attributes.all() {
            let indexed = attribute.value.as_ref().and_then(|value| Indexed::of(&attribute.name, value));
            if let Some(indexed) = indexed {
                entry(indexed.field, &indexed.value);
            }
        }
    }
}
