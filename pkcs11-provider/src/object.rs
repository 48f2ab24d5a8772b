//! An object of the appliance as PKCS#11 sees it: its class, its key type, the value of each attribute.
//!
//! Objects that came over KMIP have no attributes of the vendor; what PKCS#11 asks of them follows from what they have.

use crate::attribute::{Kind, Place, Row, SESSION, VENDOR, bool_default, class_bit};
use crate::der::{Curve, PublicInfo};
use crate::lattice::Lattice;
use crate::template::Held;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_KEY_TYPE, CK_OBJECT_CLASS, CK_OBJECT_HANDLE, CK_ULONG};
use kmip::attribute::{Attribute, AttributeName, AttributeValue, CryptographicDomainParameters};
use kmip::enums::{CryptographicAlgorithm, Enumeration, LinkType, ObjectType, RecommendedCurve};
use kmip::mask::CryptographicUsageMask as Mask;
use kmip::tag::Tag;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, RwLock};
use zeroize::Zeroizing;

/// What the appliance said of an object.
#[derive(Default)]
pub(crate) struct Seen {
    object_type: Option<ObjectType>,
    algorithm: Option<CryptographicAlgorithm>,
    curve: Option<RecommendedCurve>,
    length: Option<i32>,
    usage: u32,
    sensitive: bool,
    extractable: Option<bool>,
    always_sensitive: bool,
    never_extractable: bool,
    made: bool,
    name: Option<String>,
    /// The other half of its pair.
    pub(crate) linked: Option<String>,
    vendor: BTreeMap<String, AttributeValue<'static>>,
}

/// What the application holds a handle to.
pub(crate) struct Object {
    /// The handle.
    pub(crate) handle: CK_OBJECT_HANDLE,
    /// What the appliance calls it.
    pub(crate) uid: String,
    /// The session that it ends with.
    pub(crate) session: Option<ck::CK_SESSION_HANDLE>,
    /// What was last seen of it.
    pub(crate) seen: RwLock<Option<Arc<Seen>>>,
    /// What never changes: the public numbers.
    pub(crate) public: OnceLock<Option<PublicInfo>>,
}

/// The value of an object, fetched when it is asked for.
pub(crate) enum Material {
    /// Bytes: a secret key, a certificate, data.
    Bytes(Zeroizing<Vec<u8>>),
    /// The numbers of an RSA private key, from the modulus to the coefficient.
    Rsa(Vec<Zeroizing<Vec<u8>>>),
    /// The scalar or seed of a private key on a curve.
    Scalar(Zeroizing<Vec<u8>>),
    /// A public key.
    Public(PublicInfo),
}

