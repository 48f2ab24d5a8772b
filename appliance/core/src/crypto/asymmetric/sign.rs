//! Signing, verifying, RSA encryption and agreement with keys given by their numbers.
//!
//! Rules: FIPS 186-5; RFC 8017; RFC 8032; SP 800-56A Rev. 3 (ECDH), RFC 7748 (X25519).

use super::parsed::{Private, Public};
use super::{Curve, KeyError, Parsed, PrivateForm, PrivateNumbers, PublicNumbers, write_private};
use crate::crypto::CipherError;
use crate::crypto::der::Room;
use aws_lc_rs::agreement;
use aws_lc_rs::digest::{Algorithm, Digest};
use aws_lc_rs::signature::UnparsedPublicKey;
use hardening::rsa::{Encryption, RsaError, Signing};
use zeroize::Zeroizing;

/// How to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// RSA.
    Rsa(Signing),
    /// ECDSA over a digest of any length: its leftmost bits count (FIPS 186-5, section 6.4.1).
    Ecdsa,
    /// Ed25519, over the data itself.
    Ed25519,
    /// ML-DSA, over the data itself.
    MlDsa,
}

/// Signs `data`: the digest, or the data itself where the scheme says so.
///
/// # Errors
/// [`CipherError::KeyLength`] for a key that is none or cannot serve the scheme; [`CipherError::DataLength`].
pub fn sign<'m>(
    scheme: Scheme,
    parsed: &Parsed,
    numbers: impl FnOnce() -> Result<PrivateNumbers<'m>, KeyError>,
    data: &[u8],
) -> Result<Vec<u8>, CipherError> {
    match (scheme, parsed.private(numbers)?) {
        (Scheme::Rsa(how), Private::Rsa(key)) => key.sign(how, data).map_err(of_rsa),
        (Scheme::Ecdsa, Private::Ecdsa(curve, key)) => {
            let (_, algorithm) = curve.verifying().ok_or(CipherError::KeyLength)?;
            Ok(key.sign_digest(&fitted(data, algorithm)?)?.as_ref().to_vec())
        }
        (Scheme::Ed25519, Private::Ed25519(key)) => Ok(key.try_sign(data)?.as_ref().to_vec()),
        (Scheme::MlDsa, Private::MlDsa(key)) => {
            let mut signature = vec![0; key.algorithm().signature_len()];
            let length = key.sign(data, &mut signature)?;
            signature.truncate(length);
            Ok(signature)
        }
        _ => Err(CipherError::KeyLength),
    }
}

/// Is this a signature of `data`: the digest, or the data itself where the scheme says so?
///
/// # Errors
/// [`CipherError::NotAuthentic`] for no; otherwise as [`sign`].
pub fn verify<'m>(
    scheme: Scheme,
    parsed: &Parsed,
    numbers: impl FnOnce() -> Result<PublicNumbers<'m>, KeyError>,
    data: &[u8],
    signature: &[u8],
) -> Result<(), CipherError> {
    match (scheme, parsed.public(numbers)?) {
        (Scheme::Rsa(how), Public::Rsa(key)) => key.verify(how, data, signature).map_err(of_rsa),
        (Scheme::Ed25519, Public::Curve(Curve::Ed25519, point)) => {
            UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, point)
                .verify(data, signature)
                .map_err(|_| CipherError::NotAuthentic)
        }
        (Scheme::MlDsa, Public::MlDsa(set, key)) => UnparsedPublicKey::new(set.verifying(), key)
            .verify(data, signature)
            .map_err(|_| CipherError::NotAuthentic),
        (Scheme::Ecdsa, Public::Curve(curve, point)) => {
            let (verifying, algorithm) = curve.verifying().ok_or(CipherError::KeyLength)?;
            UnparsedPublicKey::new(verifying, point)
                .verify_digest(&fitted(data, algorithm)?, signature)
                .map_err(|_| CipherError::NotAuthentic)
        }
        _ => Err(CipherError::KeyLength),
    }
}

/// Encrypts with a public key.
///
/// # Errors
/// [`CipherError::KeyLength`], [`CipherError::DataLength`].
pub fn encrypt<'m>(
    how: Encryption<'_>,
    parsed: &Parsed,
    numbers: impl FnOnce() -> Result<PublicNumbers<'m>, KeyError>,
    plain: &[u8],
) -> Result<Vec<u8>, CipherError> {
    match parsed.public(numbers)? {
        Public::Rsa(key) => key.encrypt(how, plain).map_err(of_rsa),
        Public::Curve(..) | Public::MlDsa(..) => Err(CipherError::KeyLength),
    }
}

/// Decrypts with a private key.
///
/// # Errors
/// [`CipherError::KeyLength`]; [`CipherError::NotAuthentic`].
pub fn decrypt<'m>(
    how: Encryption<'_>,
    parsed: &Parsed,
    numbers: impl FnOnce() -> Result<PrivateNumbers<'m>, KeyError>,
    cipher: &[u8],
) -> Result<Room, CipherError> {
    match parsed.private(numbers)? {
        Private::Rsa(key) => {
            let mut out = Zeroizing::new(vec![0; key.bytes()]);
            let length = key.decrypt(how, cipher, &mut out).map_err(of_rsa)?;
            out.truncate(length);
            Ok(out)
        }
        Private::Ecdsa(..) | Private::Ed25519(_) | Private::MlDsa(_) => Err(CipherError::KeyLength),
    }
}

/// Agrees on a secret: the x coordinate of the common point.
///
/// # Errors
/// [`CipherError::KeyLength`] for keys that do not agree, or a point that is not on the curve.
pub fn agree(private: &PrivateNumbers<'_>, public: &PublicNumbers<'_>) -> Result<Room, CipherError> {
    let (PrivateNumbers::Curve { curve, scalar, .. }, PublicNumbers::Curve { curve: other, point }) =
        (private, public)
    else {
        return Err(CipherError::KeyLength);
    };
    if curve != other {
        return Err(CipherError::KeyLength);
    }
    let algorithm = curve.agreement().ok_or(CipherError::KeyLength)?;
    let key = if curve.is_rfc_8410() {
        agreement::PrivateKey::from_private_key(algorithm, scalar)
    } else {
        let der = write_private(PrivateForm::Pkcs8, private).ok_or(CipherError::KeyLength)?;
        agreement::PrivateKey::from_private_key_der(algorithm, &der)
    }
    .map_err(|_| CipherError::KeyLength)?;
    let peer = agreement::UnparsedPublicKey::new(algorithm, point);
    agreement::agree(&key, peer, CipherError::KeyLength, |secret| Ok(Zeroizing::new(secret.to_vec())))
}

/// The digest as the number that ECDSA makes of it, in the length that the library's own hash for the curve has: leading
/// zeros do not change it, and only the leftmost bits of a longer one count.
fn fitted(digest: &[u8], algorithm: &'static Algorithm) -> Result<Digest, CipherError> {
    if digest.is_empty() {
        return Err(CipherError::DataLength);
    }
    let length = algorithm.output_len();
    let digest = digest.get(..length).unwrap_or(digest);
    let mut fitted = vec![0; length - digest.len()];
    fitted.extend_from_slice(digest);
    Ok(Digest::import_less_safe(&fitted, algorithm)?)
}

fn of_rsa(error: RsaError) -> CipherError {
    match error {
        RsaError::BadKey => CipherError::KeyLength,
        RsaError::BadLength => CipherError::DataLength,
        _ => CipherError::NotAuthentic,
    }
}
