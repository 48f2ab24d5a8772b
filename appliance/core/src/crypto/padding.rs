//! Padding to whole blocks.
//!
//! A wrong padding and a wrong key are told alike, and found in the same time. CBC with padding is still an oracle
//! by nature for whoever may ask often; authenticated modes are not.
//! Rules: KMIP 1.4, section 9.1.3.2.15; RFC 8018, section 6.1.1 (PKCS #5); ANSI X9.23.

use super::CipherError;
use super::aes::BLOCK_BYTES;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeLess};

/// How data becomes whole blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// It must be whole blocks already.
    None,
    /// 1 to 16 bytes, each the number of them.
    Pkcs5,
    /// Zeros, then the number of bytes added.
    AnsiX923,
}

/// Appends the padding.
pub fn pad(padding: Padding, data: &mut Vec<u8>) {
    let count = BLOCK_BYTES - data.len() % BLOCK_BYTES;
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

/// Removes the padding.
///
/// # Errors
/// [`CipherError::NotAuthentic`]: there is none; the data is untouched.
pub fn unpad(padding: Padding, data: &mut Vec<u8>) -> Result<(), CipherError> {
    if padding == Padding::None {
        return Ok(());
    }
    let last: [u8; BLOCK_BYTES] =
        data.last_chunk::<BLOCK_BYTES>().copied().ok_or(CipherError::NotAuthentic)?;
    let [.., number] = last;
    let mut right = !number.ct_eq(&0) & !17u8.ct_lt(&number) & !number.ct_eq(&17);
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
