//! Halves of key pairs: from what is kept to numbers, and from numbers to the format that a client asks for.
//!
//! Separate from `form` because these formats are structures of their own, and `crypto` knows their bytes.
//! Rules: KMIP 1.4, sections 2.1.3 and 2.1.7; KMIP 2.1, section 4.26 (default formats).

use crate::crypto::asymmetric::{
    Curve, Family, KeyError, MlDsa, PrivateForm, PrivateNumbers, PublicForm, PublicNumbers, RsaPrivate,
    SEED_BYTES, ml_dsa, read_private, read_public, write_private, write_public,
};
use crate::crypto::der::{Room, room};
use crate::managed::{KeyBlock, Kind, Managed};
use kmip::attribute::StructureValue;
use kmip::enums::{CryptographicAlgorithm, KeyCompressionType, KeyFormatType, ObjectType, RecommendedCurve};
use kmip::field::Field;
use kmip::object::{
    TransparentDhPrivateKey, TransparentDhPublicKey, TransparentDsaPrivateKey, TransparentDsaPublicKey,
    TransparentEcPrivateKey, TransparentEcPublicKey, TransparentRsaPrivateKey, TransparentRsaPublicKey,
};
use kmip::primitive::BigInteger;
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::ttlv::Writer;
use kmip::version::Version;
use std::borrow::Cow;

