//! Register: keeps an object that the client brings.
//!
//! Rules: KMIP 1.4, sections 4.3 and 11.4; KMIP 2.1, section 6.1.43.

use super::birth::{Newborn, Origin, agree, algorithm_value, prepare, store};
use super::call::{Answer, Call};
use super::certificate;
use super::container::{bear_chain, is_container, unpack};
use super::create::key_bytes;
use super::form::take_in;
use super::pair::{facts, fits, group_facts};
use super::rules::{rule_of, well_formed};
use super::template;
use super::unwrapping;
use crate::audited::Unaudited;
use crate::crypto::asymmetric::{Curve, Family, KeyError};
use crate::managed::{AttributeSet, Kind};
use crate::scope::Scope;
use hardening::SecretBytes;
use kmip::attribute::AttributeValue;
use kmip::enums::{CryptographicAlgorithm, Enumeration, ObjectType};
use kmip::field::Field;
use kmip::object::{KeyValue, KeyWrappingData, Object as Wire};
use kmip::operation::{RegisterRequest, RegisterResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::ttlv::Writer;
use kmip::version::Version;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: RegisterRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let object_type = request.object_type;
    if object_type != request.object.ty() || !object_type.exists_in(call.version) {
        return Err(Refusal::InvalidField);
    }
    let mut given = template::read(call, object_type, request.attributes).await?;
    given.unset(Tag::KEY_FORMAT_TYPE);
    if let Wire::Template(attributes) = request.object {
        take_template(&mut given, attributes, call.version)?;
    }
    let mut beside = Vec::new();
    let wrapped_as = wrapped_as(&request.object);
    let kept = match unwrapping::open(call, &request.object).await? {
        None if is_container(&request.object) => {
            let (kept, certificates) = unpack(call, &mut given, &request.object).await?.into_parts();
            beside = certificates;
            kept
        }
        None => {
            let value = request.object.key_block().and_then(|block| block.value);
            take_beside(call, &mut given, object_type, value)?;
            take_in(&request.object, call.version, None)?
        }
        Some(opened) => {
            if opened.hidden {
                agree(&mut given, Tag::SENSITIVE, AttributeValue::Boolean(true))?;
            }
            opened.with_value(call.version, |value| {
                take_beside(call, &mut given, object_type, Some(value))?;
                take_in(&request.object, call.version, Some(value))
            })?
        }
    };
    describe(&mut given, object_type, &kept.kind, kept.material.as_ref())?;
    let newborn =
        Newborn { object_type, kind: kept.kind, given, material: kept.material, origin: Origin::Given };
    let mut object = prepare(call, newborn, None).await?;
    object.managed.wrapped_as = wrapped_as;
    let id = object.id;
    let mut objects = bear_chain(call, &mut object, &beside).await?;
    call.about(&object);
    objects.push(object);
    store(call, objects).await?;
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response = RegisterResponse { unique_identifier: id.as_str().into(), attributes: None };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}

/// How the object is wrapped, as it is kept: so that it can be wrapped again.
pub(super) fn wrapped_as(object: &Wire<'_>) -> Option<Vec<u8>> {
    let data = object.key_block()?.wrapping?;
    // A key that only the batch knows by its place has another name afterwards.
    data.encryption?.unique_identifier.text()?;
    let data = KeyWrappingData { mac_signature: None, iv_counter_nonce: None, ..data };
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, usize::MAX);
    data.encode(Tag::KEY_WRAPPING_DATA, Version::V2_1, &mut writer);
    writer.finish().ok()?;
    Some(out)
}

