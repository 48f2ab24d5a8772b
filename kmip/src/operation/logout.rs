//! Logout: ends a ticket.
//!
//! Rules: KMIP 2.1, section 6.1.31.

use crate::field::structure;
use crate::message::Ticket;

structure! {
    /// What Logout is given.
    #[derive(Clone, Copy)]
    LogoutRequest<'a> {
        /// The ticket.
        ticket: Ticket<'a> = TICKET,
    }
}

structure! {
    /// What Logout yields.
    #[derive(Clone, Copy)]
    LogoutResponse {
    }
}
