//! A message that is signed or verified: as its digest, or as it is where the scheme wants all of it.
//!
//! Separate because Sign and Signature Verify begin alike: the same parts, the same fields, the same refusals.
//! Rules: KMIP 1.4, sections 4.31 and 4.32.

use super::parts::{Part, data_of};
use crate::crypto::CipherError;
use crate::request::of_cipher;
use hardening::hash::{Digest, Hash};
use holdfast_model::ObjectId;
use kmip::identifier::Data;
use kmip::result::Refusal;
use zeroize::Zeroizing;

/// A message under way.
pub(crate) enum Message {
    /// Its digest.
    Digest(Digest),
    /// All of it.
    Whole(Zeroizing<Vec<u8>>),
}

impl Message {
    /// Nothing has come yet. Without a hash, the whole is what counts.
    ///
    /// # Errors
    /// When the library does not deliver.
    pub(super) fn new(hash: Option<Hash>) -> Result<Self, Refusal> {
        match hash {
            Some(hash) => Digest::new(hash).map(Self::Digest).map_err(of_library),
            None => Ok(Self::Whole(Zeroizing::default())),
        }
    }

    /// Takes more of it.
    ///
    /// # Errors
    /// As [`Message::new`].
    pub(super) fn update(&mut self, data: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Digest(digest) => digest.update(data).map_err(of_library),
            Self::Whole(whole) => {
                if whole.capacity() - whole.len() < data.len() {
                    // A larger one, so that no copy stays behind where the vector grew.
                    let mut larger = Zeroizing::new(Vec::with_capacity((whole.len() + data.len()) * 2));
                    larger.extend_from_slice(whole);
                    *whole = larger;
                }
                whole.extend_from_slice(data);
                Ok(())
            }
        }
    }

    /// What is signed.
    ///
    /// # Errors
    /// As [`Message::new`].
    pub(super) fn finish(self) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        match self {
            Self::Digest(digest) => {
                let digest = digest.finish().map_err(of_library)?;
                Ok(Zeroizing::new(digest.as_ref().to_vec()))
            }
            Self::Whole(whole) => Ok(whole),
        }
    }

    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Digest(_) => 0,
            Self::Whole(whole) => whole.len(),
        }
    }
}

fn of_library(error: hardening::hash::LibraryError) -> Refusal {
    of_cipher(CipherError::from(error))
}

/// The data of a part, or the digest that is given in its place: of the whole alone.
///
/// # Errors
/// [`Refusal::InvalidMessage`], and as [`data_of`].
pub(super) fn data_or_digest<'a>(
    data: Option<Data<'a>>,
    digested: Option<&'a [u8]>,
    part: &Part,
) -> Result<&'a [u8], Refusal> {
    match (digested, part) {
        (None, part) => data_of(data, part),
        (Some(digest), Part::Whole) if data.is_none() => Ok(digest),
        (Some(_), _) => Err(Refusal::InvalidMessage),
    }
}

/// The key of a part: of the stream that it goes on with, or that which the request names.
///
/// # Errors
/// [`Refusal::InvalidCorrelationValue`].
pub(super) fn key_of(part: &Part, named: Option<ObjectId>) -> Result<ObjectId, Refusal> {
    match part {
        Part::Next { stream, .. } => stream.object,
        Part::Whole | Part::First => named,
    }
    .ok_or(Refusal::InvalidCorrelationValue)
}