impl Seen {
    /// Reads what Get Attributes gave.
    pub(crate) fn read<'a>(attributes: impl Iterator<Item = Attribute<'a>>) -> Self {
        let mut seen = Self::default();
        for attribute in attributes {
            let Some(value) = attribute.value else { continue };
            match &attribute.name {
                AttributeName::Standard(tag) => seen.take(*tag, &value),
                AttributeName::Vendor { vendor, name } if vendor == VENDOR => {
                    seen.vendor.insert(name.clone().into_owned(), value.into_owned());
                }
                AttributeName::Vendor { .. } | AttributeName::Unknown(_) => {}
            }
        }
        seen
    }

    fn take(&mut self, tag: Tag, value: &AttributeValue<'_>) {
        let flag = value.as_boolean() == Some(true);
        match tag {
            Tag::OBJECT_TYPE => self.object_type = value.as_enumeration().map(ObjectType::from_code),
            Tag::CRYPTOGRAPHIC_ALGORITHM => {
                self.algorithm = value.as_enumeration().map(CryptographicAlgorithm::from_code);
            }
            Tag::CRYPTOGRAPHIC_LENGTH => self.length = value.as_integer(),
            Tag::CRYPTOGRAPHIC_USAGE_MASK => self.usage = value.as_integer().unwrap_or(0).cast_unsigned(),
            Tag::CRYPTOGRAPHIC_DOMAIN_PARAMETERS => {
                self.curve = value
                    .as_structure::<CryptographicDomainParameters>()
                    .and_then(|parameters| parameters.recommended_curve);
            }
            Tag::SENSITIVE => self.sensitive = flag,
            Tag::EXTRACTABLE => self.extractable = value.as_boolean(),
            Tag::ALWAYS_SENSITIVE => self.always_sensitive = flag,
            Tag::NEVER_EXTRACTABLE => self.never_extractable = flag,
            Tag::RANDOM_NUMBER_GENERATOR => self.made = true,
            Tag::NAME => {
                self.name = self.name.take().or_else(|| value.as_name().map(|name| name.value.to_owned()))
            }
            Tag::LINK => {
                if let Some(link) = value.as_link()
                    && matches!(link.ty, LinkType::PUBLIC_KEY_LINK | LinkType::PRIVATE_KEY_LINK)
                {
                    self.linked = link.linked.text().map(str::to_owned);
                }
            }
            _ => {}
        }
    }

    /// Has PKCS#11 a class for it? Split keys, PGP keys and templates have none, and what is another session's is hidden.
    pub(crate) fn class(&self) -> Option<CK_OBJECT_CLASS> {
        if let Some(AttributeValue::LongInteger(class)) = self.vendor.get("CKA_CLASS") {
            return CK_OBJECT_CLASS::try_from(*class).ok();
        }
        Some(match self.object_type? {
            ObjectType::CERTIFICATE => ck::CKO_CERTIFICATE,
            ObjectType::SYMMETRIC_KEY | ObjectType::SECRET_DATA => ck::CKO_SECRET_KEY,
            ObjectType::PUBLIC_KEY => ck::CKO_PUBLIC_KEY,
            ObjectType::PRIVATE_KEY => ck::CKO_PRIVATE_KEY,
            ObjectType::OPAQUE_OBJECT => ck::CKO_DATA,
            _ => return None,
        })
    }

    /// Its key type.
    pub(crate) fn key_type(&self) -> Option<CK_KEY_TYPE> {
        use CryptographicAlgorithm as A;
        if let Some(AttributeValue::LongInteger(ty)) = self.vendor.get("CKA_KEY_TYPE") {
            return CK_KEY_TYPE::try_from(*ty).ok();
        }
        if self.object_type == Some(ObjectType::SECRET_DATA) {
            return Some(ck::CKK_GENERIC_SECRET);
        }
        Some(match self.algorithm? {
            // Two keys of 256 bits, which only XTS has.
            A::AES if self.length == Some(512) => ck::CKK_AES_XTS,
            A::AES => ck::CKK_AES,
            A::RSA => ck::CKK_RSA,
            A::ED25519 => ck::CKK_EC_EDWARDS,
            A::ML_DSA_65 | A::ML_DSA_87 => ck::CKK_ML_DSA,
            A::EC | A::ECDH if self.curve == Some(RecommendedCurve::CURVE25519) => ck::CKK_EC_MONTGOMERY,
            A::EC | A::ECDSA | A::ECDH | A::ECMQV => ck::CKK_EC,
            A::HMAC_SHA1 => ck::CKK_SHA_1_HMAC,
            A::HMAC_SHA224 => ck::CKK_SHA224_HMAC,
            A::HMAC_SHA256 => ck::CKK_SHA256_HMAC,
            A::HMAC_SHA384 => ck::CKK_SHA384_HMAC,
            A::HMAC_SHA512 => ck::CKK_SHA512_HMAC,
            A::HMAC_SHA3_224 => ck::CKK_SHA3_224_HMAC,
            A::HMAC_SHA3_256 => ck::CKK_SHA3_256_HMAC,
            A::HMAC_SHA3_384 => ck::CKK_SHA3_384_HMAC,
            A::HMAC_SHA3_512 => ck::CKK_SHA3_512_HMAC,
            A::CHA_CHA20 | A::CHA_CHA20_POLY1305 => ck::CKK_CHACHA20,
            A::DES3 => ck::CKK_DES3,
            _ => ck::CKK_GENERIC_SECRET,
        })
    }

    /// Its length in bits.
    pub(crate) fn bits(&self) -> usize {
        self.length.and_then(|bits| usize::try_from(bits).ok()).unwrap_or(0)
    }

    /// Its type in KMIP.
    pub(crate) fn object_type(&self) -> Option<ObjectType> {
        self.object_type
    }

    /// Its usage mask.
    pub(crate) fn usage(&self) -> u32 {
        self.usage
    }

    /// A boolean that KMIP has.
    pub(crate) fn held_bool(&self, ty: CK_ATTRIBUTE_TYPE) -> bool {
        match ty {
            ck::CKA_SENSITIVE => self.sensitive,
            ck::CKA_EXTRACTABLE => self.extractable.unwrap_or(true),
            _ => false,
        }
    }

    /// The session instance it belongs to, if it is a session object.
    pub(crate) fn session(&self) -> Option<&str> {
        self.vendor.get(SESSION).and_then(AttributeValue::as_text)
    }

    /// A boolean of the vendor's.
    pub(crate) fn vendor_bool(&self, name: &str) -> Option<bool> {
        self.vendor.get(name).and_then(AttributeValue::as_boolean)
    }

    /// Bytes of the vendor's.
    pub(crate) fn vendor_bytes(&self, name: &str) -> Option<&[u8]> {
        match self.vendor.get(name)? {
            AttributeValue::Bytes(bytes) => Some(bytes),
            AttributeValue::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// May only who is logged in see it?
    pub(crate) fn is_private(&self) -> bool {
        let hidden = matches!(self.class(), Some(ck::CKO_PRIVATE_KEY | ck::CKO_SECRET_KEY));
        self.vendor_bool("CKA_PRIVATE").unwrap_or(hidden)
    }

    /// Does it show its secret part?
    pub(crate) fn is_readable(&self) -> bool {
        !self.sensitive && self.extractable.unwrap_or(true)
    }

    /// May it be used like this (an attribute with a bit in the usage mask, or the vendor's)?
    pub(crate) fn may(&self, ty: CK_ATTRIBUTE_TYPE) -> bool {
        match usage_bit(ty, self.class()) {
            Some(bit) => self.usage & bit.bits() != 0,
            None => crate::attribute::row(ty).and_then(|row| self.vendor_bool(row.name)).unwrap_or(false),
        }
    }

    /// Is this mechanism one of those it may be used with?
    pub(crate) fn allows(&self, mechanism: ck::CK_MECHANISM_TYPE) -> bool {
        self.vendor_bytes("CKA_ALLOWED_MECHANISMS").is_none_or(|bytes| {
            bytes.is_empty() || crate::template::mechanisms(bytes).any(|one| one == mechanism)
        })
    }

    /// The value of an attribute that does not need the material; `None` if the object has no such attribute.
    pub(crate) fn held(&self, row: &Row, uid: &str) -> Option<Held> {
        let class = self.class()?;
        if row.classes & class_bit(class) == 0 {
            return None;
        }
        match row.place {
            Place::Usage => Some(Held::of_bool(self.may(row.ty))),
            Place::Vendor => self.vendor_held(row),
            Place::Object => self.told(row.ty, class, uid),
        }
    }

    fn vendor_held(&self, row: &Row) -> Option<Held> {
        match self.vendor.get(row.name) {
            Some(AttributeValue::Boolean(value)) => Some(Held::of_bool(*value)),
            Some(AttributeValue::LongInteger(value)) => Some(Held::of_ulong((*value).cast_unsigned())),
            Some(AttributeValue::Bytes(value)) => Held::from_stored(row, value),
            Some(AttributeValue::Text(value)) => Some(Held::of_bytes(value.as_bytes())),
            Some(_) => None,
            None => match (row.kind, row.ty) {
                (Kind::Bool, ck::CKA_PRIVATE) => Some(Held::of_bool(self.is_private())),
                (Kind::Bool, ty) => Some(Held::of_bool(bool_default(ty))),
                (_, ck::CKA_LABEL) => Some(Held::of_bytes(self.name.as_deref().unwrap_or("").as_bytes())),
                (_, ck::CKA_CERTIFICATE_CATEGORY) => Some(Held::of_ulong(0)),
                (Kind::Ulong, _)
                | (_, ck::CKA_PUBLIC_KEY_INFO | ck::CKA_CHECK_VALUE | ck::CKA_ALLOWED_MECHANISMS) => None,
                (Kind::Template, _) => Some(Held::Template(crate::template::Template::default())),
                (Kind::Bytes | Kind::Date, _) => Some(Held::of_bytes(&[])),
            },
        }
    }

    fn told(&self, ty: CK_ATTRIBUTE_TYPE, class: CK_OBJECT_CLASS, uid: &str) -> Option<Held> {
        Some(match ty {
            ck::CKA_CLASS => Held::of_ulong(class),
            ck::CKA_TOKEN => Held::of_bool(self.session().is_none()),
            ck::CKA_UNIQUE_ID => Held::of_bytes(uid.as_bytes()),
            ck::CKA_CERTIFICATE_TYPE => Held::of_ulong(ck::CKC_X_509),
            ck::CKA_KEY_TYPE => Held::of_ulong(self.key_type()?),
            ck::CKA_LOCAL => Held::of_bool(self.made),
            ck::CKA_KEY_GEN_MECHANISM => Held::of_ulong(self.generated_by()),
            ck::CKA_SENSITIVE => Held::of_bool(self.sensitive),
            ck::CKA_EXTRACTABLE => Held::of_bool(self.extractable.unwrap_or(true)),
            ck::CKA_ALWAYS_SENSITIVE => Held::of_bool(self.always_sensitive),
            ck::CKA_NEVER_EXTRACTABLE => Held::of_bool(self.never_extractable),
            ck::CKA_VALUE_LEN => Held::of_ulong(CK_ULONG::try_from(self.bits().div_ceil(8)).ok()?),
            ck::CKA_PARAMETER_SET => {
                let set = Lattice::ALL.into_iter().find(|set| Some(set.kmip()) == self.algorithm)?;
                Held::of_ulong(set.parameter_set())
            }
            ck::CKA_EC_PARAMS if class == ck::CKO_DOMAIN_PARAMETERS => {
                Held::of_bytes(self.vendor_bytes("CKA_EC_PARAMS")?)
            }
            _ => return None,
        })
    }

    fn generated_by(&self) -> CK_ULONG {
        if !self.made {
            return ck::CK_UNAVAILABLE_INFORMATION;
        }
        match self.key_type() {
            Some(ck::CKK_AES) => ck::CKM_AES_KEY_GEN,
            Some(ck::CKK_AES_XTS) => ck::CKM_AES_XTS_KEY_GEN,
            Some(ck::CKK_SHA3_224_HMAC) => ck::CKM_SHA3_224_KEY_GEN,
            Some(ck::CKK_SHA3_256_HMAC) => ck::CKM_SHA3_256_KEY_GEN,
            Some(ck::CKK_SHA3_384_HMAC) => ck::CKM_SHA3_384_KEY_GEN,
            Some(ck::CKK_SHA3_512_HMAC) => ck::CKM_SHA3_512_KEY_GEN,
            Some(ck::CKK_RSA) => ck::CKM_RSA_PKCS_KEY_PAIR_GEN,
            Some(ck::CKK_ML_DSA) => ck::CKM_ML_DSA_KEY_PAIR_GEN,
            Some(ck::CKK_EC) => ck::CKM_EC_KEY_PAIR_GEN,
            Some(ck::CKK_EC_EDWARDS) => ck::CKM_EC_EDWARDS_KEY_PAIR_GEN,
            Some(ck::CKK_EC_MONTGOMERY) => ck::CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
            Some(ck::CKK_SHA_1_HMAC) => ck::CKM_SHA_1_KEY_GEN,
            Some(ck::CKK_SHA224_HMAC) => ck::CKM_SHA224_KEY_GEN,
            Some(ck::CKK_SHA256_HMAC) => ck::CKM_SHA256_KEY_GEN,
            Some(ck::CKK_SHA384_HMAC) => ck::CKM_SHA384_KEY_GEN,
            Some(ck::CKK_SHA512_HMAC) => ck::CKM_SHA512_KEY_GEN,
            Some(ck::CKK_CHACHA20) => ck::CKM_CHACHA20_KEY_GEN,
            Some(ck::CKK_HKDF) => ck::CKM_HKDF_KEY_GEN,
            _ => ck::CKM_GENERIC_SECRET_KEY_GEN,
        }
    }
}

/// The attribute that the public numbers of a key answer.
pub(crate) fn of_public(info: &PublicInfo, ty: CK_ATTRIBUTE_TYPE) -> Option<Held> {
    match (info, ty) {
        (_, ck::CKA_PUBLIC_KEY_INFO) => Some(Held::of_bytes(&info.write())),
        (PublicInfo::Rsa { modulus, .. }, ck::CKA_MODULUS) => Some(Held::of_bytes(modulus)),
        (PublicInfo::Rsa { exponent, .. }, ck::CKA_PUBLIC_EXPONENT) => Some(Held::of_bytes(exponent)),
        (PublicInfo::Rsa { modulus, .. }, ck::CKA_MODULUS_BITS) => {
            let zeros = modulus.first().map_or(0, |first| u64::from(first.leading_zeros()));
            let bits = u64::try_from(modulus.len()).ok()?.checked_mul(8)?;
            Some(Held::of_ulong(bits.saturating_sub(zeros)))
        }
        (PublicInfo::Curve(curve, _), ck::CKA_EC_PARAMS) => Some(Held::of_bytes(&curve.params())),
        (PublicInfo::Lattice(_, key), ck::CKA_VALUE) => Some(Held::of_bytes(key)),
        (PublicInfo::Curve(..), ck::CKA_EC_POINT) => info.ec_point().map(|point| Held::of_bytes(&point)),
        _ => None,
    }
}

/// The attribute that the material answers.
pub(crate) fn of_material(material: &Material, ty: CK_ATTRIBUTE_TYPE) -> Option<Held> {
    match (material, ty) {
        (Material::Bytes(bytes) | Material::Scalar(bytes), ck::CKA_VALUE) => Some(Held::of_bytes(bytes)),
        (Material::Rsa(numbers), _) => {
            let at = match ty {
                ck::CKA_MODULUS => 0,
                ck::CKA_PUBLIC_EXPONENT => 1,
                ck::CKA_PRIVATE_EXPONENT => 2,
                ck::CKA_PRIME_1 => 3,
                ck::CKA_PRIME_2 => 4,
                ck::CKA_EXPONENT_1 => 5,
                ck::CKA_EXPONENT_2 => 6,
                ck::CKA_COEFFICIENT => 7,
                _ => return None,
            };
            numbers.get(at).map(|number| Held::of_bytes(number))
        }
        (Material::Public(info), _) => of_public(info, ty),
        _ => None,
    }
}

/// The bit of the usage mask that an attribute is: which one, depends on whether the key signs or authenticates.
pub(crate) fn usage_bit(ty: CK_ATTRIBUTE_TYPE, class: Option<CK_OBJECT_CLASS>) -> Option<Mask> {
    let secret = class == Some(ck::CKO_SECRET_KEY);
    Some(match ty {
        ck::CKA_ENCRYPT => Mask::ENCRYPT,
        ck::CKA_DECRYPT => Mask::DECRYPT,
        ck::CKA_WRAP => Mask::WRAP_KEY,
        ck::CKA_UNWRAP => Mask::UNWRAP_KEY,
        ck::CKA_DERIVE => Mask::DERIVE_KEY,
        ck::CKA_SIGN if secret => Mask::MAC_GENERATE,
        ck::CKA_VERIFY if secret => Mask::MAC_VERIFY,
        ck::CKA_SIGN => Mask::SIGN,
        ck::CKA_VERIFY => Mask::VERIFY,
        _ => return None,
    })
}

/// What KMIP calls a curve; Ed25519 is an algorithm there.
pub(crate) const fn kmip_curve(curve: Curve) -> Option<RecommendedCurve> {
    Some(match curve {
        Curve::P256 => RecommendedCurve::P_256,
        Curve::P384 => RecommendedCurve::P_384,
        Curve::P521 => RecommendedCurve::P_521,
        Curve::K256 => RecommendedCurve::SECP256K1,
        Curve::X25519 => RecommendedCurve::CURVE25519,
        Curve::Ed25519 => return None,
    })
}
