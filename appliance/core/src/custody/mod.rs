//! The hierarchy below L1: keys of each level, what binds them to their names, and sealed records.
//!
//! Separate so that wrapping and sealing can be read, tested and proven alone: nothing here waits, asks an agent
//! or knows KMIP.
//! Trusts: its caller for the *asked-for* name. Does not trust: a single byte of a record.
//! Rules: DESIGN.md section 2; SP 800-108r1 (KBKDF), SP 800-38F and RFC 5649 (AES-KWP), FIPS 198-1 (HMAC).

pub mod derive;
pub mod keys;
pub mod selftest;
pub mod service_record;
pub mod tenant_record;
pub mod transport;
pub mod vault;
pub mod wrap;

mod seal;
#[cfg(test)]
mod tests;

use hardening::MemoryError;

/// Why custody did not hand out or take in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CustodyError {
    /// Wrong key, wrong name or tampering: alike on purpose.
    #[error("a wrapped key or record did not authenticate")]
    NotAuthentic,
    /// Secret memory is exhausted, or a primitive could not run.
    #[error("secret memory is exhausted")]
    NoMemory,
    /// More than a record may hold.
    #[error("the object does not fit a record")]
    TooLarge,
}

impl From<MemoryError> for CustodyError {
    fn from(_: MemoryError) -> Self {
        Self::NoMemory
    }
}
