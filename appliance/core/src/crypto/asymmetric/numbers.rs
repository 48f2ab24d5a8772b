//! What a key is, whatever it is written in. The numbers are lent from where they stand; nothing here is copied.
//!
//! No type that holds a private number has `Debug`.

use super::{Curve, MlDsa};

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// RSA.
    Rsa,
    /// A curve.
    Curve(Curve),
    /// A lattice.
    MlDsa(MlDsa),
}

/// The numbers of an RSA private key, magnitudes without leading zeros (RFC 8017, section 3.2).
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub struct RsaPrivate<'a> {
    pub n: &'a [u8],
    pub e: &'a [u8],
    pub d: &'a [u8],
    pub p: &'a [u8],
    pub q: &'a [u8],
    pub dp: &'a [u8],
    pub dq: &'a [u8],
    pub qinv: &'a [u8],
}

/// A private key.
#[derive(Clone, Copy)]
pub enum PrivateNumbers<'a> {
    /// RSA.
    Rsa(RsaPrivate<'a>),
    /// A curve's.
    Curve {
        /// Which.
        curve: Curve,
        /// The scalar, or the seed of an Ed25519 key, in the curve's full length.
        scalar: &'a [u8],
        /// The public point, if it stands beside.
        public: Option<&'a [u8]>,
    },
    /// A lattice's.
    MlDsa {
        /// Which.
        set: MlDsa,
        /// The key as FIPS 204 writes it, or its seed.
        key: &'a [u8],
    },
}

impl PrivateNumbers<'_> {
    /// What kind of key it is.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::Rsa(_) => Family::Rsa,
            Self::Curve { curve, .. } => Family::Curve(*curve),
            Self::MlDsa { set, .. } => Family::MlDsa(*set),
        }
    }

    /// Its length in bits, as KMIP counts them.
    #[must_use]
    pub fn bits(&self) -> usize {
        match self {
            Self::Rsa(key) => bits(key.n),
            Self::Curve { curve, .. } => usize::from(curve.bits()),
            // Of both halves: the length of the public one.
            Self::MlDsa { set, .. } => set.public_bytes() * 8,
        }
    }
}

/// A public key.
#[derive(Clone, Copy)]
pub enum PublicNumbers<'a> {
    /// RSA.
    Rsa {
        /// The modulus.
        n: &'a [u8],
        /// The public exponent.
        e: &'a [u8],
    },
    /// A curve's.
    Curve {
        /// Which.
        curve: Curve,
        /// The point as SEC 1 writes it, or the bytes of an Ed25519 or X25519 key.
        point: &'a [u8],
    },
    /// A lattice's.
    MlDsa {
        /// Which.
        set: MlDsa,
        /// The key as FIPS 204 writes it.
        key: &'a [u8],
    },
}

impl PublicNumbers<'_> {
    /// What kind of key it is.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::Rsa { .. } => Family::Rsa,
            Self::Curve { curve, .. } => Family::Curve(*curve),
            Self::MlDsa { set, .. } => Family::MlDsa(*set),
        }
    }

    /// Its length in bits, as KMIP counts them.
    #[must_use]
    pub fn bits(&self) -> usize {
        match self {
            Self::Rsa { n, .. } => bits(n),
            Self::Curve { curve, .. } => usize::from(curve.bits()),
            // Of both halves: the length of the public one.
            Self::MlDsa { set, .. } => set.public_bytes() * 8,
        }
    }
}

/// Bits of a magnitude.
fn bits(magnitude: &[u8]) -> usize {
    let first = magnitude.first().copied().unwrap_or_default();
    let spare = usize::try_from(first.leading_zeros()).unwrap_or_default();
    (magnitude.len() * 8).saturating_sub(spare)
}
