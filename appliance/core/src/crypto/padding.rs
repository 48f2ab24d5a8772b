//! Padding to whole blocks.
//!
//! A wrong padding and a wrong key are told alike, and found in the same time. CBC with padding is still an oracle
//! by nature for whoever may ask often; authenticated modes are not.
//! Rules: KMIP 1.4, section 9.1.3.2.15; RFC 8018, section 6.1.1 (PKCS #5); ANSI X9.23.

use super::CipherError;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeLess};

/// How data becomes whole blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// It must be whole blocks already.
    None,
    /// Up to a whole block of bytes, each the number of them.
    Pkcs5,
    /// Zeros, then the number of bytes added.
    AnsiX923,
}

/// Appends the padding to whole blocks of `block_bytes`, at most 16.
pub fn pad(padding: Padding, block_bytes: usize, data: &mut Vec<u8>) {
    let count = block_bytes - data.len() % block_bytes;
    let number = u8::try_from(count).unwrap_or(0);
    match padding {
        Padding::None => {}
        Padding::Pkcs5 => data.resize(data.len() + count, number),
        Padding::AnsiX923 => {
            data.resize(data.len() + count - 1, 0);
            data.push(number);
        }
    }
}

/// Removes the padding of blocks of `block_bytes`, at most 16.
///
/// # Errors
/// [`CipherError::NotAuthentic`]: there is none; the data is untouched.
pub fn unpad(padding: Padding, block_bytes: usize, data: &mut Vec<u8>) -> Result<(), CipherError> {
    if padding == Padding::None {
        return Ok(());
    }
    let start = data.len().checked_sub(block_bytes).ok_or(CipherError::NotAuthentic)?;
    let last = data.get(start..).ok_or(CipherError::NotAuthentic)?;
    let number = *last.last().ok_or(CipherError::NotAuthentic)?;
    let most = u8::try_from(block_bytes).map_err(|_| CipherError::NotAuthentic)?;
    let mut right = !number.ct_eq(&0) & !most.ct_lt(&number);
    for (from_end, byte) in (1u8..).zip(last.iter().rev()) {
        let inside = !number.ct_lt(&from_end);
        let expected = match padding {
            Padding::AnsiX923 => u8::conditional_select(&0, &number, Choice::from(u8::from(from_end == 1))),
            Padding::Pkcs5 | Padding::None => number,
        };
        right &= !inside | byte.ct_eq(&expected);
    }
    if !bool::from(right) {
        return Err(CipherError::NotAuthentic);
    }
    data.truncate(data.len().saturating_sub(usize::from(number)));
    Ok(())
}
