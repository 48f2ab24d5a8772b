//! The forms of an object's value: from a message to what is kept, and back.
//!
//! Rules: KMIP 1.4, sections 2.1.3, 2.1.4, 2.1.7 and 2.2.

use super::pair::is_asked_in;
use crate::managed::{KeyBlock, Kind, Managed};
use crate::request::of_scope;
use crate::scope::ScopeError;
use hardening::{MemoryError, SecretBytes};
use kmip::enums::{CertificateType, EncodingOption, KeyFormatType, ObjectType};
use kmip::object::{
    Certificate, CertificateRequest, KeyBlock as WireBlock, KeyMaterial, KeyValue, KeyWrappingData,
    Object as Wire, OpaqueObject, PgpKey, PrivateKey, PublicKey, SecretData, SplitKey, SymmetricKey,
    TransparentSymmetricKey,
};
use kmip::primitive::BigInteger;
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::ttlv::{Limits, Writer, parse};
use kmip::version::Version;
use zeroize::Zeroize;

/// What a client registers, ready to be kept.
pub(super) struct Kept {
    /// Its type's own.
    pub(super) kind: Kind,
    /// Its value; none if it is not on the server, or the type has none.
    pub(super) material: Option<SecretBytes>,
}

/// Takes an object out of a message; `opened` is its key value if that was wrapped.
///
/// # Errors
/// What the error table of Register names.
pub(super) fn take_in(
    object: &Wire<'_>,
    version: Version,
    opened: Option<KeyValue<'_>>,
) -> Result<Kept, Refusal> {
    let of_block = |block: &WireBlock<'_>| take_block(block, object.ty(), version, opened);
    Ok(match object {
        Wire::SymmetricKey(key) => {
            let (block, material) = of_block(&key.key_block)?;
            Kept { kind: Kind::Key(block), material }
        }
        Wire::PublicKey(key) => {
            let (block, material) = of_block(&key.key_block)?;
            Kept { kind: Kind::Key(block), material }
        }
        Wire::PrivateKey(key) => {
            let (block, material) = of_block(&key.key_block)?;
            Kept { kind: Kind::Key(block), material }
        }
        Wire::SplitKey(key) => {
            let (block, material) = of_block(&key.key_block)?;
            let kind = Kind::SplitKey {
                block,
                parts: key.parts,
                part: key.part_identifier,
                threshold: key.threshold,
                method: key.method,
                prime: key.prime_field_size.map(|prime| prime.0.to_vec()),
            };
            Kept { kind, material }
        }
        Wire::SecretData(data) => {
            let (block, material) = of_block(&data.key_block)?;
            Kept { kind: Kind::SecretData { ty: data.ty, block }, material }
        }
        Wire::PgpKey(key) => {
            let (block, material) = of_block(&key.key_block)?;
            Kept { kind: Kind::Pgp { version: key.pgp_version, block }, material }
        }
        Wire::OpaqueObject(opaque) => {
            Kept { kind: Kind::Opaque(opaque.ty), material: Some(keep(opaque.value)?) }
        }
        Wire::Certificate(certificate) => {
            Kept { kind: Kind::Certificate(certificate.ty), material: Some(keep(certificate.value)?) }
        }
        Wire::Template(_) => Kept { kind: Kind::Template, material: None },
        Wire::CertificateRequest(request) => {
            Kept { kind: Kind::CertificateRequest(request.ty), material: Some(keep(request.value)?) }
        }
    })
}

fn take_block(
    block: &WireBlock<'_>,
    ty: ObjectType,
    version: Version,
    opened: Option<KeyValue<'_>>,
) -> Result<(KeyBlock, Option<SecretBytes>), Refusal> {
    if !format_fits(block.format, ty) {
        return Err(Refusal::KeyFormatTypeNotSupported);
    }
    let mut kept = KeyBlock {
        format: block.format,
        compression: block.compression,
        algorithm: block.algorithm,
        length: block.length,
        structured: false,
    };
    let value = match block.wrapping {
        Some(_) => Some(opened.ok_or(Refusal::FeatureNotSupported)?),
        None => block.value,
    };
    let material = match value {
        None => return Ok((kept, None)),
        Some(KeyValue::Wrapped(_)) => return Err(Refusal::InvalidField),
        Some(KeyValue::Plain(plain)) => plain.material,
    };
    let material = match material {
        KeyMaterial::Bytes(bytes) if !is_transparent(block.format) => keep(bytes)?,
        KeyMaterial::Structure(item) if block.format == KeyFormatType::TRANSPARENT_SYMMETRIC_KEY => {
            let key: TransparentSymmetricKey<'_> = kmip::field::Field::decode(item, version)?;
            keep(key.key)?
        }
        KeyMaterial::Structure(item) if is_transparent(block.format) => {
            kept.structured = true;
            keep(item.value())?
        }
        _ => return Err(Refusal::InvalidField),
    };
    Ok((kept, Some(material)))
}

