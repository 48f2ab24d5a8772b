//! Destroy: destroys the key material of an object.
//!
//! Rules: KMIP 1.4, section 4.21; KMIP 2.1, section 6.1.15.

use crate::field::structure;
use crate::identifier::Identifier;

structure! {
    /// What Destroy is given.
    #[derive(Clone, Copy)]
    DestroyRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
    }
}

structure! {
    /// What Destroy yields.
    #[derive(Clone, Copy)]
    DestroyResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
    }
}
