//! A cipher over data that is all there: what Encrypt, Decrypt and Derive Key do with a plan.
//!
//! Rules: KMIP 1.4, sections 4.29 and 4.30.

use super::cipher::{MISSING_IV, Plan, block_iv, counter_block};
use crate::crypto::aes::{Aes, BLOCK_BYTES, Block};
use crate::crypto::block::BlockKey;
use crate::crypto::feedback::Feedback;
use crate::crypto::padding::{pad, unpad};
use crate::crypto::xts::Xts;
use crate::crypto::{CipherError, Schedules, ccm, chacha20, gcm, key_wrap};
use crate::request::of_cipher;
use kmip::result::Refusal;
use zeroize::{Zeroize, Zeroizing};

/// Encrypts in place; gives the whole tag of an authenticated mode. Nothing of the plaintext is left where it fails.
///
/// # Errors
/// What the error table of Encrypt names.
pub(super) fn protect(
    key: &[u8],
    schedules: &Schedules,
    plan: Plan,
    (iv, aad): (Option<&[u8]>, &[u8]),
    data: &mut Vec<u8>,
) -> Result<Option<Block>, Refusal> {
    let done = protected(key, schedules, plan, (iv, aad), data);
    if done.is_err() {
        data.zeroize();
    }
    done
}

fn protected(
    key: &[u8],
    schedules: &Schedules,
    plan: Plan,
    (iv, aad): (Option<&[u8]>, &[u8]),
    data: &mut Vec<u8>,
) -> Result<Option<Block>, Refusal> {
    let aes = || Aes::new(key, schedules).map_err(of_cipher);
    let nonce = || iv.ok_or(MISSING_IV);
    let tag = match plan {
        Plan::Ecb(cipher, padding) => {
            let key = BlockKey::new(cipher, key, schedules).map_err(of_cipher)?;
            pad(padding, cipher.block_bytes(), data);
            key.encrypt(None, data).map(|()| None)
        }
        Plan::Cbc(cipher, padding) => {
            let key = BlockKey::new(cipher, key, schedules).map_err(of_cipher)?;
            let iv = nonce()?;
            pad(padding, cipher.block_bytes(), data);
            key.encrypt(Some(iv), data).map(|()| None)
        }
        Plan::Ctr { counter_bits, first } => {
            let block = counter_block(iv, counter_bits, first)?;
            aes()?.ctr(&block, counter_bits, data).map(|()| None)
        }
        Plan::Feedback(mode) => {
            let iv = block_iv(iv)?;
            Feedback::encrypting(mode, key, &iv)
                .and_then(|mut stream| replaced(&mut stream, data))
                .map(|()| None)
        }
        Plan::Xts => {
            let unit = block_iv(iv)?;
            Xts::new(key).and_then(|key| key.encrypt(&unit, data)).map(|()| None)
        }
        Plan::Gcm { .. } => gcm::seal(aes()?, nonce()?, aad, data).map(Some),
        Plan::Ccm { tag_bytes } => ccm::seal(aes()?, nonce()?, aad, data, tag_bytes).map(Some),
        Plan::KeyWrap { padded } => key_wrap::wrap(padded, key, data).map(|wrapped| {
            data.zeroize();
            *data = wrapped;
            None
        }),
        Plan::ChaCha20 { first } => chacha20::stream(key, nonce()?, first, 0, data).map(|()| None),
        Plan::ChaCha20Poly1305 { .. } => chacha20::seal(key, nonce()?, aad, data).map(Some),
    };
    tag.map_err(of_cipher)
}

/// Decrypts in place. The three are IV, additional data and tag.
///
/// # Errors
/// What the error table of Decrypt names; what is left in `data` is wiped.
pub(super) fn reveal(
    key: &[u8],
    schedules: &Schedules,
    plan: Plan,
    (iv, aad, tag): (Option<&[u8]>, &[u8], &[u8]),
    data: &mut Zeroizing<Vec<u8>>,
) -> Result<(), Refusal> {
    let done = revealed(key, schedules, plan, (iv, aad, tag), data);
    if done.is_err() {
        data.zeroize();
    }
    done
}

fn revealed(
    key: &[u8],
    schedules: &Schedules,
    plan: Plan,
    (iv, aad, tag): (Option<&[u8]>, &[u8], &[u8]),
    data: &mut Zeroizing<Vec<u8>>,
) -> Result<(), Refusal> {
    let aes = || Aes::new(key, schedules).map_err(of_cipher);
    let nonce = || iv.ok_or(MISSING_IV);
    if let Some(tag_bytes) = plan.tag_bytes() {
        // A shorter tag than was agreed on would be easier to guess.
        let cut = tag.len() == BLOCK_BYTES && !matches!(plan, Plan::Ccm { .. });
        if tag.len() != tag_bytes && !cut {
            return Err(Refusal::CryptographicFailure);
        }
    }
    let opened = match plan {
        Plan::Ecb(cipher, padding) | Plan::Cbc(cipher, padding) => {
            let key = BlockKey::new(cipher, key, schedules).map_err(of_cipher)?;
            let iv = if let Plan::Cbc(..) = plan { Some(nonce()?) } else { None };
            key.decrypt(iv, data).and_then(|()| unpad(padding, cipher.block_bytes(), data))
        }
        Plan::Ctr { counter_bits, first } => {
            let block = counter_block(iv, counter_bits, first)?;
            aes()?.ctr(&block, counter_bits, data)
        }
        Plan::Feedback(mode) => {
            let iv = block_iv(iv)?;
            Feedback::decrypting(mode, key, &iv).and_then(|mut stream| replaced(&mut stream, data))
        }
        Plan::Xts => {
            let unit = block_iv(iv)?;
            Xts::new(key).and_then(|key| key.decrypt(&unit, data))
        }
        Plan::Gcm { .. } => gcm::open(aes()?, nonce()?, aad, data, tag),
        Plan::Ccm { .. } => ccm::open(aes()?, nonce()?, aad, data, tag),
        Plan::KeyWrap { padded } => key_wrap::unwrap(padded, key, data).map(|plain| *data = plain),
        Plan::ChaCha20 { first } => chacha20::stream(key, nonce()?, first, 0, data),
        Plan::ChaCha20Poly1305 { .. } => chacha20::open(key, nonce()?, aad, data, tag),
    };
    opened.map_err(of_cipher)
}

fn replaced(stream: &mut Feedback, data: &mut Vec<u8>) -> Result<(), CipherError> {
    let out = stream.update(data)?;
    data.zeroize();
    *data = out;
    Ok(())
}
