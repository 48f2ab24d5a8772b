//! From a template to the attributes of a KMIP object: what KMIP has a word for in that word, the rest as the vendor's.
//!
//! Where a template says nothing, the safer is chosen: sensitive, not extractable, and no key that both encrypts and wraps.

use crate::attribute::{Kind, Place, SESSION, TABLE, may};
use crate::fault::{Done, Fault};
use crate::object::usage_bit;
use crate::session::Session;
use crate::template::{Held, Template};
use crate::token::vendor;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_KEY_TYPE, CK_OBJECT_CLASS};
use kmip::attribute::{Attribute, AttributeName, AttributeValue};
use kmip::enums::CryptographicAlgorithm;
use kmip::tag::Tag;
use std::borrow::Cow;

/// What a new object is to be.
pub(crate) struct Description {
    /// Its attributes.
    pub(crate) attributes: Vec<Attribute<'static>>,
    /// Does it end with the session?
    pub(crate) token: bool,
}

/// Judges a template and writes the attributes of the object.
///
/// # Errors
/// What the template deserves, and [`Fault::SessionReadOnly`], [`Fault::UserNotLoggedIn`].
pub(crate) fn describe(
    session: &Session,
    template: &Template,
    class: CK_OBJECT_CLASS,
    key_type: Option<CK_KEY_TYPE>,
    way: u8,
) -> Done<Description> {
    template.judge(class, way)?;
    let token = template.bool(ck::CKA_TOKEN).unwrap_or(false);
    let private = template.bool(ck::CKA_PRIVATE).unwrap_or(private_by_default(class));
    session.may_write(token, private)?;
    if template.bool(ck::CKA_TRUSTED) == Some(true) && session.slot.user() != Some(ck::CKU_SO) {
        return Err(Fault::AttributeReadOnly);
    }
    if let (Some(start), Some(end)) = (template.bytes(ck::CKA_START_DATE), template.bytes(ck::CKA_END_DATE))
        && !start.is_empty()
        && !end.is_empty()
        && end < start
    {
        return Err(Fault::TemplateInconsistent);
    }
    let mut attributes = vec![vendor("CKA_PRIVATE", AttributeValue::Boolean(private))];
    if !token {
        let instance = AttributeValue::Text(Cow::Owned(session.slot.instance.clone()));
        attributes.push(vendor(SESSION, instance));
    }
    for row in TABLE.iter().filter(|row| row.place == Place::Vendor && row.ty != ck::CKA_PRIVATE) {
        let Some(value) = template.get(row.ty) else { continue };
        attributes.push(vendor(row.name, stored(row.kind, value)?));
    }
    let is_key = matches!(class, ck::CKO_SECRET_KEY | ck::CKO_PUBLIC_KEY | ck::CKO_PRIVATE_KEY);
    if is_key {
        attributes.push(Attribute::standard(
            Tag::CRYPTOGRAPHIC_USAGE_MASK,
            AttributeValue::Integer(usage(template, class, key_type).cast_signed()),
        ));
        // A key of PKCS#11 can be used as soon as it is there.
        attributes.push(Attribute::standard(Tag::ACTIVATION_DATE, AttributeValue::DateTime(0)));
    }
    if matches!(class, ck::CKO_SECRET_KEY | ck::CKO_PRIVATE_KEY) {
        let sensitive = template.bool(ck::CKA_SENSITIVE).unwrap_or(true);
        let extractable = template.bool(ck::CKA_EXTRACTABLE).unwrap_or(way & may::UNWRAP != 0 && !sensitive);
        attributes.push(Attribute::standard(Tag::SENSITIVE, AttributeValue::Boolean(sensitive)));
        attributes.push(Attribute::standard(Tag::EXTRACTABLE, AttributeValue::Boolean(extractable)));
    }
    Ok(Description { attributes: attributes.into_iter().map(Attribute::into_owned).collect(), token })
}

/// A value as the appliance keeps it for the vendor.
///
/// # Errors
/// [`Fault::AttributeValueInvalid`].
pub(crate) fn stored(kind: Kind, value: &Held) -> Done<AttributeValue<'static>> {
    Ok(match kind {
        Kind::Bool => AttributeValue::Boolean(value.bool().ok_or(Fault::AttributeValueInvalid)?),
        Kind::Ulong => {
            AttributeValue::LongInteger(value.ulong().ok_or(Fault::AttributeValueInvalid)?.cast_signed())
        }
        Kind::Bytes | Kind::Date | Kind::Template => {
            AttributeValue::Bytes(Cow::Owned(value.to_stored().to_vec()))
        }
    })
}

