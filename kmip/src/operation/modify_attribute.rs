//! Modify Attribute: changes the value of an attribute.
//!
//! Rules: KMIP 1.4, section 4.15; KMIP 2.1, section 6.1.34.

use crate::attribute::OneAttribute;
use crate::field::structure;
use crate::identifier::Identifier;

structure! {
    /// What Modify Attribute is given.
    #[derive(Clone)]
    ModifyAttributeRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// The instance to change, by its value (2.x).
        current: Option<OneAttribute<'a>> = CURRENT_ATTRIBUTE,
        /// The new value; in 1.x with the index of the instance, zero if absent.
        attribute: OneAttribute<'a> = ATTRIBUTE | NEW_ATTRIBUTE,
    }
}

structure! {
    /// What Modify Attribute yields.
    #[derive(Clone)]
    ModifyAttributeResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// The attribute as it is now (1.x).
        attribute: Option<OneAttribute<'a>> = ATTRIBUTE,
    }
}
