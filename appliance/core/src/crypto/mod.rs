//! The algorithms that operations use on unwrapped keys.
//!
//! Separate from `ops` so that nothing here knows a message, a state or a permission: bytes, parameters, result.
//! Everything is computed by aws-lc; what stands here is what KMIP adds: padding, counters, tags that are cut, nonces
//! of other lengths, and the modes that are another one in disguise.

pub mod aes;
pub mod asymmetric;
pub mod block;
pub mod ccm;
pub mod chacha20;
pub mod der;
pub mod derivation;
pub mod feedback;
pub mod gcm;
pub mod key_wrap;
pub mod mac;
pub mod padding;
pub mod pgp;
pub mod pkcs12;
pub mod random;
pub mod selftest;
pub mod sharing;
pub mod x509;
pub mod xts;

#[cfg(test)]
mod tests;

pub use aes::{Aes, Schedules};

/// Why there is no result. Each variant is a reason that KMIP tells its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CipherError {
    /// The key has no length that the algorithm takes.
    #[error("the key's length does not fit the algorithm")]
    KeyLength,
    /// Without padding, the data must be whole blocks.
    #[error("the data is not a whole number of blocks")]
    DataLength,
    /// The nonce or initialisation vector has no length that the mode takes.
    #[error("the initialisation vector has a wrong length")]
    IvLength,
    /// The counter would repeat within this message.
    #[error("the counter is too short for the data")]
    CounterExhausted,
    /// The tag has no length that SP 800-38D allows.
    #[error("the authentication tag has a wrong length")]
    TagLength,
    /// Wrong key, wrong parameters or changed data: alike on purpose.
    #[error("the data did not decrypt")]
    NotAuthentic,
    /// Secret memory is exhausted.
    #[error("secret memory is exhausted")]
    NoMemory,
    /// aws-lc refused.
    #[error("the cryptographic library refused")]
    Library,
}

impl From<hardening::MemoryError> for CipherError {
    fn from(_: hardening::MemoryError) -> Self {
        Self::NoMemory
    }
}

impl From<hardening::hash::LibraryError> for CipherError {
    fn from(_: hardening::hash::LibraryError) -> Self {
        Self::Library
    }
}

impl From<aws_lc_rs::error::Unspecified> for CipherError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Library
    }
}
