//! Get Attribute List: names the attributes that an object has.
//!
//! Rules: KMIP 1.4, section 4.13; KMIP 2.1, section 6.1.21.

use crate::attribute::AttributeName;
use crate::field::{List, structure};
use crate::identifier::Identifier;

structure! {
    /// What Get Attribute List is given.
    #[derive(Clone, Copy)]
    GetAttributeListRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
    }
}

structure! {
    /// What Get Attribute List yields.
    #[derive(Clone, Copy)]
    GetAttributeListResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// Their names.
        names: List<'a, AttributeName<'a>> = ATTRIBUTE_NAME | ATTRIBUTE_REFERENCE,
    }
}
