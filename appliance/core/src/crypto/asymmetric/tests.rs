//! What keys in pairs do and refuse, by known answers and by both ways of writing them.

use super::{
    Curve, KeyError, Parsed, PrivateForm, PrivateNumbers, PublicForm, PublicNumbers, Scheme, agree,
    make_curve, make_rsa, read_private, read_public, sign, verify, write_private, write_public,
};
use crate::crypto::CipherError;
use hardening::rsa::{Hash, Signing};

fn schemes(curve: Curve) -> Option<Scheme> {
    match curve {
        Curve::Ed25519 => Some(Scheme::Ed25519),
        Curve::X25519 => None,
        _ => Some(Scheme::Ecdsa),
    }
}

#[test]
fn a_pair_that_is_made_reads_the_same_in_every_form_it_can_be_written_in() {
    for curve in Curve::ALL {
        let made = make_curve(curve).unwrap();
        let private = read_private(PrivateForm::Pkcs8, &made.private).unwrap();
        let PrivateNumbers::Curve { curve: read, scalar, public } = private else { panic!() };
        assert_eq!((read, scalar.len()), (curve, curve.scalar_bytes()));
        if !curve.is_rfc_8410() {
            let sec1 = write_private(PrivateForm::Sec1, &private).unwrap();
            let again = read_private(PrivateForm::Sec1, &sec1).unwrap();
            assert_eq!(*write_private(PrivateForm::Pkcs8, &again).unwrap(), *made.private);
            assert!(public.is_some());
        } else {
            assert!(write_private(PrivateForm::Sec1, &private).is_none());
        }
        assert!(write_private(PrivateForm::Pkcs1, &private).is_none());
        let public = read_public(PublicForm::X509, &made.public).unwrap();
        assert_eq!(*write_public(PublicForm::X509, &public).unwrap(), *made.public);
        assert!(write_public(PublicForm::Pkcs1, &public).is_none());
    }
    let made = make_rsa(2048).unwrap();
    let private = read_private(PrivateForm::Pkcs1, &made.private).unwrap();
    assert_eq!(private.bits(), 2048);
    let pkcs8 = write_private(PrivateForm::Pkcs8, &private).unwrap();
    let again = read_private(PrivateForm::Pkcs8, &pkcs8).unwrap();
    assert_eq!(*write_private(PrivateForm::Pkcs1, &again).unwrap(), *made.private);
    assert!(write_private(PrivateForm::Sec1, &private).is_none());
    let public = read_public(PublicForm::Pkcs1, &made.public).unwrap();
    let x509 = write_public(PublicForm::X509, &public).unwrap();
    let again = read_public(PublicForm::X509, &x509).unwrap();
    assert_eq!(*write_public(PublicForm::Pkcs1, &again).unwrap(), *made.public);
}

#[test]
fn what_is_cut_or_of_another_algorithm_is_no_key() {
    let made = make_curve(Curve::P256).unwrap();
    for length in 0..made.private.len() {
        assert!(read_private(PrivateForm::Pkcs8, &made.private[..length]).is_err());
    }
    for length in 0..made.public.len() {
        assert!(read_public(PublicForm::X509, &made.public[..length]).is_err());
    }
    // The identifier of P-256 turned into one that nobody has.
    let mut other = made.public.to_vec();
    let at = other.windows(8).position(|bytes| bytes == Curve::P256.oid()).unwrap();
    other[at + 7] = 0x55;
    assert_eq!(read_public(PublicForm::X509, &other).err(), Some(KeyError::Unknown));
}

