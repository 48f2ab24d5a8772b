//! Whether a number is prime.
//!
//! Separate because it calls the C library itself. The number is public; nothing is kept of it.
//! Trusts: aws-lc. Rules: FIPS 186-5, appendix B.3 (Miller-Rabin, as many rounds as for numbers that an opponent chose).

use aws_lc_sys as lc;
use core::ptr::{NonNull, null_mut};

struct Number(NonNull<lc::BIGNUM>);

impl Drop for Number {
    fn drop(&mut self) {
        // SAFETY: `self` is live and ours, and is not used after this.
        unsafe { lc::BN_free(self.0.as_ptr()) };
    }
}

struct Scratch(NonNull<lc::BN_CTX>);

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: `self` is live and ours, and is not used after this.
        unsafe { lc::BN_CTX_free(self.0.as_ptr()) };
    }
}

/// Is this magnitude, in big-endian bytes, a prime? Where the library does not deliver, the answer is no.
#[must_use]
pub fn is_prime(magnitude: &[u8]) -> bool {
    // SAFETY: reads `magnitude.len()` bytes at `magnitude`, which is a live slice of that length; gives a new number or null.
    let number = unsafe { lc::BN_bin2bn(magnitude.as_ptr(), magnitude.len(), null_mut()) };
    // SAFETY: takes nothing; gives a new context or null.
    let scratch = unsafe { lc::BN_CTX_new() };
    let (Some(number), Some(scratch)) =
        (NonNull::new(number).map(Number), NonNull::new(scratch).map(Scratch))
    else {
        return false;
    };
    let mut is_prime = 0;
    // SAFETY: writes one int to `is_prime`; number and context are live and ours; there is no call back.
    let done = unsafe {
        lc::BN_primality_test(
            &raw mut is_prime,
            number.0.as_ptr(),
            lc::BN_prime_checks_for_validation,
            scratch.0.as_ptr(),
            1,
            null_mut(),
        )
    };
    done == 1 && is_prime == 1
}

#[cfg(test)]
mod tests {
    use super::is_prime;

    #[test]
    fn primes_are_told_from_others() {
        for prime in [&[2][..], &[3], &[251], &[1, 1], &[0, 0, 7]] {
            assert!(is_prime(prime));
        }
        // 561 is a Carmichael number.
        for other in [&[][..], &[0], &[1], &[4], &[2, 0x31], &[0xff; 32]] {
            assert!(!is_prime(other));
        }
    }
}
