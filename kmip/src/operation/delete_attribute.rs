//! Delete Attribute: deletes an attribute, or an instance of one.
//!
//! Rules: KMIP 1.4, section 4.16; KMIP 2.1, section 6.1.13.

use crate::attribute::{AttributeName, OneAttribute};
use crate::field::structure;
use crate::identifier::Identifier;

structure! {
    /// What Delete Attribute is given.
    #[derive(Clone)]
    DeleteAttributeRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// The attribute with the value to delete (2.x).
        current: Option<OneAttribute<'a>> = CURRENT_ATTRIBUTE,
        /// The attribute to delete; always there in 1.x.
        name: Option<AttributeName<'a>> = ATTRIBUTE_NAME | ATTRIBUTE_REFERENCE,
        /// Which instance; zero if absent (1.x).
        index: Option<i32> = ATTRIBUTE_INDEX,
    }
}

structure! {
    /// What Delete Attribute yields.
    #[derive(Clone)]
    DeleteAttributeResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// The attribute that was deleted (1.x).
        attribute: Option<OneAttribute<'a>> = ATTRIBUTE,
    }
}
