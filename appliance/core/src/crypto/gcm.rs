//! AES-GCM with nonces of any length and tags of 96 to 128 bits.
//!
//! aws-lc offers 96-bit nonces and whole tags. The rest is built from it: sealing twice under one nonce gives back
//! what was there, so the tag of a known ciphertext can be had, and with it GHASH. Nothing computed on the way
//! leaves this file.
//! Rules: SP 800-38D, sections 5.2.1 (tag lengths), 7.1 (pre-counter block), 8.3 (number of nonces).

use super::CipherError;
use super::aes::{Aes, BLOCK_BYTES, Block};
use aws_lc_rs::aead::{Aad, Nonce};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// The nonce that needs no hashing, and the one that we make.
pub const NONCE_BYTES: usize = 12;
/// Tag lengths that are allowed.
pub const TAG_BYTES: core::ops::RangeInclusive<usize> = 12..=16;
/// How often one key may be used with nonces made at random (SP 800-38D, section 8.3).
pub const RANDOM_NONCES_MAX: u64 = 1 << 32;
/// Longest nonce; the standard's own bound is beyond every message.
pub const NONCE_BYTES_MAX: usize = 1 << 16;

/// The first block under which [`ghash`] works. It is never given to a client's data: see [`seal`].
const ZERO_NONCE: [u8; NONCE_BYTES] = [0; NONCE_BYTES];

/// Encrypts in place and returns the whole tag; the caller cuts it.
///
/// # Errors
/// [`CipherError::IvLength`].
pub fn seal(key: Aes<'_>, nonce: &[u8], aad: &[u8], in_out: &mut [u8]) -> Result<Block, CipherError> {
    match <[u8; NONCE_BYTES]>::try_from(nonce) {
        Ok(nonce) => seal_96(key, nonce, aad, in_out),
        Err(_) => {
            let first = pre_counter(key, nonce)?;
            stream(key, &first, in_out)?;
            tag_under(key, &first, aad, in_out)
        }
    }
}

/// Decrypts in place if the tag (which may be cut) is right.
///
/// # Errors
/// - [`CipherError::TagLength`], [`CipherError::IvLength`].
/// - [`CipherError::NotAuthentic`]: what is left in `in_out` is not the plaintext.
pub fn open(
    key: Aes<'_>,
    nonce: &[u8],
    aad: &[u8],
    in_out: &mut [u8],
    tag: &[u8],
) -> Result<(), CipherError> {
    if !TAG_BYTES.contains(&tag.len()) {
        return Err(CipherError::TagLength);
    }
    let short = <[u8; NONCE_BYTES]>::try_from(nonce);
    if let Ok(nonce) = short
        && tag.len() == BLOCK_BYTES
    {
        let opened = key.aead()?.expose(|aead| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            // The library refuses to read and write the same memory here; it takes the tag appended instead.
            let mut joined = Vec::with_capacity(in_out.len() + tag.len());
            joined.extend_from_slice(in_out);
            joined.extend_from_slice(tag);
            let opened = aead.open_in_place(nonce, Aad::from(aad), &mut joined).is_ok();
            if opened && let Some(plain) = joined.get(..in_out.len()) {
                in_out.copy_from_slice(plain);
            }
            joined.zeroize();
            opened
        });
        return if opened { Ok(()) } else { Err(CipherError::NotAuthentic) };
    }
    let first = pre_counter(key, nonce)?;
    let expected = tag_under(key, &first, aad, in_out)?;
    let expected = expected.get(..tag.len()).unwrap_or_default();
    if !bool::from(expected.ct_eq(tag)) {
        return Err(CipherError::NotAuthentic);
    }
    stream(key, &first, in_out)
}

/// Encrypts a part in place, as if `skipped` bytes had come before it. The tag is made of all parts, by [`tag`].
///
/// # Errors
/// [`CipherError::IvLength`]; [`CipherError::CounterExhausted`].
pub fn seal_part(key: Aes<'_>, nonce: &[u8], skipped: usize, in_out: &mut [u8]) -> Result<(), CipherError> {
    let mut block = pre_counter(key, nonce)?;
    let blocks = u32::try_from(skipped / BLOCK_BYTES).map_err(|_| CipherError::CounterExhausted)?;
    if let Some(counter) = block.last_chunk_mut::<4>() {
        *counter = u32::from_be_bytes(*counter).wrapping_add(blocks).to_be_bytes();
    }
    let into = skipped % BLOCK_BYTES;
    if into == 0 {
        return stream(key, &block, in_out);
    }
    let mut all = Zeroizing::new(vec![0; into]);
    all.extend_from_slice(in_out);
    stream(key, &block, &mut all)?;
    in_out.iter_mut().zip(all.iter().skip(into)).for_each(|(place, byte)| *place = *byte);
    Ok(())
}

