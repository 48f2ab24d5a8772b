//! Of AES in the modes that are used most.

use super::vectors::{BLOCKS, BLOCKS_PLAIN, CBC_IV, CTR_FIRST, GCM, GCM_AAD, GCM_PLAIN};
use crate::crypto::aes::{Aes, Schedules};
use crate::crypto::{CipherError, gcm};

pub(super) fn aes_ecb() -> Result<bool, CipherError> {
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

pub(super) fn aes_cbc() -> Result<bool, CipherError> {
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

pub(super) fn aes_ctr() -> Result<bool, CipherError> {
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

pub(super) fn aes_gcm() -> Result<bool, CipherError> {
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
