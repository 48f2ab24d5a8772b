//! Triple DES in ECB and CBC over whole blocks, which the safe binding does not offer in this build.
//!
//! Separate because it calls the C library itself. An old cipher: whether it may be used is the caller's policy.
//! Trusts: aws-lc.
//! Rules: SP 800-67 Rev. 2; SP 800-38A.

use aws_lc_sys as lc;
use core::ffi::c_int;
use core::ptr::{NonNull, null, null_mut};

/// Bytes of a block.
pub const BLOCK_BYTES: usize = 8;
/// Bytes of a key: three keys of DES.
pub const KEY_BYTES: usize = 24;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To ciphertext.
    Encrypt,
    /// To plaintext.
    Decrypt,
}

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Des3Error {
    /// The data is not whole blocks.
    #[error("the data is not a whole number of blocks")]
    NotBlocks,
    /// The library refused.
    #[error("the cryptographic library refused")]
    Library,
}

struct Context(NonNull<lc::EVP_CIPHER_CTX>);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: `self` is live and ours, and is not used after this; the library wipes the key in it.
        unsafe { lc::EVP_CIPHER_CTX_free(self.0.as_ptr()) };
    }
}

/// Encrypts or decrypts whole blocks in place: chained from `iv` (CBC), or each by itself (ECB) without one.
///
/// # Errors
/// [`Des3Error`].
pub fn apply(
    way: Way,
    key: &[u8; KEY_BYTES],
    iv: Option<&[u8; BLOCK_BYTES]>,
    in_out: &mut [u8],
) -> Result<(), Des3Error> {
    if !in_out.len().is_multiple_of(BLOCK_BYTES) {
        return Err(Des3Error::NotBlocks);
    }
    if in_out.is_empty() {
        return Ok(());
    }
    // SAFETY: takes nothing; gives a new context or null.
    let context = NonNull::new(unsafe { lc::EVP_CIPHER_CTX_new() }).map(Context).ok_or(Des3Error::Library)?;
    let cipher = if iv.is_some() {
        // SAFETY: takes nothing; gives a pointer to a constant of the library.
        unsafe { lc::EVP_des_ede3_cbc() }
    } else {
        // SAFETY: as above.
        unsafe { lc::EVP_des_ede3_ecb() }
    };
    let iv = iv.map_or(null(), |iv| iv.as_ptr());
    let encrypts = c_int::from(way == Way::Encrypt);
    // SAFETY: the context is live and ours; the cipher is a constant that takes a key of 24 bytes, which `key` has, and an IV
    // of 8 bytes, which `iv` has where the mode has one; no engine is given.
    let begun =
        unsafe { lc::EVP_CipherInit_ex(context.0.as_ptr(), cipher, null_mut(), key.as_ptr(), iv, encrypts) };
    if begun != 1 {
        return Err(Des3Error::Library);
    }
    // SAFETY: the context is live, begun, and without padding of the library's; both modes take input and output that are the
    // same memory, of `in_out.len()` bytes, which are whole blocks.
    let done =
        unsafe { lc::EVP_Cipher(context.0.as_ptr(), in_out.as_mut_ptr(), in_out.as_ptr(), in_out.len()) };
    if done == 1 { Ok(()) } else { Err(Des3Error::Library) }
}

#[cfg(test)]
mod tests {
    use super::{Des3Error, Way, apply};

    #[test]
    fn what_is_encrypted_decrypts_in_both_modes() {
        let key = *b"twenty-four bytes of key";
        for iv in [None, Some(b"eight by")] {
            let mut data = *b"three blocks of eight...";
            apply(Way::Encrypt, &key, iv, &mut data).unwrap();
            assert_ne!(data, *b"three blocks of eight...");
            apply(Way::Decrypt, &key, iv, &mut data).unwrap();
            assert_eq!(data, *b"three blocks of eight...");
        }
    }

    #[test]
    fn a_part_of_a_block_is_refused() {
        let mut data = [0; 9];
        assert_eq!(apply(Way::Encrypt, &[1; 24], None, &mut data), Err(Des3Error::NotBlocks));
    }
}
