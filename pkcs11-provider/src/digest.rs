//! Digests, computed here: no key is near.

use aws_lc_rs::digest::{self, Algorithm, Context};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_MECHANISM_TYPE, CK_ULONG};
use kmip::enums::HashingAlgorithm;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512_256,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
}

impl Hash {
    /// The hash of a digest mechanism.
    pub(crate) const fn of(mechanism: CK_MECHANISM_TYPE) -> Option<Self> {
        Some(match mechanism {
            ck::CKM_SHA_1 => Self::Sha1,
            ck::CKM_SHA224 => Self::Sha224,
            ck::CKM_SHA256 => Self::Sha256,
            ck::CKM_SHA384 => Self::Sha384,
            ck::CKM_SHA512 => Self::Sha512,
            ck::CKM_SHA512_256 => Self::Sha512_256,
            ck::CKM_SHA3_224 => Self::Sha3_224,
            ck::CKM_SHA3_256 => Self::Sha3_256,
            ck::CKM_SHA3_384 => Self::Sha3_384,
            ck::CKM_SHA3_512 => Self::Sha3_512,
            _ => return None,
        })
    }

    /// The hash of an HMAC mechanism.
    pub(crate) const fn of_hmac(mechanism: CK_MECHANISM_TYPE) -> Option<Self> {
        Some(match mechanism {
            ck::CKM_SHA_1_HMAC => Self::Sha1,
            ck::CKM_SHA224_HMAC => Self::Sha224,
            ck::CKM_SHA256_HMAC => Self::Sha256,
            ck::CKM_SHA384_HMAC => Self::Sha384,
            ck::CKM_SHA512_HMAC => Self::Sha512,
            ck::CKM_SHA3_224_HMAC => Self::Sha3_224,
            ck::CKM_SHA3_256_HMAC => Self::Sha3_256,
            ck::CKM_SHA3_384_HMAC => Self::Sha3_384,
            ck::CKM_SHA3_512_HMAC => Self::Sha3_512,
            _ => return None,
        })
    }

    /// The hash of a mask generation function.
    pub(crate) const fn of_mgf(mgf: CK_ULONG) -> Option<Self> {
        Some(match mgf {
            ck::CKG_MGF1_SHA1 => Self::Sha1,
            ck::CKG_MGF1_SHA224 => Self::Sha224,
            ck::CKG_MGF1_SHA256 => Self::Sha256,
            ck::CKG_MGF1_SHA384 => Self::Sha384,
            ck::CKG_MGF1_SHA512 => Self::Sha512,
            ck::CKG_MGF1_SHA3_224 => Self::Sha3_224,
            ck::CKG_MGF1_SHA3_256 => Self::Sha3_256,
            ck::CKG_MGF1_SHA3_384 => Self::Sha3_384,
            ck::CKG_MGF1_SHA3_512 => Self::Sha3_512,
            _ => return None,
        })
    }

    /// Bytes of its digest.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 | Self::Sha3_224 => 28,
            Self::Sha256 | Self::Sha512_256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }

    /// What KMIP calls it.
    pub(crate) const fn kmip(self) -> HashingAlgorithm {
        match self {
            Self::Sha1 => HashingAlgorithm::SHA_1,
            Self::Sha224 => HashingAlgorithm::SHA_224,
            Self::Sha256 => HashingAlgorithm::SHA_256,
            Self::Sha384 => HashingAlgorithm::SHA_384,
            Self::Sha512 => HashingAlgorithm::SHA_512,
            Self::Sha512_256 => HashingAlgorithm::SHA_512_256,
            Self::Sha3_224 => HashingAlgorithm::SHA_3_224,
            Self::Sha3_256 => HashingAlgorithm::SHA_3_256,
            Self::Sha3_384 => HashingAlgorithm::SHA_3_384,
            Self::Sha3_512 => HashingAlgorithm::SHA_3_512,
        }
    }

    /// How the library computes it; none for what it lacks.
    pub(crate) fn algorithm(self) -> Option<&'static Algorithm> {
        Some(match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
            Self::Sha512_256 => &digest::SHA512_256,
            Self::Sha3_224 => return None,
            Self::Sha3_256 => &digest::SHA3_256,
            Self::Sha3_384 => &digest::SHA3_384,
            Self::Sha3_512 => &digest::SHA3_512,
        })
    }

    /// A digest under way.
    pub(crate) fn begin(self) -> Option<Context> {
        self.algorithm().map(Context::new)
    }
}
