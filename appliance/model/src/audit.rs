//! What the audit log says: who did what to which key, and how it ended. Ids, never values.

use crate::{
    Fingerprint, Generation, KeyVersion, LaneIndex, ObjectId, Sequence, ServiceId, TenantId, Timestamp,
};
use core::fmt;
use serde::{Deserialize, Serialize};

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused or failed; see the reason.
    Refused,
}

/// What was done. KMIP operations by their number, our own by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A KMIP operation, by its enumeration value (KMIP 2.1 section 11.35).
    Kmip(u32),
    /// A client could not be admitted.
    Connect,
    /// `core` started and passed its self-tests.
    Start,
    /// L2 came into memory.
    Unseal,
    /// L2 came into memory on the plain path, through the vendor's process.
    UnsealPlain,
    /// A tenant's keys were wiped.
    Seal,
    /// A bundle was judged.
    Bundle,
    /// A directive was applied: `tenant.define`.
    TenantDefine,
    /// `l1.link`.
    L1Link,
    /// `l1.unlink`.
    L1Unlink,
    /// `service.define`.
    ServiceDefine,
    /// `client.trust`.
    ClientTrust,
    /// `policy.set`.
    PolicySet,
    /// `key.rotate`.
    KeyRotate,
    /// `tenant.destroy`.
    TenantDestroy,
}

/// One event as `core` reports it. The audit-agent adds its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When it ended, by `core`'s clock.
    pub at: Timestamp,
    /// Which start of `core`.
    pub generation: Generation,
    /// Which lane of it.
    pub lane: LaneIndex,
    /// What.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// A fixed word of ours that says why; empty when it was done. Never text from outside.
    pub reason: Reason,
    /// For whom.
    pub tenant: Option<TenantId>,
    /// In which service.
    pub service: Option<ServiceId>,
    /// On which object.
    pub object: Option<ObjectId>,
    /// With which version of which key.
    pub key_version: KeyVersion,
    /// By whom: the client's certificate.
    pub client: Option<Fingerprint>,
    /// For bundles and directives: which bundle.
    pub bundle: Option<Sequence>,
}

/// A fixed word for why something was refused, at most 48 bytes, letters and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(std::borrow::Cow<'static, str>);

impl Reason {
    /// Nothing to say: it was done.
    pub const NONE: Self = Self(std::borrow::Cow::Borrowed(""));

    /// A word from our own text; `'static` keeps request text out.
    #[must_use]
    pub const fn word(word: &'static str) -> Self {
        Self(std::borrow::Cow::Borrowed(word))
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