#[test]
fn ecdsa_signs_digests_of_every_length_and_verifies_nothing_else() {
    for curve in Curve::ALL {
        let Some(scheme) = schemes(curve) else { continue };
        let made = make_curve(curve).unwrap();
        let private = || read_private(PrivateForm::Pkcs8, &made.private);
        let public = || read_public(PublicForm::X509, &made.public);
        let parsed = Parsed::default();
        for length in [16, 20, 28, 32, 48, 64] {
            let digest = vec![9; length];
            let signature = sign(scheme, &parsed, private, &digest).unwrap();
            assert_eq!(verify(scheme, &parsed, public, &digest, &signature), Ok(()));
            let mut other = digest.clone();
            other[3] ^= 1;
            assert_eq!(
                verify(scheme, &parsed, public, &other, &signature),
                Err(CipherError::NotAuthentic),
                "{curve:?}"
            );
        }
        assert_eq!(
            sign(Scheme::Rsa(Signing::Pkcs1(None)), &parsed, private, &[1; 32]).err(),
            Some(CipherError::KeyLength)
        );
    }
}

/// RFC 6979 does not sign as we do, but its key and message give a signature that must verify: A.2.5, SHA-256, "sample".
#[test]
fn a_signature_that_others_made_verifies() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let mut point = vec![4];
    point.extend(hex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"));
    point.extend(hex("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"));
    let r = hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716");
    let s = hex("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
    let mut signature = crate::crypto::der::room(128);
    crate::crypto::der::nest(&mut signature, crate::crypto::der::SEQUENCE, |out| {
        crate::crypto::der::unsigned(out, &r);
        crate::crypto::der::unsigned(out, &s);
    });
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"sample");
    let public = || Ok(PublicNumbers::Curve { curve: Curve::P256, point: &point });
    let parsed = Parsed::default();
    assert_eq!(verify(Scheme::Ecdsa, &parsed, public, digest.as_ref(), &signature), Ok(()));
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"test");
    assert_eq!(
        verify(Scheme::Ecdsa, &parsed, public, digest.as_ref(), &signature),
        Err(CipherError::NotAuthentic)
    );
}

#[test]
fn both_sides_agree_on_one_curve_and_not_on_two() {
    for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::X25519] {
        let (one, other) = (make_curve(curve).unwrap(), make_curve(curve).unwrap());
        let private = |made: &'_ super::Made| {
            read_private(PrivateForm::Pkcs8, &made.private).map(|key| match key {
                PrivateNumbers::Curve { scalar, .. } => scalar.to_vec(),
                PrivateNumbers::Rsa(_) | PrivateNumbers::MlDsa { .. } => panic!(),
            })
        };
        let (a, b) = (private(&one).unwrap(), private(&other).unwrap());
        let key = |scalar| PrivateNumbers::Curve { curve, scalar, public: None };
        let first = agree(&key(&a), &read_public(PublicForm::X509, &other.public).unwrap()).unwrap();
        let second = agree(&key(&b), &read_public(PublicForm::X509, &one.public).unwrap()).unwrap();
        assert_eq!(*first, *second);
        let stranger = make_curve(Curve::K256).unwrap();
        let stranger = read_public(PublicForm::X509, &stranger.public).unwrap();
        assert_eq!(agree(&key(&a), &stranger).err(), Some(CipherError::KeyLength));
    }
}

#[test]
fn a_key_below_1024_bits_or_with_wrong_numbers_does_not_sign() {
    let made = make_rsa(2048).unwrap();
    let numbers = read_private(PrivateForm::Pkcs1, &made.private).unwrap();
    let PrivateNumbers::Rsa(mut key) = numbers else { panic!() };
    key.d = &[3];
    let scheme = Scheme::Rsa(Signing::Pkcs1(Some(Hash::Sha256)));
    assert_eq!(
        sign(scheme, &Parsed::default(), || Ok(PrivateNumbers::Rsa(key)), &[0; 32]).err(),
        Some(CipherError::KeyLength)
    );
    let n = vec![0xff; 64];
    let public = || Ok(PublicNumbers::Rsa { n: &n, e: &[1, 0, 1] });
    assert_eq!(verify(scheme, &Parsed::default(), public, &[0; 32], &[0; 64]), Err(CipherError::KeyLength));
}
