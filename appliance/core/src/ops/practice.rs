//! Whether the tenant's policy allows a use of a key.
//!
//! Separate so that what an operation does is named in one place, and judged by one table.
//! Rules: `holdfast_model::policy`.

use super::call::Call;
use super::cipher::Plan;
use super::scheme::Method;
use crate::crypto::asymmetric::{Curve, Family, Scheme};
use crate::crypto::block::Cipher;
use crate::crypto::mac::MacAlgorithm;
use crate::scope::Scope;
use hardening::hash::Hash;
use hardening::rsa::{Encryption, Signing};
use holdfast_model::policy::Practice;
use kmip::result::Refusal;

/// Bits of the shortest RSA key that is not an old one.
const RSA_BITS_MIN: usize = 2048;

/// Does a use protect something new, or does it process what was protected already?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Encrypt, sign, make a MAC.
    Protect,
    /// Decrypt, verify.
    Process,
}

impl Way {
    const fn of(self, protect: Practice, process: Practice) -> Practice {
        match self {
            Self::Protect => protect,
            Self::Process => process,
        }
    }
}

/// Is each of these allowed?
///
/// # Errors
/// [`Refusal::PermissionDenied`].
pub(super) fn allowed<S: Scope>(
    call: &Call<'_, S>,
    practices: impl IntoIterator<Item = Practice>,
) -> Result<(), Refusal> {
    let policy = call.scope.policy();
    if practices.into_iter().all(|practice| policy.allows(practice)) {
        Ok(())
    } else {
        Err(Refusal::PermissionDenied)
    }
}

/// What a symmetric cipher is.
pub(super) fn of_plan(plan: Plan, way: Way) -> Option<Practice> {
    match plan {
        Plan::Ecb(Cipher::Des3, _) | Plan::Cbc(Cipher::Des3, _) => {
            Some(way.of(Practice::Des3Encrypt, Practice::Des3Decrypt))
        }
        Plan::ChaCha20 { .. } | Plan::ChaCha20Poly1305 { .. } => Some(Practice::ChaCha20),
        _ => None,
    }
}

/// What a MAC is.
pub(super) fn of_mac(algorithm: MacAlgorithm, way: Way) -> Option<Practice> {
    match algorithm {
        MacAlgorithm::Cmac(Cipher::Des3) => Some(way.of(Practice::Des3Mac, Practice::Des3MacVerify)),
        MacAlgorithm::Hmac(Hash::Sha1) => Some(Practice::Sha1Mac),
        _ => None,
    }
}

/// What a signature is, by a key of this family and so many bits.
pub(super) fn of_signature(
    (family, bits): (Family, usize),
    method: Method,
    way: Way,
) -> impl Iterator<Item = Practice> {
    let short = (family == Family::Rsa && bits < RSA_BITS_MIN)
        .then(|| way.of(Practice::ShortRsaSign, Practice::ShortRsaVerify));
    let sha1 = match method.scheme {
        Scheme::Rsa(Signing::Pkcs1(hash)) => hash == Some(Hash::Sha1),
        Scheme::Rsa(Signing::Pss { hash, .. }) => hash == Hash::Sha1,
        _ => method.hash == Some(Hash::Sha1),
    };
    let sha1 = sha1.then(|| way.of(Practice::Sha1Sign, Practice::Sha1Verify));
    let k256 = (family == Family::Curve(Curve::K256) && way == Way::Protect).then_some(Practice::K256Sign);
    [short, sha1, k256].into_iter().flatten()
}

/// What an RSA encryption is, with a key of so many bits.
pub(super) fn of_encryption(how: Encryption<'_>, bits: usize, way: Way) -> impl Iterator<Item = Practice> {
    let short = (bits < RSA_BITS_MIN).then(|| way.of(Practice::ShortRsaEncrypt, Practice::ShortRsaDecrypt));
    let padding =
        matches!(how, Encryption::Pkcs1).then(|| way.of(Practice::Pkcs1Encrypt, Practice::Pkcs1Decrypt));
    [short, padding].into_iter().flatten()
}
