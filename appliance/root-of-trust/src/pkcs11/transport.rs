//! The transport path: L2 leaves the token wrapped for `core`'s one-time public key. This process sees ciphertext.
//!
//! Rules: DESIGN "the key hierarchy"; RSA-OAEP is RFC 8017 section 7.1. SHA-1 within OAEP is sound: it needs no
//! collision resistance.

use super::connection::Seat;
use super::errors::{self, Failure};
use super::root_key::RootKey;
use super::temporary::Temporary;
use super::tenant_key;
use crate::limits::{TRANSPORT_EXPONENT_BYTES, TRANSPORT_MODULUS_BYTES};
use holdfast_model::l1::WrappedL2;
use holdfast_ports::root::{Made, Released, RootError, TransportKey};

/// Shows with a throw-away key that the L1 wraps and unwraps, and that what it unwraps can go to a transport key.
pub(crate) fn prove(seat: &Seat<'_>, l1: &RootKey) -> Result<(), Failure> {
    let throw_away = tenant_key::prove(seat, l1)?;
    send(seat, &throw_away, &nobodys_key()).map(drop)
}

/// Sends a throw-away key to nobody, so that the module has loaded all it needs for that.
pub(crate) fn warm_up(seat: &Seat<'_>) -> Result<(), Failure> {
    let throw_away = tenant_key::generate(seat)?;
    send(seat, &throw_away, &nobodys_key()).map(drop)
}

/// Makes an L2 in the token; gives it wrapped by its L1 and wrapped for the transport key.
pub(crate) fn make(seat: &Seat<'_>, l1: &RootKey, to: &TransportKey) -> Result<Made, Failure> {
    let l2 = tenant_key::generate(seat)?;
    let wrapped = tenant_key::wrap(seat, l1, &l2)?;
    let released = send(seat, &l2, to)?;
    Ok(Made { wrapped, released })
}

/// Unwraps an L2 in the token; gives it wrapped for the transport key.
pub(crate) fn release(
    seat: &Seat<'_>,
    l1: &RootKey,
    wrapped: &WrappedL2,
    to: &TransportKey,
) -> Result<Released, Failure> {
    let l2 = tenant_key::unwrap(seat, l1, wrapped)?;
    send(seat, &l2, to)
}

fn send(seat: &Seat<'_>, l2: &Temporary<'_>, to: &TransportKey) -> Result<Released, Failure> {
    let unsupported = Failure::Answer(RootError::Unsupported);
    if !is_sound(to) {
        return Err(unsupported);
    }
    let public = Temporary::rsa_public(seat, &to.modulus, &to.exponent)?;
    let (ciphertext, oaep) = tenant_key::first_supported(seat.quirks.oaep.iter().copied(), |hash| {
        let ciphertext = seat
            .session
            .wrap_key(&tenant_key::oaep(hash), public.handle(), l2.handle())
            .map_err(|error| errors::of_call(&error))?;
        Ok((ciphertext, hash))
    })?;
    if ciphertext.len() == to.modulus.len() {
        Ok(Released::Transport { ciphertext, oaep })
    } else {
        Err(unsupported)
    }
}

/// An odd modulus and an odd exponent above one, both without leading zeros, of a length that is taken.
fn is_sound(key: &TransportKey) -> bool {
    let odd = |number: &[u8]| number.last().is_some_and(|low| low & 1 == 1);
    TRANSPORT_MODULUS_BYTES.contains(&key.modulus.len())
        && TRANSPORT_EXPONENT_BYTES.contains(&key.exponent.len())
        && key.modulus.first().is_some_and(|high| high & 0x80 != 0)
        && key.exponent.first().is_some_and(|high| *high != 0)
        && odd(&key.modulus)
        && odd(&key.exponent)
        && key.exponent.as_slice() > [1].as_slice()
}

/// A public key whose private half was thrown away when it was made: a link sends a throw-away key to it.
fn nobodys_key() -> TransportKey {
    TransportKey { modulus: NOBODYS_MODULUS.to_vec(), exponent: vec![1, 0, 1] }
}

