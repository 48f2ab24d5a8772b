//! Known-answer tests of every algorithm, run before `core` serves. One that fails stops it.
//!
//! Rules: FIPS 140-3, section 7.10 (pre-operational and conditional self-tests).

use super::aes::{Aes, Schedules};
use super::random::Random;
use super::vectors::{
    BLOCKS, BLOCKS_PLAIN, CBC_IV, CTR_FIRST, GCM, GCM_AAD, GCM_PLAIN, HMAC_SHA_256, SHA_256_ABC,
};
use super::{CipherError, gcm};

/// An algorithm does not give its known answer: nothing may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the self-test of {algorithm} failed")]
pub struct SelfTestFailure {
    /// Which.
    pub algorithm: &'static str,
}

/// Runs them all; some hundred microseconds. Needs the arena.
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

const TESTS: [(&str, Test); 7] = [
    ("SHA-256", sha_256),
    ("HMAC-SHA-256", hmac_sha_256),
    ("AES-ECB", aes_ecb),
    ("AES-CBC", aes_cbc),
    ("AES-CTR", aes_ctr),
    ("AES-GCM", aes_gcm),
    ("DRBG", drbg),
];

fn sha_256() -> Result<bool, CipherError> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"abc");
    Ok(digest.as_ref() == SHA_256_ABC)
}

fn hmac_sha_256() -> Result<bool, CipherError> {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[0x0b; 20]);
    Ok(aws_lc_rs::hmac::sign(&key, b"Hi There").as_ref() == HMAC_SHA_256)
}

fn aes_ecb() -> Result<bool, CipherError> {
    for case in &BLOCKS {
        let schedules = Schedules::default();
        let key = Aes::new(case.key, &schedules)?;
        let mut data = BLOCKS_PLAIN;
        key.ecb_encrypt(&mut data)?;
        let encrypted = data == case.ecb;
        key.ecb_decrypt(&mut data)?;
        if !encrypted || data != BLOCKS_PLAIN {
            return Ok(false);
        }
    }
    Ok(true)
}

fn aes_cbc() -> Result<bool, CipherError> {
    for case in &BLOCKS {
        let schedules = Schedules::default();
        let key = Aes::new(case.key, &schedules)?;
        let mut data = BLOCKS_PLAIN;
        key.cbc_encrypt(&CBC_IV, &mut data)?;
        let encrypted = data == case.cbc;
        key.cbc_decrypt(&CBC_IV, &mut data)?;
        if !encrypted || data != BLOCKS_PLAIN {
            return Ok(false);
        }
    }
    Ok(true)
}

fn aes_ctr() -> Result<bool, CipherError> {
    for case in &BLOCKS {
        let schedules = Schedules::default();
        let key = Aes::new(case.key, &schedules)?;
        let mut data = BLOCKS_PLAIN;
        key.ctr(&CTR_FIRST, 128, &mut data)?;
        let encrypted = data == case.ctr;
        key.ctr(&CTR_FIRST, 128, &mut data)?;
        if !encrypted || data != BLOCKS_PLAIN {
            return Ok(false);
        }
    }
    Ok(true)
}

fn aes_gcm() -> Result<bool, CipherError> {
    for case in &GCM {
        let schedules = Schedules::default();
        let key = Aes::new(case.key, &schedules)?;
        let mut data = GCM_PLAIN;
        let tag = gcm::seal(key, case.nonce, &GCM_AAD, &mut data)?;
        if data != case.cipher || tag != case.tag {
            return Ok(false);
        }
        // A changed tag must be refused, whole or cut; the right one accepted.
        for length in [16, 12] {
            let changed = tag.map(|byte| byte ^ 1);
            let mut refused = case.cipher;
            let changed = changed.get(..length).unwrap_or_default();
            if gcm::open(key, case.nonce, &GCM_AAD, &mut refused, changed) != Err(CipherError::NotAuthentic) {
                return Ok(false);
            }
            let mut opened = case.cipher;
            let right = tag.get(..length).unwrap_or_default();
            gcm::open(key, case.nonce, &GCM_AAD, &mut opened, right)?;
            if opened != GCM_PLAIN {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn drbg() -> Result<bool, CipherError> {
    let mut random = Random::new()?;
    let (mut one, mut other) = ([0; 32], [0; 32]);
    random.fill(&mut one)?;
    random.fill(&mut other)?;
    Ok(one != other && one != [0; 32] && other != [0; 32])
}
