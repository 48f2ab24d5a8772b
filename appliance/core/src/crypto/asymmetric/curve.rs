//! The curves that are known here.
//!
//! Rules: SP 800-186; SEC 2, section 2.4.1; RFC 8410 for the identifiers of the last two.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1,
    ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm,
};

/// A curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// secp256k1.
    K256,
    /// Ed25519, for signatures.
    Ed25519,
    /// X25519, for agreement.
    X25519,
}

impl Curve {
    /// Every curve.
    pub const ALL: [Self; 6] = [Self::P256, Self::P384, Self::P521, Self::K256, Self::Ed25519, Self::X25519];

    /// Its object identifier, encoded. Of Ed25519 and X25519 it is the algorithm's.
    #[must_use]
    pub const fn oid(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
            Self::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
            Self::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
            Self::K256 => &[0x2b, 0x81, 0x04, 0x00, 0x0a],
            Self::Ed25519 => &[0x2b, 0x65, 0x70],
            Self::X25519 => &[0x2b, 0x65, 0x6e],
        }
    }

    /// The curve of this object identifier.
    #[must_use]
    pub fn of_oid(oid: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.oid() == oid)
    }

    /// Bits of its field, which is what KMIP calls the length of its keys.
    #[must_use]
    pub const fn bits(self) -> u16 {
        match self {
            Self::P256 | Self::K256 | Self::Ed25519 | Self::X25519 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
        }
    }

    /// Bytes of a scalar and of a coordinate.
    #[must_use]
    pub const fn scalar_bytes(self) -> usize {
        match self {
            Self::P256 | Self::K256 | Self::Ed25519 | Self::X25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Is it written as RFC 8410 says?
    #[must_use]
    pub const fn is_rfc_8410(self) -> bool {
        matches!(self, Self::Ed25519 | Self::X25519)
    }

    /// How aws-lc signs on it.
    pub(super) const fn signing(self) -> Option<&'static EcdsaSigningAlgorithm> {
        match self {
            Self::P256 => Some(&ECDSA_P256_SHA256_ASN1_SIGNING),
            Self::P384 => Some(&ECDSA_P384_SHA384_ASN1_SIGNING),
            Self::P521 => Some(&ECDSA_P521_SHA512_ASN1_SIGNING),
            Self::K256 => Some(&ECDSA_P256K1_SHA256_ASN1_SIGNING),
            Self::Ed25519 | Self::X25519 => None,
        }
    }

    /// How aws-lc verifies on it, and with which digest it does so.
    pub(super) const fn verifying(
        self,
    ) -> Option<(&'static EcdsaVerificationAlgorithm, &'static aws_lc_rs::digest::Algorithm)> {
        use aws_lc_rs::digest::{SHA256, SHA384, SHA512};
        match self {
            Self::P256 => Some((&ECDSA_P256_SHA256_ASN1, &SHA256)),
            Self::P384 => Some((&ECDSA_P384_SHA384_ASN1, &SHA384)),
            Self::P521 => Some((&ECDSA_P521_SHA512_ASN1, &SHA512)),
            Self::K256 => Some((&ECDSA_P256K1_SHA256_ASN1, &SHA256)),
            Self::Ed25519 | Self::X25519 => None,
        }
    }

    /// How aws-lc agrees on it.
    pub(super) const fn agreement(self) -> Option<&'static aws_lc_rs::agreement::Algorithm> {
        match self {
            Self::P256 => Some(&aws_lc_rs::agreement::ECDH_P256),
            Self::P384 => Some(&aws_lc_rs::agreement::ECDH_P384),
            Self::P521 => Some(&aws_lc_rs::agreement::ECDH_P521),
            Self::X25519 => Some(&aws_lc_rs::agreement::X25519),
            Self::K256 | Self::Ed25519 => None,
        }
    }
}
