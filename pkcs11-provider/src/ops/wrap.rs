//! C_WrapKey, C_UnwrapKey: the appliance wraps and unwraps; only wrapped bytes pass here.
//!
//! Wrapping resists a changed blob: AES key wrap, with or without padding, and RSA with OAEP, which takes no sensitive key
//! out. A mechanism that does not (AES-CBC, ECB, RSA with PKCS#1 v1.5 padding) is not there. What was wrapped as sensitive comes back as sensitive; the appliance sees to it.
//! Rules: PKCS#11 3.2, sections 5.18.3 and 5.18.4.

use super::cipher::of_oaep;
use super::create::{curve, keep, other_type};
use super::description::{describe, key_type_attribute, secret_algorithm};
use super::generate::algorithm_attribute;
use super::key;
use crate::appliance::{Again, Trouble, payload};
use crate::attribute::may;
use crate::digest::Hash;
use crate::fault::{Done, Fault};
use crate::mechanism::{Mechanism, Scheme, find};
use crate::object::{Object, Seen};
use crate::parameter::{Named, Parameter};
use crate::session::Session;
use crate::slot::of_trouble;
use crate::template::{Held, Template};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_OBJECT_HANDLE, CK_ULONG};
use kmip::attribute::{Attribute, CryptographicParameters};
use kmip::enums::{
    BlockCipherMode, CryptographicAlgorithm, EncodingOption, KeyFormatType, ObjectType, Operation,
    ResultReason, WrappingMethod,
};
use kmip::identifier::Identifier;
use kmip::object::{
    KeyBlock, KeyInformation, KeyMaterial, KeyValue, KeyWrappingData, KeyWrappingSpecification,
    Object as Wire, PrivateKey, SymmetricKey,
};
use kmip::operation::{GetRequest, GetResponse, RegisterRequest, RegisterResponse};
use std::sync::Arc;

fn how<'n>(mechanism: &Mechanism, named: &'n Named) -> Done<CryptographicParameters<'n>> {
    if let (Scheme::Oaep, Parameter::Oaep(oaep)) = (mechanism.scheme, &named.parameter) {
        return match (Hash::of(oaep.hash), Hash::of_mgf(oaep.mgf)) {
            (Some(_), Some(_)) => Ok(of_oaep(oaep)),
            _ => Err(Fault::MechanismParamInvalid),
        };
    }
    let mode = match mechanism.scheme {
        Scheme::KeyWrap => BlockCipherMode::NIST_KEY_WRAP,
        Scheme::KeyWrapPadded => BlockCipherMode::AES_KEY_WRAP_PADDING,
        Scheme::Oaep => return Err(Fault::MechanismParamInvalid),
        _ => return Err(Fault::MechanismInvalid),
    };
    // The default IV is the one that authenticates (RFC 3394, section 2.2.3); another is not offered.
    match &named.parameter {
        Parameter::None => {}
        Parameter::Bytes(iv) if iv.is_empty() => {}
        _ => return Err(Fault::MechanismParamInvalid),
    }
    Ok(CryptographicParameters { block_cipher_mode: Some(mode), ..CryptographicParameters::default() })
}

/// Is this a key for the mechanism: of its type, and where it is one half of a pair, of this half?
fn serves(mechanism: &Mechanism, with: &Seen, half: CK_ULONG) -> bool {
    with.key_type().is_some_and(|ty| mechanism.keys.contains(&ty))
        && (mechanism.scheme != Scheme::Oaep || with.class() == Some(half))
}

/// C_WrapKey.
///
/// # Errors
/// [`Fault::WrappingKeyHandleInvalid`], [`Fault::KeyHandleInvalid`], [`Fault::KeyUnextractable`],
/// [`Fault::KeyNotWrappable`], [`Fault::KeyFunctionNotPermitted`].
pub(crate) fn wrap(
    session: &Session,
    named: &Named,
    wrapping: CK_OBJECT_HANDLE,
    wrapped: CK_OBJECT_HANDLE,
) -> Done<Vec<u8>> {
    let mechanism = find(named.ty, ck::CKF_WRAP)?;
    let parameters = how(mechanism, named)?;
    let (wrapping, with) = key(session, wrapping).map_err(|fault| match fault {
        Fault::KeyHandleInvalid => Fault::WrappingKeyHandleInvalid,
        other => other,
    })?;
    if !serves(mechanism, &with, ck::CKO_PUBLIC_KEY) {
        return Err(Fault::WrappingKeyTypeInconsistent);
    }
    if !with.may(ck::CKA_WRAP) {
        return Err(Fault::KeyFunctionNotPermitted);
    }
    if !with.allows(named.ty) {
        return Err(Fault::MechanismInvalid);
    }
    let (object, seen) = key(session, wrapped)?;
    wrappable(session, &object, &seen, &with)?;
    let private = seen.class() == Some(ck::CKO_PRIVATE_KEY);
    let request = GetRequest {
        unique_identifier: Some(Identifier::Text(&object.uid)),
        key_format_type: Some(if private { KeyFormatType::PKCS_8 } else { KeyFormatType::RAW }),
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: Some(KeyWrappingSpecification {
            method: WrappingMethod::ENCRYPT,
            encryption: Some(KeyInformation {
                unique_identifier: Identifier::Text(&wrapping.uid),
                cryptographic_parameters: Some(parameters),
            }),
            mac_signature_key: None,
            attribute_names: kmip::field::List::default(),
            encoding: Some(EncodingOption::NO_ENCODING),
        }),
    };
    let got = session.slot.appliance.ask(Operation::GET, &request, Again::May, |item| {
        let response: GetResponse<'_> = payload(item)?;
        match response.object.key_block()?.value? {
            KeyValue::Plain(plain) => plain.material.bytes().map(<[u8]>::to_vec),
            KeyValue::Wrapped(bytes) => Some(bytes.to_vec()),
        }
    });
    got.map_err(|trouble| of_wrapping(session, &object, trouble))
}

