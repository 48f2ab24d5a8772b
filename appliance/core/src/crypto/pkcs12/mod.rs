//! PKCS #12: a private key and its certificates in one container, under a password.
//!
//! Made with PBES2 (PBKDF2 with HMAC-SHA-256, AES-256-CBC) and a MAC of HMAC-SHA-256; the certificates, which are public, stand
//! in clear under the MAC. Read with every hash of SHA-1 and SHA-2 and AES of every length; not with the ciphers of 1999.
//! Does not trust: any byte. The MAC is checked before anything is decrypted, and iterations are bounded before any.
//! Rules: RFC 7292; RFC 8018 (PBES2); RFC 9579 is not used.

mod derive;
mod make;
mod read;
#[cfg(test)]
mod tests;

pub use make::{Chance, make};
pub use read::read;

use crate::crypto::der::Room;

/// What a container holds.
pub struct Contents {
    /// The private key, PKCS #8.
    pub key: Room,
    /// What the key is called in it.
    pub name: Option<String>,
    /// Certificates, the key's own first if the container says which that is.
    pub certificates: Vec<Vec<u8>>,
}

/// Why a container gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// It is not one, or none of this kind.
    #[error("the container is not sound PKCS #12")]
    Malformed,
    /// It is protected in a way that is not read here, or would take too long.
    #[error("the container's protection is not supported")]
    Unsupported,
    /// Wrong password, or changed bytes: alike.
    #[error("the container did not open with this password")]
    BadPassword,
    /// There is no private key in it, or none of this name.
    #[error("the container holds no such private key")]
    NoKey,
}

impl From<super::der::Malformed> for ContainerError {
    fn from(_: super::der::Malformed) -> Self {
        Self::Malformed
    }
}

/// data.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// encryptedData.
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// The beginning of a bag's identifier: 1.2.840.113549.1.12.10.1.
const BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
/// keyBag.
const KEY_BAG: u8 = 1;
/// pkcs8ShroudedKeyBag.
const SHROUDED_KEY_BAG: u8 = 2;
/// certBag.
const CERTIFICATE_BAG: u8 = 3;
/// x509Certificate.
const X509_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
/// friendlyName.
const FRIENDLY_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x14];
/// localKeyID.
const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];
/// id-PBES2.
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
/// id-PBKDF2.
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// The beginning of an HMAC's identifier: 1.2.840.113549.2.
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
/// The last number of hmacWithSHA256.
const HMAC_SHA_256: u8 = 9;
/// The beginning of AES's identifiers: 2.16.840.1.101.3.4.1.
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];
/// The last number of aes256-CBC.
const AES_256_CBC: u8 = 42;
/// The beginning of SHA-2's identifiers: 2.16.840.1.101.3.4.2.
const SHA_2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
/// sha1.
const SHA_1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
/// SET.
const SET: u8 = 0x31;
/// BMPString.
const BMP_STRING: u8 = 0x1e;
