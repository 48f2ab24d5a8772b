//! Re-key: makes a key that replaces another.
//!
//! Rules: KMIP 1.4, section 4.4; KMIP 2.1, section 6.1.46.

use crate::attribute::Attributes;
use crate::field::structure;
use crate::identifier::Identifier;
use crate::mask::ProtectionStorageMasks;
use crate::primitive::Interval;

structure! {
    /// What Re-key is given.
    #[derive(Clone, Copy)]
    ReKeyRequest<'a> {
        /// The key to replace; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// From the initial to the activation date.
        offset: Option<Interval> = OFFSET,
        /// Attributes of the new object.
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE | ATTRIBUTES,
        /// Storage that is permitted (2.x).
        protection_storage_masks: Option<ProtectionStorageMasks<'a>> = PROTECTION_STORAGE_MASKS,
    }
}

structure! {
    /// What Re-key yields.
    #[derive(Clone, Copy)]
    ReKeyResponse<'a> {
        /// The new key.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// Attributes that the server chose (1.x).
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE,
    }
}
