//! Links between objects: to whom one points, and how a link is moved.
//!
//! Rules: KMIP 1.4, section 3.35; KMIP 2.1, section 4.31.

use crate::managed::Managed;
use holdfast_model::ObjectId;
use kmip::attribute::{AttributeName, AttributeValue, Link};
use kmip::enums::LinkType;
use kmip::tag::Tag;

/// All objects that a link of this type points to.
pub(super) fn all_linked_to(managed: &Managed, ty: LinkType) -> Vec<ObjectId> {
    managed
        .attributes
        .of(&AttributeName::Standard(Tag::LINK))
        .filter_map(|attribute| attribute.value.as_ref().and_then(AttributeValue::as_link))
        .filter(|link| link.ty == ty)
        .filter_map(|link| link.linked.text().and_then(|text| text.parse().ok()))
        .collect()
}

/// The first object that a link of this type points to.
pub(super) fn linked_to(managed: &Managed, ty: LinkType) -> Option<ObjectId> {
    all_linked_to(managed, ty).first().copied()
}

/// Makes the link of this type point to `id`; there is one afterwards.
pub(super) fn point(managed: &mut Managed, ty: LinkType, id: ObjectId) {
    let text = id.to_string();
    let value = AttributeValue::structure(&Link { ty, linked: text.as_str().into() });
    let name = AttributeName::Standard(Tag::LINK);
    let of_type = |value: Option<&AttributeValue<'_>>| {
        value.and_then(AttributeValue::as_link).is_some_and(|link| link.ty == ty)
    };
    let first = managed
        .attributes
        .of(&name)
        .find(|attribute| of_type(attribute.value.as_ref()))
        .map(|attribute| attribute.index.unwrap_or(0));
    let instance = first.and_then(|index| managed.attributes.instance_mut(&name, index));
    match instance {
        Some(instance) => instance.value = Some(value),
        None => {
            managed.attributes.add(name, value);
        }
    }
}
