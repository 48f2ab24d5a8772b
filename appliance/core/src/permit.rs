//! Decides whether an identity may use an object for an operation, and hands out the permit.
//!
//! Separate from `ops` so that no operation reaches key material by itself: a permit is the only road to it, is for one
//! operation, and is used up by using it.
//! Trusts: the scope (whose identity it is, and that the object is of its service). Does not trust: the request.
//! Rules: KMIP 1.4, sections 3.19, 3.22, 3.25, 3.26 and 11; SP 800-57 Part 1 Rev. 5, section 7.

use crate::crypto::Schedules;
use crate::managed::{Life, Managed};
use crate::object::Object;
use crate::scope::Scope;
use core::marker::PhantomData;
use holdfast_model::Timestamp;
use holdfast_model::trust::Permission;
use kmip::enums::ObjectType;
use kmip::mask::CryptographicUsageMask;
use kmip::result::Refusal;
use kmip::tag::Tag;
use std::rc::Rc;

/// What an operation needs before it may see material.
pub trait Purpose {
    /// The least a client must be allowed.
    const PERMISSION: Permission;
    /// The usage mask the object must bear; empty for none.
    const MASK: CryptographicUsageMask;
    /// Protecting, processing, or neither.
    const DIRECTION: Direction;
    /// The types of object that can serve.
    const TYPES: &'static [ObjectType];
}

/// What is done with a key, as its state and its dates see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Applies protection: in the state Active alone, and not after Protect Stop Date.
    Protects,
    /// Processes what was protected: also when Deactivated or Compromised, and not before Process Start Date.
    Processes,
    /// Hands the material out in clear: in every state in which there is some.
    Reads,
    /// Hands it out wrapped, which a sensitive object allows.
    ReadsWrapped,
    /// Copies it within the appliance, as bound as it is.
    Copies,
}

