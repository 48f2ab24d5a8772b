//! How a key of a pair is to be used: from the request's parameters, the key's own, or what the key implies.
//!
//! Rules: KMIP 1.4, sections 3.6, 4.31 and 4.32; KMIP 2.1, section 4.15. What they leave open: an RSA signature without a
//! padding is PKCS #1 v1.5; without a hash, a digest is padded as it is and data is hashed with SHA-256, or with what the
//! curve is made for; the mask generator of PSS uses the hash of the data (as the profiles' cases do, whatever the default
//! for OAEP is), and its salt is as long as the digest.

use crate::crypto::asymmetric::{Curve, Family, Scheme};
use crate::managed::Managed;
use hardening::rsa::{Encryption, Hash, Signing};
use kmip::attribute::{AttributeValue, CryptographicParameters};
use kmip::enums::{
    CryptographicAlgorithm, DigitalSignatureAlgorithm as Named, HashingAlgorithm, MaskGenerator,
    PaddingMethod,
};
use kmip::result::Refusal;
use kmip::tag::Tag;

/// A way to sign or verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Method {
    /// What is done with the digest.
    pub(super) scheme: Scheme,
    /// How data becomes a digest; none where data is signed as it is.
    pub(super) hash: Option<Hash>,
}

/// The parameters that count: the request's, or the key's own with the lowest index, or none.
pub(super) fn parameters<'p>(
    managed: &'p Managed,
    given: Option<&CryptographicParameters<'p>>,
) -> CryptographicParameters<'p> {
    let own = managed.attributes.get(Tag::CRYPTOGRAPHIC_PARAMETERS);
    given.copied().or_else(|| own.and_then(AttributeValue::as_cryptographic_parameters)).unwrap_or_default()
}

/// The signature that key and parameters agree on. `digested`: is it a digest that is signed?
///
/// # Errors
/// [`Refusal::BadCryptographicParameters`]: they do not fit the key or each other;
/// [`Refusal::UnsupportedCryptographicParameters`].
pub(super) fn signing(
    family: Family,
    given: &CryptographicParameters<'_>,
    digested: Option<&[u8]>,
) -> Result<Method, Refusal> {
    use CryptographicAlgorithm as A;
    let (algorithm, padding, named) = match given.digital_signature_algorithm {
        None => (None, None, None),
        Some(named) => of_name(named)?,
    };
    let agreed = |one: Option<_>, other| match (one, other) {
        (Some(one), Some(other)) if one != other => Err(Refusal::BadCryptographicParameters),
        (one, other) => Ok(one.or(other)),
    };
    let hashing = match given.hashing_algorithm {
        None => named,
        Some(hash) => agreed(Some(hash_of(hash)?), named)?,
    };
    match (family, algorithm.or(given.cryptographic_algorithm)) {
        (Family::Rsa, None | Some(A::RSA)) => {}
        (Family::Curve(_), None | Some(A::ECDSA | A::EC | A::ED25519)) => {}
        (Family::MlDsa(_), None | Some(A::ML_DSA_65 | A::ML_DSA_87)) => {}
        _ => return Err(Refusal::BadCryptographicParameters),
    }
    match family {
        Family::Curve(Curve::Ed25519) | Family::MlDsa(_) if digested.is_some() || hashing.is_some() => {
            Err(Refusal::UnsupportedCryptographicParameters)
        }
        Family::Curve(Curve::Ed25519) => Ok(Method { scheme: Scheme::Ed25519, hash: None }),
        Family::MlDsa(_) => Ok(Method { scheme: Scheme::MlDsa, hash: None }),
        Family::Curve(Curve::X25519) => Err(Refusal::BadCryptographicParameters),
        Family::Curve(curve) => {
            let hash = hashing.unwrap_or(match curve {
                Curve::P384 => Hash::Sha384,
                Curve::P521 => Hash::Sha512,
                _ => Hash::Sha256,
            });
            Ok(Method { scheme: Scheme::Ecdsa, hash: Some(hash) })
        }
        Family::Rsa => rsa(given, padding, hashing, digested),
    }
}

fn rsa(
    given: &CryptographicParameters<'_>,
    padding: Option<PaddingMethod>,
    hashing: Option<Hash>,
    digested: Option<&[u8]>,
) -> Result<Method, Refusal> {
    let padding = match (padding, given.padding_method) {
        (Some(one), Some(other)) if one != other => return Err(Refusal::BadCryptographicParameters),
        (one, other) => one.or(other).unwrap_or(PaddingMethod::PKCS1_V1_5),
    };
    let hash = hashing.unwrap_or(Hash::Sha256);
    let signing = match padding {
        PaddingMethod::PKCS1_V1_5 => Signing::Pkcs1(match (hashing, digested) {
            (None, Some(_)) => None,
            _ => Some(hash),
        }),
        PaddingMethod::PSS => {
            let mask = mask(given)?.unwrap_or(hash);
            let salt_bytes = match given.salt_length {
                None => None,
                Some(bytes) => Some(u16::try_from(bytes).map_err(|_| Refusal::BadCryptographicParameters)?),
            };
            Signing::Pss { hash, mask, salt_bytes }
        }
        PaddingMethod::X9_31 => return Err(Refusal::UnsupportedCryptographicParameters),
        _ => return Err(Refusal::BadCryptographicParameters),
    };
    Ok(Method { scheme: Scheme::Rsa(signing), hash: Some(hash) })
}

