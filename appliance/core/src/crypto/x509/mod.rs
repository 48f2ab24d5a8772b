//! X.509 certificates and requests for them: read in place, checked, and made.
//!
//! Read with `der` rather than with a certificate library, because a signature is over bytes as they stand and KMIP hands
//! names out as they stand: a library that decodes and encodes again may give others.
//! Does not trust: any byte. What is read is not yet believed; `chain` is for that.
//! Rules: RFC 5280; RFC 2986 (PKCS #10); RFC 4211 (CRMF); RFC 4514 (names as text).

pub mod build;
pub mod certificate;
pub mod chain;
pub mod extension;
pub mod name;
pub mod request;
pub mod signature;
pub mod time;

#[cfg(test)]
mod tests;

pub use certificate::{Certificate, read_certificate};
pub use request::{Asked, read_request};
