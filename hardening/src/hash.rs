//! Every hash function that KMIP names and the C library has, at once or in parts.
//!
//! Separate because the safe binding lacks SHA3-224 and SHA-512/224, and because one list of hashes serves signatures,
//! encryption, MACs and derivation alike.
//! Trusts: aws-lc.
//! Rules: FIPS 180-4, FIPS 202.

use aws_lc_sys as lc;
use core::ptr::{NonNull, null_mut};

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-512/224.
    Sha512_224,
    /// SHA-512/256.
    Sha512_256,
    /// SHA3-224.
    Sha3_224,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
}

impl Hash {
    /// Every one of them.
    pub const ALL: [Self; 11] = [
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha512_224,
        Self::Sha512_256,
        Self::Sha3_224,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
    ];

    /// Bytes of its digest.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 | Self::Sha512_224 | Self::Sha3_224 => 28,
            Self::Sha256 | Self::Sha512_256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }

    pub(crate) fn md(self) -> *const lc::EVP_MD {
        let constant: unsafe extern "C" fn() -> *const lc::EVP_MD = match self {
            Self::Sha1 => lc::EVP_sha1,
            Self::Sha224 => lc::EVP_sha224,
            Self::Sha256 => lc::EVP_sha256,
            Self::Sha384 => lc::EVP_sha384,
            Self::Sha512 => lc::EVP_sha512,
            Self::Sha512_224 => lc::EVP_sha512_224,
            Self::Sha512_256 => lc::EVP_sha512_256,
            Self::Sha3_224 => lc::EVP_sha3_224,
            Self::Sha3_256 => lc::EVP_sha3_256,
            Self::Sha3_384 => lc::EVP_sha3_384,
            Self::Sha3_512 => lc::EVP_sha3_512,
        };
        // SAFETY: each of them takes nothing and gives a pointer to a constant of the library, which is never freed.
        unsafe { constant() }
    }
}

/// The library has no memory left, or does not have what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library refused")]
pub struct LibraryError;

/// Bytes of the longest digest.
pub(crate) const OUTPUT_BYTES_MAX: usize = 64;

/// A digest, or a MAC made of one.
#[derive(Clone, Copy)]
pub struct Output {
    pub(crate) bytes: [u8; OUTPUT_BYTES_MAX],
    pub(crate) length: usize,
}

impl AsRef<[u8]> for Output {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// A digest under way.
pub struct Digest {
    context: NonNull<lc::EVP_MD_CTX>,
    hash: Hash,
}

impl Digest {
    /// Nothing has come yet.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn new(hash: Hash) -> Result<Self, LibraryError> {
        // SAFETY: takes nothing; gives a new context or null.
        let context = NonNull::new(unsafe { lc::EVP_MD_CTX_new() }).ok_or(LibraryError)?;
        let digest = Self { context, hash };
        // SAFETY: the context is live and ours; the hash is a constant of the library; no engine is given.
        let begun = unsafe { lc::EVP_DigestInit_ex(digest.context.as_ptr(), hash.md(), null_mut()) };
        if begun == 1 { Ok(digest) } else { Err(LibraryError) }
    }

    /// Takes more data.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn update(&mut self, data: &[u8]) -> Result<(), LibraryError> {
        // SAFETY: the context is live and begun; reads `data.len()` bytes at `data`, which is a live slice of that length.
        let taken = unsafe { lc::EVP_DigestUpdate(self.context.as_ptr(), data.as_ptr().cast(), data.len()) };
        if taken == 1 { Ok(()) } else { Err(LibraryError) }
    }

    /// The digest of all that came.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn finish(self) -> Result<Output, LibraryError> {
        let mut bytes = [0; OUTPUT_BYTES_MAX];
        let mut length = 0;
        // SAFETY: the context is live and begun; writes the digest, at most 64 bytes, to `bytes`, which has them, and the
        // count to `length`.
        let done =
            unsafe { lc::EVP_DigestFinal_ex(self.context.as_ptr(), bytes.as_mut_ptr(), &raw mut length) };
        let length = usize::try_from(length).map_err(|_| LibraryError)?;
        if done == 1 && length == self.hash.bytes() {
            Ok(Output { bytes, length })
        } else {
            Err(LibraryError)
        }
    }
}

impl Drop for Digest {
    fn drop(&mut self) {
        // SAFETY: the context is live and ours, and is not used after this; the library wipes it.
        unsafe { lc::EVP_MD_CTX_free(self.context.as_ptr()) };
    }
}

/// The digest of data that is all there.
///
/// # Errors
/// [`LibraryError`].
pub fn digest(hash: Hash, data: &[u8]) -> Result<Output, LibraryError> {
    let mut digest = Digest::new(hash)?;
    digest.update(data)?;
    digest.finish()
}

#[cfg(test)]
mod tests {
    use super::{Digest, Hash, digest};

    #[test]
    fn each_hash_has_its_length_and_parts_give_what_the_whole_does() {
        for hash in Hash::ALL {
            let whole = digest(hash, b"abcdef").unwrap();
            assert_eq!(whole.as_ref().len(), hash.bytes());
            let mut parts = Digest::new(hash).unwrap();
            parts.update(b"abc").unwrap();
            parts.update(b"").unwrap();
            parts.update(b"def").unwrap();
            assert_eq!(parts.finish().unwrap().as_ref(), whole.as_ref());
        }
    }

    #[test]
    fn the_safe_binding_agrees() {
        let ours = digest(Hash::Sha3_256, b"abc").unwrap();
        let theirs = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA3_256, b"abc");
        assert_eq!(ours.as_ref(), theirs.as_ref());
    }
}
