//! The record of a service key (L3): every version of it, wrapped by L2.

use super::keys::{ServiceKey, TenantKey};
use super::{CustodyError, seal, wrap};
use aws_lc_rs::digest;
use holdfast_model::record::{RecordKind, RecordName, Revision, SealedRecord};
use holdfast_model::{KeyVersion, ObjectId, ServiceId, TenantId};
use serde::{Deserialize, Serialize};

/// One service's key: its versions in memory, the newest of which wraps.
pub struct ServiceKeys {
    /// The stored state.
    pub revision: Revision,
    service: ServiceId,
    versions: Vec<(KeyVersion, ServiceKey)>,
}

/// What the record says.
#[derive(Serialize, Deserialize)]
struct ServiceRecord {
    service: ServiceId,
    versions: Vec<WrappedVersion>,
}

#[derive(Serialize, Deserialize)]
struct WrappedVersion {
    version: KeyVersion,
    wrapped: Vec<u8>,
}

/// Where a service's record is: its name, hashed to the size of an identifier.
#[must_use]
pub fn name(tenant: TenantId, service: ServiceId) -> RecordName {
    let hash = digest::digest(&digest::SHA256, service.as_str().as_bytes());
    let id = hash.as_ref().first_chunk().copied().unwrap_or_default();
    RecordName { tenant, kind: RecordKind::ServiceKey, id: ObjectId::from_bytes(id) }
}

impl ServiceKeys {
    /// A service's first key; not stored yet.
    ///
    /// # Errors
    /// [`CustodyError::NoMemory`].
    pub fn first(service: ServiceId) -> Result<Self, CustodyError> {
        Ok(Self { revision: Revision(0), service, versions: vec![(KeyVersion(1), ServiceKey::generate()?)] })
    }

    /// Adds a new version, which wraps from now on; older ones only unwrap.
    ///
    /// # Errors
    /// [`CustodyError::NoMemory`]; nothing has changed.
    pub fn rotate(&mut self) -> Result<KeyVersion, CustodyError> {
        let version = self.versions.last().map_or(KeyVersion(1), |(version, _)| version.next());
        self.versions.push((version, ServiceKey::generate()?));
        Ok(version)
    }

    /// The number of the version that wraps.
    #[must_use]
    pub fn newest(&self) -> u32 {
        self.versions.last().map_or(0, |(version, _)| version.0)
    }

    /// The version that wraps, and its number.
    #[must_use]
    pub fn active(&self) -> Option<(KeyVersion, &ServiceKey)> {
        self.versions.last().map(|(version, key)| (*version, key))
    }

    /// The key of one version.
    #[must_use]
    pub fn version(&self, wanted: KeyVersion) -> Option<&ServiceKey> {
        self.versions.iter().find(|(version, _)| *version == wanted).map(|(_, key)| key)
    }

    /// Wraps all versions and seals the record as the next revision.
    ///
    /// # Errors
    /// [`CustodyError`].
    pub fn seal(&self, tenant_key: &TenantKey) -> Result<SealedRecord, CustodyError> {
        let versions = self.versions.iter().map(|(version, key)| {
            let name = tenant_key.service_key_name(self.service, *version);
            let mut wrapped = Vec::new();
            tenant_key
                .with_bytes(|parent| key.with_bytes(|key| wrap::wrap(parent, &name, key, &mut wrapped)))?;
            Ok(WrappedVersion { version: *version, wrapped })
        });
        let record =
            ServiceRecord { service: self.service, versions: versions.collect::<Result<_, CustodyError>>()? };
        let body = postcard::to_allocvec(&record).map_err(|_| CustodyError::TooLarge)?;
        let next = Revision(self.revision.0.saturating_add(1));
        seal::seal(tenant_key, name(tenant_key.tenant(), self.service), next, Vec::new(), body)
    }

    /// Checks a record that was asked for by service, and unwraps every version.
    ///
    /// # Errors
    /// [`CustodyError::NotAuthentic`] for a record of another service or an altered one.
    pub fn open(
        tenant_key: &TenantKey,
        service: ServiceId,
        record: &SealedRecord,
    ) -> Result<Self, CustodyError> {
        seal::check(tenant_key, &name(tenant_key.tenant(), service), record)?;
        let read: ServiceRecord =
            postcard::from_bytes(&record.body).map_err(|_| CustodyError::NotAuthentic)?;
        if read.service != service {
            return Err(CustodyError::NotAuthentic);
        }
        let versions = read.versions.iter().map(|one| {
            let name = tenant_key.service_key_name(service, one.version);
            let key = tenant_key.with_bytes(|parent| wrap::unwrap_key(parent, &name, &one.wrapped))?;
            Ok((one.version, ServiceKey::from_secret(key)))
        });
        Ok(Self {
            revision: record.revision,
            service,
            versions: versions.collect::<Result<_, CustodyError>>()?,
        })
    }
}
