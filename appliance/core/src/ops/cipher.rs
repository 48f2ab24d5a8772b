//! How a key is to be used: from the request's parameters, or the key's own.
//!
//! Rules: KMIP 1.4, sections 3.6, 4.29 and 4.30; KMIP 2.1, sections 4.15, 6.1.11 and 6.1.17.

use crate::crypto::aes::{BLOCK_BYTES, Block};
use crate::crypto::block::Cipher;
use crate::crypto::feedback::Mode;
use crate::crypto::padding::Padding;
use crate::crypto::{ccm, chacha20, gcm};
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
    Ecb(Cipher, Padding),
    /// Chained blocks.
    Cbc(Cipher, Padding),
    /// A key stream that counts.
    Ctr {
        /// Bits that count.
        counter_bits: u32,
        /// What a counter that is not part of the IV begins with.
        first: u32,
    },
    /// A key stream that feeds itself, or is fed by the ciphertext.
    Feedback(Mode),
    /// A data unit of storage; the IV is its number.
    Xts,
    /// Authenticated.
    Gcm {
        /// Bytes of the tag.
        tag_bytes: usize,
    },
    /// Authenticated.
    Ccm {
        /// Bytes of the tag.
        tag_bytes: usize,
    },
    /// Key wrap, with padding or without.
    KeyWrap {
        /// With padding?
        padded: bool,
    },
    /// A key stream of ChaCha20.
    ChaCha20 {
        /// What its counter begins with.
        first: u32,
    },
    /// Authenticated.
    ChaCha20Poly1305 {
        /// Bytes of the tag.
        tag_bytes: usize,
    },
}

impl Plan {
    /// Bytes of the tag, of an authenticated mode.
    pub(super) const fn tag_bytes(self) -> Option<usize> {
        match self {
            Self::Gcm { tag_bytes } | Self::Ccm { tag_bytes } | Self::ChaCha20Poly1305 { tag_bytes } => {
                Some(tag_bytes)
            }
            _ => None,
        }
    }

    /// Bytes of the IV that the server makes; none where the mode has no IV.
    pub(super) const fn iv_bytes(self) -> Option<usize> {
        match self {
            Self::Ecb(..) | Self::KeyWrap { .. } => None,
            Self::Cbc(cipher, _) => Some(cipher.block_bytes()),
            Self::Ctr { .. } | Self::Feedback(_) | Self::Xts => Some(BLOCK_BYTES),
            Self::Gcm { .. } => Some(gcm::NONCE_BYTES),
            Self::Ccm { .. } => Some(ccm::NONCE_BYTES_MADE),
            Self::ChaCha20 { .. } | Self::ChaCha20Poly1305 { .. } => Some(chacha20::NONCE_BYTES),
        }
    }
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
    let parameters = given.copied().or(own).unwrap_or_default();
    let algorithm = managed.algorithm().ok_or(Refusal::BadCryptographicParameters)?;
    if parameters.cryptographic_algorithm.is_some_and(|asked| asked != algorithm) {
        return Err(Refusal::BadCryptographicParameters);
    }
    let plan = match algorithm {
        CryptographicAlgorithm::AES => aes(&parameters)?,
        CryptographicAlgorithm::DES3 => des3(&parameters)?,
        CryptographicAlgorithm::CHA_CHA20 | CryptographicAlgorithm::CHA_CHA20_POLY1305 => {
            chacha20(algorithm, &parameters)?
        }
        _ => return Err(Refusal::UnsupportedCryptographicParameters),
    };
    Ok(Method { plan, random_iv: parameters.random_iv == Some(true) })
}