/// The whole tag of a ciphertext.
///
/// # Errors
/// [`CipherError::IvLength`].
pub fn tag(key: Aes<'_>, nonce: &[u8], aad: &[u8], ciphertext: &[u8]) -> Result<Block, CipherError> {
    tag_under(key, &pre_counter(key, nonce)?, aad, ciphertext)
}

fn seal_96(
    key: Aes<'_>,
    nonce: [u8; NONCE_BYTES],
    aad: &[u8],
    in_out: &mut [u8],
) -> Result<Block, CipherError> {
    let tag = key.aead()?.expose(|aead| {
        aead.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), in_out)
    })?;
    Block::try_from(tag.as_ref()).map_err(|_| CipherError::Library)
}

/// J0: a nonce of 96 bits and the number one; of another, GHASH of the nonce, its padding and its length.
fn pre_counter(key: Aes<'_>, nonce: &[u8]) -> Result<Block, CipherError> {
    if let Ok([a, b, c, d, e, f, g, h, i, j, k, l]) = <[u8; NONCE_BYTES]>::try_from(nonce) {
        return Ok([a, b, c, d, e, f, g, h, i, j, k, l, 0, 0, 0, 1]);
    }
    if nonce.is_empty() || nonce.len() > NONCE_BYTES_MAX {
        return Err(CipherError::IvLength);
    }
    ghash(key, &[], nonce)
}

/// The tag of a ciphertext whose pre-counter block is `first`.
fn tag_under(key: Aes<'_>, first: &Block, aad: &[u8], ciphertext: &[u8]) -> Result<Block, CipherError> {
    let mut mask = *first;
    key.ecb_encrypt(&mut mask)?;
    let hash = ghash(key, aad, ciphertext)?;
    Ok(xor(&hash, &mask))
}

/// GHASH over additional data and ciphertext with their lengths (SP 800-38D, section 7.1, step 5).
///
/// Sealing XORs a key stream: what sealing makes of the ciphertext is the plaintext that seals to it, and sealing
/// that tells the tag, which is GHASH under a mask that is known.
fn ghash(key: Aes<'_>, aad: &[u8], ciphertext: &[u8]) -> Result<Block, CipherError> {
    let mut scratch = ciphertext.to_vec();
    seal_96(key, ZERO_NONCE, &[], &mut scratch)?;
    let tag = seal_96(key, ZERO_NONCE, aad, &mut scratch)?;
    scratch.zeroize();
    let mut mask = [0; BLOCK_BYTES];
    if let Some(last) = mask.last_mut() {
        *last = 1;
    }
    key.ecb_encrypt(&mut mask)?;
    Ok(xor(&tag, &mask))
}

/// The key stream of GCM from inc32 of `first`: only the lowest 32 bits count, and they may begin again.
pub(super) fn stream(key: Aes<'_>, first: &Block, in_out: &mut [u8]) -> Result<(), CipherError> {
    let [prefix @ .., _, _, _, _] = *first;
    let [.., a, b, c, d] = *first;
    let mut count = u32::from_be_bytes([a, b, c, d]).wrapping_add(1);
    let mut rest = in_out;
    while !rest.is_empty() {
        let mut block = [0; BLOCK_BYTES];
        let (head, tail) = block.split_at_mut(NONCE_BYTES);
        head.copy_from_slice(&prefix);
        tail.copy_from_slice(&count.to_be_bytes());
        // Blocks until the 32 bits begin again; the library's counter would carry into the prefix.
        let blocks = u64::from(u32::MAX - count) + 1;
        let bytes = usize::try_from(blocks).unwrap_or(usize::MAX).saturating_mul(BLOCK_BYTES).min(rest.len());
        let (now, later) = rest.split_at_mut(bytes);
        key.key_stream(&block, now)?;
        rest = later;
        count = 0;
    }
    Ok(())
}

fn xor(one: &Block, other: &Block) -> Block {
    let mut out = *one;
    for (out, byte) in out.iter_mut().zip(other) {
        *out ^= byte;
    }
    out
}
