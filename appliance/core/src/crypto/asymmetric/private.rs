//! Private keys in DER: PKCS #1, PKCS #8, SEC 1.
//!
//! Does not trust: any byte.
//! Rules: RFC 8017, appendix A.1.2; RFC 5208 and 5958 (encrypted ones are told from broken ones); RFC 5915; RFC 8410, section 7.

use super::public::{EC_PUBLIC_KEY, RSA_ENCRYPTION};
use super::{Curve, KeyError, PrivateNumbers, RsaPrivate};
use crate::crypto::der::{
    self, BIT_STRING, CONTEXT_0, CONTEXT_1, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, Reader, Room,
    SEQUENCE,
};

/// How a private key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateForm {
    /// `RSAPrivateKey`.
    Pkcs1,
    /// `PrivateKeyInfo`.
    Pkcs8,
    /// `ECPrivateKey`.
    Sec1,
}

/// Reads a key.
///
/// # Errors
/// [`KeyError`].
pub fn read_private(form: PrivateForm, bytes: &[u8]) -> Result<PrivateNumbers<'_>, KeyError> {
    match form {
        PrivateForm::Pkcs1 => pkcs1(bytes),
        PrivateForm::Pkcs8 => pkcs8(bytes),
        PrivateForm::Sec1 => sec1(bytes, None),
    }
}

fn pkcs1(bytes: &[u8]) -> Result<PrivateNumbers<'_>, KeyError> {
    let mut outer = Reader::new(bytes);
    let mut key = outer.sequence()?;
    outer.end()?;
    // Version 1 has more than two primes.
    if !key.unsigned()?.is_empty() {
        return Err(KeyError::Unknown);
    }
    let numbers = RsaPrivate {
        n: key.unsigned()?,
        e: key.unsigned()?,
        d: key.unsigned()?,
        p: key.unsigned()?,
        q: key.unsigned()?,
        dp: key.unsigned()?,
        dq: key.unsigned()?,
        qinv: key.unsigned()?,
    };
    key.end()?;
    Ok(PrivateNumbers::Rsa(numbers))
}

fn pkcs8(bytes: &[u8]) -> Result<PrivateNumbers<'_>, KeyError> {
    let mut outer = Reader::new(bytes);
    let mut info = outer.sequence()?;
    outer.end()?;
    if info.peek() == Some(SEQUENCE) {
        // `EncryptedPrivateKeyInfo`: a password that nobody told stands before the key.
        info.sequence()?;
        info.expect(OCTET_STRING)?;
        info.end()?;
        return Err(KeyError::Unknown);
    }
    if !matches!(info.unsigned()?, [] | [1]) {
        return Err(KeyError::Malformed);
    }
    let mut algorithm = info.sequence()?;
    let oid = algorithm.expect(OBJECT_IDENTIFIER)?;
    let key = info.expect(OCTET_STRING)?;
    // Attributes and the public key of RFC 5958 may follow.
    match oid {
        RSA_ENCRYPTION => pkcs1(key),
        EC_PUBLIC_KEY => {
            let curve = Curve::of_oid(algorithm.expect(OBJECT_IDENTIFIER)?).ok_or(KeyError::Unknown)?;
            sec1(key, Some(curve))
        }
        _ => {
            let curve = Curve::of_oid(oid).filter(|curve| curve.is_rfc_8410()).ok_or(KeyError::Unknown)?;
            let mut inner = Reader::new(key);
            let scalar = inner.expect(OCTET_STRING)?;
            inner.end()?;
            full(curve, scalar)?;
            Ok(PrivateNumbers::Curve { curve, scalar, public: None })
        }
    }
}

