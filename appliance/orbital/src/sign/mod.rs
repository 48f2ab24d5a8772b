//! Makes bundles: the signer's side. Tooling and tests link it, the box does not.
//!
//! A bundle is judged here as the box will judge it, so that nobody is asked to sign nonsense.

mod encode;
mod key;

pub use key::{BundleKey, KeyError};

use crate::bundle::{Bundle, BundleDigest, FORMAT};
use crate::directive::Task;
use crate::envelope::{self, CONTENT_TYPE, Received};
use crate::refusal::Refusal;
use crate::signers::is_signer_name;
use coset::{CoseSign, CoseSignBuilder, CoseSignatureBuilder, HeaderBuilder, TaggedCborSerializable, iana};
use holdfast_model::limits::BUNDLE_SIGNATURES_MAX;
use serde::Serialize;

/// Why a bundle could not be made or signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The box would refuse it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Names in signatures are short and plain.
    #[error("a signer name has 1 to 64 printable ASCII characters without spaces")]
    Name,
    /// Nothing is gained by signing twice.
    #[error("{0:?} has signed this bundle already")]
    SignedAlready(String),
    /// No more signatures fit.
    #[error("a bundle has at most 16 signatures")]
    TooMany,
}

/// The bytes that are signed.
///
/// # Errors
/// [`SignError::Refused`] if no box would take it.
pub fn payload(bundle: &Bundle) -> Result<Vec<u8>, SignError> {
    if bundle.header.format != FORMAT {
        return Err(Refusal::UnknownFormat.into());
    }
    bundle.judge_all()?;
    let directives =
        bundle.directives.iter().enumerate().map(|(at, one)| one.write(at)).collect::<Result<Vec<_>, _>>()?;
    let bytes = encode::deterministic(&Body { header: &bundle.header, directives })
        .ok_or(Refusal::Malformed("cannot be encoded"))?;
    crate::bundle::open(&bytes)?.bundle()?;
    Ok(bytes)
}

/// SHA-256, as bundles name certificates by it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

#[derive(Serialize)]
struct Body<'a> {
    header: &'a crate::Header,
    directives: Vec<Task>,
}

/// Makes a bundle with one signature.
///
/// # Errors
/// [`SignError`]; nothing was signed.
pub fn sign(bundle: &Bundle, signer: &str, key: &BundleKey) -> Result<Received, SignError> {
    let protected = HeaderBuilder::new().content_type(CONTENT_TYPE.to_owned()).build();
    let unsigned = CoseSignBuilder::new().protected(protected).payload(payload(bundle)?).build();
    with_signature(unsigned, signer, key)
}

/// Adds a signature to a bundle that somebody else has signed. The payload, and so the digest, stays the same.
///
/// Read it first ([`unverified`]): a signature says that you agree.
///
/// # Errors
/// [`SignError`]; nothing was signed.
pub fn add_signature(to: &Received, signer: &str, key: &BundleKey) -> Result<Received, SignError> {
    let signed = envelope::open(to)?;
    unverified(to)?;
    with_signature(signed, signer, key)
}

/// What a file says, whoever may have signed it: for reading before signing, and for looking at. Never to be acted
/// on, which is why it is not a `Verified`.
#[derive(Debug, Clone)]
pub struct Unverified {
    /// What it says.
    pub bundle: Bundle,
    /// Digest of its payload.
    pub digest: BundleDigest,
    /// Who is said to have signed.
    pub claimed_signers: Vec<String>,
}

/// Reads a bundle without checking a signature.
///
/// # Errors
/// [`Refusal`] when it is no bundle or makes no sense.
pub fn unverified(received: &Received) -> Result<Unverified, Refusal> {
    let signed = envelope::open(received)?;
    let payload = signed.payload.unwrap_or_default();
    Ok(Unverified {
        bundle: crate::bundle::open(&payload)?.bundle()?,
        digest: BundleDigest::of(&payload),
        claimed_signers: signed.signatures.iter().map(envelope::signer_name).collect(),
    })
}

fn with_signature(mut to: CoseSign, signer: &str, key: &BundleKey) -> Result<Received, SignError> {
    if !is_signer_name(signer) {
        return Err(SignError::Name);
    }
    if to.signatures.iter().any(|one| one.protected.header.key_id == signer.as_bytes()) {
        return Err(SignError::SignedAlready(signer.to_owned()));
    }
    if to.signatures.len() >= BUNDLE_SIGNATURES_MAX {
        return Err(SignError::TooMany);
    }
    let protected =
        HeaderBuilder::new().algorithm(iana::Algorithm::ES256).key_id(signer.as_bytes().to_vec()).build();
    let mut signature = CoseSignatureBuilder::new().protected(protected).build();
    signature.signature = key.sign(&to.tbs_data(&[], &signature));
    to.signatures.push(signature);
    let bytes = to.to_tagged_vec().map_err(|_| Refusal::Malformed("cannot be encoded"))?;
    Ok(Received::new(bytes)?)
}

/// Signs a body that no honest signer would.
#[cfg(test)]
pub(crate) fn sign_payload_for_tests(body: &ciborium::Value, by: &[(&str, &BundleKey)]) -> Received {
    sign_bytes_for_tests(encode::deterministic(body).unwrap(), by)
}

/// Signs any bytes.
#[cfg(test)]
pub(crate) fn sign_bytes_for_tests(payload: Vec<u8>, by: &[(&str, &BundleKey)]) -> Received {
    let protected = HeaderBuilder::new().content_type(CONTENT_TYPE.to_owned()).build();
    let mut sign = CoseSignBuilder::new().protected(protected).payload(payload).build();
    for (signer, key) in by {
        let signed = with_signature(sign, signer, key).unwrap();
        sign = envelope::open(&signed).unwrap();
    }
    Received::new(sign.to_tagged_vec().unwrap()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Office, define};

    #[test]
    fn nobody_is_asked_to_sign_what_a_box_would_refuse() {
        let office = Office::new();
        let mut bundle = office.draft(1, BundleDigest::NONE, vec![define("acme")]);
        bundle.header.lane = crate::Lane::Critical;
        assert_eq!(payload(&bundle), Err(SignError::Refused(Refusal::WrongLane(0))));
        bundle.header.lane = crate::Lane::High;
        bundle.directives.clear();
        assert!(payload(&bundle).is_err());
    }

    #[test]
    fn signing_again_leaves_the_digest_as_it_was_and_nobody_signs_twice() {
        let office = Office::new();
        let bundle = office.draft(1, BundleDigest::NONE, vec![define("acme")]);
        let one = sign(&bundle, "alice", &office.alice).unwrap();
        let two = add_signature(&one, "bob", &office.bob).unwrap();
        let (before, after) = (unverified(&one).unwrap(), unverified(&two).unwrap());
        assert_eq!(before.digest, after.digest);
        assert_eq!(after.bundle, bundle);
        assert_eq!(after.claimed_signers, ["alice", "bob"]);
        assert_eq!(
            add_signature(&two, "alice", &office.alice).err(),
            Some(SignError::SignedAlready("alice".to_owned()))
        );
        assert_eq!(add_signature(&two, "not a name", &office.carol).err(), Some(SignError::Name));
    }
}
