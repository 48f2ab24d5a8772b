//! Key derivation: SP 800-108r1 KBKDF in counter mode with HMAC-SHA-256.
//!
//! One derived key, one purpose: the label says which, the context says for whom.

use super::CustodyError;
use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};
use hardening::secret::Secret;

/// What a derived key is for (the label of SP 800-108r1 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Wraps exactly one key.
    Wrap,
    /// Authenticates the records of one tenant.
    Record,
    /// Blinds the index of one tenant.
    Index,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Wrap => b"holdfast/wrap/v1",
            Self::Record => b"holdfast/record/v1",
            Self::Index => b"holdfast/index/v1",
        }
    }
}

/// Derives 32 bytes for one purpose and one context.
///
/// Fixed input data: label, a zero byte, context, length in bits (256) as 32 bits big-endian; the 32-bit counter
/// goes before it (SP 800-108r1 section 4.1).
///
/// # Errors
/// [`CustodyError::NoMemory`] when secret memory is exhausted.
pub fn derive(from: &[u8; 32], purpose: Purpose, context: &[u8]) -> Result<Secret<32>, CustodyError> {
    let mut fixed = Vec::with_capacity(purpose.label().len() + 1 + context.len() + 4);
    fixed.extend_from_slice(purpose.label());
    fixed.push(0);
    fixed.extend_from_slice(context);
    fixed.extend_from_slice(&256_u32.to_be_bytes());
    let algorithm =
        get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256).ok_or(CustodyError::NoMemory)?;
    Secret::init_with(|out| kbkdf_ctr_hmac(algorithm, from, &fixed, out).map_err(|_| CustodyError::NoMemory))
}
