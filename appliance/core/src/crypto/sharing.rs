//! Splits a secret into parts and joins them: XOR, and polynomials over GF(2^8).
//!
//! The points at which a polynomial is taken are the parts' numbers, which are no secret; what is multiplied by them is, and is
//! so in constant time.
//! Rules: KMIP 1.4, sections 2.2.5 and 9.1.3.2.8; the field is GF(2)[x] / (x^8 + x^4 + x^3 + x^2 + 1), as the profiles' cases
//! have it.

use super::CipherError;
use super::der::{Room, room};

/// Most parts that a number of one byte can name.
pub const PARTS_MAX: u8 = 255;
/// What x^8 is.
const REDUCTION: u8 = 0x1d;

/// A part: its number, and its bytes.
#[derive(Clone, Copy)]
pub struct Part<'p> {
    /// From 1.
    pub number: u8,
    /// As many bytes as the secret has.
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
        let mut part = room(secret.len());
        part.resize(secret.len(), 0);
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
    let length = same_length(parts)?;
    let mut secret = room(length);
    secret.resize(length, 0);
    parts.iter().for_each(|part| add(&mut secret, part.bytes));
    Ok(secret)
}

/// Splits into parts of which any `threshold` are enough, and fewer tell nothing (Shamir).
///
/// # Errors
/// What `random` says.
pub fn split_gf_2_8<E>(
    secret: &[u8],
    parts: u8,
    threshold: u8,
    mut random: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<Vec<Room>, E> {
    let mut coefficients = Vec::with_capacity(usize::from(threshold));
    for _ in 1..threshold {
        let mut coefficient = room(secret.len());
        coefficient.resize(secret.len(), 0);
        random(&mut coefficient)?;
        coefficients.push(coefficient);
    }
    Ok((1..=parts)
        .map(|number| {
            // Horner: from the highest coefficient down to the secret.
            let mut value = room(secret.len());
            value.resize(secret.len(), 0);
            for coefficient in coefficients.iter().rev() {
                add(&mut value, coefficient);
                value.iter_mut().for_each(|byte| *byte = product(*byte, number));
            }
            add(&mut value, secret);
            value
        })
        .collect())
}

/// Joins as many parts as are needed.
///
/// # Errors
/// [`CipherError::DataLength`]: there is none, they differ in length, or two have one number, or one has none.
pub fn join_gf_2_8(parts: &[Part<'_>]) -> Result<Room, CipherError> {
    let length = same_length(parts)?;
    let mut secret = room(length);
    secret.resize(length, 0);
    for (at, part) in parts.iter().enumerate() {
        if part.number == 0 {
            return Err(CipherError::DataLength);
        }
        // The value at zero of the polynomial that is one at this part and zero at the others (Lagrange).
        let mut weight = 1;
        for (other_at, other) in parts.iter().enumerate() {
            if at == other_at {
                continue;
            }
            let between = other.number ^ part.number;
            if between == 0 {
                return Err(CipherError::DataLength);
            }
            weight = product(weight, product(other.number, inverse(between)));
        }
        for (sum, byte) in secret.iter_mut().zip(part.bytes) {
            *sum ^= product(*byte, weight);
        }
    }
    Ok(secret)
}

fn same_length(parts: &[Part<'_>]) -> Result<usize, CipherError> {
    let length = parts.first().ok_or(CipherError::DataLength)?.bytes.len();
    if parts.iter().all(|part| part.bytes.len() == length) {
        Ok(length)
    } else {
        Err(CipherError::DataLength)
    }
}

fn add(sum: &mut [u8], bytes: &[u8]) {
    sum.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum ^= byte);
}

/// The product in the field, without a branch or a table.
fn product(mut one: u8, other: u8) -> u8 {
    let mut sum = 0;
    for bit in 0..8 {
        sum ^= one & 0u8.wrapping_sub((other >> bit) & 1);
        one = (one << 1) ^ (REDUCTION & 0u8.wrapping_sub(one >> 7));
    }
    sum
}

/// What gives one when multiplied: the 254th power.
fn inverse(element: u8) -> u8 {
    let mut power = element;
    let mut result = 1;
    for _ in 0..7 {
        power = product(power, power);
        result = product(result, power);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{Part, inverse, join_gf_2_8, join_xor, product, split_gf_2_8, split_xor};
    use crate::crypto::CipherError;

    fn random(out: &mut [u8]) -> Result<(), core::convert::Infallible> {
        aws_lc_rs::rand::fill(out).unwrap();
        Ok(())
    }

    #[test]
    fn every_element_has_an_inverse_and_products_are_fair() {
        for element in 1..=255 {
            assert_eq!(product(element, inverse(element)), 1);
            let mut row: Vec<u8> = (0..=255).map(|other| product(element, other)).collect();
            row.sort_unstable();
            assert_eq!(row, (0..=255).collect::<Vec<u8>>());
        }
    }

    #[test]
    fn any_three_of_five_join_and_two_do_not() {
        let secret = *b"a secret of some";
        let parts = split_gf_2_8(&secret, 5, 3, random).unwrap();
        let part = |number: u8| Part { number, bytes: &parts[usize::from(number) - 1] };
        for (a, b, c) in [(1, 2, 3), (5, 1, 3), (4, 5, 2)] {
            assert_eq!(**join_gf_2_8(&[part(a), part(b), part(c)]).unwrap(), secret);
        }
        assert_eq!(**join_gf_2_8(&[part(1), part(2), part(3), part(4), part(5)]).unwrap(), secret);
        assert_ne!(**join_gf_2_8(&[part(1), part(2)]).unwrap(), secret);
        assert_eq!(join_gf_2_8(&[part(1), part(1), part(2)]).err(), Some(CipherError::DataLength));
        let short = Part { number: 2, bytes: &parts[1][1..] };
        assert_eq!(join_gf_2_8(&[part(1), short]).err(), Some(CipherError::DataLength));
        assert_eq!(join_gf_2_8(&[]).err(), Some(CipherError::DataLength));
    }

    #[test]
    fn all_parts_of_xor_join_and_fewer_do_not() {
        let secret = *b"secret";
        let parts = split_xor(&secret, 3, random).unwrap();
        let all: Vec<Part<'_>> = parts.iter().map(|bytes| Part { number: 1, bytes }).collect();
        assert_eq!(**join_xor(&all).unwrap(), secret);
        assert_ne!(**join_xor(&all[..2]).unwrap(), secret);
    }
}
