//! Locate: finds objects by their attributes.
//!
//! Rules: KMIP 1.4, section 4.9; KMIP 2.1, section 6.1.28.

use crate::attribute::InlineAttributes;
use crate::enums::ObjectGroupMember;
use crate::field::{List, structure};
use crate::identifier::Identifier;
use crate::mask::StorageStatusMask;

structure! {
    /// What Locate is given.
    #[derive(Clone, Copy)]
    LocateRequest<'a> {
        /// Most identifiers wanted.
        maximum_items: Option<i32> = MAXIMUM_ITEMS,
        /// How many to skip.
        offset_items: Option<i32> = OFFSET_ITEMS,
        /// Which storage to search; on-line only if absent.
        storage_status_mask: Option<StorageStatusMask> = STORAGE_STATUS_MASK,
        /// Which members of a group.
        object_group_member: Option<ObjectGroupMember> = OBJECT_GROUP_MEMBER,
        /// What an object must have. Some 1.0 clients put the attributes into a Template-Attribute.
        attributes: InlineAttributes<'a> = ATTRIBUTE + TEMPLATE_ATTRIBUTE | ATTRIBUTES,
    }
}

structure! {
    /// What Locate yields.
    #[derive(Clone, Copy)]
    LocateResponse<'a> {
        /// How many there are, whatever was skipped.
        located_items: Option<i32> = LOCATED_ITEMS,
        /// The objects.
        unique_identifiers: List<'a, Identifier<'a>> = UNIQUE_IDENTIFIER,
    }
}