/// Around it, PKCS #8 may have said the curve already.
fn sec1(bytes: &[u8], around: Option<Curve>) -> Result<PrivateNumbers<'_>, KeyError> {
    let mut outer = Reader::new(bytes);
    let mut key = outer.sequence()?;
    outer.end()?;
    if key.unsigned()? != [1] {
        return Err(KeyError::Malformed);
    }
    let scalar = key.expect(OCTET_STRING)?;
    let named = match key.optional(CONTEXT_0)? {
        None => None,
        Some(parameters) => {
            let oid = Reader::new(parameters).expect(OBJECT_IDENTIFIER)?;
            Some(Curve::of_oid(oid).filter(|curve| !curve.is_rfc_8410()).ok_or(KeyError::Unknown)?)
        }
    };
    let public = match key.optional(CONTEXT_1)? {
        None => None,
        Some(public) => Some(Reader::new(public).bit_string()?),
    };
    key.end()?;
    let curve = match (around, named) {
        (Some(around), Some(named)) if around != named => return Err(KeyError::Malformed),
        (Some(curve), _) | (None, Some(curve)) => curve,
        (None, None) => return Err(KeyError::Unknown),
    };
    full(curve, scalar)?;
    Ok(PrivateNumbers::Curve { curve, scalar, public })
}

fn full(curve: Curve, scalar: &[u8]) -> Result<(), KeyError> {
    if scalar.len() == curve.scalar_bytes() { Ok(()) } else { Err(KeyError::Malformed) }
}

/// Writes a key; `None` if a key of its kind is not written in this form.
#[must_use]
pub fn write_private(form: PrivateForm, key: &PrivateNumbers<'_>) -> Option<Room> {
    let mut out = der::room(CAPACITY_BYTES);
    match (form, key) {
        (PrivateForm::Pkcs1, PrivateNumbers::Rsa(key)) => write_rsa(&mut out, key),
        (PrivateForm::Sec1, PrivateNumbers::Curve { curve, scalar, public }) if !curve.is_rfc_8410() => {
            write_sec1(&mut out, Some(*curve), scalar, *public);
        }
        (PrivateForm::Pkcs8, PrivateNumbers::Rsa(key)) => wrap(
            &mut out,
            |out| {
                der::write(out, OBJECT_IDENTIFIER, RSA_ENCRYPTION);
                der::write(out, NULL, &[]);
            },
            |out| write_rsa(out, key),
        ),
        (PrivateForm::Pkcs8, PrivateNumbers::Curve { curve, scalar, .. }) if curve.is_rfc_8410() => wrap(
            &mut out,
            |out| der::write(out, OBJECT_IDENTIFIER, curve.oid()),
            |out| der::write(out, OCTET_STRING, scalar),
        ),
        (PrivateForm::Pkcs8, PrivateNumbers::Curve { curve, scalar, public }) => wrap(
            &mut out,
            |out| {
                der::write(out, OBJECT_IDENTIFIER, EC_PUBLIC_KEY);
                der::write(out, OBJECT_IDENTIFIER, curve.oid());
            },
            |out| write_sec1(out, None, scalar, *public),
        ),
        _ => return None,
    }
    Some(out)
}

/// More than the largest key that can be used needs in any form; a larger one, that is only kept, makes room grow.
const CAPACITY_BYTES: usize = 4096;

fn wrap(out: &mut Room, algorithm: impl FnOnce(&mut Room), key: impl FnOnce(&mut Room)) {
    der::nest(out, SEQUENCE, |out| {
        der::write(out, INTEGER, &[0]);
        der::nest(out, SEQUENCE, algorithm);
        der::nest(out, OCTET_STRING, key);
    });
}

fn write_rsa(out: &mut Room, key: &RsaPrivate<'_>) {
    der::nest(out, SEQUENCE, |out| {
        der::write(out, INTEGER, &[0]);
        for number in [key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.qinv] {
            der::unsigned(out, number);
        }
    });
}

fn write_sec1(out: &mut Room, curve: Option<Curve>, scalar: &[u8], public: Option<&[u8]>) {
    der::nest(out, SEQUENCE, |out| {
        der::write(out, INTEGER, &[1]);
        der::write(out, OCTET_STRING, scalar);
        if let Some(curve) = curve {
            der::nest(out, CONTEXT_0, |out| der::write(out, OBJECT_IDENTIFIER, curve.oid()));
        }
        if let Some(public) = public {
            der::nest(out, CONTEXT_1, |out| {
                let mut bits = der::room(public.len() + 1);
                bits.push(0);
                bits.extend_from_slice(public);
                der::write(out, BIT_STRING, &bits);
            });
        }
    });
}