/// May this key leave under that one? The appliance decides again.
fn wrappable(session: &Session, object: &Arc<Object>, seen: &Arc<Seen>, with: &Seen) -> Done<()> {
    if seen.class() == Some(ck::CKO_PUBLIC_KEY) {
        return Err(Fault::KeyNotWrappable);
    }
    if !seen.held_bool(ck::CKA_EXTRACTABLE) {
        return Err(Fault::KeyUnextractable);
    }
    if seen.vendor_bool("CKA_WRAP_WITH_TRUSTED") == Some(true)
        && with.vendor_bool("CKA_TRUSTED") != Some(true)
    {
        return Err(Fault::KeyNotWrappable);
    }
    if let Some(Held::Template(wanted)) =
        with.held(crate::attribute::row(ck::CKA_WRAP_TEMPLATE).ok_or(Fault::General)?, "")
    {
        for item in &wanted.items {
            match super::attributes::value(session, object, seen, item.ty) {
                Ok(held) if held == item.value => {}
                Err(Fault::DeviceError) => return Err(Fault::DeviceError),
                _ => return Err(Fault::KeyHandleInvalid),
            }
        }
    }
    Ok(())
}

fn of_wrapping(session: &Session, object: &Object, trouble: Trouble) -> Fault {
    let Trouble::Refused(reason) = trouble else { return Fault::DeviceError };
    match reason {
        ResultReason::NOT_EXTRACTABLE => Fault::KeyUnextractable,
        ResultReason::SENSITIVE | ResultReason::PERMISSION_DENIED | ResultReason::CONSTRAINT_VIOLATION => {
            Fault::KeyNotWrappable
        }
        ResultReason::WRAPPING_OBJECT_NOT_FOUND | ResultReason::WRAPPING_OBJECT_DESTROYED => {
            Fault::WrappingKeyHandleInvalid
        }
        ResultReason::INCOMPATIBLE_CRYPTOGRAPHIC_USAGE_MASK | ResultReason::WRONG_KEY_LIFECYCLE_STATE => {
            Fault::KeyFunctionNotPermitted
        }
        ResultReason::CRYPTOGRAPHIC_FAILURE => Fault::KeySizeRange,
        ResultReason::ITEM_NOT_FOUND | ResultReason::OBJECT_DESTROYED => {
            session.slot.forget(object);
            Fault::KeyHandleInvalid
        }
        _ => of_trouble(trouble),
    }
}

