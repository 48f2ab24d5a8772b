//! Recover: brings an archived object back.
//!
//! Rules: KMIP 1.4, section 4.23; KMIP 2.1, section 6.1.42.

use crate::field::structure;
use crate::identifier::Identifier;

structure! {
    /// What Recover is given.
    #[derive(Clone, Copy)]
    RecoverRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
    }
}

structure! {
    /// What Recover yields.
    #[derive(Clone, Copy)]
    RecoverResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
    }
}
