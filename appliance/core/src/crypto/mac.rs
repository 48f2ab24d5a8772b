//! MACs: HMAC with every hash, and CMAC.
//!
//! Rules: FIPS 198-1; SP 800-38B.

use super::CipherError;
use super::block::{Cipher, des3_key};
use aws_lc_rs::cmac::{AES_128, AES_192, AES_256, Context, DES_EDE3_FOR_LEGACY_USE_ONLY, Key};
use hardening::hash::Hash;
use hardening::mac::Hmac;

/// Which MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacAlgorithm {
    /// HMAC with this hash.
    Hmac(Hash),
    /// CMAC with this cipher.
    Cmac(Cipher),
}

/// A MAC under way. What it points to is on the library's heap, which `hardening` has taken over.
pub struct Mac(Kind);

enum Kind {
    Hmac(Hmac),
    Cmac(Box<Context>),
}

impl Mac {
    /// Nothing has come yet.
    ///
    /// # Errors
    /// [`CipherError::KeyLength`].
    pub fn new(algorithm: MacAlgorithm, key: &[u8]) -> Result<Self, CipherError> {
        let cmac = |algorithm, key: &[u8]| -> Result<Self, CipherError> {
            let key = Key::new(algorithm, key).map_err(|_| CipherError::KeyLength)?;
            Ok(Self(Kind::Cmac(Box::new(Context::with_key(&key)))))
        };
        match (algorithm, key.len()) {
            (MacAlgorithm::Hmac(hash), _) => Ok(Self(Kind::Hmac(Hmac::new(hash, key)?))),
            (MacAlgorithm::Cmac(Cipher::Aes), 16) => cmac(AES_128, key),
            (MacAlgorithm::Cmac(Cipher::Aes), 24) => cmac(AES_192, key),
            (MacAlgorithm::Cmac(Cipher::Aes), 32) => cmac(AES_256, key),
            (MacAlgorithm::Cmac(Cipher::Aes), _) => Err(CipherError::KeyLength),
            (MacAlgorithm::Cmac(Cipher::Des3), _) => {
                cmac(DES_EDE3_FOR_LEGACY_USE_ONLY, des3_key(key)?.as_slice())
            }
        }
    }

    /// Takes more data.
    ///
    /// # Errors
    /// [`CipherError::Library`].
    pub fn update(&mut self, data: &[u8]) -> Result<(), CipherError> {
        match &mut self.0 {
            Kind::Hmac(mac) => Ok(mac.update(data)?),
            Kind::Cmac(mac) => Ok(mac.update(data)?),
        }
    }

    /// The MAC of all that came.
    ///
    /// # Errors
    /// [`CipherError::Library`].
    pub fn finish(self) -> Result<Vec<u8>, CipherError> {
        match self.0 {
            Kind::Hmac(mac) => Ok(mac.finish()?.as_ref().to_vec()),
            Kind::Cmac(mac) => Ok(mac.sign()?.as_ref().to_vec()),
        }
    }
}
