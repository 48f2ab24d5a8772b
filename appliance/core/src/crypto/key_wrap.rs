//! AES key wrap, with and without padding.
//!
//! Rules: SP 800-38F, sections 6.2 and 6.3 (KW, KWP); RFC 3394, RFC 5649.

use super::CipherError;
use aes_kw::{KeyInit, KwAes128, KwAes192, KwAes256, KwpAes128, KwpAes192, KwpAes256};
use zeroize::Zeroizing;

/// What wrapping adds at most: the integrity block, and padding to eight bytes.
const OVERHEAD_BYTES: usize = 16;

macro_rules! under {
    ($key:ident, $padded:ident, |$kek:ident| $act:expr) => {{
        macro_rules! with {
            ($cipher:ident) => {{
                let $kek = $cipher::new_from_slice($key).map_err(|_| CipherError::KeyLength)?;
                $act
            }};
        }
        match ($key.len(), $padded) {
            (16, false) => with!(KwAes128),
            (24, false) => with!(KwAes192),
            (32, false) => with!(KwAes256),
            (16, true) => with!(KwpAes128),
            (24, true) => with!(KwpAes192),
            (32, true) => with!(KwpAes256),
            _ => return Err(CipherError::KeyLength),
        }
    }};
}

/// Wraps. Without padding, `plain` is at least two times eight bytes, and whole ones.
///
/// # Errors
/// [`CipherError::KeyLength`], [`CipherError::DataLength`].
pub fn wrap(padded: bool, key: &[u8], plain: &[u8]) -> Result<Vec<u8>, CipherError> {
    if plain.is_empty() || !padded && (plain.len() < 16 || !plain.len().is_multiple_of(8)) {
        return Err(CipherError::DataLength);
    }
    let mut out = vec![0; plain.len() + OVERHEAD_BYTES];
    let length = under!(key, padded, |kek| {
        kek.wrap_key(plain, &mut out).map_err(|_| CipherError::DataLength)?.len()
    });
    out.truncate(length);
    Ok(out)
}

/// Unwraps what was wrapped in the same way.
///
/// # Errors
/// [`CipherError::KeyLength`]; [`CipherError::NotAuthentic`] for everything else.
pub fn unwrap(padded: bool, key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, CipherError> {
    let mut out = Zeroizing::new(vec![0; wrapped.len()]);
    let length = under!(key, padded, |kek| {
        kek.unwrap_key(wrapped, &mut out).map_err(|_| CipherError::NotAuthentic)?.len()
    });
    out.truncate(length);
    Ok(out)
}