static NOBODYS_MODULUS: [u8; 256] = [
    0xb8, 0x59, 0xd3, 0xf3, 0x05, 0x7d, 0x83, 0xfa, 0x2c, 0x15, 0x00, 0x09, 0xeb, 0x7c, 0x4a, 0xec, 0xdc,
    0x30, 0x47, 0x57, 0x1b, 0x51, 0x24, 0x96, 0xb8, 0x16, 0xdd, 0x07, 0xc3, 0x3a, 0x94, 0x47, 0xe0, 0x51,
    0x74, 0xb7, 0xc8, 0xeb, 0x25, 0x52, 0x2b, 0x20, 0xc3, 0xc4, 0xe6, 0x14, 0xa4, 0x12, 0x1c, 0x05, 0xbb,
    0xe7, 0xd9, 0x51, 0xa0, 0x6b, 0xff, 0xe0, 0x3f, 0x7a, 0x47, 0x31, 0x64, 0x1b, 0xbc, 0xb9, 0xb6, 0x08,
    0xda, 0x8c, 0xd8, 0x88, 0xd6, 0xca, 0x48, 0xd1, 0xbc, 0xcc, 0x16, 0x63, 0x71, 0xa9, 0x01, 0xb5, 0xcc,
    0xc4, 0x3b, 0x0c, 0x53, 0x72, 0xa2, 0xab, 0xec, 0x02, 0x04, 0xe1, 0x2b, 0xdb, 0x27, 0x3e, 0x77, 0xdf,
    0x20, 0xa4, 0xce, 0xb8, 0x2a, 0xcb, 0xdb, 0xcd, 0x95, 0x09, 0x91, 0xd9, 0x12, 0x9c, 0x48, 0x82, 0x81,
    0xc8, 0xe9, 0x93, 0x08, 0x29, 0xc5, 0x2e, 0x24, 0x3c, 0xb2, 0xc9, 0x81, 0x0f, 0x34, 0xb3, 0x79, 0xc9,
    0x77, 0xcb, 0xb4, 0x1e, 0x50, 0x21, 0x32, 0x68, 0x40, 0xf7, 0x20, 0xfd, 0x6d, 0xeb, 0x43, 0x70, 0x44,
    0xd2, 0x00, 0x22, 0x17, 0x2a, 0xc0, 0x9f, 0x7f, 0xf2, 0xd3, 0xaa, 0x50, 0xb2, 0xfe, 0xf3, 0x31, 0xed,
    0x18, 0x45, 0xef, 0xac, 0xf0, 0xaf, 0x7a, 0xce, 0x13, 0xd2, 0x50, 0x62, 0x96, 0xb6, 0x5d, 0xd3, 0x58,
    0x35, 0x9e, 0xcb, 0x73, 0xe6, 0x2b, 0x2b, 0x36, 0xfb, 0xd2, 0x60, 0x1e, 0x1a, 0x2c, 0x13, 0x1d, 0x4b,
    0x27, 0xc4, 0x58, 0x33, 0xc8, 0x76, 0xd9, 0x3b, 0xf5, 0xe2, 0x98, 0x25, 0xde, 0x56, 0x95, 0x7a, 0xf5,
    0xbc, 0xca, 0x01, 0x8a, 0xb4, 0xbe, 0x4d, 0x5c, 0x51, 0x53, 0xe6, 0x5a, 0x10, 0xe6, 0x4d, 0x1f, 0xdc,
    0x2e, 0x48, 0x4e, 0x75, 0xf9, 0x63, 0x4a, 0x78, 0xa6, 0x86, 0x5d, 0x3f, 0xf6, 0xd9, 0xd8, 0x76, 0xa3,
    0x1f,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_key_that_protects_nothing_is_refused() {
        assert!(is_sound(&nobodys_key()));
        for spoil in [
            |key: &mut TransportKey| key.exponent = vec![1],
            |key: &mut TransportKey| key.exponent = vec![],
            |key: &mut TransportKey| key.exponent = vec![0, 3],
            |key: &mut TransportKey| key.exponent = vec![2],
            |key: &mut TransportKey| key.modulus.truncate(255),
            |key: &mut TransportKey| key.modulus.insert(0, 0),
            |key: &mut TransportKey| key.modulus.resize(1025, 1),
            |key: &mut TransportKey| key.modulus.push(2),
        ] {
            let mut key = nobodys_key();
            spoil(&mut key);
            assert!(!is_sound(&key));
        }
    }
}
