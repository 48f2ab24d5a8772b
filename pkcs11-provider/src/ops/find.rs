//! C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal: one indexed question to the appliance.
//!
//! What the appliance's index holds, it compares; the rest is compared here, on what it says of each candidate. Objects of
//! this library's own sessions are known here; those of others are shown to nobody.
//! Rules: PKCS#11 3.2, sections 5.7.7 to 5.7.9.

use super::attributes;
use crate::attribute::{Kind, Place, row};
use crate::fault::{Done, Fault};
use crate::object::{Object, Seen};
use crate::session::Session;
use crate::template::{Held, Template};
use crate::token::{code, locate, locate_either, vendor};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_OBJECT_HANDLE, CK_ULONG};
use kmip::attribute::{Attribute, AttributeValue, Name};
use kmip::enums::{CryptographicAlgorithm, NameType, ObjectType};
use kmip::tag::Tag;
use std::borrow::Cow;
use std::sync::Arc;

/// C_FindObjectsInit: the whole search.
///
/// # Errors
/// [`Fault::OperationActive`], [`Fault::AttributeTypeInvalid`], [`Fault::AttributeValueInvalid`], [`Fault::DeviceError`].
pub(crate) fn begin(session: &Session, template: &Template) -> Done<()> {
    if session.work().find.is_some() {
        return Err(Fault::OperationActive);
    }
    for item in &template.items {
        let row = row(item.ty).ok_or(Fault::AttributeTypeInvalid)?;
        crate::template::well_formed(row, &item.value)?;
    }
    let mut handles = search(session, template)?;
    // C_FindObjects takes from the end.
    handles.reverse();
    session.work().find = Some(handles);
    Ok(())
}

/// C_FindObjects.
///
/// # Errors
/// [`Fault::OperationNotInitialized`].
pub(crate) fn next(session: &Session, most: usize) -> Done<Vec<CK_OBJECT_HANDLE>> {
    let mut work = session.work();
    let found = work.find.as_mut().ok_or(Fault::OperationNotInitialized)?;
    let keep = found.len().saturating_sub(most);
    let mut taken = found.split_off(keep);
    taken.reverse();
    Ok(taken)
}

/// C_FindObjectsFinal.
///
/// # Errors
/// [`Fault::OperationNotInitialized`].
pub(crate) fn end(session: &Session) -> Done<()> {
    session.work().find.take().map(drop).ok_or(Fault::OperationNotInitialized)
}

fn search(session: &Session, template: &Template) -> Done<Vec<CK_OBJECT_HANDLE>> {
    let slot = &session.slot;
    let mut found = Vec::new();
    let wants_token = template.bool(ck::CKA_TOKEN);
    let sees_private = slot.sees_private();
    if wants_token != Some(true) {
        for object in slot.of_sessions(None) {
            let known = object.seen.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            let Some(seen) = known else { continue };
            if (sees_private || !seen.is_private()) && fits(session, &object, &seen, template)? {
                found.push(object.handle);
            }
        }
    }
    if wants_token == Some(false) {
        return Ok(found);
    }
    let Some(Question { asked, whole }) = question(template) else { return Ok(found) };
    let uids = match by_name(template, &asked) {
        // What came over KMIP has a Name and no label.
        Some(named) => locate_either(slot, &asked, &named)?,
        None => locate(slot, &asked)?,
    };
    if whole && sees_private {
        found.extend(uids.iter().map(|uid| slot.adopt(uid, None, None).handle));
        return Ok(found);
    }
    for (uid, seen) in slot.look_at_all(&uids)? {
        let seen = Arc::new(seen);
        if seen.class().is_none() || (!sees_private && seen.is_private()) {
            continue;
        }
        let object = slot.adopt(&uid, None, Some(Arc::clone(&seen)));
        if fits(session, &object, &seen, template)? {
            found.push(object.handle);
        }
    }
    Ok(found)
}

/// What the appliance is asked, and whether that is all there is to compare.
struct Question {
    asked: Vec<Attribute<'static>>,
    whole: bool,
}

