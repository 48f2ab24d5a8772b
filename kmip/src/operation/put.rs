//! Put: pushes an object to a client; the server is the sender.
//!
//! Rules: KMIP 1.4, section 5.2; KMIP 2.1, section 6.2.3.

use crate::attribute::InlineAttributes;
use crate::enums::PutFunction;
use crate::field::structure;
use crate::identifier::Identifier;
use crate::object::Object;

structure! {
    /// What Put is given.
    #[derive(Clone, Copy)]
    PutRequest<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// New, or in place of another.
        function: PutFunction = PUT_FUNCTION,
        /// The other.
        replaced: Option<Identifier<'a>> = REPLACED_UNIQUE_IDENTIFIER,
        /// The object itself.
        object: Object<'a> = SYMMETRIC_KEY + PUBLIC_KEY + PRIVATE_KEY + CERTIFICATE + SECRET_DATA + OPAQUE_OBJECT + SPLIT_KEY
            + TEMPLATE + PGP_KEY + CERTIFICATE_REQUEST,
        /// Attributes that go with it.
        attributes: InlineAttributes<'a> = ATTRIBUTE | ATTRIBUTES,
    }
}

structure! {
    /// What Put yields.
    #[derive(Clone, Copy)]
    PutResponse {
    }
}
