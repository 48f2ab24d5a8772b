//! Shamir's sharing of one large number, in the field of a prime that the client names.
//!
//! Numbers are limbs of 64 bits, the lowest first, as many as the prime has. What multiplies a secret is a part's number, or a
//! weight that follows from such numbers: public, so its bits may steer; what is done with the secret takes the same steps
//! whatever it is.
//! Rules: KMIP 1.4, section 2.2.5 ("a prime bigger than 2^L").

use super::{Part, different_numbers, same_length, zeros};
use crate::crypto::CipherError;
use crate::crypto::der::Room;
use core::cmp::Ordering;
use hardening::prime::is_prime;
use zeroize::Zeroizing;

/// Bits of the longest prime.
pub const PRIME_BITS_MAX: usize = 4096;
/// How often a number is drawn until it is below the prime: each fails with less than one half.
const DRAWS_MAX: u32 = 256;

type Number = Zeroizing<Vec<u64>>;

/// The field of a prime.
pub struct PrimeField {
    prime: Vec<u64>,
    bits: usize,
}

impl PrimeField {
    /// The field of this prime, a magnitude in big-endian bytes. Whether it is one takes some milliseconds to see.
    ///
    /// # Errors
    /// [`CipherError::KeyLength`]: it is no prime above 256, or too long a one.
    pub fn new(prime: &[u8]) -> Result<Self, CipherError> {
        let zeros = prime.iter().take_while(|byte| **byte == 0).count();
        let prime = prime.get(zeros..).unwrap_or_default();
        // Every number of a part is smaller than the prime.
        if !(2..=PRIME_BITS_MAX / 8).contains(&prime.len()) || !is_prime(prime) {
            return Err(CipherError::KeyLength);
        }
        let spare = prime.first().map_or(0, |first| first.leading_zeros());
        let bits = prime.len() * 8 - usize::try_from(spare).unwrap_or(0);
        Ok(Self { prime: limbs(prime, prime.len().div_ceil(8)).to_vec(), bits })
    }

