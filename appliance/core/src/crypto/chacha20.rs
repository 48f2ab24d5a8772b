//! ChaCha20, with and without Poly1305.
//!
//! Rules: RFC 8439. A nonce of eight bytes is that of the cipher's first description (Bernstein, 2008): its counter has 64 bits,
//! of which the lower half is enough for every message here.

use super::CipherError;
use super::aes::Block;
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use hardening::chacha20::{BLOCK_BYTES, apply};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The nonce that we make.
pub const NONCE_BYTES: usize = hardening::chacha20::NONCE_BYTES;
/// Tag lengths that are taken: a cut tag is checked as such.
pub const TAG_BYTES: core::ops::RangeInclusive<usize> = 12..=16;

/// Encrypts or decrypts in place, as if `skipped` bytes had come before.
///
/// # Errors
/// [`CipherError::KeyLength`], [`CipherError::IvLength`], [`CipherError::CounterExhausted`].
pub fn stream(
    key: &[u8],
    nonce: &[u8],
    counter: u32,
    skipped: usize,
    in_out: &mut [u8],
) -> Result<(), CipherError> {
    let key = key.try_into().map_err(|_| CipherError::KeyLength)?;
    let nonce: [u8; NONCE_BYTES] = match nonce {
        [a, b, c, d, e, f, g, h] => [0, 0, 0, 0, *a, *b, *c, *d, *e, *f, *g, *h],
        longer => longer.try_into().map_err(|_| CipherError::IvLength)?,
    };
    let blocks = u32::try_from(skipped / BLOCK_BYTES).map_err(|_| CipherError::CounterExhausted)?;
    let counter = counter.checked_add(blocks).ok_or(CipherError::CounterExhausted)?;
    let into = skipped % BLOCK_BYTES;
    if into == 0 {
        return apply(key, &nonce, counter, in_out).map_err(|_| CipherError::CounterExhausted);
    }
    let mut all = Zeroizing::new(vec![0; into]);
    all.extend_from_slice(in_out);
    apply(key, &nonce, counter, &mut all).map_err(|_| CipherError::CounterExhausted)?;
    in_out.iter_mut().zip(all.iter().skip(into)).for_each(|(place, byte)| *place = *byte);
    Ok(())
}

/// Encrypts in place and returns the whole tag; the caller cuts it.
///
/// # Errors
/// [`CipherError::KeyLength`], [`CipherError::IvLength`].
pub fn seal(key: &[u8], nonce: &[u8], aad: &[u8], in_out: &mut [u8]) -> Result<Block, CipherError> {
    let nonce = nonce.try_into().map_err(|_| CipherError::IvLength)?;
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = aead(key)?.seal_in_place_separate_tag(nonce, Aad::from(aad), in_out)?;
    Block::try_from(tag.as_ref()).map_err(|_| CipherError::Library)
}

/// Decrypts in place if the tag (which may be cut) is right.
///
/// # Errors
/// As [`seal`], [`CipherError::TagLength`]; [`CipherError::NotAuthentic`]: what is left in `in_out` is not the plaintext.
pub fn open(key: &[u8], nonce: &[u8], aad: &[u8], in_out: &mut [u8], tag: &[u8]) -> Result<(), CipherError> {
    if !TAG_BYTES.contains(&tag.len()) {
        return Err(CipherError::TagLength);
    }
    // The tag is made anew, since the library checks whole ones alone: decrypted aside, and sealed again.
    let mut plain = Zeroizing::new(in_out.to_vec());
    stream(key, nonce, 1, 0, &mut plain)?;
    let mut again = Zeroizing::new(plain.to_vec());
    let expected = seal(key, nonce, aad, &mut again)?;
    if !bool::from(expected.get(..tag.len()).unwrap_or_default().ct_eq(tag)) {
        return Err(CipherError::NotAuthentic);
    }
    in_out.copy_from_slice(&plain);
    Ok(())
}

fn aead(key: &[u8]) -> Result<LessSafeKey, CipherError> {
    UnboundKey::new(&CHACHA20_POLY1305, key).map(LessSafeKey::new).map_err(|_| CipherError::KeyLength)
}
