//! Splits a secret into parts and joins them: XOR, and polynomials over GF(2^8), GF(2^16) and a prime field.
//!
//! The points at which a polynomial is taken are the parts' numbers, which are no secret, nor is what is made of them alone;
//! what is multiplied by them is, and is so in constant time.
//! Rules: KMIP 1.4, sections 2.2.5 and 9.1.3.2.8.

pub mod binary;
pub mod prime;

#[cfg(test)]
mod tests;

use super::CipherError;
use super::der::{Room, room};

/// Most parts: what a number of one byte can name, whatever the field.
pub const PARTS_MAX: u8 = 255;

/// A part: its number, and its bytes.
#[derive(Clone, Copy)]
pub struct Part<'p> {
    /// From 1.
    pub number: u8,
    /// As many bytes as the other parts have.
    pub bytes: &'p [u8],
}

/// Splits into parts that are all needed.
///
/// # Errors
/// What `random` says.
pub fn split_xor<E>(
    secret: &[u8],
    parts: u8,
    mut random: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<Vec<Room>, E> {
    let mut last = room(secret.len());
    last.extend_from_slice(secret);
    let mut made = Vec::with_capacity(usize::from(parts));
    for _ in 1..parts {
        let mut part = zeros(secret.len());
        random(&mut part)?;
        add(&mut last, &part);
        made.push(part);
    }
    made.push(last);
    Ok(made)
}

/// Joins parts of which none is missing.
///
/// # Errors
/// [`CipherError::DataLength`]: there is none, or they differ in length.
pub fn join_xor(parts: &[Part<'_>]) -> Result<Room, CipherError> {
    let mut secret = zeros(same_length(parts)?);
    parts.iter().for_each(|part| add(&mut secret, part.bytes));
    Ok(secret)
}

/// As many zeros, in memory that is wiped.
fn zeros(bytes: usize) -> Room {
    let mut zeros = room(bytes);
    zeros.resize(bytes, 0);
    zeros
}

fn add(sum: &mut [u8], bytes: &[u8]) {
    sum.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum ^= byte);
}

/// The length that all parts have.
///
/// # Errors
/// [`CipherError::DataLength`].
fn same_length(parts: &[Part<'_>]) -> Result<usize, CipherError> {
    let length = parts.first().ok_or(CipherError::DataLength)?.bytes.len();
    if parts.iter().all(|part| part.bytes.len() == length) {
        Ok(length)
    } else {
        Err(CipherError::DataLength)
    }
}

/// Are the numbers those of different parts, none of them the secret's own place?
///
/// # Errors
/// [`CipherError::DataLength`].
fn different_numbers(parts: &[Part<'_>]) -> Result<(), CipherError> {
    let mut numbers: Vec<u8> = parts.iter().map(|part| part.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() == parts.len() && numbers.first().is_none_or(|first| *first != 0) {
        Ok(())
    } else {
        Err(CipherError::DataLength)
    }
}
