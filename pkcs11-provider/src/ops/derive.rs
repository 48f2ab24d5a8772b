//! C_DeriveKey, and C_GenerateKey with PBKDF2: the appliance derives.
//!
//! Rules: PKCS#11 3.2, section 5.18.5, and the derivations of section 6.

use super::create::{keep, of_making};
use super::description::{describe, key_type_attribute, secret_algorithm};
use super::expansion::{extract, of_counter, of_hkdf};
use super::generate::{algorithm_attribute, length_attribute};
use super::wrap::impose;
use super::{key, of_use};
use crate::appliance::{Again, Trouble, payload};
use crate::attribute::may;
use crate::der::{Curve, PublicInfo, point_of};
use crate::digest::Hash;
use crate::fault::{Done, Fault};
use crate::mechanism::{Scheme, find};
use crate::object::{Object, Seen};
use crate::parameter::{Named, Parameter};
use crate::session::Session;
use crate::template::{Held, Template};
use crate::token::vendor;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_KEY_TYPE, CK_OBJECT_HANDLE};
use kmip::attribute::{Attribute, AttributeValue, CryptographicParameters};
use kmip::enums::{
    BlockCipherMode, CryptographicAlgorithm, DerivationMethod, KeyFormatType, ObjectType, Operation,
    ResultReason, SecretDataType,
};
use kmip::identifier::Identifier;
use kmip::mask::CryptographicUsageMask as Mask;
use kmip::object::{KeyBlock, KeyMaterial, KeyValue, Object as Wire, PublicKey, SecretData};
use kmip::operation::{
    DerivationParameters, DeriveKeyRequest, DeriveKeyResponse, RegisterRequest, RegisterResponse,
};
use kmip::tag::Tag;
use std::sync::Arc;

/// A derivation in KMIP's words.
pub(super) struct Plan {
    pub(super) method: DerivationMethod,
    pub(super) parameters: CryptographicParameters<'static>,
    pub(super) iv: Option<Vec<u8>>,
    pub(super) data: Option<Vec<u8>>,
    pub(super) salt: Option<Vec<u8>>,
    pub(super) rounds: Option<i32>,
    /// Bytes that come out where the template does not say.
    pub(super) natural: Option<usize>,
}

impl Plan {
    pub(super) fn new(method: DerivationMethod) -> Self {
        let parameters = CryptographicParameters::default();
        Self { method, parameters, iv: None, data: None, salt: None, rounds: None, natural: None }
    }

    pub(super) fn hashed(mut self, hash: Hash) -> Self {
        self.parameters.hashing_algorithm = Some(hash.kmip());
        self
    }
}

/// C_DeriveKey.
///
/// # Errors
/// [`Fault::MechanismParamInvalid`], [`Fault::KeyFunctionNotPermitted`], and what the template deserves.
pub(crate) fn derive(
    session: &Session,
    named: &Named,
    base: CK_OBJECT_HANDLE,
    template: &Template,
) -> Done<CK_OBJECT_HANDLE> {
    let mechanism = find(named.ty, ck::CKF_DERIVE)?;
    let (base, seen) = key(session, base)?;
    if !seen.key_type().is_some_and(|ty| mechanism.keys.contains(&ty)) {
        return Err(Fault::KeyTypeInconsistent);
    }
    if !seen.may(ck::CKA_DERIVE) {
        return Err(Fault::KeyFunctionNotPermitted);
    }
    if !seen.allows(named.ty) {
        return Err(Fault::MechanismInvalid);
    }
    let mut template = template.clone();
    impose(&seen, ck::CKA_DERIVE_TEMPLATE, &mut template)?;
    template.agree(ck::CKA_CLASS, Held::of_ulong(ck::CKO_SECRET_KEY))?;
    if template.key_type().is_none() {
        template.set(ck::CKA_KEY_TYPE, Held::of_ulong(ck::CKK_GENERIC_SECRET));
    }
    if let (Scheme::Ecdh, Parameter::Ecdh { kdf, shared, public }) = (mechanism.scheme, &named.parameter) {
        return agree(session, &base, &seen, (*kdf, shared, public), &template);
    }
    if let (Scheme::Hkdf(_), Parameter::Hkdf(hkdf)) = (mechanism.scheme, &named.parameter)
        && hkdf.extract
        && !hkdf.expand
    {
        return extract(session, &base, hkdf, &template);
    }
    let plan = plan(mechanism.scheme, &named.parameter, &template)?;
    let encrypts = matches!(mechanism.scheme, Scheme::EcbOfData | Scheme::CbcOfData);
    let wanted = template.ulong(ck::CKA_VALUE_LEN).and_then(|length| usize::try_from(length).ok());
    if encrypts && plan.natural.zip(wanted).is_some_and(|(natural, wanted)| wanted > natural) {
        return Err(Fault::DataLenRange);
    }
    make(session, &[&base.uid], &plan, &template).map_err(|trouble| settle(session, &base, trouble))
}

