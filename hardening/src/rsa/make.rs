//! Makes keys.

use super::{MODULUS_BITS_MAX, MODULUS_BITS_MIN, RsaError, done, failed};
use aws_lc_sys as lc;
use core::ffi::c_int;
use core::ptr::{NonNull, null_mut};

/// The public exponent: F4, as everybody's.
const EXPONENT: lc::BN_ULONG = 65_537;

struct Rsa(NonNull<lc::RSA>);

impl Drop for Rsa {
    fn drop(&mut self) {
        // SAFETY: `self` is live and ours, and is not used after this; the library wipes it.
        unsafe { lc::RSA_free(self.0.as_ptr()) };
    }
}

struct Number(NonNull<lc::BIGNUM>);

impl Drop for Number {
    fn drop(&mut self) {
        // SAFETY: `self` is live and ours, and is not used after this.
        unsafe { lc::BN_free(self.0.as_ptr()) };
    }
}

/// Makes a key with a modulus of so many bits, and lends its PKCS #1 (`RSAPrivateKey`). Takes tenths of a second to seconds.
///
/// # Errors
/// [`RsaError::BadLength`] for a length that is not offered; [`RsaError::Refused`].
pub fn generate<R>(bits: u32, lend: impl FnOnce(&[u8]) -> R) -> Result<R, RsaError> {
    if !(MODULUS_BITS_MIN..=MODULUS_BITS_MAX).contains(&bits) || !bits.is_multiple_of(128) {
        return Err(RsaError::BadLength);
    }
    let bits = c_int::try_from(bits).map_err(|_| RsaError::BadLength)?;
    // SAFETY: takes nothing; gives a new key or null.
    let rsa = NonNull::new(unsafe { lc::RSA_new() }).map(Rsa).ok_or(RsaError::Refused)?;
    // SAFETY: takes nothing; gives a new number or null.
    let exponent = NonNull::new(unsafe { lc::BN_new() }).map(Number).ok_or(RsaError::Refused)?;
    // SAFETY: the number is live and ours.
    done(unsafe { lc::BN_set_word(exponent.0.as_ptr(), EXPONENT) })?;
    // SAFETY: key and exponent are live and ours; there is no call back.
    done(unsafe { lc::RSA_generate_key_ex(rsa.0.as_ptr(), bits, exponent.0.as_ptr(), null_mut()) })?;
    let (mut bytes, mut length) = (null_mut(), 0);
    // SAFETY: the key is live; the library puts the address of bytes that it allocates, and their count, where it is told.
    done(unsafe { lc::RSA_private_key_to_bytes(&raw mut bytes, &raw mut length, rsa.0.as_ptr()) })?;
    if bytes.is_null() {
        return Err(failed(RsaError::Refused));
    }
    // SAFETY: `bytes` has `length` bytes, which the library has written and nobody else has; they are freed below, after
    // the last use of the slice.
    let der = unsafe { core::slice::from_raw_parts(bytes, length) };
    let lent = lend(der);
    // SAFETY: `bytes` is the library's own allocation and is not used after this; the library wipes what it frees.
    unsafe { lc::OPENSSL_free(bytes.cast()) };
    Ok(lent)
}
