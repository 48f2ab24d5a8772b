//! Join Split Key: makes a key of its parts.
//!
//! Rules: KMIP 1.4, section 4.39; KMIP 2.1, section 6.1.27.

use crate::attribute::Attributes;
use crate::enums::{ObjectType, SecretDataType};
use crate::field::{List, structure};
use crate::identifier::Identifier;
use crate::mask::ProtectionStorageMasks;

structure! {
    /// What Join Split Key is given.
    #[derive(Clone, Copy)]
    JoinSplitKeyRequest<'a> {
        /// What to make.
        object_type: ObjectType = OBJECT_TYPE,
        /// The parts.
        unique_identifiers: List<'a, Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// Kind of secret data, if that is made.
        secret_data_type: Option<SecretDataType> = SECRET_DATA_TYPE,
        /// Attributes of the new object.
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE | ATTRIBUTES,
        /// Storage that is permitted (2.x).
        protection_storage_masks: Option<ProtectionStorageMasks<'a>> = PROTECTION_STORAGE_MASKS,
    }
}

structure! {
    /// What Join Split Key yields.
    #[derive(Clone, Copy)]
    JoinSplitKeyResponse<'a> {
        /// The new object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// Attributes that the server chose (1.x).
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE,
    }
}
