//! Context-bound key wrap: a key derived for one name wraps one key, with AES-KWP.
//!
//! No nonce, so no limit on the number of wraps; what is moved or relabelled does not unwrap.

use super::CustodyError;
use super::derive::{Purpose, derive};
use aes_kw::{KeyInit, KwpAes256};
use hardening::secret::{Secret, SecretBytes};
use holdfast_model::KeyRef;

/// Bytes that wrapping adds to a key of `bytes` bytes.
#[must_use]
pub const fn wrapped_len(bytes: usize) -> usize {
    bytes.div_ceil(8) * 8 + 8
}

/// Appends `key`, wrapped under `parent` for the name `name`.
///
/// # Errors
/// [`CustodyError::NoMemory`].
pub fn wrap(parent: &[u8; 32], name: &KeyRef, key: &[u8], out: &mut Vec<u8>) -> Result<(), CustodyError> {
    let start = out.len();
    out.resize(start + wrapped_len(key.len()), 0);
    let room = out.get_mut(start..).unwrap_or_default();
    with_cipher(parent, name, |cipher| {
        cipher.wrap_key(key, room).map(drop).map_err(|_| CustodyError::TooLarge)
    })
}

/// Unwraps what [`wrap`] wrapped under the same parent for the same name.
///
/// # Errors
/// [`CustodyError::NotAuthentic`] for anything else.
pub fn unwrap(parent: &[u8; 32], name: &KeyRef, wrapped: &[u8]) -> Result<SecretBytes, CustodyError> {
    let room = wrapped.len().checked_sub(8).filter(|room| *room > 0).ok_or(CustodyError::NotAuthentic)?;
    let mut used = 0;
    let mut key = with_cipher(parent, name, |cipher| {
        SecretBytes::init_with(room, |buffer| {
            used = cipher.unwrap_key(wrapped, buffer).map_err(|_| CustodyError::NotAuthentic)?.len();
            Ok::<_, CustodyError>(())
        })
    })?;
    key.truncate(used);
    Ok(key)
}

/// As [`unwrap`], for a key of exactly 32 bytes.
///
/// # Errors
/// [`CustodyError::NotAuthentic`] also for another length.
pub fn unwrap_key(parent: &[u8; 32], name: &KeyRef, wrapped: &[u8]) -> Result<Secret<32>, CustodyError> {
    let key = unwrap(parent, name, wrapped)?;
    key.expose(|bytes| {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| CustodyError::NotAuthentic)?;
        Secret::init_with(|out| {
            out.copy_from_slice(bytes);
            Ok(())
        })
    })
}

fn with_cipher<R>(
    parent: &[u8; 32],
    name: &KeyRef,
    use_it: impl FnOnce(&KwpAes256) -> Result<R, CustodyError>,
) -> Result<R, CustodyError> {
    let mut context = Vec::with_capacity(192);
    name.write_context(&mut context);
    let derived = derive(parent, Purpose::Wrap, &context)?;
    let cipher = hardening::secret::SecretBox::init_with(|| {
        Ok::<_, CustodyError>(derived.expose(|key| KwpAes256::new(key.into())))
    })?;
    cipher.expose(use_it)
}
