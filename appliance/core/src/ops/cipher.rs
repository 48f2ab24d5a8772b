//! How a key is to be used: from the request's parameters, or the key's own.
//!
//! Rules: KMIP 1.4, sections 3.6, 4.29 and 4.30; KMIP 2.1, sections 4.15, 6.1.11 and 6.1.17.

use crate::crypto::aes::{BLOCK_BYTES, Block};
use crate::crypto::padding::Padding;
use crate::managed::Managed;
use kmip::attribute::{AttributeValue, CryptographicParameters};
use kmip::enums::{BlockCipherMode, CryptographicAlgorithm, PaddingMethod};
use kmip::result::Refusal;
use kmip::tag::Tag;

/// What a missing IV is called: the cases of the profiles expect Invalid Message in every version, although 2.1 has a
/// reason of its own.
pub(super) const MISSING_IV: Refusal = Refusal::InvalidMessage;

/// What is to be done, all questions answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// Each block by itself.
    Ecb(Padding),
    /// Chained blocks.
    Cbc(Padding),
    /// A key stream.
    Ctr {
        /// Bits that count.
        counter_bits: u32,
        /// What a counter that is not part of the IV begins with.
        first: u32,
    },
    /// Authenticated.
    Gcm {
        /// Bytes of the tag.
        tag_bytes: usize,
    },
}

/// A plan, and whether the server makes the IV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Method {
    /// What is to be done.
    pub(super) plan: Plan,
    /// Did the client ask for a random IV?
    pub(super) random_iv: bool,
}

/// Finds the method: the request's parameters, or else those of the key with the lowest index.
///
/// # Errors
/// [`Refusal::BadCryptographicParameters`], [`Refusal::UnsupportedCryptographicParameters`],
/// [`Refusal::GeneralFailure`] for a tag length that is none.
pub(super) fn method(
    managed: &Managed,
    given: Option<&CryptographicParameters<'_>>,
) -> Result<Method, Refusal> {
    let own = managed
        .attributes
        .get(Tag::CRYPTOGRAPHIC_PARAMETERS)
        .and_then(AttributeValue::as_cryptographic_parameters);
    let parameters = given.copied().or(own).ok_or(Refusal::BadCryptographicParameters)?;
    let algorithm = managed.algorithm().ok_or(Refusal::BadCryptographicParameters)?;
    if parameters.cryptographic_algorithm.is_some_and(|asked| asked != algorithm) {
        return Err(Refusal::BadCryptographicParameters);
    }
    if algorithm != CryptographicAlgorithm::AES {
        return Err(Refusal::UnsupportedCryptographicParameters);
    }
    let mode = parameters.block_cipher_mode.ok_or(Refusal::BadCryptographicParameters)?;
    let padding = || match parameters.padding_method {
        None | Some(PaddingMethod::NONE) => Ok(Padding::None),
        Some(PaddingMethod::PKCS5) => Ok(Padding::Pkcs5),
        Some(PaddingMethod::ANSI_X9_23) => Ok(Padding::AnsiX923),
        Some(PaddingMethod::OAEP | PaddingMethod::PKCS1_V1_5 | PaddingMethod::PSS | PaddingMethod::X9_31) => {
            Err(Refusal::BadCryptographicParameters)
        }
        Some(_) => Err(Refusal::UnsupportedCryptographicParameters),
    };
    let unpadded = matches!(parameters.padding_method, None | Some(PaddingMethod::NONE));
    let plan = match mode {
        BlockCipherMode::ECB => Plan::Ecb(padding()?),
        BlockCipherMode::CBC => Plan::Cbc(padding()?),
        BlockCipherMode::CTR | BlockCipherMode::GCM if !unpadded => {
            return Err(Refusal::BadCryptographicParameters);
        }
        BlockCipherMode::CTR => Plan::Ctr {
            counter_bits: match parameters.counter_length {
                None => 128,
                Some(bits) => u32::try_from(bits)
                    .ok()
                    .filter(|bits| (8..=128).contains(bits) && bits.is_multiple_of(8))
                    .ok_or(Refusal::BadCryptographicParameters)?,
            },
            first: parameters.initial_counter_value.unwrap_or(1).cast_unsigned(),
        },
        BlockCipherMode::GCM => Plan::Gcm {
            tag_bytes: match parameters.tag_length {
                None => BLOCK_BYTES,
                Some(bytes) => usize::try_from(bytes)
                    .ok()
                    .filter(|bytes| crate::crypto::gcm::TAG_BYTES.contains(bytes))
                    .ok_or(Refusal::GeneralFailure)?,
            },
        },
        _ => return Err(Refusal::UnsupportedCryptographicParameters),
    };
    Ok(Method { plan, random_iv: parameters.random_iv == Some(true) })
}

/// An IV that must be one block.
///
/// # Errors
/// [`MISSING_IV`], [`Refusal::BadCryptographicParameters`].
pub(super) fn block_iv(iv: Option<&[u8]>) -> Result<Block, Refusal> {
    let iv = iv.ok_or(MISSING_IV)?;
    Block::try_from(iv).map_err(|_| Refusal::BadCryptographicParameters)
}

/// The first counter block: the IV itself, or a shorter one with the counter after it (RFC 3686).
///
/// # Errors
/// As [`block_iv`].
pub(super) fn counter_block(iv: Option<&[u8]>, counter_bits: u32, first: u32) -> Result<Block, Refusal> {
    let iv = iv.ok_or(MISSING_IV)?;
    let counter_bytes = usize::try_from(counter_bits / 8).unwrap_or(BLOCK_BYTES);
    if iv.len() == BLOCK_BYTES {
        return block_iv(Some(iv));
    }
    if counter_bytes < 4 || iv.len() + counter_bytes != BLOCK_BYTES {
        return Err(Refusal::BadCryptographicParameters);
    }
    let mut block = [0; BLOCK_BYTES];
    if let Some((head, counter)) = block.split_at_mut_checked(iv.len()) {
        head.copy_from_slice(iv);
        if let Some(low) = counter.last_chunk_mut::<4>() {
            *low = first.to_be_bytes();
        }
    }
    Ok(block)
}