    /// Bytes of a part.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bits.div_ceil(8)
    }

    /// Splits into parts of which any `threshold` are enough, and fewer tell nothing.
    ///
    /// # Errors
    /// [`CipherError::DataLength`]: the prime is not above every secret of this length; what `random` says.
    pub fn split(
        &self,
        secret: &[u8],
        parts: u8,
        threshold: u8,
        mut random: impl FnMut(&mut [u8]) -> Result<(), CipherError>,
    ) -> Result<Vec<Room>, CipherError> {
        if secret.len() * 8 >= self.bits {
            return Err(CipherError::DataLength);
        }
        let secret = limbs(secret, self.prime.len());
        let mut coefficients = Vec::with_capacity(usize::from(threshold));
        for _ in 1..threshold {
            coefficients.push(self.draw(&mut random)?);
        }
        let part = |number: u8| {
            // Horner: from the highest coefficient down to the secret.
            let mut value = self.zero();
            for coefficient in coefficients.iter().rev() {
                self.add(&mut value, coefficient);
                value = self.times(&value, &[u64::from(number)]);
            }
            self.add(&mut value, &secret);
            written(&value, self.bytes())
        };
        Ok((1..=parts).map(part).collect())
    }

    /// Joins as many parts as are needed to a secret of `secret_bytes`.
    ///
    /// # Errors
    /// [`CipherError::DataLength`]: there is none, they are no parts of this field, two have one number, or one has none, or what
    /// comes out is longer than the secret is.
    pub fn join(&self, parts: &[Part<'_>], secret_bytes: usize) -> Result<Room, CipherError> {
        different_numbers(parts)?;
        if same_length(parts)? > self.bytes() || secret_bytes > self.bytes() {
            return Err(CipherError::DataLength);
        }
        let mut secret = self.zero();
        for part in parts {
            let share = limbs(part.bytes, self.prime.len());
            if compare(&share, &self.prime) != Ordering::Less {
                return Err(CipherError::DataLength);
            }
            let weight = self.weight(part.number, parts);
            let share = self.times(&share, &weight);
            self.add(&mut secret, &share);
        }
        let whole = written(&secret, self.bytes());
        let (above, bytes) =
            whole.split_at_checked(whole.len() - secret_bytes).ok_or(CipherError::DataLength)?;
        if above.iter().fold(0, |any, byte| any | byte) != 0 {
            return Err(CipherError::DataLength);
        }
        Ok(Room::new(bytes.to_vec()))
    }

    /// The value at zero of the polynomial that is one at this part and zero at the others (Lagrange): the product of
    /// other / (other - this). Nothing in it is secret.
    fn weight(&self, number: u8, parts: &[Part<'_>]) -> Number {
        let mut weight = self.zero();
        if let Some(lowest) = weight.first_mut() {
            *lowest = 1;
        }
        for other in parts.iter().map(|part| part.number).filter(|other| *other != number) {
            weight = self.times(&weight, &[u64::from(other)]);
            weight = self.divided(&weight, u64::from(other.abs_diff(number)));
            if other < number {
                let mut negative = Number::new(self.prime.clone());
                subtract(&mut negative, &weight);
                // The negative of zero would be the prime itself, but no weight is zero.
                weight = negative;
            }
        }
        weight
    }

    /// A public number divided by a small one: the multiple of the prime that makes it divisible is added first.
    fn divided(&self, number: &Number, by: u64) -> Number {
        let rest = |limbs: &[u64]| {
            limbs.iter().rev().fold(0u128, |rest, limb| (rest << 64 | u128::from(*limb)) % u128::from(by))
        };
        let (own, of_prime) = (rest(number), rest(&self.prime));
        let times = (0..by)
            .find(|times| (own + of_prime * u128::from(*times)).is_multiple_of(u128::from(by)))
            .unwrap_or(0);
        // The sum has at most 8 bits more than the prime.
        let mut sum = vec![0; self.prime.len() + 1];
        let mut carry = 0u128;
        let pairs = number.iter().zip(&self.prime).map(|(own, prime)| (*own, *prime)).chain([(0, 0)]);
        for (place, (own, prime)) in sum.iter_mut().zip(pairs) {
            carry += u128::from(own) + u128::from(prime) * u128::from(times);
            *place = low(carry);
            carry >>= 64;
        }
        let mut rest = 0u128;
        for place in sum.iter_mut().rev() {
            let part = rest << 64 | u128::from(*place);
            *place = low(part / u128::from(by));
            rest = part % u128::from(by);
        }
        sum.truncate(self.prime.len());
        Number::new(sum)
    }

    fn zero(&self) -> Number {
        Number::new(vec![0; self.prime.len()])
    }

    /// A number below the prime, all alike likely.
    fn draw(
        &self,
        random: &mut impl FnMut(&mut [u8]) -> Result<(), CipherError>,
    ) -> Result<Number, CipherError> {
        let mut bytes = zeros(self.bytes());
        for _ in 0..DRAWS_MAX {
            random(&mut bytes)?;
            let spare = self.bytes() * 8 - self.bits;
            if let Some(first) = bytes.first_mut() {
                *first &= 0xffu8 >> spare;
            }
            let number = limbs(&bytes, self.prime.len());
            // A draw that is thrown away tells nothing of the one that is kept.
            if compare(&number, &self.prime) == Ordering::Less {
                return Ok(number);
            }
        }
        Err(CipherError::Library)
    }

    /// Adds, both being below the prime. The same steps whatever they are.
    fn add(&self, sum: &mut Number, other: &[u64]) {
        let mut carry = false;
        for (place, other) in sum.iter_mut().zip(other) {
            let (one, over) = place.overflowing_add(*other);
            let (two, over_again) = one.overflowing_add(u64::from(carry));
            (*place, carry) = (two, over | over_again);
        }
        let mut less = sum.clone();
        let borrow = subtract(&mut less, &self.prime);
        // Without a borrow, or with a carry that covers it, the sum was not below the prime.
        let keep = 0u64.wrapping_sub(u64::from(borrow & !carry));
        for (place, less) in sum.iter_mut().zip(less.iter()) {
            *place = (*place & keep) | (*less & !keep);
        }
    }

    /// The product of a secret number and a public one, whose bits say what is added.
    fn times(&self, secret: &Number, public: &[u64]) -> Number {
        let mut product = self.zero();
        let bits = public.iter().rev().flat_map(|limb| (0..64).rev().map(move |bit| limb >> bit & 1));
        for bit in bits.skip_while(|bit| *bit == 0) {
            let twice = product.clone();
            self.add(&mut product, &twice);
            if bit == 1 {
                self.add(&mut product, secret);
            }
        }
        product
    }
}

/// Subtracts; is there a borrow left?
fn subtract(from: &mut [u64], other: &[u64]) -> bool {
    let mut borrow = false;
    for (place, other) in from.iter_mut().zip(other) {
        let (one, under) = place.overflowing_sub(*other);
        let (two, under_again) = one.overflowing_sub(u64::from(borrow));
        (*place, borrow) = (two, under | under_again);
    }
    borrow
}

/// Which is larger, in the same steps whatever they are.
fn compare(one: &[u64], other: &[u64]) -> Ordering {
    let mut rest = Number::new(one.to_vec());
    if subtract(&mut rest, other) {
        return Ordering::Less;
    }
    if rest.iter().fold(0, |any, limb| any | limb) == 0 { Ordering::Equal } else { Ordering::Greater }
}

/// Limbs of a big-endian magnitude that fits in `count` of them.
fn limbs(bytes: &[u8], count: usize) -> Number {
    let mut number = Number::new(vec![0; count]);
    for (place, chunk) in number.iter_mut().zip(bytes.rchunks(8)) {
        *place = chunk.iter().fold(0, |limb, byte| limb << 8 | u64::from(*byte));
    }
    number
}

/// A number as big-endian bytes.
fn written(number: &Number, bytes: usize) -> Room {
    let mut out = zeros(bytes);
    for (chunk, limb) in out.rchunks_mut(8).zip(number.iter()) {
        let limb = limb.to_be_bytes();
        let skipped = limb.len() - chunk.len();
        chunk.iter_mut().zip(limb.iter().skip(skipped)).for_each(|(place, byte)| *place = *byte);
    }
    out
}

/// The lower half.
#[allow(clippy::cast_possible_truncation)] // that is what it is for
const fn low(wide: u128) -> u64 {
    wide as u64
}
