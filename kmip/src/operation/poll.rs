//! Poll: asks for the answer to a pending request; the answer is that of the request.
//!
//! Rules: KMIP 1.4, section 4.28; KMIP 2.1, section 6.1.38.

use crate::field::structure;

structure! {
    /// What Poll is given.
    #[derive(Clone, Copy)]
    PollRequest<'a> {
        /// The pending request.
        asynchronous_correlation_value: &'a [u8] = ASYNCHRONOUS_CORRELATION_VALUE,
    }
}
