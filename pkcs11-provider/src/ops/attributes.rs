//! C_GetAttributeValue, C_SetAttributeValue, C_GetObjectSize.
//!
//! Rules: PKCS#11 3.2, sections 4.1.2, 5.7.4 to 5.7.6.

use crate::appliance::Again;
use crate::attribute::{Place, is_secret, may, row};
use crate::fault::{Done, Fault};
use crate::object::{Material, Object, Seen, of_material, of_public, usage_bit};
use crate::session::Session;
use crate::slot::of_trouble;
use crate::template::{Held, Template};
use crate::token::vendor;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_OBJECT_HANDLE};
use kmip::attribute::{Attribute, AttributeValue, OneAttribute};
use kmip::enums::{Operation, ResultReason};
use kmip::identifier::Identifier;
use kmip::operation::SetAttributeRequest;
use kmip::tag::Tag;
use std::sync::Arc;

/// C_GetAttributeValue: each attribute by itself, as the appliance says now.
///
/// # Errors
/// [`Fault::ObjectHandleInvalid`], [`Fault::DeviceError`].
pub(crate) fn get(
    session: &Session,
    handle: CK_OBJECT_HANDLE,
    wanted: &[CK_ATTRIBUTE_TYPE],
) -> Done<Vec<Done<Held>>> {
    let (object, _) = session.slot.object(handle)?;
    let seen = session.slot.look(&object)?;
    if seen.is_private() && !session.slot.sees_private() {
        return Err(Fault::ObjectHandleInvalid);
    }
    let mut material = None;
    let mut values = Vec::with_capacity(wanted.len());
    for ty in wanted {
        let value = value_with(session, &object, &seen, *ty, &mut material);
        match value {
            Err(Fault::DeviceError) => return Err(Fault::DeviceError),
            other => values.push(other),
        }
    }
    Ok(values)
}

/// The value of one attribute.
///
/// # Errors
/// [`Fault::AttributeTypeInvalid`], [`Fault::AttributeSensitive`], [`Fault::DeviceError`].
pub(crate) fn value(
    session: &Session,
    object: &Arc<Object>,
    seen: &Arc<Seen>,
    ty: CK_ATTRIBUTE_TYPE,
) -> Done<Held> {
    value_with(session, object, seen, ty, &mut None)
}

fn value_with(
    session: &Session,
    object: &Arc<Object>,
    seen: &Arc<Seen>,
    ty: CK_ATTRIBUTE_TYPE,
    material: &mut Option<Material>,
) -> Done<Held> {
    let row = row(ty).ok_or(Fault::AttributeTypeInvalid)?;
    let class = seen.class().ok_or(Fault::ObjectHandleInvalid)?;
    if row.classes & crate::attribute::class_bit(class) == 0 {
        return Err(Fault::AttributeTypeInvalid);
    }
    if is_secret(class, ty) && !seen.is_readable() {
        return Err(Fault::AttributeSensitive);
    }
    if let Some(held) = seen.held(row, &object.uid) {
        return Ok(held);
    }
    let pair = matches!(class, ck::CKO_PUBLIC_KEY | ck::CKO_PRIVATE_KEY);
    if pair
        && !is_secret(class, ty)
        && let Some(held) = session.slot.public(object, seen).and_then(|info| of_public(&info, ty))
    {
        return Ok(held);
    }
    if row.place == Place::Vendor {
        return Err(Fault::AttributeTypeInvalid);
    }
    if pair && !is_secret(class, ty) && !(class == ck::CKO_PRIVATE_KEY && seen.is_readable()) {
        return Err(Fault::AttributeTypeInvalid);
    }
    let material = match material {
        Some(material) => material,
        None => material.insert(session.slot.material(object, seen)?),
    };
    of_material(material, ty).ok_or(Fault::AttributeTypeInvalid)
}

