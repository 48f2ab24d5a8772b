//! C_DigestInit, C_Digest, C_DigestUpdate, C_DigestKey, C_DigestFinal: computed here.
//!
//! Rules: PKCS#11 3.2, section 5.11.

use super::Room;
use crate::fault::{Done, Fault};
use crate::mechanism::{Scheme, find};
use crate::object::Material;
use crate::parameter::{Named, Parameter};
use crate::session::{Digesting, Session};
use cryptoki_sys as ck;
use cryptoki_sys::CK_OBJECT_HANDLE;

/// C_DigestInit.
///
/// # Errors
/// [`Fault::OperationActive`], [`Fault::MechanismInvalid`], [`Fault::MechanismParamInvalid`].
pub(crate) fn begin(session: &Session, named: &Named) -> Done<()> {
    let mut work = session.work();
    if work.digest.is_some() {
        return Err(Fault::OperationActive);
    }
    let mechanism = find(named.ty, ck::CKF_DIGEST)?;
    let Scheme::Digest(hash) = mechanism.scheme else { return Err(Fault::MechanismInvalid) };
    if !matches!(named.parameter, Parameter::None) {
        return Err(Fault::MechanismParamInvalid);
    }
    let context = hash.begin().ok_or(Fault::MechanismInvalid)?;
    work.digest = Some(Digesting { context, parts: false });
    Ok(())
}

/// How long the digest is.
///
/// # Errors
/// [`Fault::OperationNotInitialized`]; [`Fault::OperationActive`] for a digest of one part that has had parts.
pub(crate) fn room(session: &Session, whole: bool) -> Done<Room> {
    let work = session.work();
    let digesting = work.digest.as_ref().ok_or(Fault::OperationNotInitialized)?;
    if whole && digesting.parts {
        return Err(Fault::OperationActive);
    }
    Ok(Room::exact(digesting.context.algorithm().output_len()))
}

/// C_Digest and C_DigestFinal.
///
/// # Errors
/// [`Fault::OperationNotInitialized`].
pub(crate) fn end(session: &Session, data: &[u8]) -> Done<Vec<u8>> {
    let digesting = session.work().digest.take().ok_or(Fault::OperationNotInitialized)?;
    let mut context = digesting.context;
    context.update(data);
    Ok(context.finish().as_ref().to_vec())
}

/// C_DigestUpdate.
///
/// # Errors
/// [`Fault::OperationNotInitialized`].
pub(crate) fn update(session: &Session, data: &[u8]) -> Done<()> {
    let mut work = session.work();
    let digesting = work.digest.as_mut().ok_or(Fault::OperationNotInitialized)?;
    digesting.context.update(data);
    digesting.parts = true;
    Ok(())
}

/// C_DigestKey: of a key that may be seen.
///
/// # Errors
/// [`Fault::KeyIndigestible`], [`Fault::KeyHandleInvalid`].
pub(crate) fn key(session: &Session, handle: CK_OBJECT_HANDLE) -> Done<()> {
    if session.work().digest.is_none() {
        return Err(Fault::OperationNotInitialized);
    }
    let (object, seen) = super::key(session, handle)?;
    if seen.class() != Some(ck::CKO_SECRET_KEY) || !seen.is_readable() {
        return Err(Fault::KeyIndigestible);
    }
    match session.slot.material(&object, &seen) {
        Ok(Material::Bytes(bytes)) => update(session, &bytes),
        Ok(_) | Err(Fault::AttributeSensitive) => Err(Fault::KeyIndigestible),
        Err(other) => Err(other),
    }
}
