//! ML-DSA: signatures that outlast a quantum computer. A key is written as FIPS 204 writes it, or as the seed that it follows
//! from.
//!
//! Rules: FIPS 204 (pure signatures, empty context); RFC 9881 (identifiers).

use super::{Made, Parsed, PrivateNumbers, PublicNumbers, Scheme, sign, verify};
use crate::crypto::CipherError;
use crate::crypto::der::Room;
use aws_lc_rs::encoding::AsRawBytes;
use aws_lc_rs::signature::{
    KeyPair as _, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87, ML_DSA_87_SIGNING, PqdsaKeyPair,
    PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm,
};

/// Bytes of a seed.
pub const SEED_BYTES: usize = 32;

/// A parameter set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MlDsa {
    /// ML-DSA-65, security category 3.
    Dsa65,
    /// ML-DSA-87, security category 5.
    Dsa87,
}

impl MlDsa {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dsa65, Self::Dsa87];

    /// Bytes of a public key.
    #[must_use]
    pub const fn public_bytes(self) -> usize {
        match self {
            Self::Dsa65 => 1952,
            Self::Dsa87 => 2592,
        }
    }

    /// Bytes of a private key that is not written as its seed.
    #[must_use]
    pub const fn private_bytes(self) -> usize {
        match self {
            Self::Dsa65 => 4032,
            Self::Dsa87 => 4896,
        }
    }

    /// Its object identifier, encoded.
    #[must_use]
    pub const fn oid(self) -> &'static [u8] {
        match self {
            Self::Dsa65 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12],
            Self::Dsa87 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13],
        }
    }

    /// The parameter set of this object identifier.
    #[must_use]
    pub fn of_oid(oid: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.oid() == oid)
    }

    const fn signing(self) -> &'static PqdsaSigningAlgorithm {
        match self {
            Self::Dsa65 => &ML_DSA_65_SIGNING,
            Self::Dsa87 => &ML_DSA_87_SIGNING,
        }
    }

    pub(super) const fn verifying(self) -> &'static PqdsaVerificationAlgorithm {
        match self {
            Self::Dsa65 => &ML_DSA_65,
            Self::Dsa87 => &ML_DSA_87,
        }
    }

    /// The key as the library holds it, from its bytes or its seed.
    pub(super) fn pair(self, key: &[u8]) -> Result<PqdsaKeyPair, CipherError> {
        let pair = if key.len() == SEED_BYTES {
            PqdsaKeyPair::from_seed(self.signing(), key)
        } else {
            PqdsaKeyPair::from_raw_private_key(self.signing(), key)
        };
        pair.map_err(|_| CipherError::KeyLength)
    }
}

/// Makes a key pair, and tries it before it is given out.
///
/// # Errors
/// [`CipherError::Library`]: none could be made, or the pair did not fit itself.
pub fn make_ml_dsa(set: MlDsa) -> Result<Made, CipherError> {
    let pair = PqdsaKeyPair::generate(set.signing())?;
    let private = Room::new(pair.private_key().as_raw_bytes()?.as_ref().to_vec());
    let public = Room::new(pair.public_key().as_ref().to_vec());
    let (parsed, data) = (Parsed::default(), [0x5a; 32]);
    let own = || Ok(PrivateNumbers::MlDsa { set, key: &private });
    let signature = sign(Scheme::MlDsa, &parsed, own, &data)?;
    verify(Scheme::MlDsa, &parsed, || Ok(PublicNumbers::MlDsa { set, key: &public }), &data, &signature)
        .map_err(|_| CipherError::Library)?;
    Ok(Made { private, public })
}

/// The public key that follows from a private one.
///
/// # Errors
/// [`CipherError::KeyLength`].
pub fn public_of(set: MlDsa, key: &[u8]) -> Result<Vec<u8>, CipherError> {
    Ok(set.pair(key)?.public_key().as_ref().to_vec())
}
