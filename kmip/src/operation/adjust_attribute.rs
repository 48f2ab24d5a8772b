//! Adjust Attribute: counts an attribute up or down, or negates it.
//!
//! Rules: KMIP 2.1, section 6.1.3.

use crate::attribute::AttributeName;
use crate::enums::AdjustmentType;
use crate::field::structure;
use crate::identifier::Identifier;
use crate::ttlv::Item;

structure! {
    /// What Adjust Attribute is given.
    #[derive(Clone)]
    AdjustAttributeRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// The attribute to adjust.
        attribute: AttributeName<'a> = ATTRIBUTE_REFERENCE,
        /// How.
        adjustment: AdjustmentType = ADJUSTMENT_TYPE,
        /// By how much; one if absent.
        value: Option<Item<'a>> = ADJUSTMENT_VALUE,
    }
}

structure! {
    /// What Adjust Attribute yields.
    #[derive(Clone, Copy)]
    AdjustAttributeResponse<'a> {
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
    }
}
