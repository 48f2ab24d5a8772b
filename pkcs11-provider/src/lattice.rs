//! The parameter sets of ML-DSA that the appliance has.
//!
//! Rules: FIPS 204, section 4 (tables 1 and 2); RFC 9881, section 2 (identifiers); PKCS#11 3.2, ML-DSA.

use cryptoki_sys as ck;
use cryptoki_sys::CK_ULONG;
use kmip::enums::CryptographicAlgorithm;

/// A parameter set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lattice {
    /// ML-DSA-65.
    Dsa65,
    /// ML-DSA-87.
    Dsa87,
}

impl Lattice {
    /// All that there are.
    pub(crate) const ALL: [Self; 2] = [Self::Dsa65, Self::Dsa87];

    /// CKA_PARAMETER_SET.
    pub(crate) const fn parameter_set(self) -> CK_ULONG {
        match self {
            Self::Dsa65 => ck::CKP_ML_DSA_65,
            Self::Dsa87 => ck::CKP_ML_DSA_87,
        }
    }

    /// What KMIP calls it here: numbers that the standard leaves to vendors.
    pub(crate) const fn kmip(self) -> CryptographicAlgorithm {
        match self {
            Self::Dsa65 => CryptographicAlgorithm::ML_DSA_65,
            Self::Dsa87 => CryptographicAlgorithm::ML_DSA_87,
        }
    }

    /// Content of its object identifier.
    pub(crate) const fn oid(self) -> &'static [u8] {
        match self {
            Self::Dsa65 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12],
            Self::Dsa87 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13],
        }
    }

    /// Bytes of a public key.
    pub(crate) const fn public_bytes(self) -> usize {
        match self {
            Self::Dsa65 => 1952,
            Self::Dsa87 => 2592,
        }
    }

    /// Bytes of a signature.
    pub(crate) const fn signature_bytes(self) -> usize {
        match self {
            Self::Dsa65 => 3309,
            Self::Dsa87 => 4627,
        }
    }
}
