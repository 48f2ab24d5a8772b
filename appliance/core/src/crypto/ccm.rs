//! AES-CCM with every nonce and tag length of the standard.
//!
//! aws-lc offers some of them; all are CTR and CBC-MAC under one key, whose schedules are kept.
//! Rules: SP 800-38C, section 6 and appendix A.

use super::CipherError;
use super::aes::{Aes, BLOCK_BYTES, Block};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Lengths of nonces.
pub const NONCE_BYTES: core::ops::RangeInclusive<usize> = 7..=13;
/// The nonce that we make: room for messages of 16 MiB.
pub const NONCE_BYTES_MADE: usize = 12;

/// Is it a length that a tag may have?
#[must_use]
pub const fn is_tag_length(bytes: usize) -> bool {
    bytes >= 4 && bytes <= BLOCK_BYTES && bytes.is_multiple_of(2)
}

/// Encrypts in place and returns the tag; `tag_bytes` of it count, and go into what is authenticated.
///
/// # Errors
/// [`CipherError::IvLength`], [`CipherError::TagLength`]; [`CipherError::DataLength`]: more than the nonce leaves room for.
pub fn seal(
    key: Aes<'_>,
    nonce: &[u8],
    aad: &[u8],
    in_out: &mut [u8],
    tag_bytes: usize,
) -> Result<Block, CipherError> {
    let tag = tag_of(key, nonce, aad, in_out, tag_bytes)?;
    key.key_stream(&counter_block(nonce, 1)?, in_out)?;
    Ok(tag)
}

/// Decrypts in place if the tag is right.
///
/// # Errors
/// As [`seal`]; [`CipherError::NotAuthentic`]: `in_out` is wiped.
pub fn open(
    key: Aes<'_>,
    nonce: &[u8],
    aad: &[u8],
    in_out: &mut [u8],
    tag: &[u8],
) -> Result<(), CipherError> {
    key.key_stream(&counter_block(nonce, 1)?, in_out)?;
    let expected = tag_of(key, nonce, aad, in_out, tag.len())?;
    if bool::from(expected.get(..tag.len()).unwrap_or_default().ct_eq(tag)) {
        Ok(())
    } else {
        zeroize::Zeroize::zeroize(in_out);
        Err(CipherError::NotAuthentic)
    }
}

/// CBC-MAC over the formatted input, under the first key stream block.
fn tag_of(
    key: Aes<'_>,
    nonce: &[u8],
    aad: &[u8],
    plain: &[u8],
    tag_bytes: usize,
) -> Result<Block, CipherError> {
    if !is_tag_length(tag_bytes) {
        return Err(CipherError::TagLength);
    }
    let mut first = counter_block(nonce, u64::try_from(plain.len()).map_err(|_| CipherError::DataLength)?)?;
    if let Some(flags) = first.first_mut() {
        let tag = u8::try_from((tag_bytes - 2) / 2).map_err(|_| CipherError::TagLength)?;
        *flags |= u8::from(!aad.is_empty()) << 6 | tag << 3;
    }
    let room = 3 * BLOCK_BYTES + aad.len() + plain.len() + BLOCK_BYTES;
    let mut input = Zeroizing::new(Vec::with_capacity(room));
    input.extend_from_slice(&first);
    if !aad.is_empty() {
        match u16::try_from(aad.len()) {
            Ok(length @ ..0xff00) => input.extend_from_slice(&length.to_be_bytes()),
            _ => {
                let length = u32::try_from(aad.len()).map_err(|_| CipherError::DataLength)?;
                input.extend_from_slice(&[0xff, 0xfe]);
                input.extend_from_slice(&length.to_be_bytes());
            }
        }
        input.extend_from_slice(aad);
        fill(&mut input);
    }
    input.extend_from_slice(plain);
    fill(&mut input);
    key.cbc_encrypt(&[0; BLOCK_BYTES], &mut input)?;
    let mut tag = *input.last_chunk::<BLOCK_BYTES>().ok_or(CipherError::Library)?;
    key.key_stream(&counter_block(nonce, 0)?, &mut tag)?;
    Ok(tag)
}

/// Flags, nonce, and a number in the bytes that the nonce leaves: a counter, or the length of the message.
fn counter_block(nonce: &[u8], number: u64) -> Result<Block, CipherError> {
    if !NONCE_BYTES.contains(&nonce.len()) {
        return Err(CipherError::IvLength);
    }
    let number_bytes = BLOCK_BYTES - 1 - nonce.len();
    let number = number.to_be_bytes();
    let (too_much, number) =
        number.split_at_checked(number.len() - number_bytes).ok_or(CipherError::IvLength)?;
    if too_much.iter().any(|byte| *byte != 0) {
        return Err(CipherError::DataLength);
    }
    let mut block = [0; BLOCK_BYTES];
    let flags = u8::try_from(number_bytes - 1).map_err(|_| CipherError::IvLength)?;
    let bytes = [flags].into_iter().chain(nonce.iter().copied()).chain(number.iter().copied());
    block.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    Ok(block)
}

fn fill(data: &mut Vec<u8>) {
    data.resize(data.len().next_multiple_of(BLOCK_BYTES), 0);
}