fn aes(parameters: &CryptographicParameters<'_>) -> Result<Plan, Refusal> {
    use BlockCipherMode as B;
    let mode = parameters.block_cipher_mode.ok_or(Refusal::BadCryptographicParameters)?;
    match mode {
        B::ECB => return Ok(Plan::Ecb(Cipher::Aes, padding(parameters)?)),
        B::CBC => return Ok(Plan::Cbc(Cipher::Aes, padding(parameters)?)),
        _ => unpadded(parameters)?,
    }
    Ok(match mode {
        B::CTR => Plan::Ctr {
            counter_bits: match parameters.counter_length {
                None => 128,
                Some(bits) => u32::try_from(bits)
                    .ok()
                    .filter(|bits| (8..=128).contains(bits) && bits.is_multiple_of(8))
                    .ok_or(Refusal::BadCryptographicParameters)?,
            },
            first: parameters.initial_counter_value.unwrap_or(1).cast_unsigned(),
        },
        B::CFB => Plan::Feedback(Mode::Cfb),
        B::OFB => Plan::Feedback(Mode::Ofb),
        B::XTS => Plan::Xts,
        B::GCM => Plan::Gcm { tag_bytes: tag(parameters, |bytes| gcm::TAG_BYTES.contains(&bytes))? },
        B::CCM => Plan::Ccm { tag_bytes: tag(parameters, ccm::is_tag_length)? },
        B::NIST_KEY_WRAP => Plan::KeyWrap { padded: false },
        B::AES_KEY_WRAP_PADDING => Plan::KeyWrap { padded: true },
        _ => return Err(Refusal::UnsupportedCryptographicParameters),
    })
}

fn des3(parameters: &CryptographicParameters<'_>) -> Result<Plan, Refusal> {
    match parameters.block_cipher_mode {
        Some(BlockCipherMode::ECB) => Ok(Plan::Ecb(Cipher::Des3, padding(parameters)?)),
        Some(BlockCipherMode::CBC) => Ok(Plan::Cbc(Cipher::Des3, padding(parameters)?)),
        Some(_) => Err(Refusal::UnsupportedCryptographicParameters),
        None => Err(Refusal::BadCryptographicParameters),
    }
}

/// The key's algorithm tells: it has no mode but AEAD, which the one is and the other is not.
fn chacha20(
    algorithm: CryptographicAlgorithm,
    parameters: &CryptographicParameters<'_>,
) -> Result<Plan, Refusal> {
    unpadded(parameters)?;
    let aead = algorithm == CryptographicAlgorithm::CHA_CHA20_POLY1305;
    match parameters.block_cipher_mode {
        Some(BlockCipherMode::AEAD) if aead => {}
        Some(_) => return Err(Refusal::BadCryptographicParameters),
        None => {}
    }
    if aead {
        let tag_bytes = tag(parameters, |bytes| chacha20::TAG_BYTES.contains(&bytes))?;
        return Ok(Plan::ChaCha20Poly1305 { tag_bytes });
    }
    Ok(Plan::ChaCha20 { first: parameters.initial_counter_value.unwrap_or(0).cast_unsigned() })
}

fn padding(parameters: &CryptographicParameters<'_>) -> Result<Padding, Refusal> {
    match parameters.padding_method {
        None | Some(PaddingMethod::NONE) => Ok(Padding::None),
        Some(PaddingMethod::PKCS5) => Ok(Padding::Pkcs5),
        Some(PaddingMethod::ANSI_X9_23) => Ok(Padding::AnsiX923),
        Some(PaddingMethod::OAEP | PaddingMethod::PKCS1_V1_5 | PaddingMethod::PSS | PaddingMethod::X9_31) => {
            Err(Refusal::BadCryptographicParameters)
        }
        Some(_) => Err(Refusal::UnsupportedCryptographicParameters),
    }
}

fn unpadded(parameters: &CryptographicParameters<'_>) -> Result<(), Refusal> {
    match parameters.padding_method {
        None | Some(PaddingMethod::NONE) => Ok(()),
        Some(_) => Err(Refusal::BadCryptographicParameters),
    }
}

fn tag(parameters: &CryptographicParameters<'_>, fits: impl Fn(usize) -> bool) -> Result<usize, Refusal> {
    match parameters.tag_length {
        None => Ok(BLOCK_BYTES),
        Some(bytes) => {
            usize::try_from(bytes).ok().filter(|bytes| fits(*bytes)).ok_or(Refusal::GeneralFailure)
        }
    }
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
