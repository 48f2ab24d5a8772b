//! Makes key pairs, and tries each before it is given out.
//!
//! Rules: FIPS 186-5, sections 5 and 6 and appendix A; FIPS 140-3, section 7.10.3 (pairwise consistency).

use super::{
    Curve, Parsed, PrivateForm, PrivateNumbers, PublicForm, PublicNumbers, Scheme, agree, read_private, sign,
    verify, write_private, write_public,
};
use crate::crypto::CipherError;
use crate::crypto::der::Room;
use aws_lc_rs::agreement;
use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin, EcPrivateKeyBin};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use hardening::rsa::{Hash, Signing, generate};

/// Lengths of RSA keys that are made, in bits. Whether one may be used is another question.
pub const RSA_BITS: [u16; 4] = [1024, 2048, 3072, 4096];

/// A pair: PKCS #1 both for RSA; PKCS #8 and `SubjectPublicKeyInfo` for curves.
pub struct Made {
    /// The private key.
    pub private: Room,
    /// The public key.
    pub public: Room,
}

/// Makes an RSA key pair; tenths of a second to seconds.
///
/// # Errors
/// [`CipherError::Library`]: none could be made, or the pair did not fit itself.
pub fn make_rsa(bits: u16) -> Result<Made, CipherError> {
    if !RSA_BITS.contains(&bits) {
        return Err(CipherError::KeyLength);
    }
    let private =
        generate(u32::from(bits), |der| Room::new(der.to_vec())).map_err(|_| CipherError::Library)?;
    let public = {
        let numbers = read_private(PrivateForm::Pkcs1, &private).map_err(|_| CipherError::Library)?;
        let PrivateNumbers::Rsa(key) = &numbers else { return Err(CipherError::Library) };
        let public = PublicNumbers::Rsa { n: key.n, e: key.e };
        consistent(&numbers, &public)?;
        write_public(PublicForm::Pkcs1, &public).ok_or(CipherError::Library)?
    };
    Ok(Made { private, public })
}

/// Makes a key pair on a curve.
///
/// # Errors
/// As [`make_rsa`].
pub fn make_curve(curve: Curve) -> Result<Made, CipherError> {
    let (scalar, point): (Room, Vec<u8>) = match curve {
        Curve::Ed25519 => {
            let pair = Ed25519KeyPair::generate()?;
            let seed = pair.seed()?;
            let seed = AsBigEndian::<Curve25519SeedBin<'_>>::as_be_bytes(&seed)?;
            (Room::new(seed.as_ref().to_vec()), pair.public_key().as_ref().to_vec())
        }
        Curve::X25519 => {
            let key = agreement::PrivateKey::generate(&agreement::X25519)?;
            let seed = AsBigEndian::<Curve25519SeedBin<'_>>::as_be_bytes(&key)?;
            (Room::new(seed.as_ref().to_vec()), key.compute_public_key()?.as_ref().to_vec())
        }
        _ => {
            let pair = EcdsaKeyPair::generate(curve.signing().ok_or(CipherError::Library)?)?;
            let private = pair.private_key();
            let scalar = AsBigEndian::<EcPrivateKeyBin<'_>>::as_be_bytes(&private)?;
            (Room::new(scalar.as_ref().to_vec()), pair.public_key().as_ref().to_vec())
        }
    };
    let private = PrivateNumbers::Curve { curve, scalar: &scalar, public: Some(&point) };
    let public = PublicNumbers::Curve { curve, point: &point };
    consistent(&private, &public)?;
    Ok(Made {
        private: write_private(PrivateForm::Pkcs8, &private).ok_or(CipherError::Library)?,
        public: write_public(PublicForm::X509, &public).ok_or(CipherError::Library)?,
    })
}

/// Does the one key undo what the other does?
fn consistent(private: &PrivateNumbers<'_>, public: &PublicNumbers<'_>) -> Result<(), CipherError> {
    let scheme = match private {
        PrivateNumbers::Rsa(_) => Scheme::Rsa(Signing::Pkcs1(Some(Hash::Sha256))),
        PrivateNumbers::Curve { curve: Curve::Ed25519, .. } => Scheme::Ed25519,
        PrivateNumbers::Curve { curve: Curve::X25519, .. } => {
            // It signs nothing: both ways of an agreement with another key must meet.
            let other = agreement::PrivateKey::generate(&agreement::X25519)?;
            let point = other.compute_public_key()?;
            let one = agree(private, &PublicNumbers::Curve { curve: Curve::X25519, point: point.as_ref() })?;
            let PublicNumbers::Curve { point, .. } = public else { return Err(CipherError::Library) };
            let peer = agreement::UnparsedPublicKey::new(&agreement::X25519, point);
            return agreement::agree(&other, peer, CipherError::Library, |secret| {
                if *secret == **one { Ok(()) } else { Err(CipherError::Library) }
            });
        }
        PrivateNumbers::Curve { .. } => Scheme::Ecdsa,
        PrivateNumbers::MlDsa { .. } => Scheme::MlDsa,
    };
    let (parsed, data) = (Parsed::default(), [0x5a; 32]);
    let signature = sign(scheme, &parsed, || Ok(*private), &data)?;
    verify(scheme, &parsed, || Ok(*public), &data, &signature).map_err(|_| CipherError::Library)
}