/// A fault of ours, or one that the appliance names.
pub(super) enum Snag {
    Fault(Fault),
    Trouble(Trouble),
}

impl From<Fault> for Snag {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

pub(super) fn settle(session: &Session, base: &Object, snag: Snag) -> Fault {
    match snag {
        Snag::Fault(fault) => fault,
        Snag::Trouble(Trouble::Refused(ResultReason::INVALID_ATTRIBUTE_VALUE)) => Fault::KeySizeRange,
        Snag::Trouble(
            trouble @ Trouble::Refused(
                ResultReason::INVALID_ATTRIBUTE
                | ResultReason::READ_ONLY_ATTRIBUTE
                | ResultReason::ATTRIBUTE_READ_ONLY,
            ),
        ) => of_making(trouble),
        Snag::Trouble(Trouble::Refused(ResultReason::CRYPTOGRAPHIC_FAILURE)) => Fault::KeySizeRange,
        Snag::Trouble(trouble) => of_use(session, base, trouble),
    }
}

fn plan(scheme: Scheme, parameter: &Parameter, template: &Template) -> Done<Plan> {
    Ok(match (scheme, parameter) {
        (Scheme::Hkdf(_), Parameter::Hkdf(hkdf)) => of_hkdf(hkdf)?,
        (Scheme::CounterKdf, Parameter::CounterKdf { prf, fields }) => of_counter(*prf, fields, template)?,
        (Scheme::HashOfKey(hash), Parameter::None) => {
            Plan { natural: Some(hash.bytes()), ..Plan::new(DerivationMethod::HASH).hashed(hash) }
        }
        (Scheme::EcbOfData, Parameter::Data(data)) => {
            if data.is_empty() || !data.len().is_multiple_of(16) {
                return Err(Fault::MechanismParamInvalid);
            }
            let mut plan = Plan::new(DerivationMethod::ENCRYPT);
            plan.parameters.block_cipher_mode = Some(BlockCipherMode::ECB);
            Plan { natural: Some(data.len()), data: Some(data.clone()), ..plan }
        }
        (Scheme::CbcOfData, Parameter::CbcData { iv, data }) => {
            if data.is_empty() || !data.len().is_multiple_of(16) {
                return Err(Fault::MechanismParamInvalid);
            }
            let mut plan = Plan::new(DerivationMethod::ENCRYPT);
            plan.parameters.block_cipher_mode = Some(BlockCipherMode::CBC);
            Plan { natural: Some(data.len()), data: Some(data.clone()), iv: Some(iv.to_vec()), ..plan }
        }
        _ => return Err(Fault::MechanismParamInvalid),
    })
}

/// Derives a key and keeps it.
pub(super) fn make(
    session: &Session,
    bases: &[&str],
    plan: &Plan,
    template: &Template,
) -> Result<CK_OBJECT_HANDLE, Snag> {
    let ty = template.key_type().ok_or(Fault::TemplateIncomplete)?;
    let mut described = describe(session, template, ck::CKO_SECRET_KEY, Some(ty), may::UNWRAP)?;
    let length = length(template, ty, plan.natural)?;
    secret(&mut described.attributes, ty, length)?;
    let uid =
        ask(session, bases, plan, ObjectType::SYMMETRIC_KEY, &described.attributes).map_err(Snag::Trouble)?;
    Ok(keep(session, &uid, described.token, None)?.handle)
}

fn secret(attributes: &mut Vec<Attribute<'static>>, ty: CK_KEY_TYPE, length: usize) -> Done<()> {
    let (algorithm, named) = secret_algorithm(ty).ok_or(Fault::TemplateInconsistent)?;
    attributes.push(algorithm_attribute(algorithm));
    attributes
        .push(length_attribute(i32::try_from(length.saturating_mul(8)).map_err(|_| Fault::KeySizeRange)?));
    if named {
        attributes.push(key_type_attribute(ty));
    }
    Ok(())
}

pub(super) fn length(template: &Template, ty: CK_KEY_TYPE, natural: Option<usize>) -> Done<usize> {
    match template.ulong(ck::CKA_VALUE_LEN) {
        Some(0) => Err(Fault::AttributeValueInvalid),
        Some(length) => {
            let length = usize::try_from(length).map_err(|_| Fault::KeySizeRange)?;
            if natural.is_some_and(|natural| length > natural) {
                Err(Fault::KeySizeRange)
            } else {
                Ok(length)
            }
        }
        None => match (natural, ty) {
            (Some(natural), ck::CKK_AES) => {
                [32, 24, 16].into_iter().find(|fits| *fits <= natural).ok_or(Fault::KeySizeRange)
            }
            (Some(natural), _) => Ok(natural),
            (None, _) => Err(Fault::TemplateIncomplete),
        },
    }
}

fn ask(
    session: &Session,
    bases: &[&str],
    plan: &Plan,
    object_type: ObjectType,
    attributes: &[Attribute<'static>],
) -> Result<String, Trouble> {
    let identifiers: Vec<Identifier<'_>> = bases.iter().map(|uid| Identifier::Text(uid)).collect();
    let data: Vec<&[u8]> = plan.data.iter().map(Vec::as_slice).collect();
    let request = DeriveKeyRequest {
        object_type,
        unique_identifiers: (&identifiers).into(),
        method: plan.method,
        parameters: DerivationParameters {
            cryptographic_parameters: Some(plan.parameters),
            initialization_vector: plan.iv.as_deref(),
            derivation_data: (&data).into(),
            salt: plan.salt.as_deref(),
            iteration_count: plan.rounds,
        },
        attributes: attributes.into(),
    };
    session.slot.appliance.ask(Operation::DERIVE_KEY, &request, Again::MayNot, |item| {
        let response: DeriveKeyResponse<'_> = payload(item)?;
        response.unique_identifier.text().map(str::to_owned)
    })
}

/// ECDH: the other side's point is a public key for the moment of the derivation.
fn agree(
    session: &Session,
    base: &Arc<Object>,
    seen: &Arc<Seen>,
    (kdf, shared, public): (u64, &[u8], &[u8]),
    template: &Template,
) -> Done<CK_OBJECT_HANDLE> {
    if seen.class() != Some(ck::CKO_PRIVATE_KEY) {
        return Err(Fault::KeyTypeInconsistent);
    }
    if kdf != ck::CKD_NULL || !shared.is_empty() {
        return Err(Fault::MechanismParamInvalid);
    }
    let curve = match session.slot.public(base, seen) {
        Some(PublicInfo::Curve(curve, _)) => curve,
        _ => curve_by_bits(seen)?,
    };
    let point = point_of(curve, public).ok_or(Fault::MechanismParamInvalid)?;
    let info = PublicInfo::Curve(curve, point).write();
    let other = borrow(session, &info).map_err(|trouble| match trouble {
        Trouble::Refused(_) => Fault::MechanismParamInvalid,
        Trouble::Silent => Fault::DeviceError,
    })?;
    let plan = Plan { natural: Some(curve.bytes()), ..Plan::new(DerivationMethod::ASYMMETRIC_KEY) };
    let made = make(session, &[&base.uid, &other], &plan, template);
    // It was for this derivation alone.
    let _ = session.slot.destroy(&other);
    made.map_err(|snag| match snag {
        Snag::Trouble(Trouble::Refused(
            ResultReason::CRYPTOGRAPHIC_FAILURE | ResultReason::GENERAL_FAILURE,
        )) => Fault::MechanismParamInvalid,
        other => settle(session, base, other),
    })
}

fn curve_by_bits(seen: &Seen) -> Done<Curve> {
    Ok(match (seen.key_type(), seen.bits()) {
        (Some(ck::CKK_EC_MONTGOMERY), _) => Curve::X25519,
        (_, 256) => Curve::P256,
        (_, 384) => Curve::P384,
        (_, 521) => Curve::P521,
        _ => return Err(Fault::CurveNotSupported),
    })
}

/// Registers a public key that nobody else sees.
fn borrow(session: &Session, info: &[u8]) -> Result<String, Trouble> {
    let attributes = [
        Attribute::standard(
            Tag::CRYPTOGRAPHIC_USAGE_MASK,
            AttributeValue::Integer(Mask::DERIVE_KEY.bits().cast_signed()),
        ),
        Attribute::standard(Tag::ACTIVATION_DATE, AttributeValue::DateTime(0)),
        vendor(crate::attribute::SESSION, AttributeValue::text(&session.slot.instance)),
    ];
    let key_block = KeyBlock {
        format: KeyFormatType::X_509,
        compression: None,
        value: Some(KeyValue::plain(KeyMaterial::Bytes(info))),
        algorithm: Some(CryptographicAlgorithm::EC),
        length: None,
        wrapping: None,
    };
    let object = Wire::PublicKey(PublicKey { key_block });
    register(session, ObjectType::PUBLIC_KEY, &attributes, object)
}

fn register(
    session: &Session,
    object_type: ObjectType,
    attributes: &[Attribute<'_>],
    object: Wire<'_>,
) -> Result<String, Trouble> {
    let request = RegisterRequest {
        object_type,
        attributes: attributes.into(),
        object,
        protection_storage_masks: None,
    };
    session.slot.appliance.ask(Operation::REGISTER, &request, Again::MayNot, |item| {
        let response: RegisterResponse<'_> = payload(item)?;
        response.unique_identifier.text().map(str::to_owned)
    })
}

/// Registers bytes that only a derivation sees.
pub(super) fn lend(session: &Session, bytes: &[u8], ty: SecretDataType) -> Result<String, Trouble> {
    let attributes = [
        Attribute::standard(
            Tag::CRYPTOGRAPHIC_USAGE_MASK,
            AttributeValue::Integer(Mask::DERIVE_KEY.bits().cast_signed()),
        ),
        Attribute::standard(Tag::ACTIVATION_DATE, AttributeValue::DateTime(0)),
        vendor(crate::attribute::SESSION, AttributeValue::text(&session.slot.instance)),
    ];
    let key_block = KeyBlock {
        format: KeyFormatType::RAW,
        compression: None,
        value: Some(KeyValue::plain(KeyMaterial::Bytes(bytes))),
        algorithm: None,
        length: None,
        wrapping: None,
    };
    let object = Wire::SecretData(SecretData { ty, key_block });
    register(session, ObjectType::SECRET_DATA, &attributes, object)
}

/// C_GenerateKey with CKM_PKCS5_PBKD2: the password is secret data for the moment of the derivation.
///
/// # Errors
/// [`Fault::MechanismParamInvalid`], and what the template deserves.
pub(crate) fn from_password(session: &Session, named: &Named, template: &Template) -> Done<CK_OBJECT_HANDLE> {
    let Parameter::Pbkd(pbkd) = &named.parameter else { return Err(Fault::MechanismParamInvalid) };
    let hash = match pbkd.prf {
        ck::CKP_PKCS5_PBKD2_HMAC_SHA1 => Hash::Sha1,
        ck::CKP_PKCS5_PBKD2_HMAC_SHA224 => Hash::Sha224,
        ck::CKP_PKCS5_PBKD2_HMAC_SHA256 => Hash::Sha256,
        ck::CKP_PKCS5_PBKD2_HMAC_SHA384 => Hash::Sha384,
        ck::CKP_PKCS5_PBKD2_HMAC_SHA512 => Hash::Sha512,
        _ => return Err(Fault::MechanismParamInvalid),
    };
    let rounds = i32::try_from(pbkd.iterations).map_err(|_| Fault::MechanismParamInvalid)?;
    if rounds == 0 || pbkd.password.is_empty() {
        return Err(Fault::MechanismParamInvalid);
    }
    let mut template = template.clone();
    template.agree(ck::CKA_CLASS, Held::of_ulong(ck::CKO_SECRET_KEY))?;
    let ty = template.key_type().ok_or(Fault::TemplateIncomplete)?;
    if ty == ck::CKK_AES && !template.has(ck::CKA_VALUE_LEN) {
        return Err(Fault::TemplateIncomplete);
    }
    let password = lend(session, &pbkd.password, SecretDataType::PASSWORD).map_err(of_making)?;
    let plan = Plan {
        salt: Some(pbkd.salt.clone()),
        rounds: Some(rounds),
        ..Plan::new(DerivationMethod::PBKDF2).hashed(hash)
    };
    let made = make(session, &[&password], &plan, &template);
    let _ = session.slot.destroy(&password);
    made.map_err(|snag| match snag {
        Snag::Fault(fault) => fault,
        Snag::Trouble(Trouble::Refused(ResultReason::INVALID_FIELD)) => Fault::MechanismParamInvalid,
        Snag::Trouble(trouble) => of_making(trouble),
    })
}
