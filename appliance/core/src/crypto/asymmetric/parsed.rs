//! Keys as the library holds them, made when first used and kept beside the object: a signature must not cost reading and
//! checking its key.

use super::{
    Curve, KeyError, MlDsa, PrivateForm, PrivateNumbers, PublicForm, PublicNumbers, write_private,
    write_public,
};
use crate::crypto::CipherError;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, PqdsaKeyPair};
use core::cell::OnceCell;
use hardening::rsa;

/// What was made of one object's material. Belongs to that material alone.
#[derive(Default)]
pub struct Parsed {
    private: OnceCell<Private>,
    public: OnceCell<Public>,
}

/// A private key that signs or decrypts. What it points to is on the library's heap, which `hardening` has taken over.
pub(super) enum Private {
    Rsa(rsa::PrivateKey),
    Ecdsa(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(Box<PqdsaKeyPair>),
}

/// A public key that verifies or encrypts.
pub(super) enum Public {
    Rsa(rsa::PublicKey),
    Curve(Curve, Vec<u8>),
    MlDsa(MlDsa, Vec<u8>),
}

impl Parsed {
    /// The private key, read by `numbers` if it is the first time.
    pub(super) fn private<'m>(
        &self,
        numbers: impl FnOnce() -> Result<PrivateNumbers<'m>, KeyError>,
    ) -> Result<&Private, CipherError> {
        if let Some(there) = self.private.get() {
            return Ok(there);
        }
        let numbers = numbers().map_err(|_| CipherError::KeyLength)?;
        let fresh = match &numbers {
            PrivateNumbers::Rsa(_) => {
                let der = write_private(PrivateForm::Pkcs1, &numbers).ok_or(CipherError::KeyLength)?;
                Private::Rsa(rsa::PrivateKey::from_pkcs1(&der).map_err(|_| CipherError::KeyLength)?)
            }
            PrivateNumbers::Curve { curve: Curve::Ed25519, scalar, .. } => Private::Ed25519(
                Ed25519KeyPair::from_seed_unchecked(scalar).map_err(|_| CipherError::KeyLength)?,
            ),
            PrivateNumbers::MlDsa { set, key } => Private::MlDsa(Box::new(set.pair(key)?)),
            PrivateNumbers::Curve { curve, .. } => {
                let signing = curve.signing().ok_or(CipherError::KeyLength)?;
                let der = write_private(PrivateForm::Pkcs8, &numbers).ok_or(CipherError::KeyLength)?;
                let pair =
                    EcdsaKeyPair::from_private_key_der(signing, &der).map_err(|_| CipherError::KeyLength)?;
                Private::Ecdsa(*curve, pair)
            }
        };
        Ok(self.private.get_or_init(|| fresh))
    }

    /// The public key, read by `numbers` if it is the first time.
    pub(super) fn public<'m>(
        &self,
        numbers: impl FnOnce() -> Result<PublicNumbers<'m>, KeyError>,
    ) -> Result<&Public, CipherError> {
        if let Some(there) = self.public.get() {
            return Ok(there);
        }
        let numbers = numbers().map_err(|_| CipherError::KeyLength)?;
        let fresh = match &numbers {
            PublicNumbers::Rsa { .. } => {
                let der = write_public(PublicForm::Pkcs1, &numbers).ok_or(CipherError::KeyLength)?;
                Public::Rsa(rsa::PublicKey::from_pkcs1(&der).map_err(|_| CipherError::KeyLength)?)
            }
            PublicNumbers::Curve { curve, point } => Public::Curve(*curve, point.to_vec()),
            PublicNumbers::MlDsa { set, key } => Public::MlDsa(*set, key.to_vec()),
        };
        Ok(self.public.get_or_init(|| fresh))
    }
}
