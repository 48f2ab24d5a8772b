//! Notify: tells a client of changed attributes; the server is the sender.
//!
//! Rules: KMIP 1.4, section 5.1; KMIP 2.1, section 6.2.2.

use crate::attribute::{AttributeName, InlineAttributes};
use crate::field::{List, structure};
use crate::identifier::Identifier;

structure! {
    /// What Notify is given.
    #[derive(Clone, Copy)]
    NotifyRequest<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// The attributes that changed; in 1.x one without value was deleted.
        attributes: InlineAttributes<'a> = ATTRIBUTE | ATTRIBUTES,
        /// The attributes that were deleted (2.x).
        deleted: List<'a, AttributeName<'a>> = ATTRIBUTE_REFERENCE,
    }
}

structure! {
    /// What Notify yields.
    #[derive(Clone, Copy)]
    NotifyResponse {
    }
}
