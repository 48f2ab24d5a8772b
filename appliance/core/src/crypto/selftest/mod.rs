//! Known-answer tests of every algorithm, run before `core` serves. One that fails stops it.
//!
//! Rules: FIPS 140-3, section 7.10 (pre-operational and conditional self-tests).

mod asymmetric;
mod hashes;
mod modes;
mod symmetric;
mod vectors;

use super::CipherError;
use super::random::Random;

/// An algorithm does not give its known answer: nothing may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the self-test of {algorithm} failed")]
pub struct SelfTestFailure {
    /// Which.
    pub algorithm: &'static str,
}

/// Runs them all; some hundredths of a second, most of them for an RSA key that is made and tried. Needs the arena.
///
/// # Errors
/// [`SelfTestFailure`] names the first that failed.
pub fn run() -> Result<(), SelfTestFailure> {
    for (algorithm, test) in TESTS {
        match test() {
            Ok(true) => {}
            Ok(false) | Err(_) => return Err(SelfTestFailure { algorithm }),
        }
    }
    Ok(())
}

type Test = fn() -> Result<bool, CipherError>;

const TESTS: &[(&str, Test)] = &[
    ("hash functions", hashes::digests),
    ("HMAC", hashes::macs),
    ("PBKDF2", hashes::pbkdf2),
    ("HKDF", hashes::hkdf),
    ("AES-ECB", symmetric::aes_ecb),
    ("AES-CBC", symmetric::aes_cbc),
    ("AES-CTR", symmetric::aes_ctr),
    ("AES-GCM", symmetric::aes_gcm),
    ("AES-CFB and AES-OFB", modes::feedback),
    ("AES-CCM", modes::ccm),
    ("AES-XTS", modes::xts),
    ("CMAC", modes::cmac),
    ("AES key wrap", modes::key_wrap),
    ("triple DES", modes::des3),
    ("ChaCha20", modes::chacha20),
    ("ChaCha20-Poly1305", modes::chacha20_poly1305),
    ("RSA", asymmetric::rsa),
    ("ECDSA", asymmetric::ecdsa),
    ("Ed25519", asymmetric::ed25519),
    ("ML-DSA", asymmetric::ml_dsa),
    ("ECDH and X25519", asymmetric::agreement),
    ("DRBG", drbg),
];

fn drbg() -> Result<bool, CipherError> {
    let mut random = Random::new()?;
    let (mut one, mut other) = ([0; 32], [0; 32]);
    random.fill(&mut one)?;
    random.fill(&mut other)?;
    Ok(one != other && one != [0; 32] && other != [0; 32])
}
