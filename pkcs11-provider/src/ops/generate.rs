//! C_GenerateKey, C_GenerateKeyPair.
//!
//! Rules: PKCS#11 3.2, sections 5.18.1, 5.18.2, and the key generation mechanisms of section 6.

use super::create::{curve, keep, of_making, other_type, public_info};
use super::derive;
use super::description::{describe, key_type_attribute, secret_algorithm};
use crate::appliance::{Again, payload};
use crate::attribute::may;
use crate::der::PublicInfo;
use crate::fault::{Done, Fault};
use crate::lattice::Lattice;
use crate::mechanism::{SECRET_BYTES_MAX, Scheme, find};
use crate::object::kmip_curve;
use crate::parameter::{Named, Parameter};
use crate::session::Session;
use crate::slot::of_trouble;
use crate::template::{Held, Template};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_KEY_TYPE, CK_OBJECT_HANDLE};
use kmip::attribute::{Attribute, AttributeValue, CryptographicDomainParameters, OneAttribute};
use kmip::enums::{CryptographicAlgorithm, KeyFormatType, ObjectType, Operation};
use kmip::identifier::Identifier;
use kmip::object::Object as Wire;
use kmip::operation::{
    CreateKeyPairRequest, CreateKeyPairResponse, CreateRequest, CreateResponse, GetRequest, GetResponse,
    SetAttributeRequest,
};
use kmip::tag::Tag;

/// The only public exponent that keys are made with, F4.
const F4: &[u8] = &[1, 0, 1];

/// C_GenerateKey.
///
/// # Errors
/// [`Fault::MechanismInvalid`], [`Fault::MechanismParamInvalid`], and what the template deserves.
pub(crate) fn key(session: &Session, named: &Named, template: &Template) -> Done<CK_OBJECT_HANDLE> {
    let mechanism = find(named.ty, ck::CKF_GENERATE)?;
    let Scheme::Generate(ty) = mechanism.scheme else {
        return derive::from_password(session, named, template);
    };
    if !matches!(named.parameter, Parameter::None) {
        return Err(Fault::MechanismParamInvalid);
    }
    let mut template = template.clone();
    template.agree(ck::CKA_CLASS, Held::of_ulong(ck::CKO_SECRET_KEY))?;
    template.agree(ck::CKA_KEY_TYPE, Held::of_ulong(ty))?;
    let described = describe(session, &template, ck::CKO_SECRET_KEY, Some(ty), may::GENERATE)?;
    // A type of one length need not say it.
    let told = template.ulong(ck::CKA_VALUE_LEN).or((ty == ck::CKK_CHACHA20).then_some(32));
    let length = told.ok_or(Fault::TemplateIncomplete)?;
    let sound = match ty {
        ck::CKK_CHACHA20 => length == 32,
        ck::CKK_AES => matches!(length, 16 | 24 | 32),
        ck::CKK_AES_XTS => matches!(length, 32 | 64),
        _ => (1..=SECRET_BYTES_MAX).contains(&length),
    };
    if !sound {
        return Err(if matches!(ty, ck::CKK_AES | ck::CKK_AES_XTS) {
            Fault::AttributeValueInvalid
        } else {
            Fault::KeySizeRange
        });
    }
    let (algorithm, named) = secret_algorithm(ty).ok_or(Fault::MechanismInvalid)?;
    let mut attributes = described.attributes;
    attributes.push(algorithm_attribute(algorithm));
    attributes
        .push(length_attribute(i32::try_from(length.saturating_mul(8)).map_err(|_| Fault::KeySizeRange)?));
    if named {
        attributes.push(key_type_attribute(ty));
    }
    let request = CreateRequest {
        object_type: ObjectType::SYMMETRIC_KEY,
        attributes: (&attributes).into(),
        protection_storage_masks: None,
    };
    let made = session.slot.appliance.ask(Operation::CREATE, &request, Again::MayNot, |item| {
        let response: CreateResponse<'_> = payload(item)?;
        response.unique_identifier.text().map(str::to_owned)
    });
    Ok(keep(session, &made.map_err(of_making)?, described.token, None)?.handle)
}

