//! The box's TLS identity: its private key signs here, so that the process that speaks TLS never has it.
//!
//! Rules: RFC 8446 section 4.2.3 (signature schemes).

use crate::crypto::x509::certificate::{key_bits, read_certificate};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use p256::pkcs8::SecretDocument;

/// Longest key file taken.
pub const KEY_FILE_BYTES_MAX: usize = 16 << 10;

/// Why a key file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsKeyError {
    /// Not PEM with one `PRIVATE KEY` (PKCS#8) in it.
    #[error(
        "the TLS key file is not an unencrypted PKCS#8 private key in PEM: convert it with `openssl pkcs8 -topk8 -nocrypt`"
    )]
    NotPkcs8,
    /// A key that we do not sign with.
    #[error("the TLS key is neither ECDSA P-256, ECDSA P-384 nor RSA of 2048 to 8192 bits")]
    Unsupported,
    /// The certificate is another key's. Every handshake would fail.
    #[error(
        "the TLS key is not the one of the first certificate of the chain: give the pair that belongs together"
    )]
    AnotherKey,
}

/// The box's TLS private key.
pub struct TlsKey(Kind);

enum Kind {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl TlsKey {
    /// Reads a key from PEM.
    ///
    /// # Errors
    /// [`TlsKeyError`].
    pub fn from_pem(pem: &str) -> Result<Self, TlsKeyError> {
        let (label, der) = SecretDocument::from_pem(pem).map_err(|_| TlsKeyError::NotPkcs8)?;
        if label != "PRIVATE KEY" {
            return Err(TlsKeyError::NotPkcs8);
        }
        let der = der.as_bytes();
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der) {
            return Ok(Self(Kind::P256(key)));
        }
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, der) {
            return Ok(Self(Kind::P384(key)));
        }
        RsaKeyPair::from_pkcs8(der).map(|key| Self(Kind::Rsa(key))).map_err(|_| TlsKeyError::Unsupported)
    }

    /// Holds the key against the certificate that clients will see.
    ///
    /// # Errors
    /// [`TlsKeyError::AnotherKey`], also for a certificate that cannot be read.
    pub fn belongs_to(&self, leaf: &[u8]) -> Result<(), TlsKeyError> {
        let info = read_certificate(leaf).map_err(|_| TlsKeyError::AnotherKey)?.key;
        let shown = key_bits(info).map_err(|_| TlsKeyError::AnotherKey)?;
        let own = match &self.0 {
            Kind::P256(key) | Kind::P384(key) => key.public_key().as_ref(),
            Kind::Rsa(key) => key.public_key().as_ref(),
        };
        if own == shown { Ok(()) } else { Err(TlsKeyError::AnotherKey) }
    }

    /// Signs with a TLS signature scheme; `None` when the key has no such scheme.
    #[must_use]
    pub fn sign(&self, scheme: u16, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match (&self.0, scheme) {
            (Kind::P256(key), 0x0403) | (Kind::P384(key), 0x0503) => {
                key.sign(&random, message).ok().map(|signature| signature.as_ref().to_vec())
            }
            (Kind::Rsa(key), _) => {
                let encoding: &'static dyn RsaEncoding = match scheme {
                    0x0804 => &RSA_PSS_SHA256,
                    0x0805 => &RSA_PSS_SHA384,
                    0x0806 => &RSA_PSS_SHA512,
                    0x0401 => &RSA_PKCS1_SHA256,
                    _ => return None,
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            (Kind::P256(_) | Kind::P384(_), _) => None,
        }
    }
}
