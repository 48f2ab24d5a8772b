//! Signatures on certificates and requests: how they are named, checked and made.
//!
//! Rules: RFC 3279, RFC 4055 and RFC 5756 (RSA), RFC 5758 (ECDSA), RFC 8410 (Ed25519). Signatures with MD2, MD5 and DSA have
//! a name here and are never believed. SHA-1 is believed where the signer chose every byte that is signed, as in a request,
//! and not in a certificate, where somebody else chose some (SP 800-131A Rev. 2, sections 3 and 9).

use crate::crypto::CipherError;
use crate::crypto::asymmetric::{
    Curve, Family, Parsed, PublicForm, PublicNumbers, Scheme, read_public, verify,
};
use crate::crypto::der::{self, NULL, OBJECT_IDENTIFIER, Reader, Room, SEQUENCE};
use aws_lc_rs::digest;
use hardening::rsa::{Hash, Signing};

/// What an algorithm identifier names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// RSA with PKCS #1 v1.5.
    Rsa(Digested),
    /// RSA with PSS.
    RsaPss,
    /// DSA.
    Dsa(Digested),
    /// ECDSA.
    Ecdsa(Digested),
    /// Ed25519.
    Ed25519,
}

/// The hash of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Digested {
    Md2,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3_256,
    Sha3_384,
    Sha3_512,
}

/// 1.2.840.113549.1.1.
const PKCS_1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// 1.2.840.10045.4.3: ECDSA with SHA-2.
const ECDSA_SHA_2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
/// 1.2.840.10045.4.1: ECDSA with SHA-1.
const ECDSA_SHA_1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
/// 2.16.840.1.101.3.4.3: DSA with SHA-2, and everything with SHA-3.
const NIST: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03];
/// 1.2.840.10040.4.3: DSA with SHA-1.
const DSA_SHA_1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03];
/// 2.16.840.1.101.3.4.2: hashes.
const HASHES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];

/// What this `AlgorithmIdentifier` names.
#[must_use]
pub fn named(algorithm: &[u8]) -> Option<Named> {
    use Digested as D;
    let oid = Reader::new(algorithm).sequence().ok()?.expect(OBJECT_IDENTIFIER).ok()?;
    if oid == Curve::Ed25519.oid() {
        return Some(Named::Ed25519);
    }
    if oid == ECDSA_SHA_1 {
        return Some(Named::Ecdsa(D::Sha1));
    }
    if oid == DSA_SHA_1 {
        return Some(Named::Dsa(D::Sha1));
    }
    let (last, family) = oid.split_last()?;
    Some(match (family, last) {
        (PKCS_1, 2) => Named::Rsa(D::Md2),
        (PKCS_1, 4) => Named::Rsa(D::Md5),
        (PKCS_1, 5) => Named::Rsa(D::Sha1),
        (PKCS_1, 10) => Named::RsaPss,
        (PKCS_1, 11) => Named::Rsa(D::Sha256),
        (PKCS_1, 12) => Named::Rsa(D::Sha384),
        (PKCS_1, 13) => Named::Rsa(D::Sha512),
        (PKCS_1, 14) => Named::Rsa(D::Sha224),
        (ECDSA_SHA_2, 1) => Named::Ecdsa(D::Sha224),
        (ECDSA_SHA_2, 2) => Named::Ecdsa(D::Sha256),
        (ECDSA_SHA_2, 3) => Named::Ecdsa(D::Sha384),
        (ECDSA_SHA_2, 4) => Named::Ecdsa(D::Sha512),
        (NIST, 1) => Named::Dsa(D::Sha224),
        (NIST, 2) => Named::Dsa(D::Sha256),
        (NIST, 14) => Named::Rsa(D::Sha3_256),
        (NIST, 15) => Named::Rsa(D::Sha3_384),
        (NIST, 16) => Named::Rsa(D::Sha3_512),
        _ => return None,
    })
}

/// Who chose what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// The signer, all of it.
    Own,
    /// Also somebody who wanted it signed.
    Others,
}

/// Did the owner of this key sign these bytes in this way?
///
/// # Errors
/// [`CipherError::NotAuthentic`] for no, and for what is not believed; [`CipherError::KeyLength`] for a key of another kind.
pub fn check(
    text: Text,
    algorithm: &[u8],
    key_info: &[u8],
    signed: &[u8],
    signature: &[u8],
) -> Result<(), CipherError> {
    let key = read_public(PublicForm::X509, key_info).map_err(|_| CipherError::KeyLength)?;
    let (scheme, hash) = match named(algorithm).ok_or(CipherError::NotAuthentic)? {
        Named::Rsa(digested) => {
            let hash = believed(digested, text)?;
            (Scheme::Rsa(Signing::Pkcs1(Some(hash))), Some(hash))
        }
        Named::RsaPss => {
            let (hash, mask, salt) = pss(algorithm).ok_or(CipherError::NotAuthentic)?;
            (Scheme::Rsa(Signing::Pss { hash, mask, salt_bytes: Some(salt) }), Some(hash))
        }
        Named::Ecdsa(digested) => (Scheme::Ecdsa, Some(believed(digested, text)?)),
        Named::Ed25519 => (Scheme::Ed25519, None),
        Named::Dsa(_) => return Err(CipherError::NotAuthentic),
    };
    let parsed = Parsed::default();
    match hash {
        None => verify(scheme, &parsed, || Ok(key), signed, signature),
        Some(hash) => {
            let digest = digest::digest(library(hash).ok_or(CipherError::NotAuthentic)?, signed);
            verify(scheme, &parsed, || Ok(key), digest.as_ref(), signature)
        }
    }
}

