//! The record of a tenant key (L2): wrapped by L1, and marked by itself.
//!
//! The MAC is made with a key derived from the very L2 that the record holds: once the HSM has unwrapped it, the
//! mark proves that this L2 belongs to this tenant, so a keystore cannot hand one tenant the key of another.

use super::keys::TenantKey;
use super::{CustodyError, seal};
use holdfast_model::l1::{L1Ref, WrappedL2};
use holdfast_model::record::{RecordKind, RecordName, Revision, SealedRecord};
use holdfast_model::{ObjectId, TenantId};
use serde::{Deserialize, Serialize};

/// What the record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRecord {
    /// The L1 that wraps it.
    pub l1: L1Ref,
    /// The wrapped key.
    pub wrapped: WrappedL2,
}

/// Where a tenant's L2 record is.
#[must_use]
pub const fn name(tenant: TenantId) -> RecordName {
    RecordName { tenant, kind: RecordKind::TenantKey, id: ObjectId::MIN }
}

impl TenantRecord {
    /// Seals it with the key that it holds.
    ///
    /// # Errors
    /// [`CustodyError::TooLarge`].
    pub fn seal(&self, key: &TenantKey, revision: Revision) -> Result<SealedRecord, CustodyError> {
        let body = postcard::to_allocvec(self).map_err(|_| CustodyError::TooLarge)?;
        seal::seal(key, name(key.tenant()), revision, Vec::new(), body)
    }

    /// Reads a record whose key is not known yet: nothing in it may be believed before [`TenantRecord::check`].
    ///
    /// # Errors
    /// [`CustodyError::NotAuthentic`] when it is no such record.
    pub fn read_unchecked(tenant: TenantId, record: &SealedRecord) -> Result<Self, CustodyError> {
        if record.name != name(tenant) {
            return Err(CustodyError::NotAuthentic);
        }
        postcard::from_bytes(&record.body).map_err(|_| CustodyError::NotAuthentic)
    }

    /// Checks the record with the key that came out of it.
    ///
    /// # Errors
    /// [`CustodyError::NotAuthentic`]: this is not the tenant's key.
    pub fn check(key: &TenantKey, record: &SealedRecord) -> Result<(), CustodyError> {
        seal::check(key, &name(key.tenant()), record)
    }
}
