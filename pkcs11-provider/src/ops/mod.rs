//! The functions of PKCS#11 in safe Rust, one file for each family; the C functions only copy in and out.

pub(crate) mod attributes;
pub(crate) mod cipher;
pub(crate) mod create;
pub(crate) mod derive;
pub(crate) mod description;
pub(crate) mod digest;
mod expansion;
pub(crate) mod find;
pub(crate) mod generate;
pub(crate) mod login;
pub(crate) mod message;
pub(crate) mod random;
pub(crate) mod sign;
pub(crate) mod streaming;
pub(crate) mod wrap;

use crate::appliance::Trouble;
use crate::fault::{Done, Fault};
use crate::mechanism;
use crate::object::{Object, Seen};
use crate::parameter::Named;
use crate::session::{Bound, Session};
use crate::slot::of_trouble;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_FLAGS, CK_OBJECT_HANDLE};
use kmip::enums::ResultReason;
use std::sync::Arc;

/// Output whose length is known beforehand, or only bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// So many bytes, or at most so many.
    pub(crate) bytes: usize,
    /// Exactly so many?
    pub(crate) exact: bool,
}

impl Room {
    /// Exactly so many bytes.
    pub(crate) const fn exact(bytes: usize) -> Self {
        Self { bytes, exact: true }
    }

    /// At most so many.
    pub(crate) const fn at_most(bytes: usize) -> Self {
        Self { bytes, exact: false }
    }
}

/// A key that a handle names.
///
/// # Errors
/// [`Fault::KeyHandleInvalid`].
pub(crate) fn key(session: &Session, handle: CK_OBJECT_HANDLE) -> Done<(Arc<Object>, Arc<Seen>)> {
    let (object, seen) = session.slot.object(handle).map_err(|fault| match fault {
        Fault::ObjectHandleInvalid => Fault::KeyHandleInvalid,
        other => other,
    })?;
    match seen.class() {
        Some(ck::CKO_PUBLIC_KEY | ck::CKO_PRIVATE_KEY | ck::CKO_SECRET_KEY) => Ok((object, seen)),
        _ => Err(Fault::KeyHandleInvalid),
    }
}

/// Binds a mechanism to a key, if each allows the other. The appliance judges again when the key is used.
///
/// # Errors
/// [`Fault::MechanismInvalid`], [`Fault::KeyHandleInvalid`], [`Fault::KeyTypeInconsistent`],
/// [`Fault::KeyFunctionNotPermitted`].
pub(crate) fn bind(
    session: &Session,
    named: Named,
    handle: CK_OBJECT_HANDLE,
    flag: CK_FLAGS,
    usage: CK_ATTRIBUTE_TYPE,
) -> Done<Bound> {
    let mechanism = mechanism::find(named.ty, flag)?;
    let (object, seen) = key(session, handle)?;
    if !seen.key_type().is_some_and(|ty| mechanism.keys.contains(&ty)) {
        return Err(Fault::KeyTypeInconsistent);
    }
    if !seen.may(usage) {
        return Err(Fault::KeyFunctionNotPermitted);
    }
    if !seen.allows(named.ty) {
        return Err(Fault::MechanismInvalid);
    }
    let asks_again = seen.vendor_bool("CKA_ALWAYS_AUTHENTICATE") == Some(true);
    Ok(Bound { mechanism, named, key: object, key_bytes: seen.bits().div_ceil(8), asks_again })
}

/// What it means that the appliance refuses to use a key.
pub(crate) fn of_use(session: &Session, key: &Object, trouble: Trouble) -> Fault {
    let Trouble::Refused(reason) = trouble else { return of_trouble(trouble) };
    match reason {
        ResultReason::ITEM_NOT_FOUND | ResultReason::OBJECT_DESTROYED => {
            session.slot.forget(key);
            Fault::KeyHandleInvalid
        }
        ResultReason::INCOMPATIBLE_CRYPTOGRAPHIC_USAGE_MASK
        | ResultReason::WRONG_KEY_LIFECYCLE_STATE
        | ResultReason::CONSTRAINT_VIOLATION
        | ResultReason::OBJECT_ARCHIVED
        | ResultReason::PERMISSION_DENIED => Fault::KeyFunctionNotPermitted,
        ResultReason::INVALID_OBJECT_TYPE => Fault::KeyTypeInconsistent,
        ResultReason::BAD_CRYPTOGRAPHIC_PARAMETERS | ResultReason::INVALID_FIELD => {
            Fault::MechanismParamInvalid
        }
        ResultReason::UNSUPPORTED_CRYPTOGRAPHIC_PARAMETERS => Fault::MechanismParamInvalid,
        ResultReason::USAGE_LIMIT_EXCEEDED => Fault::KeyExhausted,
        _ => of_trouble(trouble),
    }
}
