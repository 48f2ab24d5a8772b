//! Import: stores an object under the identifier it had elsewhere, with the attributes it had there.
//!
//! What it was called and did elsewhere is believed; that nobody has seen it in clear is not: an imported key was outside,
//! and if it passed for one that never was, everything sensitive could be wrapped with it and read. What follows from the
//! object itself (digest, certificate attributes, lengths) is computed again.
//! An object that is there is replaced on request alone. An identifier that somebody else's object has is given another, so
//! that nobody learns of that object; so is one that is not of our form and that the server has to remember.
//! Rules: KMIP 1.4, sections 4.41 and 11.42; KMIP 2.1, section 6.1.25.

use super::birth::{Newborn, Origin, prepare, store};
use super::call::{Answer, Call};
use super::form::{Kept, take_in};
use super::register::{describe, wrapped_as};
use super::rules::{INSTANCES_MAX, rule_of, well_formed};
use super::unwrapping;
use crate::audited::Unaudited;
use crate::managed::{AttributeSet, KeyBlock, Kind, Life};
use crate::object::Object;
use crate::request::of_scope;
use crate::scope::{Scope, ScopeError};
use holdfast_model::ObjectId;
use kmip::attribute::{Attribute, AttributeName, AttributeValue};
use kmip::enums::{
    CertificateType, CryptographicAlgorithm, Enumeration, KeyFormatType, KeyWrapType, ObjectType,
};
use kmip::field::Field;
use kmip::operation::{ImportRequest, ImportResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use std::rc::Rc;

/// Attributes that the object says of itself, or that only this server can know.
const COMPUTED: [Tag; 9] = [
    Tag::UNIQUE_IDENTIFIER,
    Tag::OBJECT_TYPE,
    Tag::KEY_FORMAT_TYPE,
    Tag::SHORT_UNIQUE_IDENTIFIER,
    Tag::PROTECTION_STORAGE_MASK,
    Tag::DIGEST,
    Tag::KEY_VALUE_PRESENT,
    Tag::ALWAYS_SENSITIVE,
    Tag::NEVER_EXTRACTABLE,
];

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: ImportRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let object_type = type_of(&request)?;
    if !object_type.exists_in(call.version) {
        return Err(Refusal::InvalidField);
    }
    let mut given = read(call, object_type, &request)?;
    let place = place(call, &request).await?;
    let kept = match &request.object {
        None => remains(object_type, &given)?,
        Some(object) => {
            if life(&given).is_some_and(Life::is_destroyed) {
                return Err(Refusal::InvalidField);
            }
            if request.key_wrap_type.is_some_and(|ty| ty != KeyWrapType::NOT_WRAPPED) {
                return Err(Refusal::KeyWrapTypeNotSupported);
            }
            match unwrapping::open(call, object).await? {
                None => take_in(object, call.version, None)?,
                Some(opened) => {
                    if opened.hidden {
                        given.set(Tag::SENSITIVE, AttributeValue::Boolean(true));
                    }
                    opened.with_value(call.version, |value| take_in(object, call.version, Some(value)))?
                }
            }
        }
    };
    if request.object.is_some() {
        describe(&mut given, object_type, &kept.kind, kept.material.as_ref())?;
    }
    let newborn =
        Newborn { object_type, kind: kept.kind, given, material: kept.material, origin: Origin::Given };
    let mut object = prepare(call, newborn, place.old.as_ref().map(|old| old.id)).await?;
    object.managed.wrapped_as = request.object.as_ref().and_then(wrapped_as);
    if let Some(id) = place.id {
        object.id = id;
    }
    if let Some(old) = &place.old {
        object.revision = old.revision;
        // If it is the same key, it must not make the same nonces again.
        object.managed.nonces_reserved =
            object.managed.nonces_reserved.saturating_add(old.managed.nonces_reserved);
    }
    let id = object.id;
    call.about(&object);
    store(call, vec![object]).await?;
    // Under an identifier of another form it is known by both.
    let text = match (place.id, request.unique_identifier.text()) {
        (Some(_), Some(text)) => text.to_owned(),
        _ => id.to_string(),
    };
    let answer = Answer::new(move |version, out| {
        let response = ImportResponse { unique_identifier: text.as_str().into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}

/// Where the object goes.
struct Place {
    /// Its identifier; none if it is to have one of ours.
    id: Option<ObjectId>,
    /// What it replaces.
    old: Option<Rc<Object>>,
}

async fn place<S: Scope>(call: &Call<'_, S>, request: &ImportRequest<'_>) -> Result<Place, Refusal> {
    let id = call.identify(Some(request.unique_identifier))?;
    match call.scope.load(id).await {
        Err(ScopeError::NotThere) => return Ok(Place { id: Some(id), old: None }),
        Err(error) => return Err(of_scope(error)),
        Ok(_) => {}
    }
    match call.load(id).await {
        Err(Refusal::NotFound) => Ok(Place { id: None, old: None }),
        Err(refusal) => Err(refusal),
        Ok(old) if request.replace_existing == Some(true) => Ok(Place { id: Some(id), old: Some(old) }),
        Ok(_) => Err(Refusal::AlreadyExists),
    }
}

/// The type that the request names, which must be that of the object.
fn type_of(request: &ImportRequest<'_>) -> Result<ObjectType, Refusal> {
    let mut named = request.object_type;
    for attribute in request.attributes.iter() {
        if attribute.name.tag() == Some(Tag::OBJECT_TYPE) {
            let ty = attribute.value.as_ref().and_then(AttributeValue::as_enumeration);
            let ty = ty.map(ObjectType::from_code).ok_or(Refusal::InvalidAttributeValue)?;
            if *named.get_or_insert(ty) != ty {
                return Err(Refusal::InvalidField);
            }
        }
    }
    let own = request.object.as_ref().map(kmip::object::Object::ty);
    match (named, own) {
        (Some(named), Some(own)) if named != own => Err(Refusal::InvalidField),
        (named, own) => own.or(named).ok_or(Refusal::InvalidField),
    }
}

/// The attributes, judged by form and type; who may set them does not matter here.
fn read<S: Scope>(
    call: &Call<'_, S>,
    object_type: ObjectType,
    request: &ImportRequest<'_>,
) -> Result<AttributeSet, Refusal> {
    let mut set = AttributeSet::default();
    for (at, attribute) in request.attributes.iter().enumerate() {
        if at >= INSTANCES_MAX {
            return Err(Refusal::ServerLimit);
        }
        judge(call, object_type, &attribute, &set)?;
        if !attribute.name.tag().is_some_and(|tag| COMPUTED.contains(&tag))
            && let Some(value) = attribute.value
        {
            set.add(attribute.name.into_owned(), value.into_owned());
        }
    }
    if let Some(state) = set.get(Tag::STATE).and_then(AttributeValue::as_enumeration)
        && Life::from_code(state).is_none()
    {
        return Err(Refusal::InvalidAttributeValue);
    }
    Ok(set)
}

fn judge<S: Scope>(
    call: &Call<'_, S>,
    object_type: ObjectType,
    attribute: &Attribute<'_>,
    set: &AttributeSet,
) -> Result<(), Refusal> {
    let rule = rule_of(&attribute.name, call.version)?;
    well_formed(attribute, rule)?;
    if !matches!(attribute.name, AttributeName::Standard(_)) {
        return Ok(());
    }
    if !rule.applies_to(object_type, call.version) {
        return Err(Refusal::InvalidAttribute);
    }
    let mut there = set.of(&attribute.name);
    if !rule.multiple && there.next().is_some() {
        let tagged = call.version.tags_attributes();
        return Err(if tagged { Refusal::AttributeSingleValued } else { Refusal::InvalidField });
    }
    if there.any(|there| there.value == attribute.value.clone().map(AttributeValue::into_owned)) {
        return Err(Refusal::InvalidAttributeValue);
    }
    Ok(())
}

fn life(given: &AttributeSet) -> Option<Life> {
    given.get(Tag::STATE).and_then(AttributeValue::as_enumeration).and_then(Life::from_code)
}

/// What is left of an object that was destroyed elsewhere; others come with their value.
fn remains(object_type: ObjectType, given: &AttributeSet) -> Result<Kept, Refusal> {
    if !life(given).is_some_and(Life::is_destroyed) {
        return Err(Refusal::InvalidField);
    }
    let code = |tag| given.get(tag).and_then(AttributeValue::as_enumeration);
    let kind = match object_type {
        ObjectType::SYMMETRIC_KEY | ObjectType::PUBLIC_KEY | ObjectType::PRIVATE_KEY => Kind::Key(KeyBlock {
            format: KeyFormatType::RAW,
            compression: None,
            algorithm: code(Tag::CRYPTOGRAPHIC_ALGORITHM).map(CryptographicAlgorithm::from_code),
            length: given.get(Tag::CRYPTOGRAPHIC_LENGTH).and_then(AttributeValue::as_integer),
            structured: false,
        }),
        ObjectType::CERTIFICATE => {
            let ty = code(Tag::CERTIFICATE_TYPE).map(CertificateType::from_code);
            Kind::Certificate(ty.ok_or(Refusal::InvalidField)?)
        }
        // The rest has properties that only the object itself tells.
        _ => return Err(Refusal::InvalidField),
    };
    Ok(Kept { kind, material: None })
}
