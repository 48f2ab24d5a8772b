//! The full name of a key, which is also the context its wrapping is bound to.
//!
//! Rules: SP 800-108r1 section 4 (fixed input data); DESIGN.md section 2.

use crate::{ClusterId, KeyVersion, ObjectId, ServiceId, TenantId};

/// Level in the OpenKCM hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// The customer's root key; never here in plain.
    L1 = 1,
    /// Tenant key.
    L2 = 2,
    /// Service key, a key-encryption key.
    L3 = 3,
    /// Data keys and every other managed object.
    L4 = 4,
}

/// Names one key and what it may do. Two keys that differ in anything here have different wrap contexts, so a
/// record that is moved or relabelled does not unwrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRef {
    /// The cluster that owns the keystore.
    pub cluster: ClusterId,
    /// The tenant.
    pub tenant: TenantId,
    /// The service; none for L2.
    pub service: Option<ServiceId>,
    /// Which level.
    pub level: Level,
    /// The key's own identifier; [`ObjectId::MIN`] for L2 and L3, which their names identify.
    pub id: ObjectId,
    /// The key's version; for L4 the version of its material.
    pub version: KeyVersion,
    /// Cryptographic algorithm, as KMIP numbers it; 0 where it has none (opaque objects).
    pub algorithm: u32,
    /// Cryptographic usage mask, as KMIP numbers it.
    pub usage_mask: u32,
    /// May its plaintext not be revealed?
    pub sensitive: bool,
    /// May it leave at all, wrapped or not?
    pub extractable: bool,
}

impl KeyRef {
    /// The canonical bytes: every field in order, variable ones with their length before them.
    pub fn write_context(&self, out: &mut Vec<u8>) {
        let mut text = |part: &str| {
            out.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(part.as_bytes());
        };
        text(self.cluster.as_str());
        text(self.tenant.as_str());
        text(self.service.as_ref().map_or("", ServiceId::as_str));
        out.push(self.level as u8);
        out.extend_from_slice(self.id.as_bytes());
        out.extend_from_slice(&self.version.0.to_be_bytes());
        out.extend_from_slice(&self.algorithm.to_be_bytes());
        out.extend_from_slice(&self.usage_mask.to_be_bytes());
        out.push(u8::from(self.sensitive) | u8::from(self.extractable) << 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> KeyRef {
        KeyRef {
            cluster: ClusterId::parse("c").unwrap(),
            tenant: TenantId::parse("t").unwrap(),
            service: Some(ServiceId::parse("s").unwrap()),
            level: Level::L4,
            id: ObjectId::from_bytes([1; 16]),
            version: KeyVersion(1),
            algorithm: 3,
            usage_mask: 12,
            sensitive: false,
            extractable: true,
        }
    }

    fn context(key: &KeyRef) -> Vec<u8> {
        let mut out = Vec::new();
        key.write_context(&mut out);
        out
    }

    #[test]
    fn keys_that_differ_in_any_field_have_different_contexts() {
        let base = sample();
        let others = [
            KeyRef { cluster: ClusterId::parse("d").unwrap(), ..base },
            KeyRef { tenant: TenantId::parse("u").unwrap(), ..base },
            KeyRef { service: None, ..base },
            KeyRef { level: Level::L3, ..base },
            KeyRef { id: ObjectId::MIN, ..base },
            KeyRef { version: KeyVersion(2), ..base },
            KeyRef { algorithm: 4, ..base },
            KeyRef { usage_mask: 13, ..base },
            KeyRef { sensitive: true, ..base },
            KeyRef { extractable: false, ..base },
        ];
        for other in others {
            assert_ne!(context(&base), context(&other), "{other:?}");
        }
    }

    #[test]
    fn a_character_cannot_move_from_one_name_to_the_next() {
        let one = KeyRef {
            tenant: TenantId::parse("ab").unwrap(),
            service: ServiceId::parse("c").ok(),
            ..sample()
        };
        let two = KeyRef {
            tenant: TenantId::parse("a").unwrap(),
            service: ServiceId::parse("bc").ok(),
            ..sample()
        };
        assert_ne!(context(&one), context(&two));
    }
}
