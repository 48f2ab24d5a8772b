//! C_CreateObject, C_CopyObject, C_DestroyObject.
//!
//! Rules: PKCS#11 3.2, sections 4.1.1, 4.1.3, 5.7.1 to 5.7.3.

use super::description::{Description, describe, key_type_attribute, secret_algorithm, stored};
use crate::appliance::{Again, Trouble, payload};
use crate::attribute::{Place, SESSION, class_bit, may};
use crate::der::{Curve, PublicInfo, curve_private, point_of, rsa_private, rsa_public};
use crate::fault::{Done, Fault};
use crate::object::{Object, Seen, usage_bit};
use crate::session::Session;
use crate::slot::of_trouble;
use crate::template::Template;
use crate::token::vendor;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_KEY_TYPE, CK_OBJECT_CLASS, CK_OBJECT_HANDLE};
use kmip::attribute::{Attribute, AttributeValue};
use kmip::enums::{
    CertificateType, CryptographicAlgorithm, Enumeration, KeyFormatType, ObjectType, OpaqueDataType,
    Operation, ResultReason,
};
use kmip::object::{
    Certificate, KeyBlock, KeyMaterial, KeyValue, Object as Wire, OpaqueObject, PrivateKey, PublicKey,
    SymmetricKey,
};
use kmip::operation::{CreateRequest, CreateResponse, RegisterRequest, RegisterResponse};
use kmip::tag::Tag;
use std::borrow::Cow;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The number for data that no standard types: the first that vendors may use.
const DATA: u32 = 0x8000_0001;

/// The value of an object to be registered.
struct Value {
    object_type: ObjectType,
    format: KeyFormatType,
    algorithm: Option<CryptographicAlgorithm>,
    bits: Option<i32>,
    bytes: Zeroizing<Vec<u8>>,
    /// Attributes that follow from it.
    more: Vec<Attribute<'static>>,
}

/// C_CreateObject.
///
/// # Errors
/// What the template deserves.
pub(crate) fn create(session: &Session, template: &Template) -> Done<CK_OBJECT_HANDLE> {
    let class = class_of(template)?;
    let key_type = match class {
        ck::CKO_SECRET_KEY | ck::CKO_PRIVATE_KEY | ck::CKO_PUBLIC_KEY => {
            Some(template.key_type().ok_or(Fault::TemplateIncomplete)?)
        }
        _ => None,
    };
    let Description { mut attributes, token } = describe(session, template, class, key_type, may::CREATE)?;
    let value = value(template, class, key_type)?;
    attributes.extend(value.more.iter().cloned());
    register(session, &value, &attributes, token)
}

fn class_of(template: &Template) -> Done<CK_OBJECT_CLASS> {
    let class = template.get(ck::CKA_CLASS).ok_or(Fault::TemplateIncomplete)?;
    let class = class.ulong().ok_or(Fault::AttributeValueInvalid)?;
    if class_bit(class) == 0 {
        let known =
            matches!(class, ck::CKO_HW_FEATURE | ck::CKO_MECHANISM | ck::CKO_PROFILE | ck::CKO_VALIDATION);
        return Err(if known { Fault::AttributeReadOnly } else { Fault::AttributeValueInvalid });
    }
    Ok(class)
}

