//! Managed objects as they travel: read in place, written from what is lent.
//!
//! Nothing here owns key material, so nothing here wipes it: the bytes live in the message buffer of whoever reads, or in the
//! secret memory of whoever writes. No type that can hold key material has `Debug`.
//! Rules: KMIP 1.4, sections 2.1.3 to 2.1.7 and 2.2; KMIP 2.1, sections 2 and 3.

mod key_block;
mod material;
#[cfg(test)]
mod tests;
mod wrapping;

pub use key_block::{KeyBlock, KeyValue, PlainKeyValue};
pub use material::{
    KeyMaterial, TransparentDhPrivateKey, TransparentDhPublicKey, TransparentDsaPrivateKey,
    TransparentDsaPublicKey, TransparentEcPrivateKey, TransparentEcPublicKey, TransparentRsaPrivateKey,
    TransparentRsaPublicKey, TransparentSymmetricKey,
};
pub use wrapping::{KeyInformation, KeyWrappingData, KeyWrappingSpecification};

use crate::attribute::Attributes;
use crate::enums::{
    CertificateRequestType, CertificateType, ObjectType, OpaqueDataType, SecretDataType, SplitKeyMethod,
};
use crate::field::{Field, Slot, structure};
use crate::primitive::BigInteger;
use crate::tag::Tag;
use crate::ttlv::{Children, DecodeError, Item, Writer};
use crate::version::Version;

