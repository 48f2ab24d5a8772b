//! RSA with every hash, mask generator and salt length, which the safe binding of aws-lc does not offer.
//!
//! Separate because it calls the C library itself. All padding and all arithmetic are aws-lc's, constant in time where
//! a private key is used; what stands here is only the way there.
//! Trusts: aws-lc. Does not trust: a key, a ciphertext, a signature.
//! Rules: RFC 8017 (PKCS #1 v2.2). Which lengths and paddings are allowed for what is the caller's policy; what is below
//! 1024 bits is no key to anybody.

use aws_lc_sys as lc;
use core::ffi::c_int;
use core::marker::PhantomData;
use core::ptr::{NonNull, null_mut};

mod encrypt;
mod make;
mod sign;
#[cfg(test)]
mod tests;

pub use crate::hash::Hash;
pub use encrypt::Encryption;
pub use make::generate;
pub use sign::Signing;

/// Bits of the shortest modulus.
pub const MODULUS_BITS_MIN: u32 = 1024;
/// Bits of the longest modulus: longer ones only cost time.
pub const MODULUS_BITS_MAX: u32 = 4096;

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RsaError {
    /// It is no RSA key, its numbers do not fit each other, or its modulus is too short or too long.
    #[error("the RSA key is not usable")]
    BadKey,
    /// The data is too long for the key, or has not the length of the hash.
    #[error("the data does not fit the RSA key or the hash")]
    BadLength,
    /// Wrong key, wrong parameters or changed data: alike on purpose.
    #[error("the RSA operation did not work out")]
    Refused,
}

/// A key of the library, freed on drop; the library wipes what it frees.
struct Key(NonNull<lc::EVP_PKEY>);

impl Key {
    /// Takes over `rsa`.
    fn own(rsa: *mut lc::RSA) -> Result<Self, RsaError> {
        let Some(rsa) = NonNull::new(rsa) else { return Err(failed(RsaError::BadKey)) };
        // SAFETY: takes nothing; gives a new key or null.
        let Some(key) = NonNull::new(unsafe { lc::EVP_PKEY_new() }) else {
            // SAFETY: `rsa` is ours, made by the caller just now, and nobody else has it.
            unsafe { lc::RSA_free(rsa.as_ptr()) };
            return Err(failed(RsaError::BadKey));
        };
        let key = Self(key);
        // SAFETY: both are live and ours; when it succeeds, `key` owns `rsa`.
        if unsafe { lc::EVP_PKEY_assign_RSA(key.0.as_ptr(), rsa.as_ptr()) } != 1 {
            // SAFETY: it failed, so `rsa` is still ours alone.
            unsafe { lc::RSA_free(rsa.as_ptr()) };
            return Err(failed(RsaError::BadKey));
        }
        // SAFETY: `key` is live; only reads it.
        let bits = unsafe { lc::EVP_PKEY_bits(key.0.as_ptr()) };
        match u32::try_from(bits) {
            Ok(MODULUS_BITS_MIN..=MODULUS_BITS_MAX) => Ok(key),
            _ => Err(RsaError::BadKey),
        }
    }

    /// Bytes of the modulus, and so of every signature and ciphertext.
    fn bytes(&self) -> usize {
        // SAFETY: `self` is live; only reads it.
        let bytes = unsafe { lc::EVP_PKEY_size(self.0.as_ptr()) };
        usize::try_from(bytes).unwrap_or(0)
    }

    fn context(&self) -> Result<Context<'_>, RsaError> {
        // SAFETY: `self` is live and outlives the context, by its lifetime; no engine is given.
        let context = unsafe { lc::EVP_PKEY_CTX_new(self.0.as_ptr(), null_mut()) };
        NonNull::new(context).map(|context| Context(context, PhantomData)).ok_or(RsaError::Refused)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: `self` is live, and is not used after this.
        unsafe { lc::EVP_PKEY_free(self.0.as_ptr()) };
    }
}

/// One operation under way.
struct Context<'k>(NonNull<lc::EVP_PKEY_CTX>, PhantomData<&'k Key>);

impl Drop for Context<'_> {
    fn drop(&mut self) {
        // SAFETY: `self` is live, and is not used after this.
        unsafe { lc::EVP_PKEY_CTX_free(self.0.as_ptr()) };
    }
}

/// A private key.
pub struct PrivateKey(Key);

impl PrivateKey {
    /// Reads the key from PKCS #1 (`RSAPrivateKey`), whose numbers are checked against each other.
    ///
    /// # Errors
    /// [`RsaError::BadKey`].
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, RsaError> {
        // SAFETY: reads `der.len()` bytes at `der`, which is a live slice of that length; gives a new key or null.
        Key::own(unsafe { lc::RSA_private_key_from_bytes(der.as_ptr(), der.len()) }).map(Self)
    }

    /// Bytes of the modulus.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

/// A public key.
pub struct PublicKey(Key);

impl PublicKey {
    /// Reads the key from PKCS #1 (`RSAPublicKey`).
    ///
    /// # Errors
    /// [`RsaError::BadKey`].
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, RsaError> {
        // SAFETY: reads `der.len()` bytes at `der`, which is a live slice of that length; gives a new key or null.
        Key::own(unsafe { lc::RSA_public_key_from_bytes(der.as_ptr(), der.len()) }).map(Self)
    }

    /// Bytes of the modulus.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

fn done(result: c_int) -> Result<(), RsaError> {
    if result == 1 { Ok(()) } else { Err(failed(RsaError::Refused)) }
}

/// Empties the library's list of what went wrong, which nobody reads.
fn failed(error: RsaError) -> RsaError {
    // SAFETY: takes nothing; clears a list of this thread.
    unsafe { lc::ERR_clear_error() };
    error
}