fn value(template: &Template, class: CK_OBJECT_CLASS, key_type: Option<CK_KEY_TYPE>) -> Done<Value> {
    let needed = |ty| template.bytes(ty).ok_or(Fault::TemplateIncomplete);
    let opaque = |bytes: &[u8], more| Value {
        object_type: ObjectType::OPAQUE_OBJECT,
        format: KeyFormatType::OPAQUE,
        algorithm: None,
        bits: None,
        bytes: Zeroizing::new(bytes.to_vec()),
        more,
    };
    match (class, key_type) {
        (ck::CKO_DATA, _) => Ok(opaque(template.bytes(ck::CKA_VALUE).unwrap_or_default(), Vec::new())),
        (ck::CKO_DOMAIN_PARAMETERS, _) => {
            if template.key_type().ok_or(Fault::TemplateIncomplete)? != ck::CKK_EC {
                return Err(Fault::AttributeValueInvalid);
            }
            let params = needed(ck::CKA_EC_PARAMS)?;
            Curve::of_params(params).ok_or(Fault::CurveNotSupported)?;
            let more = vec![
                vendor("CKA_CLASS", AttributeValue::LongInteger(class.cast_signed())),
                key_type_attribute(ck::CKK_EC),
                vendor("CKA_EC_PARAMS", AttributeValue::Bytes(Cow::Owned(params.to_vec()))),
            ];
            Ok(opaque(params, more.into_iter().map(Attribute::into_owned).collect()))
        }
        (ck::CKO_CERTIFICATE, _) => {
            let ty = template.get(ck::CKA_CERTIFICATE_TYPE).ok_or(Fault::TemplateIncomplete)?;
            if ty.ulong() != Some(ck::CKC_X_509) {
                return Err(Fault::AttributeValueInvalid);
            }
            needed(ck::CKA_SUBJECT)?;
            let bytes = needed(ck::CKA_VALUE)?;
            if bytes.is_empty() {
                return Err(Fault::AttributeValueInvalid);
            }
            Ok(Value { object_type: ObjectType::CERTIFICATE, ..opaque(bytes, Vec::new()) })
        }
        (ck::CKO_SECRET_KEY, Some(ty)) => secret(ty, needed(ck::CKA_VALUE)?),
        (ck::CKO_PUBLIC_KEY, Some(ty)) => public(template, ty),
        (ck::CKO_PRIVATE_KEY, Some(ty)) => private(template, ty),
        _ => Err(Fault::TemplateInconsistent),
    }
}

fn secret(ty: CK_KEY_TYPE, bytes: &[u8]) -> Done<Value> {
    let (algorithm, named) = secret_algorithm(ty).ok_or(Fault::AttributeValueInvalid)?;
    let sound = match ty {
        ck::CKK_AES => matches!(bytes.len(), 16 | 24 | 32),
        ck::CKK_AES_XTS => matches!(bytes.len(), 32 | 64),
        ck::CKK_CHACHA20 => bytes.len() == 32,
        _ => !bytes.is_empty(),
    };
    if !sound {
        return Err(Fault::AttributeValueInvalid);
    }
    Ok(Value {
        object_type: ObjectType::SYMMETRIC_KEY,
        format: KeyFormatType::RAW,
        algorithm: Some(algorithm),
        bits: i32::try_from(bytes.len().saturating_mul(8)).ok(),
        bytes: Zeroizing::new(bytes.to_vec()),
        more: if named { vec![key_type_attribute(ty)] } else { Vec::new() },
    })
}

fn public(template: &Template, ty: CK_KEY_TYPE) -> Done<Value> {
    let needed = |ty| template.bytes(ty).ok_or(Fault::TemplateIncomplete);
    let (algorithm, bits, format, bytes) = match ty {
        ck::CKK_RSA => {
            let (modulus, exponent) = (needed(ck::CKA_MODULUS)?, needed(ck::CKA_PUBLIC_EXPONENT)?);
            let bits = modulus_bits(modulus)?;
            (CryptographicAlgorithm::RSA, bits, KeyFormatType::PKCS_1, rsa_public(modulus, exponent))
        }
        ck::CKK_EC | ck::CKK_EC_EDWARDS | ck::CKK_EC_MONTGOMERY => {
            let (curve, algorithm) = curve(needed(ck::CKA_EC_PARAMS)?, ty)?;
            let point = point_of(curve, needed(ck::CKA_EC_POINT)?).ok_or(Fault::AttributeValueInvalid)?;
            (algorithm, curve.bits(), KeyFormatType::X_509, PublicInfo::Curve(curve, point).write())
        }
        _ => return Err(Fault::AttributeValueInvalid),
    };
    Ok(Value {
        object_type: ObjectType::PUBLIC_KEY,
        format,
        algorithm: Some(algorithm),
        bits: (ty == ck::CKK_RSA).then_some(bits),
        bytes: Zeroizing::new(bytes),
        more: other_type(ty),
    })
}

