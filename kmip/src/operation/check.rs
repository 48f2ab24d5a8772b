//! Check: asks whether an object may be used in some way, without using it.
//!
//! Rules: KMIP 1.4, section 4.10; KMIP 2.1, section 6.1.7.

use crate::field::structure;
use crate::identifier::Identifier;
use crate::mask::CryptographicUsageMask;
use crate::primitive::Interval;

structure! {
    /// What Check is given.
    #[derive(Clone, Copy)]
    CheckRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// How much the client wants to protect.
        usage_limits_count: Option<i64> = USAGE_LIMITS_COUNT,
        /// What for.
        cryptographic_usage_mask: Option<CryptographicUsageMask> = CRYPTOGRAPHIC_USAGE_MASK,
        /// For how long.
        lease_time: Option<Interval> = LEASE_TIME,
    }
}

structure! {
    /// What Check yields.
    #[derive(Clone, Copy)]
    CheckResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// How much is left, if that is less than asked.
        usage_limits_count: Option<i64> = USAGE_LIMITS_COUNT,
        /// What is allowed, if that is less than asked.
        cryptographic_usage_mask: Option<CryptographicUsageMask> = CRYPTOGRAPHIC_USAGE_MASK,
        /// For how long, if that is less than asked.
        lease_time: Option<Interval> = LEASE_TIME,
    }
}
