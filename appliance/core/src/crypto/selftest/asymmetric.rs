//! Of key pairs. No private key stands in this tree: what needs one makes it, and tries both halves against each other.
//!
//! Rules: FIPS 140-3 IG 10.3.A (known answers for verification, pairwise consistency for the rest).

use super::vectors::{
    ED25519_PUBLIC, ED25519_SEED, ED25519_SIGNATURE, ML_DSA_65, ML_DSA_87, P256_POINT, P256_SIGNATURE,
    RSA_MODULUS, RSA_PKCS1, RSA_PSS, hex,
};
use crate::crypto::CipherError;
use crate::crypto::asymmetric::{
    Curve, MlDsa, Parsed, PrivateForm, PrivateNumbers, PublicForm, PublicNumbers, Scheme, agree, decrypt,
    encrypt, make_curve, make_ml_dsa, make_rsa, public_of, read_private, read_public, sign, verify,
};
use hardening::hash::{Hash, digest};
use hardening::rsa::{Encryption, Signing};

/// A short key: it is quickly made, and only tried against itself.
const RSA_BITS: u16 = 1024;

pub(super) fn rsa() -> Result<bool, CipherError> {
    let hash = Hash::Sha256;
    let hashed = digest(hash, b"abc")?;
    let public = || Ok(PublicNumbers::Rsa { n: &RSA_MODULUS, e: &[1, 0, 1] });
    let pss = Signing::Pss { hash, mask: hash, salt_bytes: Some(32) };
    for (how, signature) in [(Signing::Pkcs1(Some(hash)), RSA_PKCS1), (pss, RSA_PSS)] {
        verify(Scheme::Rsa(how), &Parsed::default(), public, hashed.as_ref(), &signature)?;
        let changed = signature.map(|byte| byte ^ 1);
        let refused = verify(Scheme::Rsa(how), &Parsed::default(), public, hashed.as_ref(), &changed);
        if refused != Err(CipherError::NotAuthentic) {
            return Ok(false);
        }
    }
    // Making it signs with it and verifies.
    let made = make_rsa(RSA_BITS)?;
    let private = || read_private(PrivateForm::Pkcs1, &made.private);
    let public = || read_public(PublicForm::Pkcs1, &made.public);
    let how = Encryption::Oaep { hash, mask: hash, label: b"" };
    let cipher = encrypt(how, &Parsed::default(), public, b"abc")?;
    let plain = decrypt(how, &Parsed::default(), private, &cipher)?;
    Ok(plain.as_slice() == b"abc" && !cipher.starts_with(b"abc"))
}

pub(super) fn ecdsa() -> Result<bool, CipherError> {
    let hashed = digest(Hash::Sha256, b"sample")?;
    let public = || Ok(PublicNumbers::Curve { curve: Curve::P256, point: &P256_POINT });
    verify(Scheme::Ecdsa, &Parsed::default(), public, hashed.as_ref(), &P256_SIGNATURE)?;
    let other = digest(Hash::Sha256, b"simple")?;
    let refused = verify(Scheme::Ecdsa, &Parsed::default(), public, other.as_ref(), &P256_SIGNATURE);
    // Making a pair signs with it and verifies.
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        make_curve(curve)?;
    }
    Ok(refused == Err(CipherError::NotAuthentic))
}

pub(super) fn ed25519() -> Result<bool, CipherError> {
    let (curve, point) = (Curve::Ed25519, &ED25519_PUBLIC);
    let private = || Ok(PrivateNumbers::Curve { curve, scalar: &ED25519_SEED, public: Some(point) });
    let public = || Ok(PublicNumbers::Curve { curve, point });
    let signature = sign(Scheme::Ed25519, &Parsed::default(), private, b"\x72")?;
    verify(Scheme::Ed25519, &Parsed::default(), public, b"\x72", &signature)?;
    let refused = verify(Scheme::Ed25519, &Parsed::default(), public, b"\x73", &signature);
    Ok(signature == ED25519_SIGNATURE && refused == Err(CipherError::NotAuthentic))
}

/// The public keys that follow from the seed 00 to 1f are known; making a pair signs with it and verifies.
pub(super) fn ml_dsa() -> Result<bool, CipherError> {
    let seed = hex::<32>("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    for (set, known) in [(MlDsa::Dsa65, ML_DSA_65), (MlDsa::Dsa87, ML_DSA_87)] {
        if digest(Hash::Sha256, &public_of(set, &seed)?)?.as_ref() != known {
            return Ok(false);
        }
        make_ml_dsa(set)?;
    }
    Ok(true)
}

/// Two pairs come to the same secret, from either side.
pub(super) fn agreement() -> Result<bool, CipherError> {
    for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::X25519] {
        let (one, other) = (make_curve(curve)?, make_curve(curve)?);
        let secret = |own: &[u8], theirs: &[u8]| -> Result<_, CipherError> {
            let own = read_private(PrivateForm::Pkcs8, own).map_err(|_| CipherError::KeyLength)?;
            let theirs = read_public(PublicForm::X509, theirs).map_err(|_| CipherError::KeyLength)?;
            agree(&own, &theirs)
        };
        if *secret(&one.private, &other.public)? != *secret(&other.private, &one.public)? {
            return Ok(false);
        }
    }
    Ok(true)
}
