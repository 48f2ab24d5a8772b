//! How a managed object is written into the body of its record: TTLV, one encoding for one object.
//!
//! Separate from KMIP's own messages, because what is stored must outlive every protocol version. The tags are KMIP's
//! where it has one, and of the extension range where it has none.
//! Trusts: the MAC over the record, which `custody` has checked. Still refuses what it does not know.

use super::{AttributeSet, KeyBlock, Kind, Managed};
use crate::request::Asker;
use kmip::attribute::{Attribute, AttributeName, AttributeValue};
use kmip::enums::{
    CertificateRequestType, CertificateType, CryptographicAlgorithm, Enumeration, KeyCompressionType,
    KeyFormatType, ObjectType, OpaqueDataType, SecretDataType, SplitKeyMethod,
};
use kmip::tag::Tag;
use kmip::ttlv::{DecodeError, Item, Limits, Writer, parse};
use kmip::version::Version;

const fn own(number: u32) -> Tag {
    match Tag::new(0x54_0000 | number) {
        Some(tag) => tag,
        None => Tag::OBJECT_TYPE,
    }
}

const BODY: Tag = own(0x4F01);
const STRUCTURED: Tag = own(0x4F02);
const NONCES_RESERVED: Tag = own(0x4F03);
const NAME_TAG: Tag = own(0x4F04);
const PGP_VERSION: Tag = own(0x4F05);
const OWNER: Tag = own(0x4F10);
const INTERNAL: Tag = own(0x4F06);
const WRAPPED_AS: Tag = own(0x4F07);

/// What a body may nest and hold. As large as the largest message, of which it is a part.
const LIMITS: Limits = Limits::DEFAULT;

/// A body that this version of the appliance cannot read. It authenticated, so it was written by another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body of a record is of another version")]
pub struct BodyError;

impl From<DecodeError> for BodyError {
    fn from(_: DecodeError) -> Self {
        Self
    }
}

impl Managed {
    /// Appends the body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut writer = Writer::new(out, usize::MAX);
        writer.structure(BODY, |out| {
            out.enumeration(Tag::OBJECT_TYPE, self.object_type.code());
            write_kind(&self.kind, out);
            if let Some(block) = self.kind.block() {
                write_block(block, out);
            }
            if self.nonces_reserved > 0 {
                out.long_integer(NONCES_RESERVED, self.nonces_reserved.cast_signed());
            }
            if let Some(owner) = &self.owner {
                out.bytes(OWNER, owner.as_bytes());
            }
            if let Some(wrapped_as) = &self.wrapped_as {
                out.bytes(WRAPPED_AS, wrapped_as);
            }
            if self.internal {
                out.boolean(INTERNAL, true);
            }
            for attribute in self.attributes.all() {
                write_attribute(attribute, out);
            }
        });
        // Without a bound there is nothing that could fail.
        let _ = writer.finish();
    }

    /// Reads what [`Managed::encode`] wrote.
    ///
    /// # Errors
    /// [`BodyError`].
    pub fn decode(body: &[u8]) -> Result<Self, BodyError> {
        let body = parse(body, &LIMITS)?;
        if body.tag() != BODY {
            return Err(BodyError);
        }
        let mut read = Read::default();
        for child in body.children()? {
            read.take(child)?;
        }
        read.done()
    }
}

fn write_kind(kind: &Kind, out: &mut Writer<'_>) {
    match kind {
        Kind::Key(_) | Kind::Template => {}
        Kind::SplitKey { parts, part, threshold, method, prime, .. } => {
            out.integer(Tag::SPLIT_KEY_PARTS, *parts);
            out.integer(Tag::KEY_PART_IDENTIFIER, *part);
            out.integer(Tag::SPLIT_KEY_THRESHOLD, *threshold);
            out.enumeration(Tag::SPLIT_KEY_METHOD, method.code());
            if let Some(prime) = prime {
                out.big_integer(Tag::PRIME_FIELD_SIZE, prime);
            }
        }
        Kind::SecretData { ty, .. } => out.enumeration(Tag::SECRET_DATA_TYPE, ty.code()),
        Kind::Opaque(ty) => out.enumeration(Tag::OPAQUE_DATA_TYPE, ty.code()),
        Kind::Certificate(ty) => out.enumeration(Tag::CERTIFICATE_TYPE, ty.code()),
        Kind::CertificateRequest(ty) => out.enumeration(Tag::CERTIFICATE_REQUEST_TYPE, ty.code()),
        Kind::Pgp { version, .. } => out.integer(PGP_VERSION, *version),
    }
}

