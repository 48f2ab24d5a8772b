//! Interop: marks the beginning and the end of a test.
//!
//! Rules: KMIP 2.1, section 6.1.26.

use crate::enums::InteropFunction;
use crate::field::structure;

structure! {
    /// What Interop is given.
    #[derive(Clone, Copy)]
    InteropRequest<'a> {
        /// What to do.
        function: InteropFunction = INTEROP_FUNCTION,
        /// Which test.
        identifier: Option<&'a str> = INTEROP_IDENTIFIER,
    }
}

structure! {
    /// What Interop yields.
    #[derive(Clone, Copy)]
    InteropResponse {
    }
}
