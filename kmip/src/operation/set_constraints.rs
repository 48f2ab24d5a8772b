//! Set Constraints: sets the constraints in force.
//!
//! Rules: KMIP 2.1, section 6.1.52.

use crate::field::structure;
use crate::ttlv::Item;

structure! {
    /// What Set Constraints is given.
    #[derive(Clone, Copy)]
    SetConstraintsRequest<'a> {
        /// The constraints.
        constraints: Item<'a> = CONSTRAINTS,
    }
}

structure! {
    /// What Set Constraints yields.
    #[derive(Clone, Copy)]
    SetConstraintsResponse {
    }
}
