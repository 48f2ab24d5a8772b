//! Get Constraints: tells the constraints in force.
//!
//! Rules: KMIP 2.1, section 6.1.22.

use crate::field::structure;
use crate::ttlv::Item;

structure! {
    /// What Get Constraints is given.
    #[derive(Clone, Copy)]
    GetConstraintsRequest {
    }
}

structure! {
    /// What Get Constraints yields.
    #[derive(Clone, Copy)]
    GetConstraintsResponse<'a> {
        /// The constraints.
        constraints: Item<'a> = CONSTRAINTS,
    }
}
