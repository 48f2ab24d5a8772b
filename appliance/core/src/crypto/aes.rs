//! AES in ECB, CBC and CTR, with the key schedules kept between calls.
//!
//! Rules: FIPS 197; SP 800-38A. GCM is in `gcm`.

use super::CipherError;
use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use core::cell::OnceCell;
use hardening::SecretBox;

/// Bytes of a block.
pub const BLOCK_BYTES: usize = 16;

/// A block.
pub type Block = [u8; BLOCK_BYTES];

/// Key schedules of one key, made when a mode is first used and wiped with the object that holds them.
#[derive(Default)]
pub struct Schedules {
    gcm: OnceCell<SecretBox<LessSafeKey>>,
    ctr: OnceCell<SecretBox<EncryptingKey>>,
    ecb_encrypt: OnceCell<SecretBox<EncryptingKey>>,
    ecb_decrypt: OnceCell<SecretBox<DecryptingKey>>,
    cbc_encrypt: OnceCell<SecretBox<EncryptingKey>>,
    cbc_decrypt: OnceCell<SecretBox<DecryptingKey>>,
    /// The key as a key pair's half, if it is one.
    pub asymmetric: super::asymmetric::Parsed,
}

/// An AES key, lent for one call.
#[derive(Clone, Copy)]
pub struct Aes<'k> {
    bytes: &'k [u8],
    schedules: &'k Schedules,
}

impl<'k> Aes<'k> {
    /// A key of 16, 24 or 32 bytes. `schedules` must have been used with no other key.
    ///
    /// # Errors
    /// [`CipherError::KeyLength`].
    pub fn new(bytes: &'k [u8], schedules: &'k Schedules) -> Result<Self, CipherError> {
        match bytes.len() {
            16 | 24 | 32 => Ok(Self { bytes, schedules }),
            _ => Err(CipherError::KeyLength),
        }
    }

    /// Encrypts whole blocks, each by itself.
    ///
    /// # Errors
    /// [`CipherError::DataLength`].
    pub fn ecb_encrypt(self, in_out: &mut [u8]) -> Result<(), CipherError> {
        whole_blocks(in_out)?;
        let key = made(&self.schedules.ecb_encrypt, || Ok(EncryptingKey::ecb(self.cipher_key()?)?))?;
        key.expose(|key| key.less_safe_encrypt(in_out, EncryptionContext::None).map(drop))?;
        Ok(())
    }

    /// Decrypts whole blocks, each by itself.
    ///
    /// # Errors
    /// [`CipherError::DataLength`].
    pub fn ecb_decrypt(self, in_out: &mut [u8]) -> Result<(), CipherError> {
        whole_blocks(in_out)?;
        let key = made(&self.schedules.ecb_decrypt, || Ok(DecryptingKey::ecb(self.cipher_key()?)?))?;
        key.expose(|key| key.decrypt(in_out, DecryptionContext::None).map(drop))?;
        Ok(())
    }

    /// Encrypts whole blocks, chained from `iv`.
    ///
    /// # Errors
    /// [`CipherError::DataLength`].
    pub fn cbc_encrypt(self, iv: &Block, in_out: &mut [u8]) -> Result<(), CipherError> {
        whole_blocks(in_out)?;
        let key = made(&self.schedules.cbc_encrypt, || Ok(EncryptingKey::cbc(self.cipher_key()?)?))?;
        let context = EncryptionContext::Iv128(FixedLength::from(*iv));
        key.expose(|key| key.less_safe_encrypt(in_out, context).map(drop))?;
        Ok(())
    }

    /// Decrypts whole blocks, chained from `iv`.
    ///
    /// # Errors
    /// [`CipherError::DataLength`].
    pub fn cbc_decrypt(self, iv: &Block, in_out: &mut [u8]) -> Result<(), CipherError> {
        whole_blocks(in_out)?;
        let key = made(&self.schedules.cbc_decrypt, || Ok(DecryptingKey::cbc(self.cipher_key()?)?))?;
        let context = DecryptionContext::Iv128(FixedLength::from(*iv));
        key.expose(|key| key.decrypt(in_out, context).map(drop))?;
        Ok(())
    }

    /// Encrypts or decrypts with a key stream that counts up from `first`. The lowest `counter_bits` bits count; a
    /// message that would make them begin again is refused, because its key stream would repeat.
    ///
    /// # Errors
    /// [`CipherError::CounterExhausted`].
    pub fn ctr(self, first: &Block, counter_bits: u32, in_out: &mut [u8]) -> Result<(), CipherError> {
        let blocks = u128::try_from(in_out.len().div_ceil(BLOCK_BYTES)).unwrap_or(u128::MAX);
        if counter_bits < 128 {
            let room = 1u128 << counter_bits;
            let counter = u128::from_be_bytes(*first) & (room - 1);
            if room - counter < blocks {
                return Err(CipherError::CounterExhausted);
            }
        }
        self.key_stream(first, in_out)
    }

    /// As [`Aes::ctr`], where the caller knows that the counter does not repeat.
    pub(super) fn key_stream(self, first: &Block, in_out: &mut [u8]) -> Result<(), CipherError> {
        let key = made(&self.schedules.ctr, || Ok(EncryptingKey::ctr(self.cipher_key()?)?))?;
        let context = EncryptionContext::Iv128(FixedLength::from(*first));
        key.expose(|key| key.less_safe_encrypt(in_out, context).map(drop))?;
        Ok(())
    }

    /// The schedule for GCM.
    pub(super) fn aead(self) -> Result<&'k SecretBox<LessSafeKey>, CipherError> {
        made(&self.schedules.gcm, || {
            let algorithm = match self.bytes.len() {
                16 => &AES_128_GCM,
                24 => &AES_192_GCM,
                _ => &AES_256_GCM,
            };
            Ok(LessSafeKey::new(UnboundKey::new(algorithm, self.bytes)?))
        })
    }

    fn cipher_key(self) -> Result<UnboundCipherKey, CipherError> {
        cipher_key(self.bytes)
    }
}

/// The key as the library takes it.
pub(super) fn cipher_key(bytes: &[u8]) -> Result<UnboundCipherKey, CipherError> {
    let algorithm = match bytes.len() {
        16 => &AES_128,
        24 => &AES_192,
        32 => &AES_256,
        _ => return Err(CipherError::KeyLength),
    };
    Ok(UnboundCipherKey::new(algorithm, bytes)?)
}

fn whole_blocks(data: &[u8]) -> Result<(), CipherError> {
    if data.len().is_multiple_of(BLOCK_BYTES) { Ok(()) } else { Err(CipherError::DataLength) }
}

/// The schedule in the cell, made now if it is the first time.
fn made<T>(
    cell: &OnceCell<SecretBox<T>>,
    make: impl FnOnce() -> Result<T, CipherError>,
) -> Result<&SecretBox<T>, CipherError> {
    if let Some(there) = cell.get() {
        return Ok(there);
    }
    let fresh = SecretBox::init_with(make)?;
    Ok(cell.get_or_init(|| fresh))
}
