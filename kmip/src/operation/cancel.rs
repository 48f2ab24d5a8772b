//! Cancel: cancels a request that is still pending.
//!
//! Rules: KMIP 1.4, section 4.27; KMIP 2.1, section 6.1.5.

use crate::enums::CancellationResult;
use crate::field::structure;

structure! {
    /// What Cancel is given.
    #[derive(Clone, Copy)]
    CancelRequest<'a> {
        /// The pending request.
        asynchronous_correlation_value: &'a [u8] = ASYNCHRONOUS_CORRELATION_VALUE,
    }
}

structure! {
    /// What Cancel yields.
    #[derive(Clone, Copy)]
    CancelResponse<'a> {
        /// The pending request.
        asynchronous_correlation_value: &'a [u8] = ASYNCHRONOUS_CORRELATION_VALUE,
        /// What came of it.
        result: CancellationResult = CANCELLATION_RESULT,
    }
}
