//! Delegated Login: gives a ticket that lets someone else do some things.
//!
//! Rules: KMIP 2.1, section 6.1.12.

use crate::attribute::UsageLimits;
use crate::field::structure;
use crate::lease::LeaseTime;
use crate::message::Ticket;
use crate::ttlv::Item;

structure! {
    /// What Delegated Login is given.
    #[derive(Clone, Copy)]
    DelegatedLoginRequest<'a> {
        /// For how long.
        lease_time: Option<LeaseTime> = LEASE_TIME,
        /// For how many requests.
        request_count: Option<i32> = REQUEST_COUNT,
        /// For how much use.
        usage_limits: Option<UsageLimits> = USAGE_LIMITS,
        /// For what.
        rights: Item<'a> = RIGHTS,
    }
}

structure! {
    /// What Delegated Login yields.
    #[derive(Clone, Copy)]
    DelegatedLoginResponse<'a> {
        /// The ticket.
        ticket: Ticket<'a> = TICKET,
    }
}
