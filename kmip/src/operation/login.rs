//! Login: gives a ticket that stands for the credential.
//!
//! Rules: KMIP 2.1, section 6.1.30.

use crate::attribute::UsageLimits;
use crate::field::structure;
use crate::lease::LeaseTime;
use crate::message::Ticket;

structure! {
    /// What Login is given.
    #[derive(Clone, Copy)]
    LoginRequest {
        /// For how long.
        lease_time: Option<LeaseTime> = LEASE_TIME,
        /// For how many requests.
        request_count: Option<i32> = REQUEST_COUNT,
        /// For how much use.
        usage_limits: Option<UsageLimits> = USAGE_LIMITS,
    }
}

structure! {
    /// What Login yields.
    #[derive(Clone, Copy)]
    LoginResponse<'a> {
        /// The ticket.
        ticket: Ticket<'a> = TICKET,
    }
}
