//! The bare ChaCha20 key stream, which the safe binding keeps inside its AEAD.
//!
//! Separate because it calls the C library itself.
//! Trusts: aws-lc.
//! Rules: RFC 8439, section 2.4.

use aws_lc_sys as lc;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 12;
/// Bytes of a block of the key stream.
pub const BLOCK_BYTES: usize = 64;

/// The counter would begin again within this data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the counter is too short for the data")]
pub struct CounterExhausted;

/// Encrypts or decrypts in place, from block `counter` of the key stream on.
///
/// # Errors
/// [`CounterExhausted`]; the data is untouched.
pub fn apply(
    key: &[u8; KEY_BYTES],
    nonce: &[u8; NONCE_BYTES],
    counter: u32,
    in_out: &mut [u8],
) -> Result<(), CounterExhausted> {
    let blocks = u64::try_from(in_out.len().div_ceil(BLOCK_BYTES)).map_err(|_| CounterExhausted)?;
    if u64::from(counter) + blocks > 1 << 32 {
        return Err(CounterExhausted);
    }
    // SAFETY: reads and writes `in_out.len()` bytes at `in_out`, one live slice for both, which the library allows when they
    // are the same; reads 32 bytes of `key` and 12 of `nonce`, arrays of those lengths.
    unsafe {
        lc::CRYPTO_chacha_20(
            in_out.as_mut_ptr(),
            in_out.as_ptr(),
            in_out.len(),
            key.as_ptr(),
            nonce.as_ptr(),
            counter,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{CounterExhausted, apply};

    #[test]
    fn a_stream_taken_in_pieces_is_the_stream() {
        let (key, nonce) = ([7; 32], [9; 12]);
        let mut whole = [0; 200];
        apply(&key, &nonce, 5, &mut whole).unwrap();
        let (mut head, mut tail) = ([0; 128], [0; 72]);
        apply(&key, &nonce, 5, &mut head).unwrap();
        apply(&key, &nonce, 7, &mut tail).unwrap();
        assert_eq!(whole, *[head.as_slice(), tail.as_slice()].concat());
    }

    #[test]
    fn a_counter_does_not_begin_again() {
        let mut data = [0; 65];
        assert_eq!(apply(&[7; 32], &[9; 12], u32::MAX, &mut data), Err(CounterExhausted));
        assert_eq!(data, [0; 65]);
        assert_eq!(apply(&[7; 32], &[9; 12], u32::MAX, &mut data[..64]), Ok(()));
    }
}
