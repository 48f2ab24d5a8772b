//! Shamir's sharing over the binary fields, piece by piece: bytes for GF(2^8), pairs of bytes for GF(2^16).
//!
//! Rules: KMIP 1.4, section 2.2.5. GF(2^8) by itself is GF(2)[x] / (x^8 + x^4 + x^3 + x^2 + 1), as the profiles' cases have it;
//! GF(2^16) stands over that of FIPS 197, as the section says.

use super::{Part, different_numbers, same_length, zeros};
use crate::crypto::CipherError;
use crate::crypto::der::Room;

/// A field of whole bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// GF(2^8).
    Gf2_8,
    /// GF(2^16).
    Gf2_16,
}

/// What x^8 is, in GF(2^8) by itself.
const REDUCTION: u8 = 0x1d;
/// What x^8 is, in the field of FIPS 197.
const REDUCTION_FIPS_197: u8 = 0x1b;
/// m of section 2.2.5: y^2 is y + m.
const M: u8 = 0x3a;

impl Field {
    const fn bytes(self) -> usize {
        match self {
            Self::Gf2_8 => 1,
            Self::Gf2_16 => 2,
        }
    }

    /// The product, without a branch or a table.
    fn product(self, one: u16, other: u16) -> u16 {
        match (self, one.to_be_bytes(), other.to_be_bytes()) {
            (Self::Gf2_8, [_, one], [_, other]) => u16::from(product(REDUCTION, one, other)),
            (Self::Gf2_16, [r, s], [u, v]) => {
                let times = |one, other| product(REDUCTION_FIPS_197, one, other);
                let high = times(r ^ s, u ^ v) ^ times(s, v);
                let low = times(times(r, u), M) ^ times(s, v);
                u16::from_be_bytes([high, low])
            }
        }
    }

    /// What gives one when multiplied: the power that is two less than there are elements.
    fn inverse(self, element: u16) -> u16 {
        let (mut power, mut result) = (element, 1);
        for _ in 1..self.bytes() * 8 {
            power = self.product(power, power);
            result = self.product(result, power);
        }
        result
    }

    fn read(self, piece: &[u8]) -> u16 {
        piece.iter().fold(0, |element, byte| element << 8 | u16::from(*byte))
    }

    fn write(self, element: u16, piece: &mut [u8]) {
        let bytes = element.to_be_bytes();
        let skipped = bytes.len() - self.bytes();
        piece.iter_mut().zip(bytes.iter().skip(skipped)).for_each(|(place, byte)| *place = *byte);
    }
}

/// Splits into parts of which any `threshold` are enough, and fewer tell nothing. A part has as many bytes as the secret, rounded
/// up to whole pieces.
///
/// # Errors
/// What `random` says.
pub fn split<E>(
    field: Field,
    secret: &[u8],
    parts: u8,
    threshold: u8,
    mut random: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<Vec<Room>, E> {
    let length = secret.len().next_multiple_of(field.bytes());
    let mut coefficients = Vec::with_capacity(usize::from(threshold));
    for _ in 1..threshold {
        let mut coefficient = zeros(length);
        random(&mut coefficient)?;
        coefficients.push(coefficient);
    }
    Ok((1..=parts)
        .map(|number| {
            // Horner: from the highest coefficient down to the secret.
            let mut value = zeros(length);
            for coefficient in coefficients.iter().rev() {
                super::add(&mut value, coefficient);
                for piece in value.chunks_exact_mut(field.bytes()) {
                    field.write(field.product(field.read(piece), u16::from(number)), piece);
                }
            }
            super::add(&mut value, secret);
            value
        })
        .collect())
}

/// Joins as many parts as are needed.
///
/// # Errors
/// [`CipherError::DataLength`]: there is none, they differ in length or are no whole pieces, two have one number, or one has
/// none.
pub fn join(field: Field, parts: &[Part<'_>]) -> Result<Room, CipherError> {
    let length = same_length(parts)?;
    different_numbers(parts)?;
    if !length.is_multiple_of(field.bytes()) {
        return Err(CipherError::DataLength);
    }
    let mut secret = zeros(length);
    let mut share = zeros(field.bytes());
    for part in parts {
        // The value at zero of the polynomial that is one at this part and zero at the others (Lagrange).
        let others = parts.iter().filter(|other| other.number != part.number);
        let weight = others.fold(1, |weight, other| {
            let between = field.inverse(u16::from(other.number ^ part.number));
            field.product(weight, field.product(u16::from(other.number), between))
        });
        for (sum, piece) in secret.chunks_exact_mut(field.bytes()).zip(part.bytes.chunks_exact(field.bytes()))
        {
            field.write(field.product(field.read(piece), weight), &mut share);
            super::add(sum, &share);
        }
    }
    Ok(secret)
}

/// The product in a field of 256 elements, without a branch or a table.
fn product(reduction: u8, mut one: u8, other: u8) -> u8 {
    let mut sum = 0;
    for bit in 0..8 {
        sum ^= one & 0u8.wrapping_sub((other >> bit) & 1);
        one = (one << 1) ^ (reduction & 0u8.wrapping_sub(one >> 7));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::Field;

    #[test]
    fn every_element_has_an_inverse() {
        for element in 1..=255 {
            assert_eq!(Field::Gf2_8.product(element, Field::Gf2_8.inverse(element)), 1);
        }
        for element in 1..=u16::MAX {
            assert_eq!(Field::Gf2_16.product(element, Field::Gf2_16.inverse(element)), 1);
        }
    }

    #[test]
    fn products_are_those_of_the_specification() {
        // FIPS 197, section 4.2: {57} times {83} is {c1}; here both without a y part.
        assert_eq!(Field::Gf2_16.product(0x57, 0x83), 0xc1);
        // y times y is y + m.
        assert_eq!(Field::Gf2_16.product(0x0100, 0x0100), 0x013a);
        // The inverse by section 2.2.5: d is (u + v) v + m u^2.
        let field = Field::Gf2_16;
        for (u, v) in [(1u16, 0u16), (0x53, 0xca), (0xff, 0x01)] {
            let d = field.product(u ^ v, v) ^ field.product(0x3a, field.product(u, u));
            let d = field.inverse(d);
            let expected = field.product(u, d) << 8 | field.product(u ^ v, d);
            assert_eq!(field.inverse(u << 8 | v), expected);
        }
    }

    #[test]
    fn products_are_fair() {
        for element in 1..=255 {
            let mut row: Vec<u16> = (0..=255).map(|other| Field::Gf2_8.product(element, other)).collect();
            row.sort_unstable();
            assert_eq!(row, (0..=255).collect::<Vec<u16>>());
        }
    }
}
