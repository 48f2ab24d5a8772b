//! Add Attribute: adds an attribute, or an instance of one, to an object.
//!
//! Rules: KMIP 1.4, section 4.14; KMIP 2.1, section 6.1.2.

use crate::attribute::OneAttribute;
use crate::field::structure;
use crate::identifier::Identifier;

structure! {
    /// What Add Attribute is given.
    #[derive(Clone)]
    AddAttributeRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// The attribute to add; in 1.x without index.
        attribute: OneAttribute<'a> = ATTRIBUTE | NEW_ATTRIBUTE,
    }
}

structure! {
    /// What Add Attribute yields.
    #[derive(Clone)]
    AddAttributeResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// The attribute that was added, with its index (1.x).
        attribute: Option<OneAttribute<'a>> = ATTRIBUTE,
    }
}
