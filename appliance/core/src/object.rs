//! A managed object in memory, as `custody` unwraps and `operation` uses it.
//!
//! Separate from `managed` (what its attributes mean) so that wrapping needs to know nothing of KMIP but four facts.

use crate::crypto::Schedules;
use crate::managed::Managed;
use core::cell::Cell;
use hardening::{MemoryError, SecretBytes};
use holdfast_model::record::Revision;
use holdfast_model::{KeyVersion, ObjectId, ServiceId};

/// What is bound into the wrapping of an object's material: if a record says otherwise, it does not unwrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// Cryptographic algorithm as KMIP numbers it; 0 for none.
    pub algorithm: u32,
    /// Cryptographic usage mask as KMIP numbers it.
    pub usage_mask: u32,
    /// May its plaintext not be revealed?
    pub sensitive: bool,
    /// May it leave at all?
    pub extractable: bool,
}

/// One managed object of a tenant's service (OpenKCM L4).
pub struct Object {
    /// Its identifier.
    pub id: ObjectId,
    /// The stored state that this one replaces; zero for one that was never stored.
    pub revision: Revision,
    /// Whose namespace it is in.
    pub service: ServiceId,
    /// Version of the service key that wraps it; set by `custody`.
    pub key_version: KeyVersion,
    /// Object type, format, attributes: everything that is not secret.
    pub managed: Managed,
    /// The secret part; none once destroyed, or for an object that has none.
    pub material: Option<SecretBytes>,
    /// Key schedules made from the material as it is used; never stored. Begins as [`Schedules::default`].
    pub schedules: Schedules,
    /// Nonces for GCM that this process has reserved and not yet used; begins as zero.
    pub nonces_left: Cell<u32>,
}

impl Object {
    /// The state of this object that replaces it, with the same material and another description. Nonces that were
    /// reserved and not used go over to it.
    ///
    /// # Errors
    /// [`MemoryError`]: no room for the copy of the material.
    pub fn successor(&self, managed: Managed, keeps_material: bool) -> Result<Self, MemoryError> {
        let copy = |material: &SecretBytes| {
            material.expose(|from| {
                SecretBytes::init_with(from.len(), |to| {
                    to.copy_from_slice(from);
                    Ok(())
                })
            })
        };
        let material = self.material.as_ref().filter(|_| keeps_material).map(copy).transpose()?;
        Ok(Self {
            id: self.id,
            revision: self.revision,
            service: self.service,
            key_version: self.key_version,
            managed,
            material,
            schedules: Schedules::default(),
            nonces_left: Cell::new(self.nonces_left.replace(0)),
        })
    }

    /// Takes one of the nonces that were reserved; `false` if none is left.
    #[must_use]
    pub fn take_nonce(&self) -> bool {
        let left = self.nonces_left.get();
        self.nonces_left.set(left.saturating_sub(1));
        left > 0
    }
}
