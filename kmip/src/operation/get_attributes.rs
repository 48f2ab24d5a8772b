//! Get Attributes: gives attributes of an object.
//!
//! Rules: KMIP 1.4, section 4.12; KMIP 2.1, section 6.1.20.

use crate::attribute::{AttributeName, InlineAttributes};
use crate::field::{List, structure};
use crate::identifier::Identifier;

structure! {
    /// What Get Attributes is given.
    #[derive(Clone, Copy)]
    GetAttributesRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// Which; none means all.
        names: List<'a, AttributeName<'a>> = ATTRIBUTE_NAME | ATTRIBUTE_REFERENCE,
    }
}

structure! {
    /// What Get Attributes yields.
    #[derive(Clone, Copy)]
    GetAttributesResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// The attributes.
        attributes: InlineAttributes<'a> = ATTRIBUTE | ATTRIBUTES,
    }
}
