//! The COSE_Sign around a bundle: from bytes of unknown origin to a payload that enough pinned signers signed.
//!
//! Nothing of the payload is decoded here, and nothing is given to the COSE library before its shape and size are
//! known: left alone it follows counter-signatures inside protected headers as deep as the sender likes.
//! Trusts: the pins. Does not trust: any byte.
//! Rules: RFC 9052 sections 3, 4.1 and 4.4; RFC 9053 section 2.1 (ES256: r and s, 32 bytes each).
//!
//! Both values of `s` are taken: signers use HSMs and tools of their own, which do not all choose the lower one, and
//! nothing here depends on a signature having one spelling (the digest of a bundle is that of its payload).

use crate::Refusal;
use crate::cbor::{self, NotDeterministic, Reader};
use crate::signers::Signers;
use coset::iana::Algorithm;
use coset::{CoseSign, RegisteredLabelWithPrivate, TaggedCborSerializable};
use holdfast_model::limits::{BUNDLE_BYTES_MAX, BUNDLE_PROTECTED_BYTES_MAX, BUNDLE_SIGNATURES_MAX};
use p256::ecdsa::{Signature, signature::Verifier};

/// COSE_Sign (RFC 9052 section 2).
const COSE_SIGN_TAG: u64 = 98;
/// What the payload is; a signature made for anything else does not fit.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.openkcm.orbital.bundle+cbor";
/// `{3: CONTENT_TYPE}`: label 3, then a text of 43 bytes with a one-byte length.
const CONTENT_TYPE_HEAD: [u8; 4] = [0xa1, 0x03, 0x78, 43];
/// r and s of P-256.
const SIGNATURE_BYTES: usize = 64;
/// Nesting of a signature's protected header: its map, `crit`.
const PROTECTED_DEPTH_MAX: usize = 2;

/// Bytes that somebody brought. Nothing can be done with them but verify them.
#[derive(Clone)]
pub struct Received(Vec<u8>);

impl Received {
    /// Takes bytes as they came.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] beyond `limits::BUNDLE_BYTES_MAX`.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Refusal> {
        if bytes.len() > BUNDLE_BYTES_MAX { Err(Refusal::TooLarge) } else { Ok(Self(bytes)) }
    }

    /// The exact bytes, to be handed on or kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A payload that every signature on it fits, by enough pinned signers.
pub(crate) struct Authentic {
    pub(crate) payload: Vec<u8>,
    pub(crate) signed_by: Vec<String>,
}

/// Checks shape and signatures.
pub(crate) fn authenticate(received: &Received, signers: &Signers) -> Result<Authentic, Refusal> {
    let sign = open(received)?;
    let mut signed_by: Vec<String> = Vec::new();
    for signature in &sign.signatures {
        let header = &signature.protected.header;
        if !header.crit.is_empty() {
            return Err(Refusal::UnknownCritical);
        }
        let es256 = RegisteredLabelWithPrivate::Assigned(Algorithm::ES256);
        if header.alg.as_ref() != Some(&es256) {
            return Err(Refusal::Algorithm);
        }
        let only_these = coset::Header {
            alg: header.alg.clone(),
            key_id: header.key_id.clone(),
            ..coset::Header::default()
        };
        if *header != only_these {
            return Err(Refusal::Malformed("a signature header holds more than algorithm and signer"));
        }
        let signer = signers.named(&header.key_id).ok_or(Refusal::UnknownSigner)?;
        let value = Signature::from_slice(&signature.signature).map_err(|_| Refusal::Forged)?;
        signer.key.verify(&sign.tbs_data(&[], signature), &value).map_err(|_| Refusal::Forged)?;
        // Pins have one name for each key: distinct names are distinct keys.
        if !signed_by.contains(&signer.name) {
            signed_by.push(signer.name.clone());
        }
    }
    let needed = signers.needed();
    if signed_by.len() < needed {
        return Err(Refusal::NotEnoughSigners { had: signed_by.len(), needed });
    }
    Ok(Authentic { payload: sign.payload.unwrap_or_default(), signed_by })
}

/// Decodes the envelope once its shape is known. Checks no signature.
pub(crate) fn open(received: &Received) -> Result<CoseSign, Refusal> {
    shape(&received.0).map_err(|_| Refusal::Malformed("not COSE_Sign in deterministic CBOR"))?;
    CoseSign::from_tagged_slice(&received.0).map_err(|_| Refusal::Malformed("not COSE_Sign"))
}

/// The fixed protected header of the whole.
pub(crate) fn protected() -> Vec<u8> {
    [CONTENT_TYPE_HEAD.as_slice(), CONTENT_TYPE.as_bytes()].concat()
}

fn shape(bytes: &[u8]) -> Result<(), NotDeterministic> {
    let demand = |condition: bool| if condition { Ok(()) } else { Err(NotDeterministic) };
    let mut reader = Reader::new(bytes);
    reader.tag(COSE_SIGN_TAG)?;
    demand(reader.array()? == 4)?;
    demand(reader.bytes()? == protected())?;
    demand(reader.map()? == 0)?;
    reader.bytes()?;
    let signatures = reader.array()?;
    demand((1..=BUNDLE_SIGNATURES_MAX as u64).contains(&signatures))?;
    for _ in 0..signatures {
        demand(reader.array()? == 3)?;
        let header = reader.bytes()?;
        demand(header.len() <= BUNDLE_PROTECTED_BYTES_MAX)?;
        cbor::check(header, PROTECTED_DEPTH_MAX, BUNDLE_PROTECTED_BYTES_MAX)?;
        demand(reader.map()? == 0)?;
        demand(reader.bytes()?.len() == SIGNATURE_BYTES)?;
    }
    reader.end()
}

/// Who a signature says made it.
#[cfg(any(test, feature = "sign"))]
pub(crate) fn signer_name(signature: &coset::CoseSignature) -> String {
    String::from_utf8_lossy(&signature.protected.header.key_id).into_owned()
}

const _: () = assert!(CONTENT_TYPE.len() == 43);
