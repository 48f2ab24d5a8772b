//! Copies an object of the service within the appliance: its material goes nowhere else.
//!
//! Asked for by Create with the attribute `copied` of the vendor `PKCS11`, which names the object. The copy has the attributes of
//! that object, those that are given instead of them, and never fewer restrictions.
//! Rules: PKCS#11 3.2, sections 4.1.3 and 5.7.2 (C_CopyObject); KMIP has no operation for it.

use super::birth::{Newborn, Origin, bear};
use super::call::Call;
use crate::managed::{AttributeSet, Managed, VENDOR, is_mark};
use crate::permit::{Copying, Permit};
use crate::request::of_scope;
use crate::scope::{Scope, ScopeError};
use hardening::SecretBytes;
use holdfast_model::ObjectId;
use kmip::attribute::{AttributeName, AttributeValue, Attributes};
use kmip::enums::ObjectType;
use kmip::identifier::Identifier;
use kmip::mask::CryptographicUsageMask;
use kmip::result::Refusal;
use kmip::tag::Tag;

/// What of an object is its own and not its copy's.
const OWN: [Tag; 10] = [
    Tag::NAME,
    Tag::INITIAL_DATE,
    Tag::LAST_CHANGE_DATE,
    Tag::FRESH,
    Tag::STATE,
    Tag::LEASE_TIME,
    Tag::DESTROY_DATE,
    Tag::DIGEST,
    Tag::OBJECT_GROUP,
    Tag::USAGE_LIMITS,
];

/// Names the object to be copied.
const COPIED: &str = "copied";

/// Does a request want an object copied?
pub(super) fn is_asked(given: Attributes<'_>) -> bool {
    let name = AttributeName::vendor(VENDOR, COPIED);
    given
        .iter()
        .any(|attribute| attribute.name == name && matches!(attribute.value, Some(AttributeValue::Text(_))))
}

/// The object that a request wants copied, taken out of its attributes.
pub(super) fn taken(given: &mut AttributeSet) -> Option<String> {
    let name = AttributeName::vendor(VENDOR, COPIED).into_owned();
    let uid = given.of(&name).next().and_then(|there| there.value.as_ref()?.as_text().map(str::to_owned));
    given.remove(|there| there.name == name);
    uid
}

/// Makes the copy.
///
/// # Errors
/// [`Refusal::ConstraintViolation`]: it may not be copied; [`Refusal::InvalidAttributeValue`]: the copy would be freer.
pub(super) async fn copy<S: Scope>(
    call: &Call<'_, S>,
    object_type: ObjectType,
    mut given: AttributeSet,
    uid: &str,
) -> Result<ObjectId, Refusal> {
    let source = call.object(Some(Identifier::Text(uid))).await?;
    if source.managed.object_type != object_type {
        return Err(Refusal::InvalidField);
    }
    source.managed.may_be_copied()?;
    let permit = Permit::<Copying>::obtain(call.scope, &source)?;
    judge(&source.managed, &given)?;
    for attribute in source.managed.attributes.all() {
        let own = attribute.name.tag().is_some_and(|tag| OWN.contains(&tag)) || is_mark(&attribute.name);
        let there = given.of(&attribute.name).next().is_some();
        if !own
            && !there
            && let Some(value) = &attribute.value
        {
            given.add(attribute.name.clone(), value.clone());
        }
    }
    let material = permit.with_material(|_, bytes, _| {
        SecretBytes::init_with(bytes.len(), |to| {
            to.copy_from_slice(bytes);
            Ok::<(), hardening::MemoryError>(())
        })
    });
    let material = material.map_err(|_| of_scope(ScopeError::NoMemory))?;
    let kind = source.managed.kind.clone();
    bear(call, Newborn { object_type, kind, given, material: Some(material), origin: Origin::Given }).await
}

/// Is the copy at least as bound as what it is of?
fn judge(source: &Managed, given: &AttributeSet) -> Result<(), Refusal> {
    let flag = |tag| given.get(tag).and_then(AttributeValue::as_boolean);
    let freer = (source.is_sensitive() && flag(Tag::SENSITIVE) == Some(false))
        || (!source.is_extractable() && flag(Tag::EXTRACTABLE) == Some(true));
    if freer {
        return Err(Refusal::InvalidAttributeValue);
    }
    if let Some(mask) = given.get(Tag::CRYPTOGRAPHIC_USAGE_MASK).and_then(AttributeValue::as_integer) {
        source.may_be_used_for(CryptographicUsageMask::from_bits(mask.cast_unsigned()))?;
    }
    for tag in [Tag::CRYPTOGRAPHIC_ALGORITHM, Tag::CRYPTOGRAPHIC_LENGTH, Tag::CRYPTOGRAPHIC_DOMAIN_PARAMETERS]
    {
        if given.get(tag).is_some() && given.get(tag) != source.attributes.get(tag) {
            return Err(Refusal::InvalidAttributeValue);
        }
    }
    for attribute in given.all() {
        source.may_copy_have(&attribute.name, attribute.value.as_ref())?;
    }
    Ok(())
}
