//! Objects to records and back: the material wrapped under the service key, the whole sealed under the tenant key.

use super::keys::{ServiceKey, TenantKey};
use super::{CustodyError, seal, wrap};
use crate::managed::Managed;
use crate::object::Object;
use holdfast_model::record::{IndexTag, RecordKind, RecordName, Revision, SealedRecord};
use holdfast_model::{KeyVersion, ObjectId, ServiceId, TenantId};

/// Layout of an object record's body, the first byte of it.
const LAYOUT: u8 = 1;

/// Where an object's record is.
#[must_use]
pub const fn name(tenant: TenantId, id: ObjectId) -> RecordName {
    RecordName { tenant, kind: RecordKind::Object, id }
}

/// The index tag that every object of a service bears, so that a listing stays within the service.
#[must_use]
pub fn service_tag(key: &TenantKey, service: ServiceId) -> IndexTag {
    key.index_tag(service, 0, b"")
}

/// The index tag of everything that one version of the service key wraps.
#[must_use]
pub fn version_tag(key: &TenantKey, service: ServiceId, version: KeyVersion) -> IndexTag {
    key.index_tag(service, 0, &version.0.to_be_bytes())
}

/// Wraps and seals an object as the next revision of its record, under the given version of its service key.
///
/// # Errors
/// [`CustodyError`].
pub fn seal_object(
    tenant_key: &TenantKey,
    (version, service_key): (KeyVersion, &ServiceKey),
    object: &Object,
) -> Result<SealedRecord, CustodyError> {
    let mut body = vec![LAYOUT];
    body.extend_from_slice(&version.0.to_be_bytes());
    push_sized(&mut body, object.service.as_str().as_bytes());
    let mut managed = Vec::new();
    object.managed.encode(&mut managed);
    push_sized(&mut body, &managed);
    if let Some(material) = &object.material {
        body.push(1);
        // KWP takes no empty key: an empty material is one zero byte less than what is wrapped.
        let name = tenant_key.object_name(object.id, object.service, &object.managed.facts());
        let empty = material.is_empty();
        body.push(u8::from(empty));
        service_key.with_bytes(|parent| {
            if empty {
                wrap::wrap(parent, &name, &[0], &mut body)
            } else {
                material.expose(|bytes| wrap::wrap(parent, &name, bytes, &mut body))
            }
        })?;
    } else {
        body.push(0);
    }
    let mut index =
        vec![service_tag(tenant_key, object.service), version_tag(tenant_key, object.service, version)];
    object.managed.index(&mut |field, value| index.push(tenant_key.index_tag(object.service, field, value)));
    let next = Revision(object.revision.0.saturating_add(1));
    seal::seal(tenant_key, name(tenant_key.tenant(), object.id), next, index, body)
}

/// A checked record whose material is still wrapped: what is needed to find the service key for it.
pub struct Checked<'r> {
    id: ObjectId,
    revision: Revision,
    service: ServiceId,
    version: KeyVersion,
    managed: &'r [u8],
    wrapped: Option<(&'r [u8], bool)>,
}

impl<'r> Checked<'r> {
    /// Checks a record that was asked for by identifier.
    ///
    /// # Errors
    /// [`CustodyError::NotAuthentic`].
    pub fn new(tenant_key: &TenantKey, id: ObjectId, record: &'r SealedRecord) -> Result<Self, CustodyError> {
        seal::check(tenant_key, &name(tenant_key.tenant(), id), record)?;
        Self::read(id, record).ok_or(CustodyError::NotAuthentic)
    }

    fn read(id: ObjectId, record: &'r SealedRecord) -> Option<Self> {
        let (layout, rest) = record.body.split_first()?;
        let (version, rest) = rest.split_first_chunk()?;
        let (service, rest) = take_sized(rest)?;
        let (managed, rest) = take_sized(rest)?;
        let wrapped = match rest {
            [0] => None,
            [1, empty @ (0 | 1), wrapped @ ..] => Some((wrapped, *empty == 1)),
            _ => return None,
        };
        let service = core::str::from_utf8(service).ok()?;
        (*layout == LAYOUT).then_some(())?;
        Some(Self {
            id,
            revision: record.revision,
            service: ServiceId::parse(service).ok()?,
            version: KeyVersion(u32::from_be_bytes(*version)),
            managed,
            wrapped,
        })
    }

    /// Whose object it is.
    #[must_use]
    pub const fn service(&self) -> ServiceId {
        self.service
    }

    /// Which version of the service key wraps it.
    #[must_use]
    pub const fn version(&self) -> KeyVersion {
        self.version
    }

    /// Unwraps the material.
    ///
    /// # Errors
    /// [`CustodyError::NotAuthentic`].
    pub fn open(self, tenant_key: &TenantKey, service_key: &ServiceKey) -> Result<Object, CustodyError> {
        let managed = Managed::decode(self.managed).map_err(|_| CustodyError::NotAuthentic)?;
        let material = match self.wrapped {
            None => None,
            Some((wrapped, empty)) => {
                let name = tenant_key.object_name(self.id, self.service, &managed.facts());
                let mut material = service_key.with_bytes(|parent| wrap::unwrap(parent, &name, wrapped))?;
                if empty {
                    material.truncate(0);
                }
                Some(material)
            }
        };
        Ok(Object {
            id: self.id,
            revision: self.revision,
            service: self.service,
            key_version: self.version,
            managed,
            material,
            schedules: crate::crypto::Schedules::default(),
            nonces_left: core::cell::Cell::new(0),
        })
    }
}

fn push_sized(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(part);
}

fn take_sized(from: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = from.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
