//! The keys of each level as types: a level cannot be skipped, and a key cannot be printed, copied or compared.

use super::CustodyError;
use super::derive::{Purpose, derive};
use aws_lc_rs::hmac;
use hardening::secret::{Secret, SecretBox};
use holdfast_model::record::IndexTag;
use holdfast_model::{ClusterId, KeyRef, KeyVersion, Level, ObjectId, ServiceId, TenantId};

/// Wraps one tenant's service keys (OpenKCM L2), and authenticates the tenant's records.
pub struct TenantKey {
    key: Secret<32>,
    record: SecretBox<hmac::Key>,
    index: SecretBox<hmac::Key>,
    cluster: ClusterId,
    tenant: TenantId,
}

impl TenantKey {
    /// Takes a key that the root of trust released and derives what belongs to it.
    ///
    /// # Errors
    /// [`CustodyError::NoMemory`].
    pub fn new(key: Secret<32>, cluster: ClusterId, tenant: TenantId) -> Result<Self, CustodyError> {
        let mut context = Vec::new();
        Self::name(cluster, tenant).write_context(&mut context);
        let mac = |purpose| {
            let derived = key.expose(|bytes| derive(bytes, purpose, &context))?;
            SecretBox::init_with(|| {
                Ok::<_, CustodyError>(derived.expose(|bytes| hmac::Key::new(hmac::HMAC_SHA256, bytes)))
            })
        };
        Ok(Self { record: mac(Purpose::Record)?, index: mac(Purpose::Index)?, key, cluster, tenant })
    }

    const fn name(cluster: ClusterId, tenant: TenantId) -> KeyRef {
        KeyRef {
            cluster,
            tenant,
            service: None,
            level: Level::L2,
            id: ObjectId::MIN,
            version: KeyVersion(1),
            algorithm: AES,
            usage_mask: WRAP_AND_UNWRAP,
            sensitive: true,
            extractable: false,
        }
    }

    /// Whose key this is.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The full name of one version of one of the tenant's service keys.
    #[must_use]
    pub const fn service_key_name(&self, service: ServiceId, version: KeyVersion) -> KeyRef {
        KeyRef { service: Some(service), level: Level::L3, version, ..Self::name(self.cluster, self.tenant) }
    }

    /// The full name of an object of this tenant.
    #[must_use]
    pub fn object_name(&self, id: ObjectId, service: ServiceId, facts: &crate::object::Facts) -> KeyRef {
        KeyRef {
            service: Some(service),
            level: Level::L4,
            id,
            algorithm: facts.algorithm,
            usage_mask: facts.usage_mask,
            sensitive: facts.sensitive,
            extractable: facts.extractable,
            ..Self::name(self.cluster, self.tenant)
        }
    }

    pub(super) fn with_bytes<R>(&self, read: impl FnOnce(&[u8; 32]) -> R) -> R {
        self.key.expose(read)
    }

    /// HMAC-SHA-256 under the tenant's record key.
    pub(super) fn authenticate(&self, data: &[u8]) -> [u8; 32] {
        self.record.expose(|key| to_array(&hmac::sign(key, data)))
    }

    /// Whether `mac` is [`TenantKey::authenticate`] of `data`; in constant time.
    pub(super) fn is_authentic(&self, data: &[u8], mac: &[u8; 32]) -> bool {
        self.record.expose(|key| hmac::verify(key, data, mac).is_ok())
    }

    /// The blind index entry of a value: equal values give equal tags, and only this tenant's key can make them.
    #[must_use]
    pub fn index_tag(&self, service: ServiceId, field: u32, value: &[u8]) -> IndexTag {
        let full = self.index.expose(|key| {
            let mut mac = hmac::Context::with_key(key);
            mac.update(&[u8::try_from(service.as_str().len()).unwrap_or(u8::MAX)]);
            mac.update(service.as_str().as_bytes());
            mac.update(&field.to_be_bytes());
            mac.update(value);
            to_array(&mac.sign())
        });
        let mut tag = [0; 16];
        tag.copy_from_slice(full.get(..16).unwrap_or(&[0; 16]));
        IndexTag(tag)
    }
}

/// Wraps one service's objects (OpenKCM L3; a key-wrapping key in SP 800-57 terms).
pub struct ServiceKey(Secret<32>);

impl ServiceKey {
    /// Makes a new one where it will live.
    ///
    /// # Errors
    /// [`CustodyError::NoMemory`] also when the generator fails.
    pub fn generate() -> Result<Self, CustodyError> {
        Secret::init_with(|bytes| aws_lc_rs::rand::fill(bytes).map_err(|_| CustodyError::NoMemory)).map(Self)
    }

    pub(super) const fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    pub(super) fn with_bytes<R>(&self, read: impl FnOnce(&[u8; 32]) -> R) -> R {
        self.0.expose(read)
    }
}

/// KMIP Cryptographic Algorithm AES (KMIP 1.4 section 9.1.3.2.13).
const AES: u32 = 3;
/// KMIP Cryptographic Usage Mask: Wrap Key and Unwrap Key (KMIP 1.4 section 9.1.3.3.1).
const WRAP_AND_UNWRAP: u32 = 0x10 | 0x20;

fn to_array(tag: &hmac::Tag) -> [u8; 32] {
    let mut out = [0; 32];
    if let Some(bytes) = tag.as_ref().first_chunk() {
        out = *bytes;
    }
    out
}
