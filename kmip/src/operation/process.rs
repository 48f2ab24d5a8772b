//! Process: has a pending request processed now.
//!
//! Rules: KMIP 2.1, section 6.1.39.

use crate::field::structure;

structure! {
    /// What Process is given.
    #[derive(Clone, Copy)]
    ProcessRequest<'a> {
        /// The pending request.
        asynchronous_correlation_value: &'a [u8] = ASYNCHRONOUS_CORRELATION_VALUE,
    }
}

structure! {
    /// What Process yields.
    #[derive(Clone, Copy)]
    ProcessResponse {
    }
}
