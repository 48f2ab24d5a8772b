//! AES in CFB (of whole blocks) and OFB: streams whose state is kept from part to part.
//!
//! Rules: SP 800-38A, sections 6.3 and 6.4.

use super::CipherError;
use super::aes::{Block, cipher_key};
use aws_lc_rs::cipher::{
    DecryptionContext, EncryptionContext, StreamingDecryptingKey, StreamingEncryptingKey,
};
use aws_lc_rs::iv::FixedLength;
use zeroize::{Zeroize, Zeroizing};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The ciphertext feeds the cipher.
    Cfb,
    /// The cipher feeds itself.
    Ofb,
}

/// A stream under way. What it points to is on the library's heap, which `hardening` has taken over.
pub struct Feedback(Half);

enum Half {
    Encrypting(StreamingEncryptingKey),
    Decrypting(StreamingDecryptingKey),
}

impl Feedback {
    /// A stream that encrypts.
    ///
    /// # Errors
    /// [`CipherError::KeyLength`].
    pub fn encrypting(mode: Mode, key: &[u8], iv: &Block) -> Result<Self, CipherError> {
        let (key, iv) = (cipher_key(key)?, EncryptionContext::Iv128(FixedLength::from(*iv)));
        Ok(Self(Half::Encrypting(match mode {
            Mode::Cfb => StreamingEncryptingKey::less_safe_cfb128(key, iv)?,
            Mode::Ofb => StreamingEncryptingKey::less_safe_ofb(key, iv)?,
        })))
    }

    /// A stream that decrypts.
    ///
    /// # Errors
    /// [`CipherError::KeyLength`].
    pub fn decrypting(mode: Mode, key: &[u8], iv: &Block) -> Result<Self, CipherError> {
        let (key, iv) = (cipher_key(key)?, DecryptionContext::Iv128(FixedLength::from(*iv)));
        Ok(Self(Half::Decrypting(match mode {
            Mode::Cfb => StreamingDecryptingKey::cfb128(key, iv)?,
            Mode::Ofb => StreamingDecryptingKey::ofb(key, iv)?,
        })))
    }

    /// Takes more data, and gives as much.
    ///
    /// # Errors
    /// [`CipherError::Library`].
    pub fn update(&mut self, data: &[u8]) -> Result<Vec<u8>, CipherError> {
        // The library wants room for a block more than it fills.
        let mut out = Zeroizing::new(vec![0; data.len() + super::aes::BLOCK_BYTES]);
        let written = match &mut self.0 {
            Half::Encrypting(key) => key.update(data, &mut out)?.written().len(),
            Half::Decrypting(key) => key.update(data, &mut out)?.written().len(),
        };
        if written != data.len() {
            out.zeroize();
            return Err(CipherError::Library);
        }
        let mut out = core::mem::take(&mut *out);
        out.truncate(written);
        Ok(out)
    }
}
