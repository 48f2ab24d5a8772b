//! The audit port.
//!
//! Events travel through a shared ring (`hardening::ring`), one for each lane: what is in the ring is held by the
//! audit-agent already, because the memory outlives both processes. The link carries what needs an answer: "is
//! everything up to here on disk?".
//!
//! Content of one ring record: postcard of [`holdfast_model::audit::AuditEvent`].

use crate::envelope::Correlation;
use holdfast_model::Sequence;
use serde::{Deserialize, Serialize};

/// Correlation of a reply that nobody asked for. Sent to every lane: [`Reply::Failed`] when the log has stopped taking
/// records, [`Reply::Durable`] (for that lane's ring) when it takes them again. A lane numbers its requests from 1.
pub const UNASKED: Correlation = Correlation(0);

/// A request on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Look into the ring: the agent was asleep.
    Doorbell,
    /// Answer when every record of this lane's ring up to this position (in bytes, as the ring counts) is on disk.
    Flush {
        /// Ring position after the last record that must be there.
        up_to: u64,
    },
    /// What does the log know? Asked once at start.
    Head,
}

/// A reply on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To `Flush`.
    Durable {
        /// On disk up to here, at least what was asked.
        up_to: u64,
    },
    /// To `Head`.
    Head(Head),
    /// The log cannot be written (disk full, damaged): refuse requests until it says otherwise. To a `Flush`, and
    /// unasked.
    Failed,
}

/// Where the log stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Records in the log.
    pub records: u64,
    /// Chain hash of the last one.
    pub hash: [u8; 32],
    /// Highest bundle sequence that the log says was applied: a keystore that knows less has been rolled back.
    pub bundle: Sequence,
}