/// Takes up the attributes that stand in a key value.
fn take_beside<S: Scope>(
    call: &Call<'_, S>,
    given: &mut AttributeSet,
    object_type: ObjectType,
    value: Option<KeyValue<'_>>,
) -> Result<(), Refusal> {
    match value {
        Some(KeyValue::Plain(plain)) => {
            template::take_beside(call, given, object_type, plain.attributes.attributes)?;
            given.unset(Tag::KEY_FORMAT_TYPE);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The attributes of a template are those that it will give others, and its own name.
fn take_template(
    given: &mut AttributeSet,
    attributes: kmip::attribute::Attributes<'_>,
    version: Version,
) -> Result<(), Refusal> {
    for attribute in attributes.iter() {
        well_formed(&attribute, rule_of(&attribute.name, version)?)?;
        let value = attribute.value.ok_or(Refusal::InvalidMessage)?;
        given.add(attribute.name.into_owned(), value.into_owned());
    }
    Ok(())
}

/// Sets what the object tells of itself, and refuses what contradicts it.
///
/// # Errors
/// [`Refusal::InvalidField`], [`Refusal::InvalidAttributeValue`].
pub(super) fn describe(
    given: &mut AttributeSet,
    object_type: ObjectType,
    kind: &Kind,
    material: Option<&SecretBytes>,
) -> Result<(), Refusal> {
    if let (Kind::Certificate(ty), Some(material)) = (kind, material) {
        material.expose(|bytes| certificate::describe(given, *ty, bytes))?;
    }
    let Some(block) = kind.block() else { return Ok(()) };
    if let Some(algorithm) = block.algorithm {
        agree(given, Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm_value(algorithm))?;
    }
    if let Some(length) = block.length {
        agree(given, Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(length))?;
    }
    let held = material.map(SecretBytes::len);
    if object_type == ObjectType::SYMMETRIC_KEY {
        let algorithm = given
            .get(Tag::CRYPTOGRAPHIC_ALGORITHM)
            .and_then(AttributeValue::as_enumeration)
            .map(CryptographicAlgorithm::from_code)
            .ok_or(Refusal::InvalidField)?;
        let told = given.get(Tag::CRYPTOGRAPHIC_LENGTH).and_then(AttributeValue::as_integer);
        if let Some(bytes) = held {
            let bits = i32::try_from(bytes.saturating_mul(8)).map_err(|_| Refusal::InvalidField)?;
            let length = told.unwrap_or(bits);
            if key_bytes(algorithm, length) != Some(bytes) {
                return Err(Refusal::InvalidAttributeValue);
            }
            agree(given, Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(length))?;
        }
    } else if matches!(object_type, ObjectType::PRIVATE_KEY | ObjectType::PUBLIC_KEY) {
        if let Some(material) = material {
            describe_pair(given, object_type, kind, material)?;
        }
    } else if let Some(bytes) = held
        && object_type == ObjectType::SECRET_DATA
        && given.get(Tag::CRYPTOGRAPHIC_LENGTH).is_none()
    {
        let bits = i32::try_from(bytes.saturating_mul(8)).map_err(|_| Refusal::InvalidField)?;
        agree(given, Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(bits))?;
    }
    Ok(())
}

/// The same for keys that are kept and not used.
fn describe_group(given: &mut AttributeSet, kind: &Kind, material: &SecretBytes) -> Result<(), Refusal> {
    let format = kind.block().map(|block| block.format);
    let facts = format.and_then(|format| material.expose(|bytes| group_facts(format, bytes)));
    let Some((algorithm, bits)) = facts else { return Ok(()) };
    agree(given, Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm_value(algorithm))?;
    if given.get(Tag::CRYPTOGRAPHIC_LENGTH).is_none() {
        let bits = i32::try_from(bits).map_err(|_| Refusal::InvalidField)?;
        agree(given, Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(bits))?;
    }
    Ok(())
}

/// Sets what a half of a key pair tells of itself, and refuses what contradicts it. Keys of algorithms that are not known here
/// are kept as they are.
fn describe_pair(
    given: &mut AttributeSet,
    object_type: ObjectType,
    kind: &Kind,
    material: &SecretBytes,
) -> Result<(), Refusal> {
    let (family, bits) = match material.expose(|bytes| facts(object_type, kind, bytes)) {
        Ok(facts) => facts,
        Err(KeyError::Unknown) => return describe_group(given, kind, material),
        Err(KeyError::Malformed) => return Err(Refusal::InvalidField),
    };
    let told = given
        .get(Tag::CRYPTOGRAPHIC_ALGORITHM)
        .and_then(AttributeValue::as_enumeration)
        .map(CryptographicAlgorithm::from_code);
    match (told, family) {
        (Some(told), family) if !fits(told, family) => return Err(Refusal::InvalidAttributeValue),
        (Some(_), _) => {}
        (None, Family::Rsa) => {
            agree(given, Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm_value(CryptographicAlgorithm::RSA))?;
        }
        (None, Family::Curve(Curve::Ed25519)) => {
            agree(given, Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm_value(CryptographicAlgorithm::ED25519))?;
        }
        // Known by what the client told alone.
        (None, Family::MlDsa(_)) => return Err(Refusal::InvalidField),
        (None, Family::Curve(_)) => {
            agree(given, Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm_value(CryptographicAlgorithm::EC))?;
        }
    }
    let bits = i32::try_from(bits).map_err(|_| Refusal::InvalidField)?;
    agree(given, Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(bits))
}
