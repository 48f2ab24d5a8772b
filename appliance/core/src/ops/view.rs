//! The attributes of an object as a client of one version sees them: the stored ones, and those that follow from the object.
//!
//! Rules: KMIP 1.4, section 3; KMIP 2.1, section 4.

use super::pair::format_in;
use crate::managed::{Kind, Managed};
use crate::object::Object;
use holdfast_model::Timestamp;
use kmip::attribute::{Attribute, AttributeName, AttributeValue, rule};
use kmip::enums::{CertificateType, Enumeration, KeyFormatType};
use kmip::tag::Tag;
use kmip::version::Version;
use std::borrow::Cow;

/// Bit of the Protection Storage Mask that tells of storage in software (KMIP 2.1, section 12.3).
const SOFTWARE: i32 = 1;
/// Bytes of an identifier that make its short form: the random end of it.
const SHORT_IDENTIFIER_BYTES: usize = 8;

/// All attributes, in no particular order.
pub(super) fn all(object: &Object, version: Version, now: Timestamp) -> Vec<Attribute<'static>> {
    let managed = &object.managed;
    let mut seen = Vec::with_capacity(managed.attributes.len() + 4);
    for attribute in following(object, version) {
        seen.push(attribute);
    }
    for attribute in managed.attributes.all() {
        if is_visible(managed, &attribute.name, version) {
            seen.push(as_seen(managed, attribute, now));
        }
    }
    seen
}

/// The instances of one attribute.
pub(super) fn named(
    object: &Object,
    name: &AttributeName<'_>,
    version: Version,
    now: Timestamp,
) -> Vec<Attribute<'static>> {
    let managed = &object.managed;
    let mut seen: Vec<_> =
        following(object, version).into_iter().filter(|attribute| attribute.name == *name).collect();
    if is_visible(managed, name, version) {
        seen.extend(managed.attributes.of(name).map(|attribute| as_seen(managed, attribute, now)));
    }
    seen
}

/// What is not stored because the object itself says it.
fn following(object: &Object, version: Version) -> Vec<Attribute<'static>> {
    let managed = &object.managed;
    let mut seen = vec![
        Attribute::standard(Tag::UNIQUE_IDENTIFIER, AttributeValue::Text(Cow::Owned(object.id.to_string()))),
        Attribute::standard(Tag::OBJECT_TYPE, AttributeValue::Enumeration(managed.object_type.code())),
    ];
    let mut add = |tag: Tag, value: AttributeValue<'static>| {
        if rule(tag).is_some_and(|rule| rule.applies_to(managed.object_type, version)) {
            seen.push(Attribute::standard(tag, value));
        }
    };
    let format = match (&managed.kind, managed.kind.block()) {
        (_, Some(block)) => Some(format_in(block.format, version)),
        (Kind::Certificate(CertificateType::X_509), _) => Some(KeyFormatType::X_509),
        (Kind::Opaque(_), _) => Some(KeyFormatType::OPAQUE),
        _ => None,
    };
    if let Some(format) = format {
        add(Tag::KEY_FORMAT_TYPE, AttributeValue::Enumeration(format.code()));
    }
    let [.., a, b, c, d, e, f, g, h] = *object.id.as_bytes();
    let short: [u8; SHORT_IDENTIFIER_BYTES] = [a, b, c, d, e, f, g, h];
    add(Tag::SHORT_UNIQUE_IDENTIFIER, AttributeValue::Bytes(Cow::Owned(short.to_vec())));
    add(Tag::PROTECTION_STORAGE_MASK, AttributeValue::Integer(SOFTWARE));
    seen
}

fn is_visible(managed: &Managed, name: &AttributeName<'_>, version: Version) -> bool {
    match name {
        AttributeName::Standard(tag) => {
            rule(*tag).is_some_and(|rule| rule.applies_to(managed.object_type, version))
        }
        AttributeName::Vendor { .. } => name.exists_in(version),
        AttributeName::Unknown(_) => false,
    }
}

fn as_seen(managed: &Managed, attribute: &Attribute<'static>, now: Timestamp) -> Attribute<'static> {
    let mut seen = attribute.clone();
    // The first instance goes without its index: 0 is what an absent one means.
    seen.index = seen.index.filter(|index| *index > 0);
    if seen.name.tag() == Some(Tag::STATE) {
        seen.value = Some(AttributeValue::Enumeration(managed.state(now).code()));
    }
    seen
}