/// C_UnwrapKey.
///
/// # Errors
/// [`Fault::UnwrappingKeyHandleInvalid`], [`Fault::WrappedKeyInvalid`], [`Fault::WrappedKeyLenRange`], and what the
/// template deserves.
pub(crate) fn unwrap(
    session: &Session,
    named: &Named,
    unwrapping: CK_OBJECT_HANDLE,
    wrapped: &[u8],
    template: &Template,
) -> Done<CK_OBJECT_HANDLE> {
    let mechanism = find(named.ty, ck::CKF_UNWRAP)?;
    let parameters = how(mechanism, named)?;
    let (unwrapping, with) = key(session, unwrapping).map_err(|fault| match fault {
        Fault::KeyHandleInvalid => Fault::UnwrappingKeyHandleInvalid,
        other => other,
    })?;
    if !serves(mechanism, &with, ck::CKO_PRIVATE_KEY) {
        return Err(Fault::UnwrappingKeyTypeInconsistent);
    }
    if !with.may(ck::CKA_UNWRAP) {
        return Err(Fault::KeyFunctionNotPermitted);
    }
    if !with.allows(named.ty) {
        return Err(Fault::MechanismInvalid);
    }
    let whole = match mechanism.scheme {
        Scheme::Oaep => wrapped.len() == with.bits().div_ceil(8),
        _ => wrapped.len() >= 16 && wrapped.len().is_multiple_of(8),
    };
    if !whole {
        return Err(Fault::WrappedKeyLenRange);
    }
    let mut template = template.clone();
    impose(&with, ck::CKA_UNWRAP_TEMPLATE, &mut template)?;
    let class = template.class().ok_or(Fault::TemplateIncomplete)?;
    let ty = template.key_type().ok_or(Fault::TemplateIncomplete)?;
    let described = describe(session, &template, class, Some(ty), may::UNWRAP)?;
    let mut attributes = described.attributes;
    let (format, algorithm) = shape(class, ty, &template, &mut attributes)?;
    let data = KeyWrappingData {
        method: WrappingMethod::ENCRYPT,
        encryption: Some(KeyInformation {
            unique_identifier: Identifier::Text(&unwrapping.uid),
            cryptographic_parameters: Some(parameters),
        }),
        mac_signature_key: None,
        mac_signature: None,
        iv_counter_nonce: None,
        encoding: Some(EncodingOption::NO_ENCODING),
    };
    let key_block = KeyBlock {
        format,
        compression: None,
        value: Some(KeyValue::plain(KeyMaterial::Bytes(wrapped))),
        algorithm,
        length: None,
        wrapping: Some(data),
    };
    let (object_type, object) = match class {
        ck::CKO_SECRET_KEY => (ObjectType::SYMMETRIC_KEY, Wire::SymmetricKey(SymmetricKey { key_block })),
        _ => (ObjectType::PRIVATE_KEY, Wire::PrivateKey(PrivateKey { key_block })),
    };
    let request = RegisterRequest {
        object_type,
        attributes: (&attributes).into(),
        object,
        protection_storage_masks: None,
    };
    let made = session.slot.appliance.ask(Operation::REGISTER, &request, Again::MayNot, |item| {
        let response: RegisterResponse<'_> = payload(item)?;
        response.unique_identifier.text().map(str::to_owned)
    });
    let uid = made.map_err(of_unwrapping)?;
    Ok(keep(session, &uid, described.token, None)?.handle)
}

/// What the base key's template demands goes into the new key's; what contradicts it is refused.
///
/// # Errors
/// [`Fault::TemplateInconsistent`].
pub(crate) fn impose(base: &Seen, which: CK_ULONG, template: &mut Template) -> Done<()> {
    let row = crate::attribute::row(which).ok_or(Fault::General)?;
    if let Some(Held::Template(wanted)) = base.held(row, "") {
        for item in wanted.items {
            template.agree(item.ty, item.value)?;
        }
    }
    Ok(())
}

fn shape(
    class: CK_ULONG,
    ty: CK_ULONG,
    template: &Template,
    attributes: &mut Vec<Attribute<'static>>,
) -> Done<(KeyFormatType, Option<CryptographicAlgorithm>)> {
    match (class, ty) {
        (ck::CKO_SECRET_KEY, _) => {
            let (algorithm, named) = secret_algorithm(ty).ok_or(Fault::TemplateInconsistent)?;
            attributes.push(algorithm_attribute(algorithm));
            if named {
                attributes.push(key_type_attribute(ty));
            }
            Ok((KeyFormatType::RAW, Some(algorithm)))
        }
        (ck::CKO_PRIVATE_KEY, ck::CKK_RSA) => Ok((KeyFormatType::PKCS_8, Some(CryptographicAlgorithm::RSA))),
        (ck::CKO_PRIVATE_KEY, ck::CKK_EC | ck::CKK_EC_EDWARDS | ck::CKK_EC_MONTGOMERY) => {
            if let Some(params) = template.bytes(ck::CKA_EC_PARAMS) {
                curve(params, ty)?;
            }
            attributes.extend(other_type(ty));
            let edwards = ty == ck::CKK_EC_EDWARDS;
            let algorithm =
                if edwards { CryptographicAlgorithm::ED25519 } else { CryptographicAlgorithm::EC };
            Ok((KeyFormatType::PKCS_8, Some(algorithm)))
        }
        _ => Err(Fault::TemplateInconsistent),
    }
}

fn of_unwrapping(trouble: Trouble) -> Fault {
    match trouble {
        Trouble::Refused(
            ResultReason::CRYPTOGRAPHIC_FAILURE
            | ResultReason::ENCODING_OPTION_ERROR
            | ResultReason::INVALID_FIELD,
        ) => Fault::WrappedKeyInvalid,
        // What was sensitive is to be readable, or the length is not one of the type's.
        Trouble::Refused(ResultReason::INVALID_ATTRIBUTE_VALUE) => Fault::TemplateInconsistent,
        Trouble::Refused(
            ResultReason::WRAPPING_OBJECT_NOT_FOUND | ResultReason::WRAPPING_OBJECT_DESTROYED,
        ) => Fault::UnwrappingKeyHandleInvalid,
        Trouble::Refused(
            ResultReason::INCOMPATIBLE_CRYPTOGRAPHIC_USAGE_MASK | ResultReason::WRONG_KEY_LIFECYCLE_STATE,
        ) => Fault::KeyFunctionNotPermitted,
        other => super::create::of_making(other),
    }
}