/// C_GenerateKeyPair: the handles of the public and the private key.
///
/// # Errors
/// As [`key`]; [`Fault::CurveNotSupported`].
pub(crate) fn pair(
    session: &Session,
    named: &Named,
    public: &Template,
    private: &Template,
) -> Done<(CK_OBJECT_HANDLE, CK_OBJECT_HANDLE)> {
    let mechanism = find(named.ty, ck::CKF_GENERATE_KEY_PAIR)?;
    let Scheme::Pair(ty) = mechanism.scheme else { return Err(Fault::MechanismInvalid) };
    if !matches!(named.parameter, Parameter::None) {
        return Err(Fault::MechanismParamInvalid);
    }
    let (mut public, mut private) = (public.clone(), private.clone());
    public.agree(ck::CKA_CLASS, Held::of_ulong(ck::CKO_PUBLIC_KEY))?;
    private.agree(ck::CKA_CLASS, Held::of_ulong(ck::CKO_PRIVATE_KEY))?;
    public.agree(ck::CKA_KEY_TYPE, Held::of_ulong(ty))?;
    private.agree(ck::CKA_KEY_TYPE, Held::of_ulong(ty))?;
    // Parameters of the pair stand in the template of the public key.
    for alone in [ck::CKA_MODULUS_BITS, ck::CKA_PUBLIC_EXPONENT, ck::CKA_EC_PARAMS, ck::CKA_PARAMETER_SET] {
        if private.has(alone) {
            return Err(Fault::TemplateInconsistent);
        }
    }
    let of_public = describe(session, &public, ck::CKO_PUBLIC_KEY, Some(ty), may::GENERATE)?;
    let of_private = describe(session, &private, ck::CKO_PRIVATE_KEY, Some(ty), may::GENERATE)?;
    let mut common = what(&public, ty)?;
    common.extend(other_type(ty));
    let request = CreateKeyPairRequest {
        common: Some((&common).into()),
        private_key: Some((&of_private.attributes).into()),
        public_key: Some((&of_public.attributes).into()),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    let made = session.slot.appliance.ask(Operation::CREATE_KEY_PAIR, &request, Again::MayNot, |item| {
        let response: CreateKeyPairResponse<'_> = payload(item)?;
        let private = response.private_key_unique_identifier.text()?.to_owned();
        Some((private, response.public_key_unique_identifier.text()?.to_owned()))
    });
    let (private_uid, public_uid) = made.map_err(of_making)?;
    let info = remember(session, &private_uid, &public_uid)?;
    let public = keep(session, &public_uid, of_public.token, None)?;
    let private = keep(session, &private_uid, of_private.token, None)?;
    let _ = public.public.set(Some(info.clone()));
    let _ = private.public.set(Some(info));
    Ok((public.handle, private.handle))
}

/// What is to be made, in KMIP's words.
fn what(public: &Template, ty: CK_KEY_TYPE) -> Done<Vec<Attribute<'static>>> {
    if ty == ck::CKK_RSA {
        let bits = public.ulong(ck::CKA_MODULUS_BITS).ok_or(Fault::TemplateIncomplete)?;
        if !matches!(bits, 1024 | 2048 | 3072 | 4096) {
            return Err(Fault::KeySizeRange);
        }
        if public.bytes(ck::CKA_PUBLIC_EXPONENT).is_some_and(|given| crate::der::trimmed(given) != F4) {
            return Err(Fault::AttributeValueInvalid);
        }
        let bits = i32::try_from(bits).map_err(|_| Fault::KeySizeRange)?;
        return Ok(vec![algorithm_attribute(CryptographicAlgorithm::RSA), length_attribute(bits)]);
    }
    if ty == ck::CKK_ML_DSA {
        let wanted = public.ulong(ck::CKA_PARAMETER_SET).ok_or(Fault::TemplateIncomplete)?;
        let set = Lattice::ALL.into_iter().find(|set| set.parameter_set() == wanted);
        return Ok(vec![algorithm_attribute(set.ok_or(Fault::ParameterSetNotSupported)?.kmip())]);
    }
    let params = public.bytes(ck::CKA_EC_PARAMS).ok_or(Fault::TemplateIncomplete)?;
    let (curve, algorithm) = curve(params, ty)?;
    let mut attributes = vec![algorithm_attribute(algorithm)];
    if let Some(name) = kmip_curve(curve) {
        let domain = CryptographicDomainParameters { qlength: None, recommended_curve: Some(name) };
        let value = AttributeValue::structure(&domain);
        attributes.push(Attribute::standard(Tag::CRYPTOGRAPHIC_DOMAIN_PARAMETERS, value));
    }
    Ok(attributes)
}

/// Keeps the public numbers with the private key: the public key may be destroyed, and applications ask the private
/// one for its modulus.
fn remember(session: &Session, private: &str, public: &str) -> Done<PublicInfo> {
    let request = GetRequest {
        unique_identifier: Some(Identifier::Text(public)),
        key_format_type: Some(KeyFormatType::X_509),
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    let appliance = &session.slot.appliance;
    let info = appliance.ask(Operation::GET, &request, Again::May, |item| {
        let response: GetResponse<'_> = payload(item)?;
        match response.object {
            Wire::PublicKey(key) => match key.key_block.value? {
                kmip::object::KeyValue::Plain(plain) => PublicInfo::read(plain.material.bytes()?),
                kmip::object::KeyValue::Wrapped(_) => None,
            },
            _ => None,
        }
    });
    let info = info.map_err(of_trouble)?;
    let request = SetAttributeRequest {
        unique_identifier: Some(Identifier::Text(private)),
        attribute: OneAttribute(public_info(&info)),
    };
    appliance.ask(Operation::SET_ATTRIBUTE, &request, Again::May, |_| Some(())).map_err(of_trouble)?;
    Ok(info)
}

/// Cryptographic Algorithm.
pub(crate) fn algorithm_attribute(algorithm: CryptographicAlgorithm) -> Attribute<'static> {
    Attribute::standard(Tag::CRYPTOGRAPHIC_ALGORITHM, crate::token::code(algorithm))
}

/// Cryptographic Length, in bits.
pub(crate) fn length_attribute(bits: i32) -> Attribute<'static> {
    Attribute::standard(Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(bits))
}