macro_rules! purposes {
    ($( $(#[$about:meta])* $name:ident: $permission:ident, $mask:expr, $direction:ident, $types:expr; )*) => { $(
        $(#[$about])*
        pub struct $name;

        impl Purpose for $name {
            const PERMISSION: Permission = Permission::$permission;
            const MASK: CryptographicUsageMask = $mask;
            const DIRECTION: Direction = Direction::$direction;
            const TYPES: &'static [ObjectType] = $types;
        }
    )* };
}

const KEYS: &[ObjectType] = &[ObjectType::SYMMETRIC_KEY, ObjectType::PUBLIC_KEY, ObjectType::PRIVATE_KEY];
const SECRETS: &[ObjectType] =
    &[ObjectType::SYMMETRIC_KEY, ObjectType::PUBLIC_KEY, ObjectType::PRIVATE_KEY, ObjectType::SECRET_DATA];
const SYMMETRIC: &[ObjectType] = &[ObjectType::SYMMETRIC_KEY];

purposes! {
    /// Encrypt.
    Encrypting: Use, CryptographicUsageMask::ENCRYPT, Protects, KEYS;
    /// Decrypt.
    Decrypting: Use, CryptographicUsageMask::DECRYPT, Processes, KEYS;
    /// Sign.
    Signing: Use, CryptographicUsageMask::SIGN, Protects, KEYS;
    /// Signature Verify.
    Verifying: Use, CryptographicUsageMask::VERIFY, Processes, KEYS;
    /// MAC.
    Authenticating: Use, CryptographicUsageMask::MAC_GENERATE, Protects, SYMMETRIC;
    /// MAC Verify.
    CheckingMac: Use, CryptographicUsageMask::MAC_VERIFY, Processes, SYMMETRIC;
    /// Signing certificates of others.
    Certifying: Manage, CryptographicUsageMask::CERTIFICATE_SIGN, Protects, &[ObjectType::PRIVATE_KEY];
    /// Wrapping another object on its way out.
    Wrapping: Use, CryptographicUsageMask::WRAP_KEY, Protects, KEYS;
    /// Unwrapping another object on its way in.
    Unwrapping: Use, CryptographicUsageMask::UNWRAP_KEY, Processes, KEYS;
    /// Deriving another secret from it.
    Deriving: Use, CryptographicUsageMask::DERIVE_KEY, Protects, SECRETS;
    /// Making another object of the same material.
    Copying: Manage, CryptographicUsageMask::from_bits(0), Copies, &[];
    /// Get, in clear.
    Reading: Manage, CryptographicUsageMask::from_bits(0), Reads, &[];
    /// Get, wrapped by another key.
    ReadingWrapped: Manage, CryptographicUsageMask::from_bits(0), ReadsWrapped, &[];
}

/// The permission to use one object once for one purpose.
///
/// It cannot be made elsewhere, copied, or used twice:
/// ```compile_fail,E0382
/// use holdfast_core::permit::{Encrypting, Permit};
/// fn twice(permit: Permit<'_, Encrypting>) {
///     permit.with_material(|_, _, _| ());
///     permit.with_material(|_, _, _| ());
/// }
/// ```
/// and one purpose's permit is not another's:
/// ```compile_fail,E0308
/// use holdfast_core::permit::{Decrypting, Encrypting, Permit};
/// fn turn(permit: Permit<'_, Encrypting>) -> Permit<'_, Decrypting> {
///     permit
/// }
/// ```
pub struct Permit<'t, P: Purpose> {
    object: Rc<Object>,
    lent: PhantomData<(&'t (), P)>,
}

impl<'t, P: Purpose> Permit<'t, P> {
    /// Judges `object`, as the scope loaded it.
    ///
    /// # Errors
    /// The refusal that the error tables name. An object of another service is not there.
    pub fn obtain<S: Scope>(scope: &'t S, object: &Rc<Object>) -> Result<Self, Refusal> {
        let identity = scope.identity();
        if identity.permission < P::PERMISSION {
            return Err(Refusal::PermissionDenied);
        }
        if object.service != identity.service {
            return Err(Refusal::NotFound);
        }
        judge::<P>(&object.managed, scope.now())?;
        if object.material.is_none() {
            return Err(Refusal::KeyValueNotPresent);
        }
        Ok(Self { object: Rc::clone(object), lent: PhantomData })
    }

    /// What is not secret of the object.
    #[must_use]
    pub fn managed(&self) -> &Managed {
        &self.object.managed
    }

    /// Lends the material, with the place where schedules made from it are kept.
    pub fn with_material<R>(self, use_it: impl FnOnce(&Managed, &[u8], &Schedules) -> R) -> R {
        let object = &*self.object;
        match &object.material {
            Some(material) => material.expose(|bytes| use_it(&object.managed, bytes, &object.schedules)),
            // `obtain` has seen it; an object behind an `Rc` does not change.
            None => use_it(&object.managed, &[], &object.schedules),
        }
    }
}

fn judge<P: Purpose>(managed: &Managed, now: Timestamp) -> Result<(), Refusal> {
    let state = managed.state(now);
    if state.is_destroyed() {
        return Err(Refusal::Destroyed);
    }
    if managed.is_archived() {
        return Err(Refusal::Archived);
    }
    if !P::TYPES.is_empty() && !P::TYPES.contains(&managed.object_type) {
        return Err(Refusal::WrongObjectType);
    }
    if !managed.usage_mask().contains(P::MASK) {
        return Err(Refusal::WrongUsage);
    }
    let now = now.seconds();
    match P::DIRECTION {
        Direction::Reads | Direction::ReadsWrapped => {
            if !managed.is_extractable() {
                return Err(Refusal::NotExtractable);
            }
            if P::DIRECTION == Direction::Reads && managed.is_sensitive() {
                return Err(Refusal::Sensitive);
            }
        }
        Direction::Copies => managed.may_be_copied()?,
        Direction::Protects => {
            let stopped = managed.date(Tag::PROTECT_STOP_DATE).is_some_and(|stop| now > stop);
            if state != Life::Active || stopped {
                return Err(Refusal::WrongState);
            }
        }
        Direction::Processes => {
            let too_early = managed.date(Tag::PROCESS_START_DATE).is_some_and(|start| now < start);
            let usable = matches!(state, Life::Active | Life::Deactivated | Life::Compromised);
            if !usable || too_early {
                return Err(Refusal::WrongState);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn no_operation_reaches_material_without_a_permit() {
        let ops = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
        let mut files = 0;
        for entry in std::fs::read_dir(ops).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            files += 1;
            assert!(!text.contains("object.material"), "{} reads material", path.display());
        }
        assert!(files > 30);
    }
}
