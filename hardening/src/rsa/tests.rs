use super::{Encryption, Hash, PrivateKey, PublicKey, RsaError, Signing, generate};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;

const HASHES: [Hash; 11] = Hash::ALL;

/// PKCS #8 of an RSA key ends with PKCS #1.
fn pair() -> (PrivateKey, PublicKey, KeyPair) {
    let made = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&made).unwrap();
    let private = PrivateKey::from_pkcs1(&pkcs8.as_ref()[26..]).unwrap();
    let public = PublicKey::from_pkcs1(made.public_key().as_ref()).unwrap();
    (private, public, made)
}

#[test]
fn what_is_signed_verifies_and_nothing_else_does() {
    let (private, public, _) = pair();
    for hash in HASHES {
        let digest = vec![7; hash.bytes()];
        for how in [
            Signing::Pkcs1(Some(hash)),
            Signing::Pkcs1(None),
            Signing::Pss { hash, mask: hash, salt_bytes: None },
            Signing::Pss { hash, mask: Hash::Sha256, salt_bytes: Some(20) },
        ] {
            let signature = private.sign(how, &digest).unwrap();
            assert_eq!(public.verify(how, &digest, &signature), Ok(()), "{how:?}");
            let other = vec![8; hash.bytes()];
            assert_eq!(public.verify(how, &other, &signature), Err(RsaError::Refused));
            let mut changed = signature.clone();
            changed[9] ^= 1;
            assert_eq!(public.verify(how, &digest, &changed), Err(RsaError::Refused));
            assert_eq!(public.verify(how, &digest, &signature[1..]), Err(RsaError::Refused));
        }
        let pss = Signing::Pss { hash, mask: hash, salt_bytes: None };
        assert_eq!(private.sign(pss, &digest[1..]), Err(RsaError::BadLength));
    }
}

#[test]
fn the_safe_binding_agrees() {
    let (private, _, made) = pair();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"data");
    let how = Signing::Pss { hash: Hash::Sha256, mask: Hash::Sha256, salt_bytes: Some(32) };
    let signature = private.sign(how, digest.as_ref()).unwrap();
    let public = aws_lc_rs::signature::UnparsedPublicKey::new(
        &aws_lc_rs::signature::RSA_PSS_2048_8192_SHA256,
        made.public_key().as_ref(),
    );
    public.verify(b"data", &signature).unwrap();
}

#[test]
fn what_is_encrypted_decrypts_under_the_same_hashes_and_label_alone() {
    let (private, public, _) = pair();
    for (hash, mask) in [(Hash::Sha1, Hash::Sha1), (Hash::Sha384, Hash::Sha256), (Hash::Sha256, Hash::Sha512)]
    {
        let how = Encryption::Oaep { hash, mask, label: b"label" };
        let cipher = public.encrypt(how, b"secret").unwrap();
        let mut out = vec![0; private.bytes()];
        assert_eq!(private.decrypt(how, &cipher, &mut out), Ok(6));
        assert_eq!(&out[..6], b"secret");
        for other in [
            Encryption::Oaep { hash, mask, label: b"" },
            Encryption::Oaep { hash: Hash::Sha512, mask, label: b"label" },
            Encryption::Pkcs1,
        ] {
            assert_eq!(private.decrypt(other, &cipher, &mut out), Err(RsaError::Refused));
        }
        assert_eq!(private.decrypt(how, &cipher[1..], &mut out), Err(RsaError::Refused));
        assert_eq!(private.decrypt(how, &cipher, &mut out[1..]), Err(RsaError::BadLength));
        assert_eq!(public.encrypt(how, &[0; 256]), Err(RsaError::BadLength));
    }
}

#[test]
fn what_is_no_key_or_a_short_one_is_refused() {
    assert_eq!(PrivateKey::from_pkcs1(b"").err(), Some(RsaError::BadKey));
    assert_eq!(PublicKey::from_pkcs1(&[0x30, 0]).err(), Some(RsaError::BadKey));
    // A modulus of 512 bits.
    let mut short = vec![0x30, 0x48, 0x02, 0x41, 0x00];
    short.extend_from_slice(&[0xff; 64]);
    short.extend_from_slice(&[0x02, 0x03, 0x01, 0x00, 0x01]);
    assert_eq!(PublicKey::from_pkcs1(&short).err(), Some(RsaError::BadKey));
}

#[test]
fn a_key_that_is_made_has_its_length_and_fits_itself() {
    for bits in [1024, 2048] {
        let private = generate(bits, PrivateKey::from_pkcs1).unwrap().unwrap();
        assert_eq!(private.bytes() * 8, usize::try_from(bits).unwrap());
    }
    assert!(generate(512, |_| ()).is_err());
    assert!(generate(8192, |_| ()).is_err());
}
