//! What vendors add to batch items.
//!
//! Rules: KMIP 1.4, section 6.16; KMIP 2.1, section 9.13.

use crate::field::structure;
use crate::ttlv::Item;

structure! {
    /// A message extension. An item with one that is critical and not understood must fail.
    #[derive(Clone, Copy)]
    MessageExtension<'a> {
        /// Whose.
        vendor: &'a str = VENDOR_IDENTIFICATION,
        /// Whether it must be understood.
        critical: bool = CRITICALITY_INDICATOR,
        /// Whatever the vendor put in.
        extension: Item<'a> = VENDOR_EXTENSION,
    }
}
