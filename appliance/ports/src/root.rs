//! The root-of-trust port: what `core` asks of the HSM that holds a tenant's L1.
//!
//! L2 does not cross the vendor's process in clear where the token can help it: it leaves the token wrapped for
//! `core`'s one-time transport key. The plain path has a name of its own, so that it can be seen and audited.

use core::time::Duration;
use holdfast_model::l1::{L1Ref, OaepHash, WrappedL2};
use serde::{Deserialize, Serialize};

/// Errors of every make, in the few words that `core` decides by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RootError {
    /// Too many requests; wait as long as it says.
    #[error("the root of trust asks to wait")]
    RateLimited {
        /// How long.
        retry_after: Duration,
    },
    /// No answer, no session, no device: try again later, nothing has changed.
    #[error("the root of trust does not answer")]
    Unavailable,
    /// It answers no: wrong PIN, key not permitted to do this. An operator must act.
    #[error("the root of trust refuses")]
    Denied,
    /// No such key, or more than one with that label.
    #[error("the root of trust has no such key")]
    NotFound,
    /// The wrapped key was not wrapped by this L1, or was altered.
    #[error("the wrapped key does not authenticate")]
    NotAuthentic,
    /// The token or key cannot do what is needed; another mechanism or the named plain path may.
    #[error("the root of trust cannot do this")]
    Unsupported,
}

/// `core`'s one-time RSA public key for one release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransportKey {
    /// Modulus, big-endian, without leading zeros.
    pub modulus: Vec<u8>,
    /// Public exponent, big-endian.
    pub exponent: Vec<u8>,
}

/// An L2 in plain, on its way through the plain path. No `Debug`, wiped on drop; whoever holds the buffers it was
/// read from wipes those.
#[derive(Serialize, Deserialize)]
pub struct PlainL2(pub [u8; 32]);

impl Drop for PlainL2 {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// How L2 came out of the token.
#[derive(Serialize, Deserialize)]
pub enum Released {
    /// RSA-OAEP (no label) for the transport key that was given.
    Transport {
        /// As long as the modulus.
        ciphertext: Vec<u8>,
        /// Hash of the padding.
        oaep: OaepHash,
    },
    /// In clear: the configured plain path. `core` audits each one.
    Plain(PlainL2),
}

/// What a successful link found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// Token manufacturer and model, as the token tells them, for the operator.
    pub token: String,
    /// Whether L2 leaves this token for the transport key (`true`) or in plain.
    pub transport: bool,
}

/// A tenant key freshly made inside the token.
#[derive(Serialize, Deserialize)]
pub struct Made {
    /// To be kept.
    pub wrapped: WrappedL2,
    /// To be used.
    pub released: Released,
}

/// What every driver does. Passes the conformance suite in `root-of-trust`.
pub trait RootOfTrust {
    /// Proves that the L1 is there and usable: wraps and unwraps a throw-away key.
    ///
    /// # Errors
    /// [`RootError`].
    fn link(&mut self, l1: &L1Ref) -> Result<Linked, RootError>;

    /// Makes an L2, wraps it by the L1, and releases it.
    ///
    /// # Errors
    /// [`RootError`]; nothing is left in the token.
    fn make(&mut self, l1: &L1Ref, transport: &TransportKey) -> Result<Made, RootError>;

    /// Unwraps an L2 and releases it.
    ///
    /// # Errors
    /// [`RootError::NotAuthentic`] when another key wrapped it or it was altered.
    fn release(
        &mut self,
        l1: &L1Ref,
        wrapped: &WrappedL2,
        transport: &TransportKey,
    ) -> Result<Released, RootError>;

    /// Is the L1 still usable? Cheap; runs periodically.
    ///
    /// # Errors
    /// [`RootError`].
    fn check(&mut self, l1: &L1Ref) -> Result<(), RootError>;
}

/// A request on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// [`RootOfTrust::link`].
    Link(L1Ref),
    /// [`RootOfTrust::make`].
    Make(L1Ref, TransportKey),
    /// [`RootOfTrust::release`].
    Release(L1Ref, WrappedL2, TransportKey),
    /// [`RootOfTrust::check`].
    Check(L1Ref),
}

/// A reply on the wire.
#[derive(Serialize, Deserialize)]
pub enum Reply {
    /// To `Link`.
    Linked(Linked),
    /// To `Make`.
    Made(Made),
    /// To `Release`.
    Released(Released),
    /// To `Check`.
    Usable,
    /// Not done.
    Failed(RootError),
}