/// C_SetAttributeValue: all of the template, or nothing.
///
/// # Errors
/// What the template deserves; [`Fault::ActionProhibited`], [`Fault::SessionReadOnly`].
pub(crate) fn set(session: &Session, handle: CK_OBJECT_HANDLE, template: &Template) -> Done<()> {
    let (object, _) = session.slot.object(handle)?;
    let seen = session.slot.look(&object)?;
    let class = seen.class().ok_or(Fault::ObjectHandleInvalid)?;
    session.may_write(seen.session().is_none(), seen.is_private())?;
    if seen.vendor_bool("CKA_MODIFIABLE") == Some(false) {
        return Err(Fault::ActionProhibited);
    }
    let mut usage = None;
    let mut changes: Vec<Attribute<'static>> = Vec::new();
    for (at, item) in template.items.iter().enumerate() {
        let row = row(item.ty).ok_or(Fault::AttributeTypeInvalid)?;
        crate::template::well_formed(row, &item.value)?;
        if template.items.iter().take(at).any(|other| other.ty == item.ty) {
            return Err(Fault::TemplateInconsistent);
        }
        if row.classes & crate::attribute::class_bit(class) == 0 {
            return Err(Fault::AttributeTypeInvalid);
        }
        if row.rules & may::SET == 0 {
            return Err(Fault::AttributeReadOnly);
        }
        one_way(session, &seen, item.ty, item.value.bool())?;
        let flag = item.value.bool().unwrap_or(false);
        match (row.place, row.ty) {
            (Place::Usage, ty) => {
                let bit = usage_bit(ty, Some(class)).ok_or(Fault::AttributeTypeInvalid)?.bits();
                let mask = usage.get_or_insert_with(|| all_usage(&seen));
                *mask = if flag { *mask | bit } else { *mask & !bit };
            }
            (_, ck::CKA_SENSITIVE) => {
                changes.push(Attribute::standard(Tag::SENSITIVE, AttributeValue::Boolean(flag)));
            }
            (_, ck::CKA_EXTRACTABLE) => {
                changes.push(Attribute::standard(Tag::EXTRACTABLE, AttributeValue::Boolean(flag)));
            }
            (Place::Vendor, _) => {
                changes.push(vendor(row.name, super::description::stored(row.kind, &item.value)?));
            }
            (Place::Object, _) => return Err(Fault::AttributeReadOnly),
        }
    }
    if let Some(mask) = usage {
        let value = AttributeValue::Integer(mask.cast_signed());
        changes.push(Attribute::standard(Tag::CRYPTOGRAPHIC_USAGE_MASK, value));
    }
    if changes.is_empty() {
        return Ok(());
    }
    let mut refused = None;
    let write = |items: &mut kmip::message::RequestItems<'_, '_>| {
        for change in &changes {
            let request = SetAttributeRequest {
                unique_identifier: Some(Identifier::Text(&object.uid)),
                attribute: OneAttribute(change.clone()),
            };
            items.add(Operation::SET_ATTRIBUTE, None, &request);
        }
    };
    let done = session.slot.appliance.batch(changes.len(), Again::MayNot, &write, &mut |_, answer| {
        if let Err(reason) = answer {
            refused.get_or_insert(reason);
        }
    });
    done.map_err(of_trouble)?;
    session.slot.look(&object)?;
    match refused {
        None => Ok(()),
        Some(ResultReason::READ_ONLY_ATTRIBUTE | ResultReason::ATTRIBUTE_READ_ONLY) => {
            Err(Fault::AttributeReadOnly)
        }
        Some(ResultReason::PERMISSION_DENIED) => Err(Fault::AttributeReadOnly),
        Some(ResultReason::CONSTRAINT_VIOLATION) => Err(Fault::ActionProhibited),
        Some(ResultReason::INVALID_ATTRIBUTE_VALUE) => Err(Fault::AttributeValueInvalid),
        Some(ResultReason::INVALID_ATTRIBUTE) => Err(Fault::AttributeTypeInvalid),
        Some(reason) => Err(of_trouble(crate::appliance::Trouble::Refused(reason))),
    }
}

/// Attributes that go one way only. The appliance refuses them as well; here for the code that the specification has.
fn one_way(session: &Session, seen: &Seen, ty: CK_ATTRIBUTE_TYPE, flag: Option<bool>) -> Done<()> {
    let refused = match (ty, flag) {
        (ck::CKA_SENSITIVE, Some(false)) => seen.held_bool(ck::CKA_SENSITIVE),
        (ck::CKA_EXTRACTABLE, Some(true)) => !seen.held_bool(ck::CKA_EXTRACTABLE),
        (ck::CKA_COPYABLE, Some(true)) => seen.vendor_bool("CKA_COPYABLE") == Some(false),
        (ck::CKA_WRAP_WITH_TRUSTED, Some(false)) => seen.vendor_bool("CKA_WRAP_WITH_TRUSTED") == Some(true),
        (ck::CKA_TRUSTED, Some(true)) => session.slot.user() != Some(ck::CKU_SO),
        _ => false,
    };
    if refused { Err(Fault::AttributeReadOnly) } else { Ok(()) }
}

fn all_usage(seen: &Seen) -> u32 {
    seen.usage()
}

/// C_GetObjectSize: what its value takes; a sensitive one's size is not told.
///
/// # Errors
/// As [`get`].
pub(crate) fn size(session: &Session, handle: CK_OBJECT_HANDLE) -> Done<usize> {
    let (object, seen) = session.slot.object(handle)?;
    let mut bytes = object.uid.len();
    for row in crate::attribute::TABLE {
        if let Some(held) = seen.held(row, &object.uid) {
            bytes = bytes.saturating_add(held.to_stored().len());
        }
    }
    Ok(bytes.saturating_add(seen.bits().div_ceil(8)))
}
