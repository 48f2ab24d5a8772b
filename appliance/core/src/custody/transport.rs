//! The one-time transport key: the HSM wraps L2 for it, so that the vendor's process sees two ciphertexts.
//!
//! Made ahead of time on the slow lane, used for one release, then dropped.

use super::CustodyError;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use hardening::secret::{Secret, SecretBytes};
use holdfast_model::l1::OaepHash;
use holdfast_ports::root::TransportKey;
use p256::pkcs8::der::asn1::UintRef;
use p256::pkcs8::der::{Decode, Reader, SliceReader};
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;

/// An RSA-3072 key pair (128 bits of strength, SP 800-57 Part 1 Rev. 5 table 2) for exactly one release.
pub struct OneTimeKey {
    private: PrivateDecryptingKey,
    public: TransportKey,
}

impl OneTimeKey {
    /// Makes a key pair; takes a few hundred milliseconds.
    ///
    /// # Errors
    /// [`CustodyError::NoMemory`].
    pub fn generate() -> Result<Self, CustodyError> {
        let private = PrivateDecryptingKey::generate(KeySize::Rsa3072).map_err(|_| CustodyError::NoMemory)?;
        let der: PublicKeyX509Der<'_> = private.public_key().as_der().map_err(|_| CustodyError::NoMemory)?;
        let public = read_public(der.as_ref()).map_err(|_| CustodyError::NoMemory)?;
        Ok(Self { private, public })
    }

    /// What the HSM is to wrap for.
    #[must_use]
    pub const fn public(&self) -> &TransportKey {
        &self.public
    }

    /// Opens what the HSM wrapped; the key pair is used up.
    ///
    /// # Errors
    /// [`CustodyError::NotAuthentic`] when it was not wrapped for this key, or is not 32 bytes.
    pub fn open(self, ciphertext: &[u8], oaep: OaepHash) -> Result<Secret<32>, CustodyError> {
        let padding = match oaep {
            OaepHash::Sha1 => &OAEP_SHA1_MGF1SHA1,
            OaepHash::Sha256 => &OAEP_SHA256_MGF1SHA256,
        };
        let key = OaepPrivateDecryptingKey::new(self.private).map_err(|_| CustodyError::NoMemory)?;
        let room = key.min_output_size();
        let plain = SecretBytes::init_with(room, |buffer| {
            let used =
                key.decrypt(padding, ciphertext, buffer, None).map_err(|_| CustodyError::NotAuthentic)?.len();
            if used == 32 { Ok(()) } else { Err(CustodyError::NotAuthentic) }
        })?;
        plain.expose(|bytes| {
            Secret::init_with(|out| {
                *out = *bytes.first_chunk().ok_or(CustodyError::NotAuthentic)?;
                Ok(())
            })
        })
    }
}

/// Modulus and exponent out of a SubjectPublicKeyInfo (RFC 8017 appendix A.1.1).
fn read_public(spki: &[u8]) -> Result<TransportKey, p256::pkcs8::der::Error> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki)?;
    let mut reader = SliceReader::new(spki.subject_public_key.raw_bytes())?;
    reader.sequence(|inner| {
        let modulus = UintRef::decode(inner)?.as_bytes().to_vec();
        let exponent = UintRef::decode(inner)?.as_bytes().to_vec();
        Ok(TransportKey { modulus, exponent })
    })
}