/// The same, with the salt that a signature is made with where nobody said one.
pub(super) fn salted(scheme: Scheme) -> Scheme {
    match scheme {
        Scheme::Rsa(Signing::Pss { hash, mask, salt_bytes: None }) => {
            let salt_bytes = u16::try_from(hash.bytes()).ok();
            Scheme::Rsa(Signing::Pss { hash, mask, salt_bytes })
        }
        other => other,
    }
}

/// The length of a half of a pair, which every key that can be used has among its attributes.
///
/// # Errors
/// [`Refusal::UnsupportedCryptographicParameters`].
pub(super) fn bits_of(managed: &Managed) -> Result<usize, Refusal> {
    let bits = managed.length_bits().and_then(|bits| usize::try_from(bits).ok());
    bits.ok_or(Refusal::UnsupportedCryptographicParameters)
}

/// The RSA encryption that the parameters name.
///
/// # Errors
/// As [`signing`].
pub(super) fn encryption<'p>(given: &CryptographicParameters<'p>) -> Result<Encryption<'p>, Refusal> {
    if !matches!(given.cryptographic_algorithm, None | Some(CryptographicAlgorithm::RSA)) {
        return Err(Refusal::BadCryptographicParameters);
    }
    match given.padding_method {
        Some(PaddingMethod::OAEP) => {
            let hash = given.hashing_algorithm.map_or(Ok(Hash::Sha1), hash_of)?;
            let mask = mask(given)?.unwrap_or(Hash::Sha1);
            Ok(Encryption::Oaep { hash, mask, label: given.p_source.unwrap_or_default() })
        }
        Some(PaddingMethod::PKCS1_V1_5) => Ok(Encryption::Pkcs1),
        _ => Err(Refusal::BadCryptographicParameters),
    }
}

fn mask(given: &CryptographicParameters<'_>) -> Result<Option<Hash>, Refusal> {
    if !matches!(given.mask_generator, None | Some(MaskGenerator::MGF1)) {
        return Err(Refusal::UnsupportedCryptographicParameters);
    }
    given.mask_generator_hashing_algorithm.map(hash_of).transpose()
}

/// The hash of this name.
///
/// # Errors
/// [`Refusal::UnsupportedCryptographicParameters`].
pub(super) fn hash_of(name: HashingAlgorithm) -> Result<Hash, Refusal> {
    Ok(match name {
        HashingAlgorithm::SHA_1 => Hash::Sha1,
        HashingAlgorithm::SHA_224 => Hash::Sha224,
        HashingAlgorithm::SHA_256 => Hash::Sha256,
        HashingAlgorithm::SHA_384 => Hash::Sha384,
        HashingAlgorithm::SHA_512 => Hash::Sha512,
        HashingAlgorithm::SHA_512_224 => Hash::Sha512_224,
        HashingAlgorithm::SHA_512_256 => Hash::Sha512_256,
        HashingAlgorithm::SHA_3_224 => Hash::Sha3_224,
        HashingAlgorithm::SHA_3_256 => Hash::Sha3_256,
        HashingAlgorithm::SHA_3_384 => Hash::Sha3_384,
        HashingAlgorithm::SHA_3_512 => Hash::Sha3_512,
        _ => return Err(Refusal::UnsupportedCryptographicParameters),
    })
}

type OfName = (Option<CryptographicAlgorithm>, Option<PaddingMethod>, Option<Hash>);

fn of_name(named: Named) -> Result<OfName, Refusal> {
    let rsa = |hash| Ok((Some(CryptographicAlgorithm::RSA), Some(PaddingMethod::PKCS1_V1_5), Some(hash)));
    let ecdsa = |hash| Ok((Some(CryptographicAlgorithm::ECDSA), None, Some(hash)));
    match named {
        Named::SHA_1_WITH_RSA_ENCRYPTION => rsa(Hash::Sha1),
        Named::SHA_224_WITH_RSA_ENCRYPTION => rsa(Hash::Sha224),
        Named::SHA_256_WITH_RSA_ENCRYPTION => rsa(Hash::Sha256),
        Named::SHA_384_WITH_RSA_ENCRYPTION => rsa(Hash::Sha384),
        Named::SHA_512_WITH_RSA_ENCRYPTION => rsa(Hash::Sha512),
        Named::SHA3_256_WITH_RSA_ENCRYPTION => rsa(Hash::Sha3_256),
        Named::SHA3_384_WITH_RSA_ENCRYPTION => rsa(Hash::Sha3_384),
        Named::SHA3_512_WITH_RSA_ENCRYPTION => rsa(Hash::Sha3_512),
        Named::RSASSA_PSS => Ok((Some(CryptographicAlgorithm::RSA), Some(PaddingMethod::PSS), None)),
        Named::ECDSA_WITH_SHA_1 => ecdsa(Hash::Sha1),
        Named::ECDSA_WITH_SHA224 => ecdsa(Hash::Sha224),
        Named::ECDSA_WITH_SHA256 => ecdsa(Hash::Sha256),
        Named::ECDSA_WITH_SHA384 => ecdsa(Hash::Sha384),
        Named::ECDSA_WITH_SHA512 => ecdsa(Hash::Sha512),
        _ => Err(Refusal::UnsupportedCryptographicParameters),
    }
}
