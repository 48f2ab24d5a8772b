//! Import: stores an object under the identifier it had elsewhere.
//!
//! Rules: KMIP 1.4, section 4.41; KMIP 2.1, section 6.1.25.

use crate::attribute::InlineAttributes;
use crate::enums::{KeyWrapType, ObjectType};
use crate::field::structure;
use crate::identifier::Identifier;
use crate::object::Object;

structure! {
    /// What Import is given.
    #[derive(Clone, Copy)]
    ImportRequest<'a> {
        /// The identifier it has.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// Its type (2.x).
        object_type: Option<ObjectType> = OBJECT_TYPE since V2_0,
        /// Whether an object of this identifier may be replaced.
        replace_existing: Option<bool> = REPLACE_EXISTING,
        /// Whether to unwrap it before it is stored.
        key_wrap_type: Option<KeyWrapType> = KEY_WRAP_TYPE,
        /// All of the object's attributes.
        attributes: InlineAttributes<'a> = ATTRIBUTE | ATTRIBUTES,
        /// The object itself; absent if it is destroyed.
        object: Option<Object<'a>> = SYMMETRIC_KEY + PUBLIC_KEY + PRIVATE_KEY + CERTIFICATE + SECRET_DATA + OPAQUE_OBJECT + SPLIT_KEY
            + TEMPLATE + PGP_KEY + CERTIFICATE_REQUEST,
    }
}

structure! {
    /// What Import yields.
    #[derive(Clone, Copy)]
    ImportResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
    }
}
