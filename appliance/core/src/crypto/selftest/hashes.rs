//! Of hash functions, and of what is made of them.
//!
//! Rules: RFC 6070, case 2; RFC 5869, case 1; and as `vectors` says.

use super::vectors::{HASHED, hex};
use crate::crypto::{CipherError, derivation};
use core::num::NonZeroU32;
use hardening::hash::{Hash, digest};
use hardening::mac::hmac;

pub(super) fn digests() -> Result<bool, CipherError> {
    for case in &HASHED {
        if digest(case.hash, b"abc")?.as_ref() != case.digest {
            return Ok(false);
        }
    }
    // The safe binding is used as well: its own copy of the table that picks the function.
    let bound = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"abc");
    Ok(bound.as_ref() == digest(Hash::Sha256, b"abc")?.as_ref())
}

pub(super) fn macs() -> Result<bool, CipherError> {
    for case in &HASHED {
        if hmac(case.hash, &[0x0b; 20], &[b"Hi ", b"There"])?.as_ref() != case.mac {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn pbkdf2() -> Result<bool, CipherError> {
    let mut out = [0; 20];
    let rounds = NonZeroU32::MIN.saturating_add(1);
    hardening::mac::pbkdf2(Hash::Sha1, b"password", b"salt", rounds, &mut out)?;
    Ok(out == hex::<20>("ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"))
}

pub(super) fn hkdf() -> Result<bool, CipherError> {
    let (salt, info) = (hex::<13>("000102030405060708090a0b0c"), hex::<10>("f0f1f2f3f4f5f6f7f8f9"));
    let mut out = [0; 42];
    derivation::hkdf(Hash::Sha256, &[0x0b; 22], &salt, &info, &mut out)?;
    Ok(out
        == hex::<42>("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"))
}