/// `None`: nothing can be found.
fn question(template: &Template) -> Option<Question> {
    let mut asked = Vec::new();
    // Without a class, objects would be found that PKCS#11 has none for.
    let mut whole = false;
    for item in &template.items {
        let Some(row) = row(item.ty) else { continue };
        match (row.ty, row.place, row.kind) {
            (ck::CKA_TOKEN, ..) => {}
            (ck::CKA_CLASS, ..) => match class(item.value.ulong()?) {
                Some((ty, sure)) => {
                    asked.push(Attribute::standard(Tag::OBJECT_TYPE, code(ty)));
                    whole |= sure;
                }
                None => return None,
            },
            (ck::CKA_UNIQUE_ID, ..) => {
                let text = String::from_utf8(item.value.bytes()?.to_vec()).ok()?;
                asked.push(Attribute::standard(
                    Tag::UNIQUE_IDENTIFIER,
                    AttributeValue::Text(Cow::Owned(text)),
                ));
            }
            (_, Place::Vendor, Kind::Bytes) => {
                let value = item.value.bytes()?;
                if !value.is_empty() {
                    asked.push(vendor(row.name, AttributeValue::Bytes(Cow::Owned(value.to_vec()))));
                }
            }
            (ck::CKA_KEY_TYPE, ..) => {
                if let Some(algorithm) = algorithm(item.value.ulong()?) {
                    asked.push(Attribute::standard(Tag::CRYPTOGRAPHIC_ALGORITHM, code(algorithm)));
                }
            }
            _ => {}
        }
    }
    let exact = template.items.iter().all(|item| match item.ty {
        ck::CKA_TOKEN | ck::CKA_CLASS => true,
        // Keys of AES are of two types.
        ck::CKA_KEY_TYPE => {
            item.value.ulong().is_some_and(|ty| matches!(ty, ck::CKK_RSA | ck::CKK_EC_EDWARDS))
        }
        ck::CKA_LABEL | ck::CKA_ID | ck::CKA_SUBJECT => {
            item.value.bytes().is_some_and(|value| !value.is_empty())
        }
        _ => false,
    });
    let labelled = template.has(ck::CKA_LABEL) || template.has(ck::CKA_ID);
    Some(Question {
        asked: asked.into_iter().map(Attribute::into_owned).collect(),
        whole: (whole || labelled) && exact,
    })
}

/// The same question with the label as a Name.
fn by_name(template: &Template, asked: &[Attribute<'static>]) -> Option<Vec<Attribute<'static>>> {
    let label = std::str::from_utf8(template.bytes(ck::CKA_LABEL)?).ok().filter(|label| !label.is_empty())?;
    let name = Name { value: label, ty: NameType::UNINTERPRETED_TEXT_STRING };
    let mut named: Vec<_> = asked
        .iter()
        .filter(|attribute| !super::description::is_vendor(attribute, "CKA_LABEL"))
        .cloned()
        .collect();
    named.push(Attribute::standard(Tag::NAME, AttributeValue::structure(&name)));
    Some(named)
}

/// The object type of a class, and whether all of that type are of the class.
const fn class(class: CK_ULONG) -> Option<(ObjectType, bool)> {
    Some(match class {
        ck::CKO_CERTIFICATE => (ObjectType::CERTIFICATE, true),
        ck::CKO_PUBLIC_KEY => (ObjectType::PUBLIC_KEY, true),
        ck::CKO_PRIVATE_KEY => (ObjectType::PRIVATE_KEY, true),
        ck::CKO_SECRET_KEY => (ObjectType::SYMMETRIC_KEY, true),
        ck::CKO_DATA | ck::CKO_DOMAIN_PARAMETERS => (ObjectType::OPAQUE_OBJECT, false),
        _ => return None,
    })
}

/// The algorithm of a key type.
const fn algorithm(key_type: CK_ULONG) -> Option<CryptographicAlgorithm> {
    Some(match key_type {
        ck::CKK_AES | ck::CKK_AES_XTS => CryptographicAlgorithm::AES,
        ck::CKK_RSA => CryptographicAlgorithm::RSA,
        ck::CKK_EC_EDWARDS => CryptographicAlgorithm::ED25519,
        _ => return None,
    })
}

/// Has an object what the template says?
fn fits(session: &Session, object: &Arc<Object>, seen: &Arc<Seen>, template: &Template) -> Done<bool> {
    for item in &template.items {
        let held = match attributes::value(session, object, seen, item.ty) {
            Ok(held) => held,
            Err(Fault::DeviceError) => return Err(Fault::DeviceError),
            Err(_) => return Ok(false),
        };
        if !equal(&held, &item.value) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal(held: &Held, wanted: &Held) -> bool {
    held == wanted
}
