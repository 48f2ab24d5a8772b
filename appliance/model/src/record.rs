//! What a keystore holds: sealed records. It can neither read nor alter one unseen.

use crate::{ObjectId, TenantId};
use serde::{Deserialize, Serialize};

/// What kind of thing a record holds; part of its name, so that one kind cannot stand in for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum RecordKind {
    /// A tenant key wrapped by its L1.
    TenantKey = 2,
    /// A version of a service key wrapped by L2.
    ServiceKey = 3,
    /// A managed object with its material wrapped by L3.
    Object = 4,
}

/// Where a record is. There is no name without a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordName {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is.
    pub kind: RecordKind,
    /// Which one.
    pub id: ObjectId,
}

/// Counts the changes of one record; the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// One entry of the index, blind: a keyed hash of field and value that only `core` can make (HMAC-SHA-256 under a
/// key derived from L2, cut to 16 bytes). A keystore can find equal ones and learns nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IndexTag(pub [u8; 16]);

/// A record as it leaves `core`: its material is wrapped, and a MAC under a key derived from L2 covers every field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedRecord {
    /// Where it is.
    pub name: RecordName,
    /// Which change of it.
    pub revision: Revision,
    /// What it can be found by, sorted, each once.
    pub index: Vec<IndexTag>,
    /// Attributes and wrapped material, in `core`'s own encoding.
    pub body: Vec<u8>,
    /// HMAC-SHA-256 over all of the above, length before content.
    pub mac: [u8; 32],
}