fn write_block(block: &KeyBlock, out: &mut Writer<'_>) {
    out.enumeration(Tag::KEY_FORMAT_TYPE, block.format.code());
    if let Some(compression) = block.compression {
        out.enumeration(Tag::KEY_COMPRESSION_TYPE, compression.code());
    }
    if let Some(algorithm) = block.algorithm {
        out.enumeration(Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm.code());
    }
    if let Some(length) = block.length {
        out.integer(Tag::CRYPTOGRAPHIC_LENGTH, length);
    }
    if block.structured {
        out.boolean(STRUCTURED, true);
    }
}

fn write_attribute(attribute: &Attribute<'_>, out: &mut Writer<'_>) {
    let Some(value) = &attribute.value else { return };
    out.structure(Tag::ATTRIBUTE, |out| {
        match &attribute.name {
            AttributeName::Standard(tag) => out.enumeration(NAME_TAG, tag.number()),
            AttributeName::Vendor { vendor, name } => {
                out.text(Tag::VENDOR_IDENTIFICATION, vendor);
                out.text(Tag::ATTRIBUTE_NAME, name);
            }
            AttributeName::Unknown(name) => out.text(Tag::ATTRIBUTE_NAME, name),
        }
        if let Some(index) = attribute.index.filter(|index| *index > 0) {
            out.integer(Tag::ATTRIBUTE_INDEX, index.cast_signed());
        }
        value.encode(Tag::ATTRIBUTE_VALUE, None, Version::V2_1, out);
    });
}

#[derive(Default)]
struct Read {
    object_type: Option<ObjectType>,
    format: Option<KeyFormatType>,
    compression: Option<KeyCompressionType>,
    algorithm: Option<CryptographicAlgorithm>,
    length: Option<i32>,
    structured: bool,
    secret_data: Option<SecretDataType>,
    opaque: Option<OpaqueDataType>,
    certificate: Option<CertificateType>,
    request: Option<CertificateRequestType>,
    pgp_version: Option<i32>,
    split: [Option<i32>; 3],
    split_method: Option<SplitKeyMethod>,
    prime: Option<Vec<u8>>,
    nonces_reserved: u64,
    owner: Option<Asker>,
    wrapped_as: Option<Vec<u8>>,
    internal: bool,
    attributes: AttributeSet,
}

impl Read {
    fn take(&mut self, item: Item<'_>) -> Result<(), BodyError> {
        let [parts, part, threshold] = &mut self.split;
        match item.tag() {
            Tag::OBJECT_TYPE => self.object_type = Some(ObjectType::from_code(item.enumeration()?)),
            Tag::KEY_FORMAT_TYPE => self.format = Some(KeyFormatType::from_code(item.enumeration()?)),
            Tag::KEY_COMPRESSION_TYPE => {
                self.compression = Some(KeyCompressionType::from_code(item.enumeration()?));
            }
            Tag::CRYPTOGRAPHIC_ALGORITHM => {
                self.algorithm = Some(CryptographicAlgorithm::from_code(item.enumeration()?));
            }
            Tag::CRYPTOGRAPHIC_LENGTH => self.length = Some(item.integer()?),
            STRUCTURED => self.structured = item.boolean()?,
            Tag::SECRET_DATA_TYPE => self.secret_data = Some(SecretDataType::from_code(item.enumeration()?)),
            Tag::OPAQUE_DATA_TYPE => self.opaque = Some(OpaqueDataType::from_code(item.enumeration()?)),
            Tag::CERTIFICATE_TYPE => self.certificate = Some(CertificateType::from_code(item.enumeration()?)),
            Tag::CERTIFICATE_REQUEST_TYPE => {
                self.request = Some(CertificateRequestType::from_code(item.enumeration()?));
            }
            WRAPPED_AS => self.wrapped_as = Some(item.bytes()?.to_vec()),
            INTERNAL => self.internal = item.boolean()?,
            PGP_VERSION => self.pgp_version = Some(item.integer()?),
            Tag::SPLIT_KEY_PARTS => *parts = Some(item.integer()?),
            Tag::KEY_PART_IDENTIFIER => *part = Some(item.integer()?),
            Tag::SPLIT_KEY_THRESHOLD => *threshold = Some(item.integer()?),
            Tag::SPLIT_KEY_METHOD => self.split_method = Some(SplitKeyMethod::from_code(item.enumeration()?)),
            Tag::PRIME_FIELD_SIZE => self.prime = Some(item.big_integer()?.to_vec()),
            NONCES_RESERVED => self.nonces_reserved = item.long_integer()?.cast_unsigned(),
            OWNER => {
                let bytes = item.bytes()?.try_into().map_err(|_| BodyError)?;
                self.owner = Some(Asker::from_bytes(bytes));
            }
            Tag::ATTRIBUTE => self.attributes.restore(read_attribute(item)?),
            _ => return Err(BodyError),
        }
        Ok(())
    }