/// Lends the numbers of a kept private key.
pub(super) fn with_private<R>(
    managed: &Managed,
    bytes: &[u8],
    read: impl FnOnce(Result<PrivateNumbers<'_>, KeyError>) -> R,
) -> R {
    use KeyFormatType as F;
    let form = match managed.kind.block().map(|block| block.format) {
        Some(F::PKCS_1) => PrivateForm::Pkcs1,
        Some(F::PKCS_8) => PrivateForm::Pkcs8,
        Some(F::EC_PRIVATE_KEY) => PrivateForm::Sec1,
        Some(F::RAW) => {
            return read(match lattice(managed) {
                Some(set) if matches!(bytes.len(), SEED_BYTES) || bytes.len() == set.private_bytes() => {
                    Ok(PrivateNumbers::MlDsa { set, key: bytes })
                }
                Some(_) => Err(KeyError::Malformed),
                None => Err(KeyError::Unknown),
            });
        }
        Some(F::TRANSPARENT_RSA_PRIVATE_KEY) => return transparent_rsa(bytes, read),
        Some(
            F::TRANSPARENT_EC_PRIVATE_KEY
            | F::TRANSPARENT_ECDSA_PRIVATE_KEY
            | F::TRANSPARENT_ECDH_PRIVATE_KEY
            | F::TRANSPARENT_ECMQV_PRIVATE_KEY,
        ) => return transparent_curve(bytes, read),
        _ => return read(Err(KeyError::Unknown)),
    };
    read(read_private(form, bytes))
}

fn transparent_rsa<R>(bytes: &[u8], read: impl FnOnce(Result<PrivateNumbers<'_>, KeyError>) -> R) -> R {
    let Ok(structure) = StructureValue::from_encoded(Cow::Borrowed(bytes)) else {
        return read(Err(KeyError::Malformed));
    };
    let Ok(key) = structure.read::<TransparentRsaPrivateKey<'_>>() else {
        return read(Err(KeyError::Malformed));
    };
    let optional = |number: Option<BigInteger<'_>>| number.map(|number| number.unsigned().is_some());
    let signs = [key.private_exponent, key.public_exponent, key.p, key.q, key.prime_exponent_p];
    let more = [key.prime_exponent_q, key.crt_coefficient];
    if signs.into_iter().chain(more).filter_map(optional).any(|positive| !positive) {
        return read(Err(KeyError::Malformed));
    }
    let numbers = || {
        Some(RsaPrivate {
            n: key.modulus.unsigned()?,
            e: key.public_exponent?.unsigned()?,
            d: key.private_exponent?.unsigned()?,
            p: key.p?.unsigned()?,
            q: key.q?.unsigned()?,
            dp: key.prime_exponent_p?.unsigned()?,
            dq: key.prime_exponent_q?.unsigned()?,
            qinv: key.crt_coefficient?.unsigned()?,
        })
    };
    // A client may leave numbers out that others give; such a key is kept and not used.
    read(numbers().map(PrivateNumbers::Rsa).ok_or(KeyError::Unknown))
}

fn transparent_curve<R>(bytes: &[u8], read: impl FnOnce(Result<PrivateNumbers<'_>, KeyError>) -> R) -> R {
    let Ok(structure) = StructureValue::from_encoded(Cow::Borrowed(bytes)) else {
        return read(Err(KeyError::Malformed));
    };
    let Ok(key) = structure.read::<TransparentEcPrivateKey<'_>>() else {
        return read(Err(KeyError::Malformed));
    };
    let Some(curve) = curve_of(key.curve) else { return read(Err(KeyError::Unknown)) };
    let mut scalar = room(curve.scalar_bytes());
    let Some(d) = key.d.unsigned() else { return read(Err(KeyError::Malformed)) };
    let Some(zeros) = curve.scalar_bytes().checked_sub(d.len()) else {
        return read(Err(KeyError::Malformed));
    };
    scalar.resize(zeros, 0);
    scalar.extend_from_slice(d);
    read(Ok(PrivateNumbers::Curve { curve, scalar: &scalar, public: None }))
}

/// Lends the numbers of a kept public key.
pub(super) fn with_public<R>(
    managed: &Managed,
    bytes: &[u8],
    read: impl FnOnce(Result<PublicNumbers<'_>, KeyError>) -> R,
) -> R {
    use KeyFormatType as F;
    let form = match managed.kind.block().map(|block| block.format) {
        Some(F::PKCS_1) => PublicForm::Pkcs1,
        Some(F::X_509) => PublicForm::X509,
        Some(F::RAW) => {
            return read(lattice(managed).ok_or(KeyError::Unknown).and_then(|set| ml_dsa(set, bytes)));
        }
        Some(F::TRANSPARENT_RSA_PUBLIC_KEY) => {
            let Ok(structure) = StructureValue::from_encoded(Cow::Borrowed(bytes)) else {
                return read(Err(KeyError::Malformed));
            };
            let numbers = structure.read::<TransparentRsaPublicKey<'_>>().ok().and_then(|key| {
                Some(PublicNumbers::Rsa { n: key.modulus.unsigned()?, e: key.public_exponent.unsigned()? })
            });
            return read(numbers.ok_or(KeyError::Malformed));
        }
        Some(
            F::TRANSPARENT_EC_PUBLIC_KEY
            | F::TRANSPARENT_ECDSA_PUBLIC_KEY
            | F::TRANSPARENT_ECDH_PUBLIC_KEY
            | F::TRANSPARENT_ECMQV_PUBLIC_KEY,
        ) => {
            let Ok(structure) = StructureValue::from_encoded(Cow::Borrowed(bytes)) else {
                return read(Err(KeyError::Malformed));
            };
            let numbers = match structure.read::<TransparentEcPublicKey<'_>>() {
                Err(_) => Err(KeyError::Malformed),
                Ok(key) => match curve_of(key.curve) {
                    Some(curve) => Ok(PublicNumbers::Curve { curve, point: key.q }),
                    None => Err(KeyError::Unknown),
                },
            };
            return read(numbers);
        }
        _ => return read(Err(KeyError::Unknown)),
    };
    read(read_public(form, bytes))
}

/// What a kept half of a pair tells of itself: its kind, and its length in bits.
///
/// # Errors
/// [`KeyError`].
pub(super) fn facts(managed_as: ObjectType, kind: &Kind, bytes: &[u8]) -> Result<(Family, usize), KeyError> {
    let managed = Managed::new(managed_as, kind.clone());
    if managed_as == ObjectType::PRIVATE_KEY {
        with_private(&managed, bytes, |key| key.map(|key| (key.family(), key.bits())))
    } else {
        with_public(&managed, bytes, |key| key.map(|key| (key.family(), key.bits())))
    }
}

/// The parameter set that a key's algorithm says.
fn lattice(managed: &Managed) -> Option<MlDsa> {
    match managed.kind.block()?.algorithm.or_else(|| managed.algorithm())? {
        CryptographicAlgorithm::ML_DSA_65 => Some(MlDsa::Dsa65),
        CryptographicAlgorithm::ML_DSA_87 => Some(MlDsa::Dsa87),
        _ => None,
    }
}

