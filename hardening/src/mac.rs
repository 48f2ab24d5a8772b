//! HMAC and PBKDF2 with every hash of [`crate::hash`].
//!
//! Separate because the safe binding has neither with SHA-3, SHA-224 (PBKDF2) or the cut forms of SHA-512.
//! Trusts: aws-lc.
//! Rules: FIPS 198-1; RFC 8018, section 5.2.

use crate::hash::{Hash, LibraryError, OUTPUT_BYTES_MAX, Output};
use aws_lc_sys as lc;
use core::num::NonZeroU32;
use core::ptr::{NonNull, null_mut};

/// A MAC under way.
pub struct Hmac {
    context: NonNull<lc::HMAC_CTX>,
    hash: Hash,
}

impl Hmac {
    /// Nothing has come yet.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn new(hash: Hash, key: &[u8]) -> Result<Self, LibraryError> {
        // SAFETY: takes nothing; gives a new context or null.
        let context = NonNull::new(unsafe { lc::HMAC_CTX_new() }).ok_or(LibraryError)?;
        let mac = Self { context, hash };
        // SAFETY: the context is live and ours; reads `key.len()` bytes at `key`, which is a live slice of that length and
        // so never null; the hash is a constant of the library; no engine is given.
        let begun = unsafe {
            lc::HMAC_Init_ex(mac.context.as_ptr(), key.as_ptr().cast(), key.len(), hash.md(), null_mut())
        };
        if begun == 1 { Ok(mac) } else { Err(LibraryError) }
    }

    /// Takes more data.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn update(&mut self, data: &[u8]) -> Result<(), LibraryError> {
        // SAFETY: the context is live and begun; reads `data.len()` bytes at `data`, which is a live slice of that length.
        let taken = unsafe { lc::HMAC_Update(self.context.as_ptr(), data.as_ptr(), data.len()) };
        if taken == 1 { Ok(()) } else { Err(LibraryError) }
    }

    /// The MAC of all that came.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn finish(self) -> Result<Output, LibraryError> {
        let mut bytes = [0; OUTPUT_BYTES_MAX];
        let mut length = 0;
        // SAFETY: the context is live and begun; writes the MAC, at most 64 bytes, to `bytes`, which has them, and the count
        // to `length`.
        let done = unsafe { lc::HMAC_Final(self.context.as_ptr(), bytes.as_mut_ptr(), &raw mut length) };
        let length = usize::try_from(length).map_err(|_| LibraryError)?;
        if done == 1 && length == self.hash.bytes() {
            Ok(Output { bytes, length })
        } else {
            Err(LibraryError)
        }
    }
}

impl Drop for Hmac {
    fn drop(&mut self) {
        // SAFETY: the context is live and ours, and is not used after this; the library wipes it.
        unsafe { lc::HMAC_CTX_free(self.context.as_ptr()) };
    }
}

/// The MAC of parts that are all there.
///
/// # Errors
/// [`LibraryError`].
pub fn hmac(hash: Hash, key: &[u8], parts: &[&[u8]]) -> Result<Output, LibraryError> {
    let mut mac = Hmac::new(hash, key)?;
    for part in parts {
        mac.update(part)?;
    }
    mac.finish()
}

/// Derives `out` from a password; as slow as `iterations` says.
///
/// # Errors
/// [`LibraryError`].
pub fn pbkdf2(
    hash: Hash,
    password: &[u8],
    salt: &[u8],
    iterations: NonZeroU32,
    out: &mut [u8],
) -> Result<(), LibraryError> {
    // SAFETY: reads `password.len()` bytes at `password` and `salt.len()` at `salt`, and writes `out.len()` bytes to `out`:
    // three live slices of those lengths; the hash is a constant of the library.
    let done = unsafe {
        lc::PKCS5_PBKDF2_HMAC(
            password.as_ptr().cast(),
            password.len(),
            salt.as_ptr(),
            salt.len(),
            iterations.get(),
            hash.md(),
            out.len(),
            out.as_mut_ptr(),
        )
    };
    if done == 1 { Ok(()) } else { Err(LibraryError) }
}

#[cfg(test)]
mod tests {
    use super::{Hmac, hmac, pbkdf2};
    use crate::hash::Hash;
    use core::num::NonZeroU32;

    #[test]
    fn the_safe_binding_agrees_where_it_has_the_hash() {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA224, b"key");
        let theirs = aws_lc_rs::hmac::sign(&key, b"data");
        assert_eq!(hmac(Hash::Sha224, b"key", &[b"da", b"ta"]).unwrap().as_ref(), theirs.as_ref());
        let (mut ours, mut theirs) = ([0; 50], [0; 50]);
        let rounds = NonZeroU32::new(3).unwrap();
        pbkdf2(Hash::Sha384, b"password", b"salt", rounds, &mut ours).unwrap();
        aws_lc_rs::pbkdf2::derive(
            aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA384,
            rounds,
            b"salt",
            b"password",
            &mut theirs,
        );
        assert_eq!(ours, theirs);
    }

    #[test]
    fn every_hash_makes_a_mac_with_every_key_even_none() {
        for hash in Hash::ALL {
            for key in [&[][..], &[1; 16], &[2; 300]] {
                let mac = Hmac::new(hash, key).unwrap().finish().unwrap();
                assert_eq!(mac.as_ref().len(), hash.bytes());
            }
        }
    }
}
