//! Signatures: PKCS #1 v1.5 and PSS.

use super::{Context, Hash, PrivateKey, PublicKey, RsaError, done};
use aws_lc_sys as lc;

/// How a digest becomes a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// PKCS #1 v1.5; without a hash the digest is padded as it is, without saying which it is.
    Pkcs1(Option<Hash>),
    /// PSS with MGF1.
    Pss {
        /// Of the data.
        hash: Hash,
        /// Of the mask generator.
        mask: Hash,
        /// Bytes of salt. None: the most there is room for when signing, whatever it was when verifying.
        salt_bytes: Option<u16>,
    },
}

impl Context<'_> {
    fn sign_with(&mut self, how: Signing) -> Result<(), RsaError> {
        let context = self.0.as_ptr();
        match how {
            Signing::Pkcs1(hash) => {
                // SAFETY: `context` is live and was begun for signing or verifying by the caller.
                done(unsafe { lc::EVP_PKEY_CTX_set_rsa_padding(context, lc::RSA_PKCS1_PADDING) })?;
                if let Some(hash) = hash {
                    // SAFETY: as above; the hash is a constant of the library.
                    done(unsafe { lc::EVP_PKEY_CTX_set_signature_md(context, hash.md()) })?;
                }
            }
            Signing::Pss { hash, mask, salt_bytes } => {
                let salt = salt_bytes.map_or(lc::RSA_PSS_SALTLEN_AUTO, i32::from);
                // SAFETY: `context` is live and was begun for signing or verifying by the caller.
                done(unsafe { lc::EVP_PKEY_CTX_set_rsa_padding(context, lc::RSA_PKCS1_PSS_PADDING) })?;
                // SAFETY: as above; the hash is a constant of the library.
                done(unsafe { lc::EVP_PKEY_CTX_set_signature_md(context, hash.md()) })?;
                // SAFETY: as above; the padding is PSS.
                done(unsafe { lc::EVP_PKEY_CTX_set_rsa_mgf1_md(context, mask.md()) })?;
                // SAFETY: as above; a number.
                done(unsafe { lc::EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt) })?;
            }
        }
        Ok(())
    }
}

impl PrivateKey {
    /// Signs a digest.
    ///
    /// # Errors
    /// [`RsaError::BadLength`], [`RsaError::Refused`].
    pub fn sign(&self, how: Signing, digest: &[u8]) -> Result<Vec<u8>, RsaError> {
        fits(how, digest)?;
        let mut context = self.0.context()?;
        // SAFETY: the context is live.
        done(unsafe { lc::EVP_PKEY_sign_init(context.0.as_ptr()) })?;
        context.sign_with(how)?;
        let mut signature = vec![0; self.0.bytes()];
        let mut length = signature.len();
        // SAFETY: writes at most `length` bytes to `signature`, which has them, and the count to `length`; reads
        // `digest.len()` bytes at `digest`, a live slice. The context was begun for signing.
        done(unsafe {
            lc::EVP_PKEY_sign(
                context.0.as_ptr(),
                signature.as_mut_ptr(),
                &raw mut length,
                digest.as_ptr(),
                digest.len(),
            )
        })?;
        signature.truncate(length);
        Ok(signature)
    }
}

impl PublicKey {
    /// Is this a signature of this digest?
    ///
    /// # Errors
    /// [`RsaError::BadLength`] for a digest that the hash cannot have given; otherwise [`RsaError::Refused`] for no.
    pub fn verify(&self, how: Signing, digest: &[u8], signature: &[u8]) -> Result<(), RsaError> {
        fits(how, digest)?;
        let mut context = self.0.context()?;
        // SAFETY: the context is live.
        done(unsafe { lc::EVP_PKEY_verify_init(context.0.as_ptr()) })?;
        context.sign_with(how)?;
        // SAFETY: reads `signature.len()` bytes at `signature` and `digest.len()` at `digest`, both live slices. The
        // context was begun for verifying.
        done(unsafe {
            lc::EVP_PKEY_verify(
                context.0.as_ptr(),
                signature.as_ptr(),
                signature.len(),
                digest.as_ptr(),
                digest.len(),
            )
        })
    }
}

fn fits(how: Signing, digest: &[u8]) -> Result<(), RsaError> {
    match how {
        Signing::Pkcs1(None) => Ok(()),
        Signing::Pkcs1(Some(hash)) | Signing::Pss { hash, .. } => {
            if digest.len() == hash.bytes() {
                Ok(())
            } else {
                Err(RsaError::BadLength)
            }
        }
    }
}
