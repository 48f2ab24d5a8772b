//! A block cipher in the two modes that need whole blocks, whichever cipher it is.
//!
//! Rules: SP 800-38A, sections 6.1 and 6.2; SP 800-67 Rev. 2 (a key of two parts uses the first one twice).

use super::CipherError;
use super::aes::{self, Aes, Schedules};
use hardening::des3::{self, Des3Error, Way};
use zeroize::Zeroizing;

/// Which cipher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    /// AES.
    Aes,
    /// Triple DES.
    Des3,
}

impl Cipher {
    /// Bytes of a block.
    #[must_use]
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::Aes => aes::BLOCK_BYTES,
            Self::Des3 => des3::BLOCK_BYTES,
        }
    }
}

/// A key, lent for one call.
pub enum BlockKey<'k> {
    /// Of AES.
    Aes(Aes<'k>),
    /// Of triple DES.
    Des3(Zeroizing<[u8; des3::KEY_BYTES]>),
}

impl<'k> BlockKey<'k> {
    /// The key of a cipher.
    ///
    /// # Errors
    /// [`CipherError::KeyLength`].
    pub fn new(cipher: Cipher, bytes: &'k [u8], schedules: &'k Schedules) -> Result<Self, CipherError> {
        match cipher {
            Cipher::Aes => Aes::new(bytes, schedules).map(Self::Aes),
            Cipher::Des3 => des3_key(bytes).map(Self::Des3),
        }
    }

    /// Encrypts whole blocks: chained from `iv`, or each by itself.
    ///
    /// # Errors
    /// [`CipherError::DataLength`], [`CipherError::IvLength`].
    pub fn encrypt(&self, iv: Option<&[u8]>, in_out: &mut [u8]) -> Result<(), CipherError> {
        match (self, iv) {
            (Self::Aes(key), None) => key.ecb_encrypt(in_out),
            (Self::Aes(key), Some(iv)) => key.cbc_encrypt(iv.try_into().map_err(wrong_iv)?, in_out),
            (Self::Des3(key), iv) => des3(Way::Encrypt, key, iv, in_out),
        }
    }

    /// Decrypts whole blocks likewise.
    ///
    /// # Errors
    /// As [`BlockKey::encrypt`].
    pub fn decrypt(&self, iv: Option<&[u8]>, in_out: &mut [u8]) -> Result<(), CipherError> {
        match (self, iv) {
            (Self::Aes(key), None) => key.ecb_decrypt(in_out),
            (Self::Aes(key), Some(iv)) => key.cbc_decrypt(iv.try_into().map_err(wrong_iv)?, in_out),
            (Self::Des3(key), iv) => des3(Way::Decrypt, key, iv, in_out),
        }
    }
}

/// A key of triple DES of 24 bytes, from one of 16 or 24.
///
/// # Errors
/// [`CipherError::KeyLength`].
pub fn des3_key(bytes: &[u8]) -> Result<Zeroizing<[u8; des3::KEY_BYTES]>, CipherError> {
    let mut key = Zeroizing::new([0; des3::KEY_BYTES]);
    if !matches!(bytes.len(), 16 | 24) {
        return Err(CipherError::KeyLength);
    }
    key.iter_mut().zip(bytes.iter().chain(bytes)).for_each(|(place, byte)| *place = *byte);
    Ok(key)
}

fn des3(
    way: Way,
    key: &[u8; des3::KEY_BYTES],
    iv: Option<&[u8]>,
    in_out: &mut [u8],
) -> Result<(), CipherError> {
    let iv = iv.map(|iv| iv.try_into().map_err(wrong_iv)).transpose()?;
    des3::apply(way, key, iv, in_out).map_err(|error| match error {
        Des3Error::NotBlocks => CipherError::DataLength,
        Des3Error::Library => CipherError::Library,
    })
}

fn wrong_iv(_: core::array::TryFromSliceError) -> CipherError {
    CipherError::IvLength
}
