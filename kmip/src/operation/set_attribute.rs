//! Set Attribute: adds or changes a single-valued attribute.
//!
//! Rules: KMIP 2.1, section 6.1.51.

use crate::attribute::OneAttribute;
use crate::field::structure;
use crate::identifier::Identifier;

structure! {
    /// What Set Attribute is given.
    #[derive(Clone)]
    SetAttributeRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// The new value.
        attribute: OneAttribute<'a> = NEW_ATTRIBUTE,
    }
}

structure! {
    /// What Set Attribute yields.
    #[derive(Clone, Copy)]
    SetAttributeResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
    }
}