fn keep(bytes: &[u8]) -> Result<SecretBytes, Refusal> {
    SecretBytes::init_with(bytes.len(), |kept| {
        kept.copy_from_slice(bytes);
        Ok(())
    })
    .map_err(|_: MemoryError| of_scope(ScopeError::NoMemory))
}

fn is_transparent(format: KeyFormatType) -> bool {
    use KeyFormatType as F;
    matches!(
        format,
        F::TRANSPARENT_SYMMETRIC_KEY
            | F::TRANSPARENT_DSA_PRIVATE_KEY
            | F::TRANSPARENT_DSA_PUBLIC_KEY
            | F::TRANSPARENT_RSA_PRIVATE_KEY
            | F::TRANSPARENT_RSA_PUBLIC_KEY
            | F::TRANSPARENT_DH_PRIVATE_KEY
            | F::TRANSPARENT_DH_PUBLIC_KEY
            | F::TRANSPARENT_ECDSA_PRIVATE_KEY
            | F::TRANSPARENT_ECDSA_PUBLIC_KEY
            | F::TRANSPARENT_ECDH_PRIVATE_KEY
            | F::TRANSPARENT_ECDH_PUBLIC_KEY
            | F::TRANSPARENT_ECMQV_PRIVATE_KEY
            | F::TRANSPARENT_ECMQV_PUBLIC_KEY
            | F::TRANSPARENT_EC_PRIVATE_KEY
            | F::TRANSPARENT_EC_PUBLIC_KEY
    )
}

fn format_fits(format: KeyFormatType, ty: ObjectType) -> bool {
    use KeyFormatType as F;
    match ty {
        ObjectType::SYMMETRIC_KEY => matches!(format, F::RAW | F::OPAQUE | F::TRANSPARENT_SYMMETRIC_KEY),
        ObjectType::SECRET_DATA => matches!(format, F::RAW | F::OPAQUE),
        ObjectType::PRIVATE_KEY => matches!(
            format,
            F::RAW
                | F::OPAQUE
                | F::PKCS_1
                | F::PKCS_8
                | F::EC_PRIVATE_KEY
                | F::TRANSPARENT_DSA_PRIVATE_KEY
                | F::TRANSPARENT_RSA_PRIVATE_KEY
                | F::TRANSPARENT_DH_PRIVATE_KEY
                | F::TRANSPARENT_ECDSA_PRIVATE_KEY
                | F::TRANSPARENT_ECDH_PRIVATE_KEY
                | F::TRANSPARENT_ECMQV_PRIVATE_KEY
                | F::TRANSPARENT_EC_PRIVATE_KEY
        ),
        ObjectType::PUBLIC_KEY => matches!(
            format,
            F::RAW
                | F::OPAQUE
                | F::PKCS_1
                | F::X_509
                | F::TRANSPARENT_DSA_PUBLIC_KEY
                | F::TRANSPARENT_RSA_PUBLIC_KEY
                | F::TRANSPARENT_DH_PUBLIC_KEY
                | F::TRANSPARENT_ECDSA_PUBLIC_KEY
                | F::TRANSPARENT_ECDH_PUBLIC_KEY
                | F::TRANSPARENT_ECMQV_PUBLIC_KEY
                | F::TRANSPARENT_EC_PUBLIC_KEY
        ),
        _ => true,
    }
}

/// Can the object be handed out in this format?
///
/// # Errors
/// [`Refusal::KeyFormatTypeNotSupported`].
pub(super) fn format_for(managed: &Managed, asked: Option<KeyFormatType>) -> Result<KeyFormatType, Refusal> {
    use KeyFormatType as F;
    let Some(block) = managed.kind.block() else {
        let certificate = matches!(managed.kind, Kind::Certificate(CertificateType::X_509));
        return match asked {
            None => Ok(F::OPAQUE),
            // It has no other.
            Some(F::X_509) if certificate => Ok(F::X_509),
            Some(_) => Err(Refusal::KeyFormatTypeNotSupported),
        };
    };
    let Some(asked) = asked.filter(|asked| *asked != block.format) else { return Ok(block.format) };
    let symmetric = managed.object_type == ObjectType::SYMMETRIC_KEY;
    match asked {
        F::RAW | F::TRANSPARENT_SYMMETRIC_KEY if symmetric => Ok(asked),
        _ if is_asked_in(managed.object_type, asked) => Ok(asked),
        _ => Err(Refusal::KeyFormatTypeNotSupported),
    }
}

/// A key value that another key has wrapped.
pub(super) struct Sealed<'s> {
    /// The wrapped value.
    pub(super) value: &'s [u8],
    /// How it was wrapped.
    pub(super) data: KeyWrappingData<'s>,
}

