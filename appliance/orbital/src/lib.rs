//! Orbital bundles: the one way in. Signed orders of governance, carried to the box in files.
//!
//! What travels is opaque ([`Received`]); only [`verify`] (or, for the box's own log, [`verify_stored`]) makes a
//! [`Verified`] [`Bundle`], and only that can be applied.
//!
//! # Format, version 1
//!
//! A file is one tagged COSE_Sign (RFC 9052 section 4.1), everything in deterministic CBOR (RFC 8949 section
//! 4.2.1), at most 1 MiB:
//!
//! ```text
//! 98([ << {3: "application/vnd.openkcm.orbital.bundle+cbor"} >>, {},
//!      << {"header": {…}, "directives": [{…}, …]} >>,
//!      [ [ << {1: -7, 4: 'name of the signer'} >>, {}, ES256 signature, 64 bytes ], … ] ])
//! ```
//!
//! - Every byte of the file is under a signature or is a signature: the outer protected header is one fixed value,
//!   unprotected headers are empty, each signature's algorithm and signer name are protected, and every signature
//!   present must be by a pinned signer and be good. So no bit can change.
//! - m of n signers: what counts is the number of distinct public keys, not of names or signatures.
//! - The digest of a bundle, which the next one names, is SHA-256 of the payload alone: it stays the same whoever
//!   signs, in whatever order.
//!
//! # Order
//!
//! A box follows one source and one chain of bundles, and remembers the last that it took ([`HighWater`]).
//!
//! - A bundle's sequence must be larger than the last one's. It need not be the next number.
//! - Lanes 1 and 2: the bundle must also name the digest of the last one. A bundle that the carrier lost is missed
//!   at once ([`Refusal::BrokenChain`]); carry it, or issue a new one on top of what the box has (receipts say what).
//! - Lane 0 holds orders that only take away, and does not wait for what was lost on the way: a larger sequence is
//!   enough. What was skipped is stale from then on, so no older grant can come in behind a revocation.
//! - The first bundle of a box names the digest of all zeros, at any sequence.
//!
//! The reasons, and what was not done, are in `docs/adr/0030-one-chain-of-bundles.md`.

mod bundle;
mod cbor;
mod directive;
mod envelope;
mod refusal;
mod signers;
mod verify;

#[cfg(any(test, feature = "importer"))]
pub mod importer;
#[cfg(any(test, feature = "sign"))]
pub mod sign;
#[cfg(test)]
mod tests;

pub use bundle::{Bundle, BundleDigest, FORMAT, Header, Lane};
pub use directive::{Directive, Order};
pub use envelope::Received;
pub use refusal::Refusal;
pub use signers::{PinError, Signers};
pub use verify::{Checked, HighWater, Policy, Verified, inspect, verify, verify_stored};
