//! RSA with every hash, mask generator and salt length, which the safe binding of aws-lc does not offer.
//!
//! Separate because it calls the C library itself. All padding and all arithmetic are aws-lc's, constant in time where
//! a private key is used; what stands here is only the way there.
//! Trusts: aws-lc. Does not trust: a key, a ciphertext, a signature.
//! Rules: RFC 8017 (PKCS #1 v2.2); SP 800-131A Rev. 2, section 6 (no modulus below 2048 bits).

use aws_lc_sys as lc;
use core::ffi::c_int;
use core::marker::PhantomData;
use core::ptr::{NonNull, null_mut};

/// Bits of the shortest modulus.
pub const MODULUS_BITS_MIN: u32 = 2048;
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
    /// Bytes of its digest.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 | Self::Sha3_224 => 28,
            Self::Sha256 | Self::Sha512_256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }

    fn md(self) -> *const lc::EVP_MD {
        let constant: unsafe extern "C" fn() -> *const lc::EVP_MD = match self {
            Self::Sha1 => lc::EVP_sha1,
            Self::Sha224 => lc::EVP_sha224,
            Self::Sha256 => lc::EVP_sha256,
            Self::Sha384 => lc::EVP_sha384,
            Self::Sha512 => lc::EVP_sha512,
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

    /// Bytes of the modulus.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes()
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

fn done(result: c_int) -> Result<(), RsaError> {
    if result == 1 { Ok(()) } else { Err(failed(RsaError::Refused)) }
}

/// Empties the library's list of what went wrong, which nobody reads.
fn failed(error: RsaError) -> RsaError {
    // SAFETY: takes nothing; clears a list of this thread.
    unsafe { lc::ERR_clear_error() };
    error
}

#[cfg(test)]
mod tests {
    use super::{Encryption, Hash, PrivateKey, PublicKey, RsaError, Signing};
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;

    const HASHES: [Hash; 10] = [
        Hash::Sha1,
        Hash::Sha224,
        Hash::Sha256,
        Hash::Sha384,
        Hash::Sha512,
        Hash::Sha512_256,
        Hash::Sha3_224,
        Hash::Sha3_256,
        Hash::Sha3_384,
        Hash::Sha3_512,
    ];

    /// PKCS #8 of an RSA key ends with PKCS #1.
    fn pair() -> (PrivateKey, PublicKey, KeyPair) {
        let made = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&made).unwrap();
        let private = PrivateKey::from_pkcs1(&pkcs8.as_ref()[26..]).unwrap();
        let public = PublicKey::from_pkcs1(made.public_key().as_ref()).unwrap();
        (private, public, made)
    }

    #[test]
    fn what_is_signed_verifies_and_nothing_else_does() {
        let (private, public, _) = pair();
        for hash in HASHES {
            let digest = vec![7; hash.bytes()];
            for how in [
                Signing::Pkcs1(Some(hash)),
                Signing::Pkcs1(None),
                Signing::Pss { hash, mask: hash, salt_bytes: None },
                Signing::Pss { hash, mask: Hash::Sha256, salt_bytes: Some(20) },
            ] {
                let signature = private.sign(how, &digest).unwrap();
                assert_eq!(public.verify(how, &digest, &signature), Ok(()), "{how:?}");
                let other = vec![8; hash.bytes()];
                assert_eq!(public.verify(how, &other, &signature), Err(RsaError::Refused));
                let mut changed = signature.clone();
                changed[9] ^= 1;
                assert_eq!(public.verify(how, &digest, &changed), Err(RsaError::Refused));
                assert_eq!(public.verify(how, &digest, &signature[1..]), Err(RsaError::Refused));
            }
            let pss = Signing::Pss { hash, mask: hash, salt_bytes: None };
            assert_eq!(private.sign(pss, &digest[1..]), Err(RsaError::BadLength));
        }
    }

    #[test]
    fn the_safe_binding_agrees() {
        let (private, _, made) = pair();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"data");
        let how = Signing::Pss { hash: Hash::Sha256, mask: Hash::Sha256, salt_bytes: Some(32) };
        let signature = private.sign(how, digest.as_ref()).unwrap();
        let public = aws_lc_rs::signature::UnparsedPublicKey::new(
            &aws_lc_rs::signature::RSA_PSS_2048_8192_SHA256,
            made.public_key().as_ref(),
        );
        public.verify(b"data", &signature).unwrap();
    }

    #[test]
    fn what_is_encrypted_decrypts_under_the_same_hashes_and_label_alone() {
        let (private, public, _) = pair();
        for (hash, mask) in
            [(Hash::Sha1, Hash::Sha1), (Hash::Sha384, Hash::Sha256), (Hash::Sha256, Hash::Sha512)]
        {
            let how = Encryption::Oaep { hash, mask, label: b"label" };
            let cipher = public.encrypt(how, b"secret").unwrap();
            let mut out = vec![0; private.bytes()];
            assert_eq!(private.decrypt(how, &cipher, &mut out), Ok(6));
            assert_eq!(&out[..6], b"secret");
            for other in [
                Encryption::Oaep { hash, mask, label: b"" },
                Encryption::Oaep { hash: Hash::Sha512, mask, label: b"label" },
                Encryption::Pkcs1,
            ] {
                assert_eq!(private.decrypt(other, &cipher, &mut out), Err(RsaError::Refused));
            }
            assert_eq!(private.decrypt(how, &cipher[1..], &mut out), Err(RsaError::Refused));
            assert_eq!(private.decrypt(how, &cipher, &mut out[1..]), Err(RsaError::BadLength));
            assert_eq!(public.encrypt(how, &[0; 256]), Err(RsaError::BadLength));
        }
    }

    #[test]
    fn what_is_no_key_or_a_short_one_is_refused() {
        assert_eq!(PrivateKey::from_pkcs1(b"").err(), Some(RsaError::BadKey));
        assert_eq!(PublicKey::from_pkcs1(&[0x30, 0]).err(), Some(RsaError::BadKey));
        // A modulus of 512 bits.
        let mut short = vec![0x30, 0x48, 0x02, 0x41, 0x00];
        short.extend_from_slice(&[0xff; 64]);
        short.extend_from_slice(&[0x02, 0x03, 0x01, 0x00, 0x01]);
        assert_eq!(PublicKey::from_pkcs1(&short).err(), Some(RsaError::BadKey));
    }
}