/// Does this algorithm fit this kind of key?
pub(super) fn fits(algorithm: CryptographicAlgorithm, family: Family) -> bool {
    use CryptographicAlgorithm as A;
    match family {
        Family::Rsa => algorithm == A::RSA,
        Family::MlDsa(MlDsa::Dsa65) => algorithm == A::ML_DSA_65,
        Family::MlDsa(MlDsa::Dsa87) => algorithm == A::ML_DSA_87,
        Family::Curve(Curve::Ed25519) => matches!(algorithm, A::ED25519 | A::EC),
        Family::Curve(Curve::X25519) => matches!(algorithm, A::ECDH | A::EC),
        Family::Curve(_) => matches!(algorithm, A::ECDSA | A::ECDH | A::ECMQV | A::EC),
    }
}

/// The curve of this name, of those that are known here.
pub(super) fn curve_of(name: RecommendedCurve) -> Option<Curve> {
    Some(match name {
        RecommendedCurve::P_256 => Curve::P256,
        RecommendedCurve::P_384 => Curve::P384,
        RecommendedCurve::P_521 => Curve::P521,
        RecommendedCurve::SECP256K1 => Curve::K256,
        RecommendedCurve::CURVE25519 => Curve::X25519,
        _ => return None,
    })
}

/// The name of this curve, if KMIP has one.
pub(super) fn name_of(curve: Curve) -> Option<RecommendedCurve> {
    Some(match curve {
        Curve::P256 => RecommendedCurve::P_256,
        Curve::P384 => RecommendedCurve::P_384,
        Curve::P521 => RecommendedCurve::P_521,
        Curve::K256 => RecommendedCurve::SECP256K1,
        Curve::X25519 => RecommendedCurve::CURVE25519,
        Curve::Ed25519 => return None,
    })
}

/// Can a half of a pair of this type be asked for in this format?
pub(super) fn is_asked_in(ty: ObjectType, format: KeyFormatType) -> bool {
    use KeyFormatType as F;
    match ty {
        ObjectType::PRIVATE_KEY => matches!(
            format,
            F::PKCS_1
                | F::PKCS_8
                | F::EC_PRIVATE_KEY
                | F::TRANSPARENT_RSA_PRIVATE_KEY
                | F::TRANSPARENT_EC_PRIVATE_KEY
                | F::TRANSPARENT_ECDSA_PRIVATE_KEY
                | F::TRANSPARENT_ECDH_PRIVATE_KEY
                | F::TRANSPARENT_ECMQV_PRIVATE_KEY
        ),
        ObjectType::PUBLIC_KEY => matches!(
            format,
            F::PKCS_1
                | F::X_509
                | F::TRANSPARENT_RSA_PUBLIC_KEY
                | F::TRANSPARENT_EC_PUBLIC_KEY
                | F::TRANSPARENT_ECDSA_PUBLIC_KEY
                | F::TRANSPARENT_ECDH_PUBLIC_KEY
                | F::TRANSPARENT_ECMQV_PUBLIC_KEY
        ),
        _ => false,
    }
}

/// The format that a version has for what is kept in one that it does not have: the names of transparent keys on curves
/// changed with 1.3.
pub(super) fn format_in(kept: KeyFormatType, version: Version) -> KeyFormatType {
    use KeyFormatType as F;
    if kept.exists_in(version) {
        return kept;
    }
    match kept {
        F::TRANSPARENT_ECDSA_PRIVATE_KEY
        | F::TRANSPARENT_ECDH_PRIVATE_KEY
        | F::TRANSPARENT_ECMQV_PRIVATE_KEY => F::TRANSPARENT_EC_PRIVATE_KEY,
        F::TRANSPARENT_ECDSA_PUBLIC_KEY
        | F::TRANSPARENT_ECDH_PUBLIC_KEY
        | F::TRANSPARENT_ECMQV_PUBLIC_KEY => F::TRANSPARENT_EC_PUBLIC_KEY,
        F::TRANSPARENT_EC_PRIVATE_KEY => F::TRANSPARENT_ECDSA_PRIVATE_KEY,
        F::TRANSPARENT_EC_PUBLIC_KEY => F::TRANSPARENT_ECDSA_PUBLIC_KEY,
        other => other,
    }
}

