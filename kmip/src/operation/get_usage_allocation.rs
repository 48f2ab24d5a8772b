//! Get Usage Allocation: takes a part of what a key may still protect.
//!
//! Rules: KMIP 1.4, section 4.18; KMIP 2.1, section 6.1.23.

use crate::field::structure;
use crate::identifier::Identifier;

structure! {
    /// What Get Usage Allocation is given.
    #[derive(Clone, Copy)]
    GetUsageAllocationRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// How much.
        usage_limits_count: i64 = USAGE_LIMITS_COUNT,
    }
}

structure! {
    /// What Get Usage Allocation yields.
    #[derive(Clone, Copy)]
    GetUsageAllocationResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
    }
}
