//! The key of a container's MAC, from its password.
//!
//! Rules: RFC 7292, appendix B.2, with the purpose 3; the password in UTF-16 with two zero bytes at the end (appendix B.1).

use super::ContainerError;
use crate::crypto::der::{Room, room};
use hardening::hash::{Hash, digest};

/// What the derived bytes are for: a MAC.
const FOR_MAC: u8 = 3;

/// The password as this derivation wants it.
pub(super) fn wide(password: &str) -> Room {
    let mut out = room(password.len() * 2 + 2);
    for unit in password.encode_utf16() {
        out.extend_from_slice(&unit.to_be_bytes());
    }
    out.extend_from_slice(&[0, 0]);
    out
}

/// A key as long as the hash.
pub(super) fn mac_key(
    hash: Hash,
    password: &str,
    salt: &[u8],
    iterations: u32,
) -> Result<Room, ContainerError> {
    let block = if hash.bytes() > 32 { 128 } else { 64 };
    let wide = wide(password);
    let whole = |length: usize| length.div_ceil(block) * block;
    let mut text = room(block + whole(salt.len()) + whole(wide.len()));
    text.resize(block, FOR_MAC);
    text.extend(salt.iter().cycle().take(whole(salt.len())));
    text.extend(wide.iter().cycle().take(whole(wide.len())));
    // The key is one digest long, so there is one round.
    let mut out = room(hash.bytes());
    let first = digest(hash, &text).map_err(|_| ContainerError::Unsupported)?;
    out.extend_from_slice(first.as_ref());
    for _ in 1..iterations {
        let next = digest(hash, &out).map_err(|_| ContainerError::Unsupported)?;
        out.clear();
        out.extend_from_slice(next.as_ref());
    }
    Ok(out)
}