/// Is an object private whose template does not say so?
pub(crate) const fn private_by_default(class: CK_OBJECT_CLASS) -> bool {
    matches!(class, ck::CKO_SECRET_KEY | ck::CKO_PRIVATE_KEY)
}

/// The usage mask of a template.
fn usage(template: &Template, class: CK_OBJECT_CLASS, key_type: Option<CK_KEY_TYPE>) -> u32 {
    const FLAGS: [CK_ATTRIBUTE_TYPE; 7] = [
        ck::CKA_ENCRYPT,
        ck::CKA_DECRYPT,
        ck::CKA_SIGN,
        ck::CKA_VERIFY,
        ck::CKA_WRAP,
        ck::CKA_UNWRAP,
        ck::CKA_DERIVE,
    ];
    let wraps = [ck::CKA_WRAP, ck::CKA_UNWRAP].iter().any(|ty| template.bool(*ty) == Some(true));
    let mut mask = 0;
    for ty in FLAGS {
        let row_fits = crate::attribute::row(ty)
            .is_some_and(|row| row.classes & crate::attribute::class_bit(class) != 0);
        let wanted = template.bool(ty).unwrap_or_else(|| default_usage(ty, key_type, wraps));
        if row_fits
            && wanted
            && let Some(bit) = usage_bit(ty, Some(class))
        {
            mask |= bit.bits();
        }
    }
    mask
}

/// What a key is for whose template does not say.
const fn default_usage(ty: CK_ATTRIBUTE_TYPE, key_type: Option<CK_KEY_TYPE>, wraps: bool) -> bool {
    match (key_type, ty) {
        (
            Some(ck::CKK_AES | ck::CKK_AES_XTS | ck::CKK_RSA | ck::CKK_CHACHA20),
            ck::CKA_ENCRYPT | ck::CKA_DECRYPT,
        ) => !wraps,
        (Some(ck::CKK_EC_MONTGOMERY), ck::CKA_DERIVE) => true,
        (Some(ck::CKK_EC_MONTGOMERY | ck::CKK_AES_XTS | ck::CKK_HKDF | ck::CKK_CHACHA20), _) => false,
        (_, ck::CKA_SIGN | ck::CKA_VERIFY) => !wraps,
        _ => false,
    }
}

/// What KMIP calls the algorithm of a secret key, and whether PKCS#11's own name must be kept beside it. A generic secret is a
/// string of bytes that no algorithm owns; of KMIP's names the one-time pad is the only one that says so.
pub(crate) fn secret_algorithm(key_type: CK_KEY_TYPE) -> Option<(CryptographicAlgorithm, bool)> {
    use CryptographicAlgorithm as A;
    Some(match key_type {
        ck::CKK_AES => (A::AES, false),
        ck::CKK_AES_XTS => (A::AES, true),
        ck::CKK_SHA_1_HMAC => (A::HMAC_SHA1, false),
        ck::CKK_SHA224_HMAC => (A::HMAC_SHA224, false),
        ck::CKK_SHA256_HMAC => (A::HMAC_SHA256, false),
        ck::CKK_SHA384_HMAC => (A::HMAC_SHA384, false),
        ck::CKK_SHA512_HMAC => (A::HMAC_SHA512, false),
        ck::CKK_SHA3_224_HMAC => (A::HMAC_SHA3_224, false),
        ck::CKK_SHA3_256_HMAC => (A::HMAC_SHA3_256, false),
        ck::CKK_SHA3_384_HMAC => (A::HMAC_SHA3_384, false),
        ck::CKK_SHA3_512_HMAC => (A::HMAC_SHA3_512, false),
        ck::CKK_CHACHA20 => (A::CHA_CHA20_POLY1305, false),
        ck::CKK_GENERIC_SECRET | ck::CKK_HKDF => (A::ONE_TIME_PAD, true),
        _ => return None,
    })
}

/// The attribute that keeps PKCS#11's name of a key type.
pub(crate) fn key_type_attribute(key_type: CK_KEY_TYPE) -> Attribute<'static> {
    vendor("CKA_KEY_TYPE", AttributeValue::LongInteger(key_type.cast_signed()))
}

/// Does this attribute name one of the vendor's?
pub(crate) fn is_vendor(attribute: &Attribute<'_>, wanted: &str) -> bool {
    matches!(&attribute.name, AttributeName::Vendor { name, .. } if name == wanted)
}