/// Lends the object as it goes into a message, in a format that [`format_for`] found; with what was sealed instead
/// of the value in clear, if it was.
pub(super) fn hand_out<R>(
    managed: &Managed,
    bytes: Option<&[u8]>,
    format: KeyFormatType,
    sealed: Option<&Sealed<'_>>,
    read: impl FnOnce(Wire<'_>) -> R,
) -> R {
    // A structure's encoded children need a header before they are an item again.
    let mut framed = Vec::new();
    let structured = managed.kind.block().is_some_and(|block| block.structured);
    if let Some(children) = bytes.filter(|_| structured) {
        framed.reserve_exact(children.len().saturating_add(8));
        let (head, length) = (Tag::KEY_MATERIAL.number().to_be_bytes(), children.len());
        framed.extend_from_slice(head.get(1..).unwrap_or_default());
        framed.push(kmip::ttlv::ItemType::Structure.byte());
        framed.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        framed.extend_from_slice(children);
    }
    let item = parse(&framed, &Limits::DEFAULT).ok();
    let material = bytes.map(|bytes| match item {
        Some(item) => KeyMaterial::Structure(item),
        None if format == KeyFormatType::TRANSPARENT_SYMMETRIC_KEY => {
            KeyMaterial::Symmetric(TransparentSymmetricKey { key: bytes })
        }
        None => KeyMaterial::Bytes(bytes),
    });
    let wire_block = |block: &KeyBlock| WireBlock {
        format,
        compression: block.compression,
        value: match sealed {
            // Without encoding it is the Key Material that was wrapped, in its place (KMIP 1.4, section 2.1.5).
            Some(sealed) if sealed.data.encoding == Some(EncodingOption::NO_ENCODING) => {
                Some(KeyValue::plain(KeyMaterial::Bytes(sealed.value)))
            }
            Some(sealed) => Some(KeyValue::Wrapped(sealed.value)),
            None => material.map(KeyValue::plain),
        },
        algorithm: block.algorithm,
        length: block.length,
        wrapping: sealed.map(|sealed| sealed.data),
    };
    let plain = bytes.unwrap_or_default();
    let result = match &managed.kind {
        Kind::Key(block) => read(match managed.object_type {
            ObjectType::PUBLIC_KEY => Wire::PublicKey(PublicKey { key_block: wire_block(block) }),
            ObjectType::PRIVATE_KEY => Wire::PrivateKey(PrivateKey { key_block: wire_block(block) }),
            _ => Wire::SymmetricKey(SymmetricKey { key_block: wire_block(block) }),
        }),
        Kind::SplitKey { block, parts, part, threshold, method, prime } => read(Wire::SplitKey(SplitKey {
            parts: *parts,
            part_identifier: *part,
            threshold: *threshold,
            method: *method,
            prime_field_size: prime.as_deref().map(BigInteger),
            key_block: wire_block(block),
        })),
        Kind::SecretData { ty, block } => {
            read(Wire::SecretData(SecretData { ty: *ty, key_block: wire_block(block) }))
        }
        Kind::Pgp { version, block } => {
            read(Wire::PgpKey(PgpKey { pgp_version: *version, key_block: wire_block(block) }))
        }
        Kind::Opaque(ty) => read(Wire::OpaqueObject(OpaqueObject { ty: *ty, value: plain })),
        Kind::Certificate(ty) => read(Wire::Certificate(Certificate { ty: *ty, value: plain })),
        Kind::CertificateRequest(ty) => {
            read(Wire::CertificateRequest(CertificateRequest { ty: *ty, value: plain }))
        }
        Kind::Template => read(Wire::Template(managed.attributes.all().into())),
    };
    framed.zeroize();
    result
}

/// A response payload that holds key material, written while that is lent, into room that is wiped.
pub(super) struct Written(Vec<u8>);

impl Written {
    /// Writes it; `bytes_hint` is the size of the material.
    ///
    /// # Errors
    /// [`Refusal::ResponseTooLarge`].
    pub(super) fn new(bytes_hint: usize, write: impl FnOnce(&mut Writer<'_>)) -> Result<Self, Refusal> {
        // Room from the start, so that no copy of a key stays behind where the vector grew.
        let mut written = Self(Vec::with_capacity(bytes_hint.saturating_mul(2).saturating_add(1024)));
        let mut writer = Writer::new(&mut written.0, usize::MAX);
        write(&mut writer);
        writer.finish().map_err(|_| Refusal::ResponseTooLarge)?;
        Ok(written)
    }

    /// Writes it again, into the response.
    pub(super) fn copy_to(&self, out: &mut Writer<'_>) {
        let limits = Limits { message_bytes: usize::MAX, string_bytes: usize::MAX, ..Limits::DEFAULT };
        if let Ok(item) = parse(&self.0, &limits) {
            out.item(Tag::RESPONSE_PAYLOAD, &item);
        }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