    fn done(self) -> Result<Managed, BodyError> {
        let object_type = self.object_type.ok_or(BodyError)?;
        let block = self.format.map(|format| KeyBlock {
            format,
            compression: self.compression,
            algorithm: self.algorithm,
            length: self.length,
            structured: self.structured,
        });
        let block = || block.ok_or(BodyError);
        let kind = match object_type {
            ObjectType::SYMMETRIC_KEY | ObjectType::PUBLIC_KEY | ObjectType::PRIVATE_KEY => {
                Kind::Key(block()?)
            }
            ObjectType::SPLIT_KEY => {
                let [Some(parts), Some(part), Some(threshold)] = self.split else { return Err(BodyError) };
                let method = self.split_method.ok_or(BodyError)?;
                Kind::SplitKey { block: block()?, parts, part, threshold, method, prime: self.prime }
            }
            ObjectType::SECRET_DATA => {
                Kind::SecretData { ty: self.secret_data.ok_or(BodyError)?, block: block()? }
            }
            ObjectType::OPAQUE_OBJECT => Kind::Opaque(self.opaque.ok_or(BodyError)?),
            ObjectType::CERTIFICATE => Kind::Certificate(self.certificate.ok_or(BodyError)?),
            ObjectType::CERTIFICATE_REQUEST => Kind::CertificateRequest(self.request.ok_or(BodyError)?),
            ObjectType::TEMPLATE => Kind::Template,
            ObjectType::PGP_KEY => Kind::Pgp { version: self.pgp_version.ok_or(BodyError)?, block: block()? },
            _ => return Err(BodyError),
        };
        Ok(Managed {
            object_type,
            kind,
            attributes: self.attributes,
            nonces_reserved: self.nonces_reserved,
            owner: self.owner,
            wrapped_as: self.wrapped_as,
            internal: self.internal,
        })
    }
}

fn read_attribute(item: Item<'_>) -> Result<Attribute<'static>, BodyError> {
    let (mut tag, mut vendor, mut text, mut index, mut value) = (None, None, None, 0, None);
    for child in item.children()? {
        match child.tag() {
            NAME_TAG => tag = Some(Tag::new(child.enumeration()?).ok_or(BodyError)?),
            Tag::VENDOR_IDENTIFICATION => vendor = Some(child.text()?),
            Tag::ATTRIBUTE_NAME => text = Some(child.text()?),
            Tag::ATTRIBUTE_INDEX => index = child.integer()?.cast_unsigned(),
            Tag::ATTRIBUTE_VALUE => value = Some(AttributeValue::decode(child)?.into_owned()),
            _ => return Err(BodyError),
        }
    }
    let name = match (tag, vendor, text) {
        (Some(tag), None, None) => AttributeName::Standard(tag),
        (None, Some(vendor), Some(name)) => AttributeName::vendor(vendor, name).into_owned(),
        (None, None, Some(name)) => AttributeName::Unknown(name.into()).into_owned(),
        _ => return Err(BodyError),
    };
    Ok(Attribute { name, index: Some(index), value: Some(value.ok_or(BodyError)?) })
}
