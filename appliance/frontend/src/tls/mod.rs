//! TLS as clients of the box meet it: mutual, 1.3 and 1.2, no resumption, the private key elsewhere.
//!
//! Separate from `worker` because this decides who gets in, and that moves bytes.
//! Rules: RFC 8446, RFC 5246; KMIP Profiles 1.4, section 3.1 (mutual TLS).

mod doorkeeper;
pub(crate) mod peer;
pub(crate) mod signer;
pub(crate) mod trust;

pub(crate) use doorkeeper::{Doorkeeper, config};
