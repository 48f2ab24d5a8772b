//! Key material: bytes in a format, or the numbers of a transparent key.
//!
//! Rules: KMIP 1.4, section 2.1.7.

use crate::enums::RecommendedCurve;
use crate::field::{Field, structure};
use crate::primitive::BigInteger;
use crate::tag::Tag;
use crate::ttlv::{DecodeError, Item, ItemType, Writer};
use crate::version::Version;

/// Key material; the key format type of the key block says what it is.
#[derive(Clone, Copy)]
pub enum KeyMaterial<'a> {
    /// Raw, opaque, PKCS#1, PKCS#8, X.509, SEC1, PKCS#12 or an extension: bytes.
    Bytes(&'a [u8]),
    /// Transparent: a structure, not yet read. [`KeyMaterial::transparent`] reads it as the format demands.
    Structure(Item<'a>),
    /// Transparent symmetric key, to be written.
    Symmetric(TransparentSymmetricKey<'a>),
    /// Transparent RSA private key, to be written.
    RsaPrivate(TransparentRsaPrivateKey<'a>),
    /// Transparent RSA public key, to be written.
    RsaPublic(TransparentRsaPublicKey<'a>),
    /// Transparent DSA private key, to be written.
    DsaPrivate(TransparentDsaPrivateKey<'a>),
    /// Transparent DSA public key, to be written.
    DsaPublic(TransparentDsaPublicKey<'a>),
    /// Transparent DH private key, to be written.
    DhPrivate(TransparentDhPrivateKey<'a>),
    /// Transparent DH public key, to be written.
    DhPublic(TransparentDhPublicKey<'a>),
    /// Transparent EC (ECDSA, ECDH, ECMQV) private key, to be written.
    EcPrivate(TransparentEcPrivateKey<'a>),
    /// Transparent EC (ECDSA, ECDH, ECMQV) public key, to be written.
    EcPublic(TransparentEcPublicKey<'a>),
}

impl<'a> KeyMaterial<'a> {
    /// The bytes, if the material is bytes.
    #[must_use]
    pub fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            KeyMaterial::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Reads a transparent structure as `T`; `None` if the material was not read from a message or is bytes.
    pub fn transparent<T: Field<'a>>(&self, version: Version) -> Option<Result<T, DecodeError>> {
        match self {
            KeyMaterial::Structure(item) => Some(T::decode(*item, version)),
            _ => None,
        }
    }
}

impl<'a> Field<'a> for KeyMaterial<'a> {
    fn decode(item: Item<'a>, _: Version) -> Result<Self, DecodeError> {
        match item.ty() {
            ItemType::Structure => Ok(KeyMaterial::Structure(item)),
            _ => item.bytes().map(KeyMaterial::Bytes),
        }
    }

    fn encode(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        match self {
            KeyMaterial::Bytes(bytes) => out.bytes(tag, bytes),
            KeyMaterial::Structure(item) => out.item(tag, item),
            KeyMaterial::Symmetric(key) => key.encode(tag, version, out),
            KeyMaterial::RsaPrivate(key) => key.encode(tag, version, out),
            KeyMaterial::RsaPublic(key) => key.encode(tag, version, out),
            KeyMaterial::DsaPrivate(key) => key.encode(tag, version, out),
            KeyMaterial::DsaPublic(key) => key.encode(tag, version, out),
            KeyMaterial::DhPrivate(key) => key.encode(tag, version, out),
            KeyMaterial::DhPublic(key) => key.encode(tag, version, out),
            KeyMaterial::EcPrivate(key) => key.encode(tag, version, out),
            KeyMaterial::EcPublic(key) => key.encode(tag, version, out),
        }
    }
}

structure! {
    /// Transparent Symmetric Key.
    #[derive(Clone, Copy)]
    TransparentSymmetricKey<'a> {
        /// The key.
        key: &'a [u8] = KEY,
    }
}

structure! {
    /// Transparent DSA Private Key.
    #[derive(Clone, Copy)]
    TransparentDsaPrivateKey<'a> {
        /// Prime.
        p: BigInteger<'a> = P,
        /// Order of the subgroup.
        q: BigInteger<'a> = Q,
        /// Generator.
        g: BigInteger<'a> = G,
        /// Private value.
        x: BigInteger<'a> = X,
    }
}

structure! {
    /// Transparent DSA Public Key.
    #[derive(Clone, Copy)]
    TransparentDsaPublicKey<'a> {
        /// Prime.
        p: BigInteger<'a> = P,
        /// Order of the subgroup.
        q: BigInteger<'a> = Q,
        /// Generator.
        g: BigInteger<'a> = G,
        /// Public value.
        y: BigInteger<'a> = Y,
    }
}

structure! {
    /// Transparent RSA Private Key. Some of the optional numbers must be there: 1.4, section 2.1.7.4.
    #[derive(Clone, Copy)]
    TransparentRsaPrivateKey<'a> {
        /// n.
        modulus: BigInteger<'a> = MODULUS,
        /// d.
        private_exponent: Option<BigInteger<'a>> = PRIVATE_EXPONENT,
        /// e.
        public_exponent: Option<BigInteger<'a>> = PUBLIC_EXPONENT,
        /// p.
        p: Option<BigInteger<'a>> = P,
        /// q.
        q: Option<BigInteger<'a>> = Q,
        /// d mod (p - 1).
        prime_exponent_p: Option<BigInteger<'a>> = PRIME_EXPONENT_P,
        /// d mod (q - 1).
        prime_exponent_q: Option<BigInteger<'a>> = PRIME_EXPONENT_Q,
        /// 1/q mod p.
        crt_coefficient: Option<BigInteger<'a>> = CRT_COEFFICIENT,
    }
}

structure! {
    /// Transparent RSA Public Key.
    #[derive(Clone, Copy)]
    TransparentRsaPublicKey<'a> {
        /// n.
        modulus: BigInteger<'a> = MODULUS,
        /// e.
        public_exponent: BigInteger<'a> = PUBLIC_EXPONENT,
    }
}

structure! {
    /// Transparent DH Private Key.
    #[derive(Clone, Copy)]
    TransparentDhPrivateKey<'a> {
        /// Prime.
        p: BigInteger<'a> = P,
        /// Order of the subgroup.
        q: Option<BigInteger<'a>> = Q,
        /// Generator.
        g: BigInteger<'a> = G,
        /// Cofactor.
        j: Option<BigInteger<'a>> = J,
        /// Private value.
        x: BigInteger<'a> = X,
    }
}

structure! {
    /// Transparent DH Public Key.
    #[derive(Clone, Copy)]
    TransparentDhPublicKey<'a> {
        /// Prime.
        p: BigInteger<'a> = P,
        /// Order of the subgroup.
        q: Option<BigInteger<'a>> = Q,
        /// Generator.
        g: BigInteger<'a> = G,
        /// Cofactor.
        j: Option<BigInteger<'a>> = J,
        /// Public value.
        y: BigInteger<'a> = Y,
    }
}

structure! {
    /// Transparent EC Private Key (also ECDSA, ECDH, ECMQV).
    #[derive(Clone, Copy)]
    TransparentEcPrivateKey<'a> {
        /// Curve.
        curve: RecommendedCurve = RECOMMENDED_CURVE,
        /// Private scalar.
        d: BigInteger<'a> = D,
    }
}

structure! {
    /// Transparent EC Public Key (also ECDSA, ECDH, ECMQV).
    #[derive(Clone, Copy)]
    TransparentEcPublicKey<'a> {
        /// Curve.
        curve: RecommendedCurve = RECOMMENDED_CURVE,
        /// Public point.
        q: &'a [u8] = Q_STRING,
    }
}
