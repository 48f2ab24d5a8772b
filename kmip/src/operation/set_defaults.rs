//! Set Defaults: sets attributes that new objects get unasked.
//!
//! Rules: KMIP 2.1, section 6.1.53.

use crate::field::structure;
use crate::ttlv::Item;

structure! {
    /// What Set Defaults is given.
    #[derive(Clone, Copy)]
    SetDefaultsRequest<'a> {
        /// The defaults; absent takes all away.
        defaults: Option<Item<'a>> = DEFAULTS_INFORMATION,
    }
}

structure! {
    /// What Set Defaults yields.
    #[derive(Clone, Copy)]
    SetDefaultsResponse {
    }
}