fn private(template: &Template, ty: CK_KEY_TYPE) -> Done<Value> {
    let needed = |ty| template.bytes(ty).ok_or(Fault::TemplateIncomplete);
    let mut more = other_type(ty);
    let (algorithm, bits, format, bytes) = match ty {
        ck::CKK_RSA => {
            let (modulus, exponent) = (needed(ck::CKA_MODULUS)?, needed(ck::CKA_PUBLIC_EXPONENT)?);
            let numbers = [
                modulus,
                exponent,
                needed(ck::CKA_PRIVATE_EXPONENT)?,
                needed(ck::CKA_PRIME_1)?,
                needed(ck::CKA_PRIME_2)?,
                needed(ck::CKA_EXPONENT_1)?,
                needed(ck::CKA_EXPONENT_2)?,
                needed(ck::CKA_COEFFICIENT)?,
            ];
            let info = PublicInfo::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() };
            more.push(public_info(&info));
            (
                CryptographicAlgorithm::RSA,
                modulus_bits(modulus)?,
                KeyFormatType::PKCS_1,
                rsa_private(&numbers),
            )
        }
        ck::CKK_EC | ck::CKK_EC_EDWARDS | ck::CKK_EC_MONTGOMERY => {
            let (curve, algorithm) = curve(needed(ck::CKA_EC_PARAMS)?, ty)?;
            let scalar = needed(ck::CKA_VALUE)?;
            if scalar.is_empty() || crate::der::trimmed(scalar).len() > curve.bytes() {
                return Err(Fault::AttributeValueInvalid);
            }
            let info = template.bytes(ck::CKA_PUBLIC_KEY_INFO).and_then(PublicInfo::read);
            if info.is_none() {
                // Without the point, the curve is all that can be told of the public half.
                more.push(public_info(&PublicInfo::Curve(curve, Vec::new())));
            }
            (algorithm, curve.bits(), KeyFormatType::PKCS_8, curve_private(curve, scalar))
        }
        _ => return Err(Fault::AttributeValueInvalid),
    };
    if template.has(ck::CKA_PUBLIC_KEY_INFO) {
        more.retain(|attribute| !super::description::is_vendor(attribute, "CKA_PUBLIC_KEY_INFO"));
    }
    Ok(Value {
        object_type: ObjectType::PRIVATE_KEY,
        format,
        algorithm: Some(algorithm),
        bits: (ty == ck::CKK_RSA).then_some(bits),
        bytes,
        more,
    })
}

/// A private key keeps what PKCS#11 shows of its public half.
pub(crate) fn public_info(info: &PublicInfo) -> Attribute<'static> {
    vendor("CKA_PUBLIC_KEY_INFO", AttributeValue::Bytes(Cow::Owned(info.write())))
}

fn modulus_bits(modulus: &[u8]) -> Done<i32> {
    let modulus = crate::der::trimmed(modulus);
    let zeros = modulus.first().ok_or(Fault::AttributeValueInvalid)?.leading_zeros();
    let bits = modulus.len().saturating_mul(8).saturating_sub(usize::try_from(zeros).unwrap_or(0));
    i32::try_from(bits).map_err(|_| Fault::AttributeValueInvalid)
}

/// The curve of CKA_EC_PARAMS, which must be one of this key type's; and the algorithm.
///
/// # Errors
/// [`Fault::CurveNotSupported`], [`Fault::TemplateInconsistent`].
pub(crate) fn curve(params: &[u8], ty: CK_KEY_TYPE) -> Done<(Curve, CryptographicAlgorithm)> {
    let curve = Curve::of_params(params).ok_or(Fault::CurveNotSupported)?;
    let fits = match curve {
        Curve::Ed25519 => ty == ck::CKK_EC_EDWARDS,
        Curve::X25519 => ty == ck::CKK_EC_MONTGOMERY,
        _ => ty == ck::CKK_EC,
    };
    if !fits {
        return Err(Fault::TemplateInconsistent);
    }
    let algorithm = match curve {
        Curve::Ed25519 => CryptographicAlgorithm::ED25519,
        _ => CryptographicAlgorithm::EC,
    };
    Ok((curve, algorithm))
}

/// KMIP has one algorithm for all curves but one.
pub(crate) fn other_type(ty: CK_KEY_TYPE) -> Vec<Attribute<'static>> {
    if ty == ck::CKK_EC_MONTGOMERY { vec![key_type_attribute(ty)] } else { Vec::new() }
}

