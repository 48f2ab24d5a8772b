//! How a tenant's root key is named, and what a wrapped tenant key looks like.

use crate::HsmName;
use serde::{Deserialize, Serialize};

/// Names an L1: which HSM, which key in it. The key itself never leaves the HSM.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct L1Ref {
    /// The HSM as the configuration names it.
    pub hsm: HsmName,
    /// CKA_LABEL of the key; exactly one usable key must bear it.
    pub label: String,
}

/// How an HSM wrapped a tenant key; kept beside the wrapped bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WrapMechanism {
    /// AES key wrap (RFC 3394; CKM_AES_KEY_WRAP).
    AesKeyWrap,
    /// AES key wrap with padding (RFC 5649; CKM_AES_KEY_WRAP_KWP).
    AesKeyWrapPadded,
    /// RSA-OAEP with the hash named.
    RsaOaep(OaepHash),
}

/// Hash and mask generation hash of RSA-OAEP (both the same).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OaepHash {
    /// SHA-1: sound within OAEP, and all that some tokens have.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// A tenant key (L2) wrapped by its L1. Public: it is useless without the HSM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedL2 {
    /// How it was wrapped.
    pub mechanism: WrapMechanism,
    /// What the HSM gave us.
    pub bytes: Vec<u8>,
}
