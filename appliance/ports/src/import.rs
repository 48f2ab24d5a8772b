//! From importer to `core`: a bundle, byte for byte, or word of one that it refused itself. `core` trusts signatures,
//! not the importer.

use holdfast_model::Sequence;
use serde::{Deserialize, Serialize};

/// A request on the wire, importer to core.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Judge and apply these exact bytes.
    Bundle(Vec<u8>),
    /// The importer has refused a file by itself; record it. The receipt is written when that is done.
    Refused {
        /// Why: one of the fixed words. `core` records no other text.
        reason: String,
    },
}

/// A reply on the wire: how the bundle was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Applied and durable.
    Applied {
        /// Which.
        sequence: Sequence,
        /// One line for each directive, in the order applied: its type and whether it was done.
        outcomes: Vec<DirectiveOutcome>,
    },
    /// Refused whole.
    Refused {
        /// Why: a fixed word, by which the importer tells what may become good later.
        reason: String,
        /// The same for people, with what to do.
        detail: String,
    },
    /// The importer's own refusal is in the audit log.
    Recorded,
    /// Not now (keystore or audit away); give it again.
    Retry,
}

/// What became of one directive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectiveOutcome {
    /// Directive type, for instance `l1.link`.
    pub directive: String,
    /// Its task id.
    pub task: String,
    /// Empty when done; otherwise a fixed word (for instance `hsm-unavailable`: it is tried again by itself).
    pub pending: String,
}
