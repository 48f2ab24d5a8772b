use super::binary::{Field, join, split};
use super::prime::PrimeField;
use super::{Part, join_xor, split_xor};
use crate::crypto::CipherError;
use crate::crypto::der::Room;

fn random(out: &mut [u8]) -> Result<(), CipherError> {
    Ok(aws_lc_rs::rand::fill(out)?)
}

fn part(parts: &[Room], number: u8) -> Part<'_> {
    Part { number, bytes: &parts[usize::from(number) - 1] }
}

const SETS: [&[u8]; 4] = [&[1, 2, 3], &[5, 1, 3], &[4, 5, 2], &[1, 2, 3, 4, 5]];

#[test]
fn any_three_of_five_join_and_two_do_not() {
    let secret = *b"a secret of some";
    for field in [Field::Gf2_8, Field::Gf2_16] {
        let parts = split(field, &secret, 5, 3, random).unwrap();
        for numbers in SETS {
            let lent: Vec<_> = numbers.iter().map(|number| part(&parts, *number)).collect();
            assert_eq!(**join(field, &lent).unwrap(), secret);
        }
        let (one, two) = (part(&parts, 1), part(&parts, 2));
        assert_ne!(**join(field, &[one, two]).unwrap(), secret);
        assert_eq!(join(field, &[one, one, two]).err(), Some(CipherError::DataLength));
        let short = Part { number: 2, bytes: &parts[1][1..] };
        assert_eq!(join(field, &[one, short]).err(), Some(CipherError::DataLength));
        assert_eq!(join(field, &[Part { number: 0, ..one }, two]).err(), Some(CipherError::DataLength));
        assert_eq!(join(field, &[]).err(), Some(CipherError::DataLength));
    }
}

#[test]
fn a_secret_of_odd_length_gets_a_piece_of_its_own() {
    let parts = split(Field::Gf2_16, b"odd", 3, 2, random).unwrap();
    assert!(parts.iter().all(|part| part.len() == 4));
    let joined = join(Field::Gf2_16, &[part(&parts, 3), part(&parts, 1)]).unwrap();
    assert_eq!(joined.as_slice(), b"odd\0");
}

/// 2^127 - 1, 2^521 - 1, and the prime of curve P-256.
fn primes() -> [Vec<u8>; 3] {
    let (mut one, mut other) = (vec![0xff; 16], vec![0xff; 66]);
    (one[0], other[0]) = (0x7f, 0x01);
    let mut p256 = vec![0xff; 32];
    p256[4..8].copy_from_slice(&[0, 0, 0, 1]);
    p256[8..20].fill(0);
    [one, other, p256]
}

#[test]
fn any_three_of_five_join_in_a_prime_field_and_two_do_not() {
    for prime in primes() {
        let field = PrimeField::new(&prime).unwrap();
        for secret in [&[0; 15][..], &[0xff; 15], b"fifteen bytes.."] {
            let parts = field.split(secret, 5, 3, random).unwrap();
            for numbers in SETS {
                let lent: Vec<_> = numbers.iter().map(|number| part(&parts, *number)).collect();
                assert_eq!(**field.join(&lent, 15).unwrap(), *secret);
            }
            let (one, two) = (part(&parts, 1), part(&parts, 2));
            assert_ne!(field.join(&[one, two], 15).map(|joined| joined.to_vec()).ok(), Some(secret.to_vec()));
            assert_eq!(field.join(&[one, one, two], 15).err(), Some(CipherError::DataLength));
        }
    }
}

#[test]
fn every_number_that_a_part_may_have_joins() {
    let field = PrimeField::new(&primes()[0]).unwrap();
    let parts = field.split(b"secret", 255, 4, random).unwrap();
    for numbers in [[255, 254, 253, 1], [2, 128, 64, 251], [17, 34, 51, 68]] {
        let lent: Vec<_> = numbers.iter().map(|number| part(&parts, *number)).collect();
        assert_eq!(field.join(&lent, 6).unwrap().as_slice(), b"secret");
    }
}

#[test]
fn what_is_no_prime_or_too_small_for_the_secret_is_refused() {
    for number in [&[][..], &[0], &[251], &[1, 0], &[0xff; 16], &[0; 600], &[0xff; 513]] {
        assert_eq!(PrimeField::new(number).err(), Some(CipherError::KeyLength));
    }
    let field = PrimeField::new(&primes()[0]).unwrap();
    assert_eq!(field.split(&[1; 16], 3, 2, random).err(), Some(CipherError::DataLength));
    assert!(field.split(&[1; 15], 3, 2, random).is_ok());
    let beyond = Part { number: 1, bytes: &[0xff; 16] };
    assert_eq!(field.join(&[beyond], 15).err(), Some(CipherError::DataLength));
}

#[test]
fn all_parts_of_xor_join_and_fewer_do_not() {
    let secret = *b"secret";
    let parts = split_xor(&secret, 3, random).unwrap();
    let all: Vec<Part<'_>> = parts.iter().map(|bytes| Part { number: 1, bytes }).collect();
    assert_eq!(**join_xor(&all).unwrap(), secret);
    assert_ne!(**join_xor(&all[..2]).unwrap(), secret);
}
