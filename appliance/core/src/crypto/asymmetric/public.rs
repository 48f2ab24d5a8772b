//! Public keys in DER: PKCS #1, and X.509's `SubjectPublicKeyInfo`.
//!
//! Does not trust: any byte. Whether a point is on its curve is asked when it is used.
//! Rules: RFC 8017, appendix A.1.1; RFC 5280, section 4.1.2.7; RFC 5480; RFC 8410, section 4.

use super::{Curve, KeyError, MlDsa, PublicNumbers};
use crate::crypto::der::{self, NULL, OBJECT_IDENTIFIER, Reader, Room, SEQUENCE};

/// rsaEncryption.
pub(super) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-ecPublicKey.
pub(super) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// How a public key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicForm {
    /// `RSAPublicKey`.
    Pkcs1,
    /// `SubjectPublicKeyInfo`.
    X509,
}

/// Reads a key.
///
/// # Errors
/// [`KeyError`].
pub fn read_public(form: PublicForm, bytes: &[u8]) -> Result<PublicNumbers<'_>, KeyError> {
    match form {
        PublicForm::Pkcs1 => pkcs1(bytes),
        PublicForm::X509 => x509(bytes),
    }
}

fn pkcs1(bytes: &[u8]) -> Result<PublicNumbers<'_>, KeyError> {
    let mut outer = Reader::new(bytes);
    let mut key = outer.sequence()?;
    outer.end()?;
    let (n, e) = (key.unsigned()?, key.unsigned()?);
    key.end()?;
    Ok(PublicNumbers::Rsa { n, e })
}

fn x509(bytes: &[u8]) -> Result<PublicNumbers<'_>, KeyError> {
    let mut outer = Reader::new(bytes);
    let mut info = outer.sequence()?;
    outer.end()?;
    let mut algorithm = info.sequence()?;
    let oid = algorithm.expect(OBJECT_IDENTIFIER)?;
    let key = info.bit_string()?;
    info.end()?;
    match oid {
        RSA_ENCRYPTION => pkcs1(key),
        EC_PUBLIC_KEY => {
            let curve = Curve::of_oid(algorithm.expect(OBJECT_IDENTIFIER)?).ok_or(KeyError::Unknown)?;
            point(curve, key)
        }
        oid if MlDsa::of_oid(oid).is_some() => {
            let set = MlDsa::of_oid(oid).ok_or(KeyError::Unknown)?;
            ml_dsa(set, key)
        }
        _ => {
            let curve = Curve::of_oid(oid).filter(|curve| curve.is_rfc_8410()).ok_or(KeyError::Unknown)?;
            point(curve, key)
        }
    }
}

/// A key of ML-DSA, if it has its length.
///
/// # Errors
/// [`KeyError::Malformed`].
pub fn ml_dsa(set: MlDsa, key: &[u8]) -> Result<PublicNumbers<'_>, KeyError> {
    if key.len() == set.public_bytes() {
        Ok(PublicNumbers::MlDsa { set, key })
    } else {
        Err(KeyError::Malformed)
    }
}

/// A point, if it has a form that SEC 1 knows.
pub(super) fn point(curve: Curve, point: &[u8]) -> Result<PublicNumbers<'_>, KeyError> {
    let bytes = curve.scalar_bytes();
    let sound = match point.first() {
        _ if curve.is_rfc_8410() => point.len() == bytes,
        Some(4) => point.len() == 1 + 2 * bytes,
        Some(2 | 3) => point.len() == 1 + bytes,
        _ => false,
    };
    if sound { Ok(PublicNumbers::Curve { curve, point }) } else { Err(KeyError::Malformed) }
}

/// Writes a key; `None` if a key of its kind is not written in this form.
#[must_use]
pub fn write_public(form: PublicForm, key: &PublicNumbers<'_>) -> Option<Room> {
    let mut out = der::room(CAPACITY_BYTES);
    match (form, key) {
        (PublicForm::Pkcs1, PublicNumbers::Rsa { n, e }) => write_rsa(&mut out, n, e),
        (PublicForm::X509, key) => der::nest(&mut out, SEQUENCE, |out| {
            der::nest(out, SEQUENCE, |out| match key {
                PublicNumbers::Rsa { .. } => {
                    der::write(out, OBJECT_IDENTIFIER, RSA_ENCRYPTION);
                    der::write(out, NULL, &[]);
                }
                PublicNumbers::Curve { curve, .. } if curve.is_rfc_8410() => {
                    der::write(out, OBJECT_IDENTIFIER, curve.oid());
                }
                PublicNumbers::Curve { curve, .. } => {
                    der::write(out, OBJECT_IDENTIFIER, EC_PUBLIC_KEY);
                    der::write(out, OBJECT_IDENTIFIER, curve.oid());
                }
                PublicNumbers::MlDsa { set, .. } => der::write(out, OBJECT_IDENTIFIER, set.oid()),
            });
            match key {
                PublicNumbers::Rsa { n, e } => {
                    let mut inner = der::room(CAPACITY_BYTES);
                    write_rsa(&mut inner, n, e);
                    der::bit_string(out, &inner);
                }
                PublicNumbers::Curve { point: key, .. } | PublicNumbers::MlDsa { key, .. } => {
                    der::bit_string(out, key);
                }
            }
        }),
        (PublicForm::Pkcs1, PublicNumbers::Curve { .. } | PublicNumbers::MlDsa { .. }) => return None,
    }
    Some(out)
}

/// More than the largest key that can be used needs.
const CAPACITY_BYTES: usize = 4096;

fn write_rsa(out: &mut Room, n: &[u8], e: &[u8]) {
    der::nest(out, SEQUENCE, |out| {
        der::unsigned(out, n);
        der::unsigned(out, e);
    });
}
