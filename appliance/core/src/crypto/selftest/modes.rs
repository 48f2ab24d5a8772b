//! Of the other ciphers and modes, and of CMAC.

use super::vectors::{
    BLOCKS, BLOCKS_PLAIN, CBC_IV, CCM, CCM_KEY, CHACHA, CHACHA_KEY, CHACHA_NONCE, DES3_CBC, DES3_ECB,
    DES3_IV, DES3_KEY, DES3_PLAIN, KW, KW_KEY, KW_PLAIN, KWP, KWP_KEY, KWP_PLAIN, LADIES, POLY, POLY_AAD,
    POLY_KEY, POLY_NONCE, POLY_TAG, XTS,
};
use crate::crypto::aes::{Aes, Schedules};
use crate::crypto::block::{BlockKey, Cipher};
use crate::crypto::feedback::{Feedback, Mode};
use crate::crypto::mac::{Mac, MacAlgorithm};
use crate::crypto::xts::Xts;
use crate::crypto::{CipherError, key_wrap as wrapping};

pub(super) fn feedback() -> Result<bool, CipherError> {
    for case in &BLOCKS {
        for (mode, cipher) in [(Mode::Cfb, case.cfb), (Mode::Ofb, case.ofb)] {
            let encrypted = Feedback::encrypting(mode, case.key, &CBC_IV)?.update(&BLOCKS_PLAIN)?;
            let decrypted = Feedback::decrypting(mode, case.key, &CBC_IV)?.update(&cipher)?;
            if encrypted != cipher || decrypted != BLOCKS_PLAIN {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

pub(super) fn ccm() -> Result<bool, CipherError> {
    use crate::crypto::ccm::{open, seal};
    for case in &CCM {
        let schedules = Schedules::default();
        let key = Aes::new(&CCM_KEY, &schedules)?;
        let (cipher, tag) = case.cipher.split_at_checked(case.plain.len()).ok_or(CipherError::DataLength)?;
        let mut data = case.plain.to_vec();
        let made = seal(key, case.nonce, case.aad, &mut data, tag.len())?;
        if data != cipher || !made.starts_with(tag) {
            return Ok(false);
        }
        open(key, case.nonce, case.aad, &mut data, tag)?;
        if data != case.plain {
            return Ok(false);
        }
        let changed: Vec<u8> = tag.iter().map(|byte| byte ^ 1).collect();
        let mut refused = cipher.to_vec();
        if open(key, case.nonce, case.aad, &mut refused, &changed) != Err(CipherError::NotAuthentic) {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn xts() -> Result<bool, CipherError> {
    for case in &XTS {
        let key = Xts::new(case.key)?;
        let mut data = case.plain.to_vec();
        key.encrypt(&case.unit, &mut data)?;
        let encrypted = data == case.cipher;
        key.decrypt(&case.unit, &mut data)?;
        if !encrypted || data != case.plain {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn cmac() -> Result<bool, CipherError> {
    for case in &BLOCKS {
        let mut mac = Mac::new(MacAlgorithm::Cmac(Cipher::Aes), case.key)?;
        mac.update(BLOCKS_PLAIN.first_chunk::<16>().ok_or(CipherError::DataLength)?)?;
        if mac.finish()? != case.cmac {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn key_wrap() -> Result<bool, CipherError> {
    let wrapped = wrapping::wrap(false, &KW_KEY, &KW_PLAIN)? == KW
        && wrapping::wrap(true, &KWP_KEY, &KWP_PLAIN)? == KWP;
    let unwrapped = **wrapping::unwrap(false, &KW_KEY, &KW)? == KW_PLAIN
        && **wrapping::unwrap(true, &KWP_KEY, &KWP)? == KWP_PLAIN;
    let refused = wrapping::unwrap(false, &KW_KEY, &KW.map(|byte| byte ^ 1)).is_err();
    Ok(wrapped && unwrapped && refused)
}

pub(super) fn des3() -> Result<bool, CipherError> {
    let schedules = Schedules::default();
    let key = BlockKey::new(Cipher::Des3, &DES3_KEY, &schedules)?;
    let (mut one, mut chained) = (DES3_PLAIN, BLOCKS_PLAIN);
    key.encrypt(None, &mut one)?;
    key.encrypt(Some(&DES3_IV), &mut chained)?;
    let encrypted = one == DES3_ECB && chained == DES3_CBC;
    key.decrypt(None, &mut one)?;
    key.decrypt(Some(&DES3_IV), &mut chained)?;
    Ok(encrypted && one == DES3_PLAIN && chained == BLOCKS_PLAIN)
}

pub(super) fn chacha20() -> Result<bool, CipherError> {
    let mut data = LADIES.to_vec();
    crate::crypto::chacha20::stream(&CHACHA_KEY, &CHACHA_NONCE, 1, 0, &mut data)?;
    Ok(data.starts_with(&CHACHA))
}

pub(super) fn chacha20_poly1305() -> Result<bool, CipherError> {
    use crate::crypto::chacha20::{open, seal};
    let mut data = LADIES.to_vec();
    let tag = seal(&POLY_KEY, &POLY_NONCE, &POLY_AAD, &mut data)?;
    if !data.starts_with(&POLY) || tag != POLY_TAG {
        return Ok(false);
    }
    let mut refused = data.clone();
    let changed = tag.map(|byte| byte ^ 1);
    if open(&POLY_KEY, &POLY_NONCE, &POLY_AAD, &mut refused, &changed) != Err(CipherError::NotAuthentic) {
        return Ok(false);
    }
    open(&POLY_KEY, &POLY_NONCE, &POLY_AAD, &mut data, &tag)?;
    Ok(data == LADIES)
}
