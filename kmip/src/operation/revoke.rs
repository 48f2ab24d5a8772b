//! Revoke: ends the active life of an object, with a reason.
//!
//! Rules: KMIP 1.4, section 4.20; KMIP 2.1, section 6.1.44.

use crate::attribute::RevocationReason;
use crate::field::structure;
use crate::identifier::Identifier;
use crate::primitive::DateTime;

structure! {
    /// What Revoke is given.
    #[derive(Clone, Copy)]
    RevokeRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// Why.
        reason: RevocationReason<'a> = REVOCATION_REASON,
        /// When a compromise is believed to have happened.
        compromise_occurrence_date: Option<DateTime> = COMPROMISE_OCCURRENCE_DATE,
    }
}

structure! {
    /// What Revoke yields.
    #[derive(Clone, Copy)]
    RevokeResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
    }
}