fn believed(digested: Digested, text: Text) -> Result<Hash, CipherError> {
    Ok(match digested {
        Digested::Sha1 if text == Text::Own => Hash::Sha1,
        Digested::Md2 | Digested::Md5 | Digested::Sha1 => return Err(CipherError::NotAuthentic),
        Digested::Sha224 => Hash::Sha224,
        Digested::Sha256 => Hash::Sha256,
        Digested::Sha384 => Hash::Sha384,
        Digested::Sha512 => Hash::Sha512,
        Digested::Sha3_256 => Hash::Sha3_256,
        Digested::Sha3_384 => Hash::Sha3_384,
        Digested::Sha3_512 => Hash::Sha3_512,
    })
}

fn library(hash: Hash) -> Option<&'static digest::Algorithm> {
    Some(match hash {
        Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha224 => &digest::SHA224,
        Hash::Sha256 => &digest::SHA256,
        Hash::Sha384 => &digest::SHA384,
        Hash::Sha512 => &digest::SHA512,
        Hash::Sha3_256 => &digest::SHA3_256,
        Hash::Sha3_384 => &digest::SHA3_384,
        Hash::Sha3_512 => &digest::SHA3_512,
        _ => return None,
    })
}

/// Hash, mask generator's hash and salt of RSASSA-PSS. All defaults are SHA-1, and so is what is left out.
fn pss(algorithm: &[u8]) -> Option<(Hash, Hash, u16)> {
    let mut outer = Reader::new(algorithm).sequence().ok()?;
    outer.expect(OBJECT_IDENTIFIER).ok()?;
    let mut parameters = outer.sequence().ok()?;
    let hash = hash_of(parameters.optional(0xa0).ok()??)?;
    let mut mask = Reader::new(parameters.optional(0xa1).ok()??).sequence().ok()?;
    mask.expect(OBJECT_IDENTIFIER).ok()?;
    let mask = hash_of(mask.element().ok()?.whole)?;
    let salt = match parameters.optional(0xa2).ok()? {
        None => 20,
        Some(salt) => match Reader::new(salt).unsigned().ok()? {
            [] => 0,
            [salt] => u16::from(*salt),
            [high, low] => u16::from_be_bytes([*high, *low]),
            _ => return None,
        },
    };
    Some((hash, mask, salt))
}

fn hash_of(algorithm: &[u8]) -> Option<Hash> {
    let oid = Reader::new(algorithm).sequence().ok()?.expect(OBJECT_IDENTIFIER).ok()?;
    let (last, family) = oid.split_last()?;
    match (family, last) {
        (HASHES, 1) => Some(Hash::Sha256),
        (HASHES, 2) => Some(Hash::Sha384),
        (HASHES, 3) => Some(Hash::Sha512),
        (HASHES, 4) => Some(Hash::Sha224),
        (HASHES, 8) => Some(Hash::Sha3_256),
        (HASHES, 9) => Some(Hash::Sha3_384),
        (HASHES, 10) => Some(Hash::Sha3_512),
        _ => None,
    }
}

/// The kind and the length in bits of a `SubjectPublicKeyInfo`'s key, if it is one that is known here.
#[must_use]
pub fn key_facts(info: &[u8]) -> Option<(Family, usize)> {
    read_public(PublicForm::X509, info).ok().map(|key: PublicNumbers<'_>| (key.family(), key.bits()))
}

/// Writes the algorithm identifier of ECDSA with SHA-256, with which `build` signs.
pub fn write_ecdsa_sha_256(out: &mut Room) {
    der::nest(out, SEQUENCE, |out| {
        let mut oid = ECDSA_SHA_2.to_vec();
        oid.push(2);
        der::write(out, OBJECT_IDENTIFIER, &oid);
    });
}

/// Writes an algorithm identifier by its object identifier, with NULL for parameters if it wants them.
pub fn write_algorithm(out: &mut Room, oid: &[u8], with_null: bool) {
    der::nest(out, SEQUENCE, |out| {
        der::write(out, OBJECT_IDENTIFIER, oid);
        if with_null {
            der::write(out, NULL, &[]);
        }
    });
}