/// A managed object.
#[derive(Clone, Copy)]
pub enum Object<'a> {
    /// A certificate.
    Certificate(Certificate<'a>),
    /// A symmetric key.
    SymmetricKey(SymmetricKey<'a>),
    /// A public key.
    PublicKey(PublicKey<'a>),
    /// A private key.
    PrivateKey(PrivateKey<'a>),
    /// A part of a split key.
    SplitKey(SplitKey<'a>),
    /// A template (1.x).
    Template(Attributes<'a>),
    /// Secret data: a password or a seed.
    SecretData(SecretData<'a>),
    /// Anything.
    OpaqueObject(OpaqueObject<'a>),
    /// A PGP key (1.2 and later).
    PgpKey(PgpKey<'a>),
    /// A certificate request (2.0 and later).
    CertificateRequest(CertificateRequest<'a>),
}

impl<'a> Object<'a> {
    /// The type of the object.
    #[must_use]
    pub fn ty(&self) -> ObjectType {
        match self {
            Object::Certificate(_) => ObjectType::CERTIFICATE,
            Object::SymmetricKey(_) => ObjectType::SYMMETRIC_KEY,
            Object::PublicKey(_) => ObjectType::PUBLIC_KEY,
            Object::PrivateKey(_) => ObjectType::PRIVATE_KEY,
            Object::SplitKey(_) => ObjectType::SPLIT_KEY,
            Object::Template(_) => ObjectType::TEMPLATE,
            Object::SecretData(_) => ObjectType::SECRET_DATA,
            Object::OpaqueObject(_) => ObjectType::OPAQUE_OBJECT,
            Object::PgpKey(_) => ObjectType::PGP_KEY,
            Object::CertificateRequest(_) => ObjectType::CERTIFICATE_REQUEST,
        }
    }

    /// The key block, for objects that have one.
    #[must_use]
    pub fn key_block(&self) -> Option<&KeyBlock<'a>> {
        match self {
            Object::SymmetricKey(key) => Some(&key.key_block),
            Object::PublicKey(key) => Some(&key.key_block),
            Object::PrivateKey(key) => Some(&key.key_block),
            Object::SplitKey(key) => Some(&key.key_block),
            Object::SecretData(data) => Some(&data.key_block),
            Object::PgpKey(key) => Some(&key.key_block),
            Object::Certificate(_)
            | Object::Template(_)
            | Object::OpaqueObject(_)
            | Object::CertificateRequest(_) => None,
        }
    }

    /// The object that this item holds; `None` if its tag names no object.
    fn decode(item: Item<'a>, version: Version) -> Option<Result<Self, DecodeError>> {
        Some(match item.tag() {
            Tag::CERTIFICATE => Field::decode(item, version).map(Object::Certificate),
            Tag::SYMMETRIC_KEY => Field::decode(item, version).map(Object::SymmetricKey),
            Tag::PUBLIC_KEY => Field::decode(item, version).map(Object::PublicKey),
            Tag::PRIVATE_KEY => Field::decode(item, version).map(Object::PrivateKey),
            Tag::SPLIT_KEY => Field::decode(item, version).map(Object::SplitKey),
            Tag::TEMPLATE => Field::decode(item, version).map(Object::Template),
            Tag::SECRET_DATA => Field::decode(item, version).map(Object::SecretData),
            Tag::OPAQUE_OBJECT => Field::decode(item, version).map(Object::OpaqueObject),
            Tag::PGP_KEY => Field::decode(item, version).map(Object::PgpKey),
            Tag::CERTIFICATE_REQUEST => Field::decode(item, version).map(Object::CertificateRequest),
            _ => return None,
        })
    }

    fn encode(&self, version: Version, out: &mut Writer<'_>) {
        match self {
            Object::Certificate(object) => object.encode(Tag::CERTIFICATE, version, out),
            Object::SymmetricKey(object) => object.encode(Tag::SYMMETRIC_KEY, version, out),
            Object::PublicKey(object) => object.encode(Tag::PUBLIC_KEY, version, out),
            Object::PrivateKey(object) => object.encode(Tag::PRIVATE_KEY, version, out),
            Object::SplitKey(object) => object.encode(Tag::SPLIT_KEY, version, out),
            Object::Template(object) => object.encode(Tag::TEMPLATE, version, out),
            Object::SecretData(object) => object.encode(Tag::SECRET_DATA, version, out),
            Object::OpaqueObject(object) => object.encode(Tag::OPAQUE_OBJECT, version, out),
            Object::PgpKey(object) => object.encode(Tag::PGP_KEY, version, out),
            Object::CertificateRequest(object) => object.encode(Tag::CERTIFICATE_REQUEST, version, out),
        }
    }
}

/// A payload has one object, under the tag of its type. In `structure!` it is listed with one such tag and
/// [`object_tags`] stands for all.
impl<'a> Slot<'a> for Object<'a> {
    type Filling = Option<Object<'a>>;

    fn put(
        filling: &mut Self::Filling,
        item: Item<'a>,
        _: Children<'a>,
        version: Version,
    ) -> Result<(), DecodeError> {
        if filling.is_some() {
            return Err(item.repeated());
        }
        let object = Object::decode(item, version).ok_or_else(|| item.unexpected_in(Tag::REQUEST_PAYLOAD))?;
        *filling = Some(object?);
        Ok(())
    }

    fn done(filling: Self::Filling, tag: Tag, within: &Item<'a>) -> Result<Self, DecodeError> {
        filling.ok_or_else(|| within.lacks(tag))
    }

    fn write(&self, _: Tag, version: Version, out: &mut Writer<'_>) {
        self.encode(version, out);
    }
}

/// A payload may have an object.
impl<'a> Slot<'a> for Option<Object<'a>> {
    type Filling = Option<Object<'a>>;

    fn put(
        filling: &mut Self::Filling,
        item: Item<'a>,
        siblings: Children<'a>,
        version: Version,
    ) -> Result<(), DecodeError> {
        <Object<'a> as Slot<'a>>::put(filling, item, siblings, version)
    }

    fn done(filling: Self::Filling, _: Tag, _: &Item<'a>) -> Result<Self, DecodeError> {
        Ok(filling)
    }

    fn write(&self, _: Tag, version: Version, out: &mut Writer<'_>) {
        if let Some(object) = self {
            object.encode(version, out);
        }
    }
}

structure! {
    /// A certificate: X.509 in DER, or PGP.
    #[derive(Clone, Copy)]
    Certificate<'a> {
        /// Kind of certificate.
        ty: CertificateType = CERTIFICATE_TYPE,
        /// Its bytes.
        value: &'a [u8] = CERTIFICATE_VALUE,
    }
}

structure! {
    /// A symmetric key.
    #[derive(Clone, Copy)]
    SymmetricKey<'a> {
        /// The key.
        key_block: KeyBlock<'a> = KEY_BLOCK,
    }
}

structure! {
    /// A public key.
    #[derive(Clone, Copy)]
    PublicKey<'a> {
        /// The key.
        key_block: KeyBlock<'a> = KEY_BLOCK,
    }
}

structure! {
    /// A private key.
    #[derive(Clone, Copy)]
    PrivateKey<'a> {
        /// The key.
        key_block: KeyBlock<'a> = KEY_BLOCK,
    }
}

structure! {
    /// One part of a key that was split.
    #[derive(Clone, Copy)]
    SplitKey<'a> {
        /// How many parts there are.
        parts: i32 = SPLIT_KEY_PARTS,
        /// Which this is.
        part_identifier: i32 = KEY_PART_IDENTIFIER,
        /// How many are needed.
        threshold: i32 = SPLIT_KEY_THRESHOLD,
        /// How it was split.
        method: SplitKeyMethod = SPLIT_KEY_METHOD,
        /// The prime, for sharing in a prime field.
        prime_field_size: Option<BigInteger<'a>> = PRIME_FIELD_SIZE,
        /// The part.
        key_block: KeyBlock<'a> = KEY_BLOCK,
    }
}

structure! {
    /// A password or a seed.
    #[derive(Clone, Copy)]
    SecretData<'a> {
        /// Kind of secret.
        ty: SecretDataType = SECRET_DATA_TYPE,
        /// The secret.
        key_block: KeyBlock<'a> = KEY_BLOCK,
    }
}

structure! {
    /// Bytes the server does not look into.
    #[derive(Clone, Copy)]
    OpaqueObject<'a> {
        /// Kind of data; the standard defines none.
        ty: OpaqueDataType = OPAQUE_DATA_TYPE,
        /// The bytes.
        value: &'a [u8] = OPAQUE_DATA_VALUE,
    }
}

structure! {
    /// A PGP key.
    #[derive(Clone, Copy)]
    PgpKey<'a> {
        /// Version of the PGP format.
        pgp_version: i32 = PGP_KEY_VERSION,
        /// The key.
        key_block: KeyBlock<'a> = KEY_BLOCK,
    }
}

structure! {
    /// A certificate request.
    #[derive(Clone, Copy)]
    CertificateRequest<'a> {
        /// Kind of request.
        ty: CertificateRequestType = CERTIFICATE_REQUEST_TYPE,
        /// Its bytes.
        value: &'a [u8] = CERTIFICATE_REQUEST_VALUE,
    }
}
