//! Create Split Key: splits a key, or makes one and splits it.
//!
//! Rules: KMIP 1.4, section 4.38; KMIP 2.1, section 6.1.10.

use crate::attribute::Attributes;
use crate::enums::{ObjectType, SplitKeyMethod};
use crate::field::{List, structure};
use crate::identifier::Identifier;
use crate::mask::ProtectionStorageMasks;
use crate::primitive::BigInteger;

structure! {
    /// What Create Split Key is given.
    #[derive(Clone, Copy)]
    CreateSplitKeyRequest<'a> {
        /// What to make.
        object_type: ObjectType = OBJECT_TYPE,
        /// The key to split; absent means a new one.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// How many parts.
        parts: i32 = SPLIT_KEY_PARTS,
        /// How many shall be needed.
        threshold: i32 = SPLIT_KEY_THRESHOLD,
        /// How.
        method: SplitKeyMethod = SPLIT_KEY_METHOD,
        /// The prime, for sharing in a prime field.
        prime_field_size: Option<BigInteger<'a>> = PRIME_FIELD_SIZE,
        /// Attributes of the new object.
        attributes: Attributes<'a> = TEMPLATE_ATTRIBUTE | ATTRIBUTES,
        /// Storage that is permitted (2.x).
        protection_storage_masks: Option<ProtectionStorageMasks<'a>> = PROTECTION_STORAGE_MASKS,
    }
}

structure! {
    /// What Create Split Key yields.
    #[derive(Clone, Copy)]
    CreateSplitKeyResponse<'a> {
        /// The parts.
        unique_identifiers: List<'a, Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// Attributes that the server chose (1.x).
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE,
    }
}
