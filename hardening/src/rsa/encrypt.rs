//! Encryption: PKCS #1 v1.5 and OAEP.

use super::{Context, Hash, PrivateKey, PublicKey, RsaError, done, failed};
use aws_lc_sys as lc;

/// How a message becomes a ciphertext.
#[derive(Debug, Clone, Copy)]
pub enum Encryption<'l> {
    /// PKCS #1 v1.5. Who may see whether decryption failed can decrypt anything (Bleichenbacher).
    Pkcs1,
    /// OAEP with MGF1.
    Oaep {
        /// Of the label.
        hash: Hash,
        /// Of the mask generator.
        mask: Hash,
        /// The label.
        label: &'l [u8],
    },
}

impl Context<'_> {
    fn encrypt_with(&mut self, how: Encryption<'_>) -> Result<(), RsaError> {
        let context = self.0.as_ptr();
        match how {
            Encryption::Pkcs1 => {
                // SAFETY: `context` is live and was begun for encrypting or decrypting by the caller.
                done(unsafe { lc::EVP_PKEY_CTX_set_rsa_padding(context, lc::RSA_PKCS1_PADDING) })?;
            }
            Encryption::Oaep { hash, mask, label } => {
                // SAFETY: `context` is live and was begun for encrypting or decrypting by the caller.
                done(unsafe { lc::EVP_PKEY_CTX_set_rsa_padding(context, lc::RSA_PKCS1_OAEP_PADDING) })?;
                // SAFETY: as above; the hash is a constant of the library.
                done(unsafe { lc::EVP_PKEY_CTX_set_rsa_oaep_md(context, hash.md()) })?;
                // SAFETY: as above.
                done(unsafe { lc::EVP_PKEY_CTX_set_rsa_mgf1_md(context, mask.md()) })?;
                if label.is_empty() {
                    return Ok(());
                }
                // SAFETY: reads `label.len()` bytes at `label`, which is a live slice of that length.
                let copy = unsafe { lc::OPENSSL_memdup(label.as_ptr().cast(), label.len()) };
                if copy.is_null() {
                    return Err(RsaError::Refused);
                }
                // SAFETY: `copy` has `label.len()` bytes from the library's allocator; on success it is the context's.
                let set = unsafe { lc::EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy.cast(), label.len()) };
                if set != 1 {
                    // SAFETY: it failed, so `copy` is still ours alone.
                    unsafe { lc::OPENSSL_free(copy) };
                    return Err(failed(RsaError::Refused));
                }
            }
        }
        Ok(())
    }
}

impl PrivateKey {
    /// Decrypts into `out`, which must have the modulus's length, and tells how many bytes there are.
    ///
    /// # Errors
    /// [`RsaError::BadLength`] if `out` is too short, [`RsaError::Refused`].
    pub fn decrypt(&self, how: Encryption<'_>, cipher: &[u8], out: &mut [u8]) -> Result<usize, RsaError> {
        if out.len() < self.0.bytes() {
            return Err(RsaError::BadLength);
        }
        if cipher.len() != self.0.bytes() {
            return Err(RsaError::Refused);
        }
        let mut context = self.0.context()?;
        // SAFETY: the context is live.
        done(unsafe { lc::EVP_PKEY_decrypt_init(context.0.as_ptr()) })?;
        context.encrypt_with(how)?;
        let mut length = out.len();
        // SAFETY: writes at most `length` bytes to `out`, which has them, and the count to `length`; reads
        // `cipher.len()` bytes at `cipher`, a live slice. The context was begun for decrypting.
        done(unsafe {
            lc::EVP_PKEY_decrypt(
                context.0.as_ptr(),
                out.as_mut_ptr(),
                &raw mut length,
                cipher.as_ptr(),
                cipher.len(),
            )
        })?;
        Ok(length)
    }
}

impl PublicKey {
    /// Encrypts.
    ///
    /// # Errors
    /// [`RsaError::BadLength`]: too much for this key and padding.
    pub fn encrypt(&self, how: Encryption<'_>, plain: &[u8]) -> Result<Vec<u8>, RsaError> {
        let mut context = self.0.context()?;
        // SAFETY: the context is live.
        done(unsafe { lc::EVP_PKEY_encrypt_init(context.0.as_ptr()) })?;
        context.encrypt_with(how)?;
        let mut cipher = vec![0; self.0.bytes()];
        let mut length = cipher.len();
        // SAFETY: writes at most `length` bytes to `cipher`, which has them, and the count to `length`; reads
        // `plain.len()` bytes at `plain`, a live slice. The context was begun for encrypting.
        let encrypted = done(unsafe {
            lc::EVP_PKEY_encrypt(
                context.0.as_ptr(),
                cipher.as_mut_ptr(),
                &raw mut length,
                plain.as_ptr(),
                plain.len(),
            )
        });
        encrypted.map_err(|_| RsaError::BadLength)?;
        cipher.truncate(length);
        Ok(cipher)
    }
}
