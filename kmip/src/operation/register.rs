//! Register: stores an object that the client has.
//!
//! Rules: KMIP 1.4, section 4.3; KMIP 2.1, section 6.1.43.

use crate::attribute::Attributes;
use crate::enums::ObjectType;
use crate::field::structure;
use crate::identifier::Identifier;
use crate::mask::ProtectionStorageMasks;
use crate::object::Object;

structure! {
    /// What Register is given.
    #[derive(Clone, Copy)]
    RegisterRequest<'a> {
        /// Its type.
        object_type: ObjectType = OBJECT_TYPE,
        /// Attributes of the new object.
        attributes: Attributes<'a> = TEMPLATE_ATTRIBUTE | ATTRIBUTES,
        /// The object itself.
        object: Object<'a> = SYMMETRIC_KEY + PUBLIC_KEY + PRIVATE_KEY + CERTIFICATE + SECRET_DATA + OPAQUE_OBJECT + SPLIT_KEY
            + TEMPLATE + PGP_KEY + CERTIFICATE_REQUEST,
        /// Storage that is permitted (2.x).
        protection_storage_masks: Option<ProtectionStorageMasks<'a>> = PROTECTION_STORAGE_MASKS,
    }
}

structure! {
    /// What Register yields.
    #[derive(Clone, Copy)]
    RegisterResponse<'a> {
        /// The new object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// Attributes that the server chose (1.x).
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE,
    }
}