/// Writes a fresh half of a pair in another format than it was made in: whether that is a structure, and its bytes.
///
/// # Errors
/// [`Refusal::KeyFormatTypeNotSupported`].
pub(super) fn made_in(
    object_type: ObjectType,
    block: &KeyBlock,
    bytes: &[u8],
    format: KeyFormatType,
) -> Result<(bool, Room), Refusal> {
    let managed = Managed::new(object_type, Kind::Key(*block));
    if !is_asked_in(object_type, format) {
        return Err(Refusal::KeyFormatTypeNotSupported);
    }
    let written = if object_type == ObjectType::PRIVATE_KEY {
        with_private(&managed, bytes, |key| key.ok().and_then(|key| private_in(&key, format)))
    } else {
        with_public(&managed, bytes, |key| key.ok().and_then(|key| public_in(&key, format)))
    };
    written.ok_or(Refusal::KeyFormatTypeNotSupported)
}

/// The algorithm and the length in bits of a transparent DSA or Diffie-Hellman key, which is kept and not used.
pub(super) fn group_facts(format: KeyFormatType, bytes: &[u8]) -> Option<(CryptographicAlgorithm, usize)> {
    use KeyFormatType as F;
    let structure = StructureValue::from_encoded(Cow::Borrowed(bytes)).ok()?;
    let bits = |prime: BigInteger<'_>| {
        let magnitude = prime.unsigned()?;
        let spare = magnitude.first()?.leading_zeros();
        (magnitude.len() * 8).checked_sub(usize::try_from(spare).ok()?)
    };
    let (algorithm, prime) = match format {
        F::TRANSPARENT_DSA_PRIVATE_KEY => {
            (CryptographicAlgorithm::DSA, bits(structure.read::<TransparentDsaPrivateKey<'_>>().ok()?.p))
        }
        F::TRANSPARENT_DSA_PUBLIC_KEY => {
            (CryptographicAlgorithm::DSA, bits(structure.read::<TransparentDsaPublicKey<'_>>().ok()?.p))
        }
        F::TRANSPARENT_DH_PRIVATE_KEY => {
            (CryptographicAlgorithm::DH, bits(structure.read::<TransparentDhPrivateKey<'_>>().ok()?.p))
        }
        F::TRANSPARENT_DH_PUBLIC_KEY => {
            (CryptographicAlgorithm::DH, bits(structure.read::<TransparentDhPublicKey<'_>>().ok()?.p))
        }
        _ => return None,
    };
    Some((algorithm, prime?))
}

/// Lends description and material of a half of a pair as they are in the format that was asked for.
///
/// # Errors
/// [`Refusal::KeyFormatTypeNotSupported`]: the key is not one that is written so.
pub(super) fn in_format<R>(
    managed: &Managed,
    bytes: &[u8],
    format: KeyFormatType,
    read: impl FnOnce(&Managed, &[u8]) -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    let kept = managed.kind.block().map(|block| block.format);
    if kept == Some(format) || !is_asked_in(managed.object_type, format) {
        return read(managed, bytes);
    }
    let written = if managed.object_type == ObjectType::PRIVATE_KEY {
        with_private(managed, bytes, |key| key.ok().and_then(|key| private_in(&key, format)))
    } else {
        with_public(managed, bytes, |key| key.ok().and_then(|key| public_in(&key, format)))
    };
    let (structured, written) = written.ok_or(Refusal::KeyFormatTypeNotSupported)?;
    let mut shown = managed.clone();
    if let Kind::Key(block) = &mut shown.kind {
        (block.format, block.structured) = (format, structured);
    }
    read(&shown, &written)
}

/// Lends a public key of a curve with its point written as was asked for. Points are cut down, and not restored: that a client
/// can do by itself.
///
/// # Errors
/// [`Refusal::KeyCompressionTypeNotSupported`].
pub(super) fn in_compression<R>(
    managed: &Managed,
    bytes: &[u8],
    asked: Option<KeyCompressionType>,
    read: impl FnOnce(&Managed, &[u8]) -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    use KeyCompressionType as C;
    let refused = Refusal::KeyCompressionTypeNotSupported;
    let Some(asked) = asked else { return read(managed, bytes) };
    let block =
        managed.kind.block().filter(|_| managed.object_type == ObjectType::PUBLIC_KEY).ok_or(refused)?;
    let cut = with_public(managed, bytes, |key| match key {
        Ok(PublicNumbers::Curve { curve, point }) => match (point, asked) {
            ([4, ..], C::EC_PUBLIC_KEY_TYPE_UNCOMPRESSED)
            | ([2 | 3, ..], C::EC_PUBLIC_KEY_TYPE_X9_62_COMPRESSED_PRIME) => Ok(None),
            ([4, numbers @ ..], C::EC_PUBLIC_KEY_TYPE_X9_62_COMPRESSED_PRIME) => {
                let (x, y) = numbers.split_at_checked(curve.scalar_bytes()).ok_or(refused)?;
                let mut point = vec![2 | (y.last().ok_or(refused)? & 1)];
                point.extend_from_slice(x);
                let key = PublicNumbers::Curve { curve, point: &point };
                public_in(&key, block.format).map(Some).ok_or(refused)
            }
            _ => Err(refused),
        },
        _ => Err(refused),
    })?;
    let Some((structured, written)) = cut else { return read(managed, bytes) };
    let mut shown = managed.clone();
    if let Kind::Key(block) = &mut shown.kind {
        (block.compression, block.structured) = (Some(asked), structured);
    }
    read(&shown, &written)
}

fn private_in(key: &PrivateNumbers<'_>, format: KeyFormatType) -> Option<(bool, Room)> {
    use KeyFormatType as F;
    let form = match format {
        F::PKCS_1 => PrivateForm::Pkcs1,
        F::PKCS_8 => PrivateForm::Pkcs8,
        F::EC_PRIVATE_KEY => PrivateForm::Sec1,
        _ => {
            let structure = match key {
                PrivateNumbers::Rsa(key) if format == F::TRANSPARENT_RSA_PRIVATE_KEY => {
                    let number = |magnitude| positive(magnitude);
                    let (n, e, d) = (number(key.n), number(key.e), number(key.d));
                    let (p, q, dp) = (number(key.p), number(key.q), number(key.dp));
                    let (dq, qinv) = (number(key.dq), number(key.qinv));
                    children(&TransparentRsaPrivateKey {
                        modulus: BigInteger(&n),
                        private_exponent: Some(BigInteger(&d)),
                        public_exponent: Some(BigInteger(&e)),
                        p: Some(BigInteger(&p)),
                        q: Some(BigInteger(&q)),
                        prime_exponent_p: Some(BigInteger(&dp)),
                        prime_exponent_q: Some(BigInteger(&dq)),
                        crt_coefficient: Some(BigInteger(&qinv)),
                    })
                }
                PrivateNumbers::Curve { curve, scalar, .. } if format != F::TRANSPARENT_RSA_PRIVATE_KEY => {
                    let d = positive(scalar);
                    children(&TransparentEcPrivateKey { curve: name_of(*curve)?, d: BigInteger(&d) })
                }
                _ => return None,
            };
            return Some((true, structure));
        }
    };
    write_private(form, key).map(|written| (false, written))
}

fn public_in(key: &PublicNumbers<'_>, format: KeyFormatType) -> Option<(bool, Room)> {
    use KeyFormatType as F;
    let form = match format {
        F::PKCS_1 => PublicForm::Pkcs1,
        F::X_509 => PublicForm::X509,
        _ => {
            let structure = match key {
                PublicNumbers::Rsa { n, e } if format == F::TRANSPARENT_RSA_PUBLIC_KEY => {
                    let (n, e) = (positive(n), positive(e));
                    children(&TransparentRsaPublicKey {
                        modulus: BigInteger(&n),
                        public_exponent: BigInteger(&e),
                    })
                }
                PublicNumbers::Curve { curve, point } if format != F::TRANSPARENT_RSA_PUBLIC_KEY => {
                    children(&TransparentEcPublicKey { curve: name_of(*curve)?, q: point })
                }
                _ => return None,
            };
            return Some((true, structure));
        }
    };
    write_public(form, key).map(|written| (false, written))
}

/// A magnitude as a whole number with a sign.
fn positive(magnitude: &[u8]) -> Room {
    let mut number = room(magnitude.len() + 1);
    number.push(0);
    number.extend_from_slice(magnitude);
    number
}

/// The encoded children of a structure.
fn children<'s>(structure: &impl Field<'s>) -> Room {
    let mut out = room(STRUCTURE_BYTES);
    let mut writer = Writer::new(&mut out, usize::MAX);
    structure.encode(Tag::KEY_MATERIAL, Version::V2_1, &mut writer);
    // Unbounded, so it cannot fail; then the structure's own header goes.
    let _ = writer.finish();
    let header = out.len().min(8);
    out.drain(..header);
    out
}

/// More than the numbers of the largest key that can be used need.
const STRUCTURE_BYTES: usize = 8192;
