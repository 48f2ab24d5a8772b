//! Create: makes a symmetric key.
//!
//! Rules: KMIP 1.4, section 4.1; KMIP 2.1, section 6.1.8.

use crate::attribute::Attributes;
use crate::enums::ObjectType;
use crate::field::structure;
use crate::identifier::Identifier;
use crate::mask::ProtectionStorageMasks;

structure! {
    /// What Create is given.
    #[derive(Clone, Copy)]
    CreateRequest<'a> {
        /// What to make.
        object_type: ObjectType = OBJECT_TYPE,
        /// Attributes of the new object.
        attributes: Attributes<'a> = TEMPLATE_ATTRIBUTE | ATTRIBUTES,
        /// Storage that is permitted (2.x).
        protection_storage_masks: Option<ProtectionStorageMasks<'a>> = PROTECTION_STORAGE_MASKS,
    }
}

structure! {
    /// What Create yields.
    #[derive(Clone, Copy)]
    CreateResponse<'a> {
        /// What was made.
        object_type: ObjectType = OBJECT_TYPE,
        /// The new object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// Attributes that the server chose (1.x).
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE,
    }
}
