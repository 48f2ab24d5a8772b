//! Derivations whose steps KMIP names otherwise: HKDF in one or both of its steps, and the counter mode of SP 800-108.
//!
//! Rules: PKCS#11 3.2, HKDF mechanisms and SP 800-108 key derivation; RFC 5869; SP 800-108r1, section 4.1.

use super::create::of_making;
use super::derive::{Plan, lend, length, make, settle};
use super::key;
use crate::digest::Hash;
use crate::fault::{Done, Fault};
use crate::object::Object;
use crate::parameter::{Fixed, HkdfParameter};
use crate::session::Session;
use crate::template::Template;
use cryptoki_sys as ck;
use cryptoki_sys::CK_OBJECT_HANDLE;
use kmip::enums::{DerivationMethod, SecretDataType};

/// HKDF in KMIP's words.
///
/// # Errors
/// [`Fault::MechanismParamInvalid`].
pub(super) fn of_hkdf(hkdf: &HkdfParameter) -> Done<Plan> {
    let hash = Hash::of(hkdf.hash).ok_or(Fault::MechanismParamInvalid)?;
    if hkdf.expand && !hkdf.extract {
        // The first block of the expansion is one HMAC, which KMIP has; more blocks it has not (RFC 5869, section 2.3).
        let mut data = hkdf.info.clone();
        data.push(1);
        let plan = Plan::new(DerivationMethod::HMAC).hashed(hash);
        return Ok(Plan { data: Some(data), natural: Some(hash.bytes()), ..plan });
    }
    if !hkdf.expand || hkdf.salt_type == ck::CKF_HKDF_SALT_KEY {
        // KMIP's HKDF is both steps, with a salt that is given.
        return Err(Fault::MechanismParamInvalid);
    }
    let salt = if hkdf.salt_type == ck::CKF_HKDF_SALT_DATA { hkdf.salt.clone() } else { Vec::new() };
    Ok(Plan {
        data: Some(hkdf.info.clone()),
        salt: Some(salt),
        ..Plan::new(DerivationMethod::HKDF).hashed(hash)
    })
}

/// The extraction of HKDF: an HMAC whose key is the salt, over the base key (RFC 5869, section 2.2).
///
/// # Errors
/// [`Fault::MechanismParamInvalid`], [`Fault::KeyFunctionNotPermitted`], and what the template deserves.
pub(super) fn extract(
    session: &Session,
    base: &Object,
    hkdf: &HkdfParameter,
    template: &Template,
) -> Done<CK_OBJECT_HANDLE> {
    let hash = Hash::of(hkdf.hash).ok_or(Fault::MechanismParamInvalid)?;
    let plan = Plan { natural: Some(hash.bytes()), ..Plan::new(DerivationMethod::HMAC).hashed(hash) };
    let salt = match hkdf.salt_type {
        ck::CKF_HKDF_SALT_KEY => {
            let (salt, seen) = key(session, hkdf.salt_key)?;
            if !seen.may(ck::CKA_DERIVE) {
                return Err(Fault::KeyFunctionNotPermitted);
            }
            let made = make(session, &[&salt.uid, &base.uid], &plan, template);
            return made.map_err(|snag| settle(session, base, snag));
        }
        ck::CKF_HKDF_SALT_DATA if !hkdf.salt.is_empty() => hkdf.salt.clone(),
        ck::CKF_HKDF_SALT_NULL | ck::CKF_HKDF_SALT_DATA => vec![0; hash.bytes()],
        _ => return Err(Fault::MechanismParamInvalid),
    };
    let salt = lend(session, &salt, SecretDataType::SEED).map_err(of_making)?;
    let made = make(session, &[&salt, &base.uid], &plan, template);
    // It was for this derivation alone.
    let _ = session.slot.destroy(&salt);
    made.map_err(|snag| settle(session, base, snag))
}

/// SP 800-108, counter mode. The appliance counts; what follows the counter is put together here.
///
/// # Errors
/// [`Fault::MechanismParamInvalid`], [`Fault::TemplateIncomplete`], [`Fault::KeySizeRange`].
pub(super) fn of_counter(prf: u64, fields: &[Fixed], template: &Template) -> Done<Plan> {
    let hash = Hash::of_hmac(prf).ok_or(Fault::MechanismParamInvalid)?;
    let ty = template.key_type().ok_or(Fault::TemplateIncomplete)?;
    let key = length(template, ty, None)?;
    let mut data = Vec::new();
    for field in fields {
        match field {
            Fixed::Bytes(bytes) => data.extend_from_slice(bytes),
            Fixed::Length { segments, little, bits } => {
                let bytes = if *segments { key.next_multiple_of(hash.bytes()) } else { key };
                let told = u64::try_from(bytes.saturating_mul(8)).map_err(|_| Fault::KeySizeRange)?;
                let width = usize::try_from(bits / 8).map_err(|_| Fault::MechanismParamInvalid)?;
                let (le, be) = (told.to_le_bytes(), told.to_be_bytes());
                let high = be.len().saturating_sub(width);
                let field = if *little { le.get(..width) } else { be.get(high..) };
                let lost = if *little { le.get(width..) } else { be.get(..high) };
                match (field, lost) {
                    (Some(field), Some(lost))
                        if bits % 8 == 0 && !field.is_empty() && lost.iter().all(|byte| *byte == 0) =>
                    {
                        data.extend_from_slice(field);
                    }
                    _ => return Err(Fault::MechanismParamInvalid),
                }
            }
        }
    }
    Ok(Plan { data: Some(data), ..Plan::new(DerivationMethod::NIST800_108_C).hashed(hash) })
}
