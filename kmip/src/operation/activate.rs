//! Activate: makes a Pre-Active object Active.
//!
//! Rules: KMIP 1.4, section 4.19; KMIP 2.1, section 6.1.1.

use crate::field::structure;
use crate::identifier::Identifier;

structure! {
    /// What Activate is given.
    #[derive(Clone, Copy)]
    ActivateRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
    }
}

structure! {
    /// What Activate yields.
    #[derive(Clone, Copy)]
    ActivateResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
    }
}
