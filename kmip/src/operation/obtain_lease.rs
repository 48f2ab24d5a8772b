//! Obtain Lease: allows an object to be used for some time.
//!
//! Rules: KMIP 1.4, section 4.17; KMIP 2.1, section 6.1.35.

use crate::field::structure;
use crate::identifier::Identifier;
use crate::primitive::{DateTime, Interval};

structure! {
    /// What Obtain Lease is given.
    #[derive(Clone, Copy)]
    ObtainLeaseRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
    }
}

structure! {
    /// What Obtain Lease yields.
    #[derive(Clone, Copy)]
    ObtainLeaseResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// For how long.
        lease_time: Interval = LEASE_TIME,
        /// When the object last changed.
        last_change_date: DateTime = LAST_CHANGE_DATE,
    }
}
