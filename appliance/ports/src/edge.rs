//! Between frontend and `core`'s first lane, beside the hot path: trust rules, status, TLS signatures.

use holdfast_model::status::CoreStatus;
use holdfast_model::trust::TrustRule;
use serde::{Deserialize, Serialize};

/// Frontend to core.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Give me the trust rules, and again whenever they change (replies with the same correlation).
    Watch,
    /// A client did not get past its handshake.
    Rejected {
        /// Why.
        why: Rejection,
    },
    /// How are you?
    Status,
    /// Sign the TLS handshake transcript with the box's TLS key.
    Sign {
        /// TLS `SignatureScheme` number (RFC 8446 section 4.2.3).
        scheme: u16,
        /// What is to be signed; hashed in core.
        message: Vec<u8>,
    },
}

/// Why a client was not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rejection {
    /// It showed no certificate.
    NoCertificate,
    /// No trusted CA issued its certificate.
    UnknownIssuer,
    /// Expired or not valid yet.
    Expired,
    /// Signature wrong, constraints violated, not for client authentication, unparsable.
    BadCertificate,
    /// A trusted CA, but no rule names this client.
    NoRule,
    /// It broke the TLS protocol or was too slow.
    Handshake,
}

/// Core to frontend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To `Watch`: all rules, and the box's certificate chain in DER, leaf first.
    Trust {
        /// Every rule in force.
        rules: Vec<TrustRule>,
        /// Server certificate chain.
        chain: Vec<Vec<u8>>,
    },
    /// To `Status`.
    Status(CoreStatus),
    /// To `Sign`.
    Signature(Vec<u8>),
    /// To `Sign`: the key cannot sign with that scheme.
    CannotSign,
    /// To `Rejected`.
    Noted,
}