fn register(
    session: &Session,
    value: &Value,
    attributes: &[Attribute<'static>],
    token: bool,
) -> Done<CK_OBJECT_HANDLE> {
    let block = || KeyBlock {
        format: value.format,
        compression: None,
        value: Some(KeyValue::plain(KeyMaterial::Bytes(&value.bytes))),
        algorithm: value.algorithm,
        length: value.bits,
        wrapping: None,
    };
    let object = match value.object_type {
        ObjectType::SYMMETRIC_KEY => Wire::SymmetricKey(SymmetricKey { key_block: block() }),
        ObjectType::PUBLIC_KEY => Wire::PublicKey(PublicKey { key_block: block() }),
        ObjectType::PRIVATE_KEY => Wire::PrivateKey(PrivateKey { key_block: block() }),
        ObjectType::CERTIFICATE => {
            Wire::Certificate(Certificate { ty: CertificateType::X_509, value: &value.bytes })
        }
        _ => Wire::OpaqueObject(OpaqueObject { ty: OpaqueDataType::from_code(DATA), value: &value.bytes }),
    };
    let request = RegisterRequest {
        object_type: value.object_type,
        attributes: attributes.into(),
        object,
        protection_storage_masks: None,
    };
    let made = session.slot.appliance.ask(Operation::REGISTER, &request, Again::MayNot, |item| {
        let response: RegisterResponse<'_> = payload(item)?;
        response.unique_identifier.text().map(str::to_owned)
    });
    let uid = made.map_err(of_making)?;
    Ok(keep(session, &uid, token, None)?.handle)
}

/// A handle for what was just made. A session object's facts are fetched at once: finding looks at them.
///
/// # Errors
/// [`Fault::DeviceError`].
pub(crate) fn keep(session: &Session, uid: &str, token: bool, seen: Option<Arc<Seen>>) -> Done<Arc<Object>> {
    let owner = (!token).then_some(session.handle);
    let object = session.slot.adopt(uid, owner, seen);
    if !token {
        session.slot.look(&object)?;
    }
    Ok(object)
}

/// What it means that the appliance refuses to make an object.
pub(crate) fn of_making(trouble: Trouble) -> Fault {
    match trouble {
        Trouble::Refused(reason) => match reason {
            ResultReason::INVALID_ATTRIBUTE_VALUE | ResultReason::INVALID_DATA_TYPE => {
                Fault::AttributeValueInvalid
            }
            ResultReason::INVALID_FIELD | ResultReason::INVALID_ATTRIBUTE | ResultReason::INVALID_MESSAGE => {
                Fault::TemplateInconsistent
            }
            ResultReason::ATTRIBUTE_READ_ONLY | ResultReason::READ_ONLY_ATTRIBUTE => Fault::AttributeReadOnly,
            ResultReason::CONSTRAINT_VIOLATION => Fault::TemplateInconsistent,
            ResultReason::PERMISSION_DENIED => Fault::FunctionRejected,
            ResultReason::UNSUPPORTED_CRYPTOGRAPHIC_PARAMETERS => Fault::MechanismParamInvalid,
            _ => of_trouble(trouble),
        },
        Trouble::Silent => Fault::DeviceError,
    }
}

/// C_CopyObject: the same value with other attributes, never with fewer restrictions.
///
/// # Errors
/// [`Fault::ActionProhibited`], and what the template deserves.
pub(crate) fn copy(
    session: &Session,
    handle: CK_OBJECT_HANDLE,
    template: &Template,
) -> Done<CK_OBJECT_HANDLE> {
    let (object, _) = session.slot.object(handle)?;
    let seen = session.slot.look(&object)?;
    let class = seen.class().ok_or(Fault::ObjectHandleInvalid)?;
    if seen.vendor_bool("CKA_COPYABLE") == Some(false) {
        return Err(Fault::ActionProhibited);
    }
    for item in &template.items {
        let row = crate::attribute::row(item.ty).ok_or(Fault::AttributeTypeInvalid)?;
        crate::template::well_formed(row, &item.value)?;
        if row.classes & class_bit(class) == 0 {
            return Err(Fault::TemplateInconsistent);
        }
        if row.rules & (may::SET | may::COPY) == 0 {
            return Err(Fault::AttributeReadOnly);
        }
        let looser = match (item.ty, item.value.bool()) {
            (ck::CKA_SENSITIVE, Some(false)) => seen.held_bool(ck::CKA_SENSITIVE),
            (ck::CKA_EXTRACTABLE, Some(true)) => !seen.held_bool(ck::CKA_EXTRACTABLE),
            (ck::CKA_WRAP_WITH_TRUSTED, Some(false)) => {
                seen.vendor_bool("CKA_WRAP_WITH_TRUSTED") == Some(true)
            }
            (ck::CKA_MODIFIABLE, Some(true)) => seen.vendor_bool("CKA_MODIFIABLE") == Some(false),
            _ => false,
        };
        if looser {
            return Err(Fault::TemplateInconsistent);
        }
    }
    let (token, attributes) = overrides(session, &object, &seen, template, class)?;
    let object_type = seen.object_type().ok_or(Fault::FunctionFailed)?;
    let request =
        CreateRequest { object_type, attributes: (&attributes).into(), protection_storage_masks: None };
    let made = session.slot.appliance.ask(Operation::CREATE, &request, Again::MayNot, |item| {
        let response: CreateResponse<'_> = payload(item)?;
        response.unique_identifier.text().map(str::to_owned)
    });
    let uid = made.map_err(|trouble| match trouble {
        Trouble::Refused(ResultReason::CONSTRAINT_VIOLATION) => Fault::ActionProhibited,
        Trouble::Refused(ResultReason::INVALID_ATTRIBUTE_VALUE) => Fault::TemplateInconsistent,
        other => of_making(other),
    })?;
    Ok(keep(session, &uid, token, None)?.handle)
}

/// What the copy has instead of what the object has; the value itself is copied by the appliance.
fn overrides(
    session: &Session,
    object: &Object,
    seen: &Seen,
    template: &Template,
    class: CK_OBJECT_CLASS,
) -> Done<(bool, Vec<Attribute<'static>>)> {
    let token = template.bool(ck::CKA_TOKEN).unwrap_or(seen.session().is_none());
    let private = template.bool(ck::CKA_PRIVATE).unwrap_or(seen.is_private());
    session.may_write(token, private)?;
    if template.bool(ck::CKA_TRUSTED) == Some(true) && session.slot.user() != Some(ck::CKU_SO) {
        return Err(Fault::AttributeReadOnly);
    }
    let text = |text: &str| AttributeValue::Text(Cow::Owned(text.to_owned()));
    let mut attributes = vec![vendor("copied", text(&object.uid)).into_owned()];
    if !token {
        attributes.push(vendor(SESSION, text(&session.slot.instance)).into_owned());
    }
    let mut usage = None;
    for item in &template.items {
        let row = crate::attribute::row(item.ty).ok_or(Fault::AttributeTypeInvalid)?;
        let flag = || item.value.bool().ok_or(Fault::AttributeValueInvalid);
        match (row.place, row.ty) {
            (_, ck::CKA_TOKEN) => {}
            (Place::Usage, ty) => {
                let bit = usage_bit(ty, Some(class)).ok_or(Fault::AttributeTypeInvalid)?.bits();
                let mask = usage.get_or_insert_with(|| seen.usage());
                *mask = if flag()? { *mask | bit } else { *mask & !bit };
            }
            (_, ck::CKA_SENSITIVE) => {
                attributes.push(Attribute::standard(Tag::SENSITIVE, AttributeValue::Boolean(flag()?)));
            }
            (_, ck::CKA_EXTRACTABLE) => {
                attributes.push(Attribute::standard(Tag::EXTRACTABLE, AttributeValue::Boolean(flag()?)));
            }
            (Place::Vendor, _) => {
                attributes.push(vendor(row.name, stored(row.kind, &item.value)?).into_owned())
            }
            (Place::Object, _) => return Err(Fault::AttributeReadOnly),
        }
    }
    if let Some(mask) = usage {
        let value = AttributeValue::Integer(mask.cast_signed());
        attributes.push(Attribute::standard(Tag::CRYPTOGRAPHIC_USAGE_MASK, value));
    }
    Ok((token, attributes))
}

/// C_DestroyObject.
///
/// # Errors
/// [`Fault::ObjectHandleInvalid`], [`Fault::ActionProhibited`], [`Fault::SessionReadOnly`].
pub(crate) fn destroy(session: &Session, handle: CK_OBJECT_HANDLE) -> Done<()> {
    let (object, seen) = session.slot.object(handle)?;
    session.may_write(seen.session().is_none(), seen.is_private())?;
    if seen.vendor_bool("CKA_DESTROYABLE") == Some(false) {
        return Err(Fault::ActionProhibited);
    }
    match session.slot.destroy(&object.uid) {
        Ok(()) => {
            session.slot.forget(&object);
            Ok(())
        }
        Err(Trouble::Refused(ResultReason::PERMISSION_DENIED | ResultReason::CONSTRAINT_VIOLATION)) => {
            Err(Fault::ActionProhibited)
        }
        Err(trouble) => Err(session.slot.lost(&object, trouble)),
    }
}
