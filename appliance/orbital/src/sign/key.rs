//! A signer's private key: made, kept in a file that only its owner reads, and used to sign.
//!
//! Separate so that the key is touched in one file. It has no `Debug` and no `Clone`, and is wiped on drop.
//! Rules: PKCS#8 (RFC 5958) in PEM (RFC 7468) or DER; ECDSA with deterministic nonces (RFC 6979).

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use p256::elliptic_curve::Generate;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// A private key in PKCS#8 has some 250 bytes in PEM.
const KEY_FILE_BYTES_MAX: u64 = 4096;

/// Why a key could not be made, kept or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Others could read it.
    #[error("{path} is open to others (mode {mode:04o}): chmod 600 it, and think about who may have read it")]
    Permissions {
        /// Which file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a key of this kind.
    #[error("{path} holds no P-256 private key in PKCS#8 (PEM or DER)")]
    NotAKey {
        /// Which file.
        path: String,
    },
    /// The file system said no.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What it said.
        source: io::Error,
    },
    /// No random bytes.
    #[error("the operating system gave no random bytes")]
    NoEntropy,
}

/// A signer's private key.
pub struct BundleKey(SigningKey);

impl BundleKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`KeyError::NoEntropy`].
    pub fn generate() -> Result<Self, KeyError> {
        SigningKey::try_generate().map(Self).map_err(|_| KeyError::NoEntropy)
    }

    /// Reads a key from a file that is its owner's alone (no permission bit for group and others).
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let shown = || path.display().to_string();
        let failed = |source| KeyError::File { path: shown(), source };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let mode = metadata.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Permissions { path: shown(), mode });
        }
        if !metadata.is_file() || metadata.len() > KEY_FILE_BYTES_MAX {
            return Err(KeyError::NotAKey { path: shown() });
        }
        // Room for all of it at once: a buffer that grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        file.take(KEY_FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
        let key = match core::str::from_utf8(&bytes) {
            Ok(pem) => SigningKey::from_pkcs8_pem(pem),
            Err(_) => SigningKey::from_pkcs8_der(&bytes),
        };
        key.map(Self).map_err(|_| KeyError::NotAKey { path: shown() })
    }

    /// Writes the key to a new file (mode 0600, PKCS#8 in PEM). Never overwrites.
    ///
    /// # Errors
    /// [`KeyError::File`], for instance when there is such a file already.
    pub fn write_new(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |source| KeyError::File { path: path.display().to_string(), source };
        let pem = self
            .0
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|_| failed(io::Error::other("the key could not be encoded")))?;
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// The public key as boxes pin it: the uncompressed SEC1 point, 65 bytes.
    #[must_use]
    pub fn public_point(&self) -> Vec<u8> {
        self.0.verifying_key().to_sec1_point(false).as_bytes().to_vec()
    }

    /// The public key in PEM (SubjectPublicKeyInfo), for other tools.
    ///
    /// # Errors
    /// [`KeyError::NotAKey`], which a key that was made or read here does not give.
    pub fn public_pem(&self) -> Result<String, KeyError> {
        self.0
            .verifying_key()
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| KeyError::NotAKey { path: "public key".to_owned() })
    }

    #[cfg(test)]
    pub(crate) fn sign_for_tests(&self, message: &[u8]) -> Vec<u8> {
        self.sign(message)
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.to_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_reads_back_from_its_file_which_only_its_owner_may_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alice.pem");
        let key = BundleKey::generate().unwrap();
        key.write_new(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(BundleKey::read(&path).unwrap().public_point(), key.public_point());
        assert!(matches!(key.write_new(&path), Err(KeyError::File { .. })), "an existing key stays");
    }

    #[test]
    fn a_key_in_der_is_read_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alice.der");
        let key = BundleKey::generate().unwrap();
        let der = key.0.to_pkcs8_der().unwrap();
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .unwrap()
            .write_all(der.as_bytes())
            .unwrap();
        assert_eq!(BundleKey::read(&path).unwrap().public_point(), key.public_point());
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alice.pem");
        BundleKey::generate().unwrap().write_new(&path).unwrap();
        for mode in [0o640, 0o604, 0o620] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(BundleKey::read(&path), Err(KeyError::Permissions { .. })), "{mode:o}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("note");
        for content in [b"hello".to_vec(), vec![0xff; 100], vec![b'a'; 5000]] {
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(BundleKey::read(&path), Err(KeyError::NotAKey { .. })));
        }
        assert!(matches!(BundleKey::read(&dir.path().join("none")), Err(KeyError::File { .. })));
    }
}
