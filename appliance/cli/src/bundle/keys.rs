//! `NAME=KEY` on the command line: a signer's name, and a file or a public key.

use crate::Failure;
use holdfast_ports::settings::Signer;
use p256::PublicKey;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::DecodePublicKey;
use std::path::{Path, PathBuf};

/// A name, and what was given for it.
#[derive(Debug, Clone)]
pub(crate) struct NamedKey {
    pub(crate) name: String,
    key: String,
}

impl NamedKey {
    /// Splits `NAME=KEY`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, key)) if !name.is_empty() && !key.is_empty() => {
                Ok(Self { name: name.to_owned(), key: key.to_owned() })
            }
            _ => Err("write NAME=KEY, for instance alice=alice.pem".to_owned()),
        }
    }

    /// It names a file.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(&self.key)
    }

    /// The public key as a pin: hexadecimal digits, or a PEM file.
    pub(crate) fn pin(&self) -> Result<Signer, Failure> {
        let key = match from_hex(&self.key).and_then(|point| PublicKey::from_sec1_bytes(&point).ok()) {
            Some(key) => key,
            None => public_key_of(&self.path())?,
        };
        Ok(Signer { kid: self.name.clone(), public_key: key.to_sec1_point(false).as_bytes().to_vec() })
    }

    pub(crate) fn public_key_hex(&self) -> Result<String, Failure> {
        Ok(to_hex(&self.pin()?.public_key))
    }
}

fn public_key_of(path: &Path) -> Result<PublicKey, Failure> {
    let bytes = super::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    PublicKey::from_public_key_pem(&text).map_err(|_| {
        Failure::Unable(format!(
            "{} is not a P-256 public key in PEM (BEGIN PUBLIC KEY); `holdfast bundle keygen` writes one beside \
             the private key",
            path.display()
        ))
    })
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    pairs.iter().map(|pair| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
