//! C_Login, C_LoginUser, C_Logout, C_InitToken, C_InitPIN, C_SetPIN.
//!
//! The certificate has let the application in before; a token without a PIN needs no login, and says so in its flags.
//! Rules: PKCS#11 3.2, sections 5.5.7 to 5.5.9, 5.6.8 to 5.6.10.

use crate::fault::{Done, Fault};
use crate::library::Library;
use crate::session::Session;
use crate::slot::{Slot, of_trouble};
use crate::token::{Role, check, set};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_SLOT_ID, CK_USER_TYPE};
use std::sync::PoisonError;

/// C_Login.
///
/// # Errors
/// [`Fault::UserAlreadyLoggedIn`], [`Fault::UserAnotherAlreadyLoggedIn`], [`Fault::PinIncorrect`],
/// [`Fault::UserPinNotInitialized`], [`Fault::SessionReadOnlyExists`], [`Fault::UserTypeInvalid`].
pub(crate) fn login(
    library: &Library,
    session: &Session,
    user: CK_USER_TYPE,
    pin: Option<&[u8]>,
) -> Done<()> {
    let slot = &session.slot;
    let _coming = library.comings.lock().unwrap_or_else(PoisonError::into_inner);
    match (user, slot.user()) {
        (ck::CKU_SO | ck::CKU_USER, Some(there)) if there == user => return Err(Fault::UserAlreadyLoggedIn),
        (ck::CKU_SO | ck::CKU_USER, Some(_)) => return Err(Fault::UserAnotherAlreadyLoggedIn),
        (ck::CKU_SO | ck::CKU_USER, None) => {}
        (ck::CKU_CONTEXT_SPECIFIC, there) => return again(session, there, pin),
        _ => return Err(Fault::UserTypeInvalid),
    }
    if user == ck::CKU_SO {
        let (all, writing) = library.counts(slot);
        if all > writing {
            return Err(Fault::SessionReadOnlyExists);
        }
    }
    let role = if user == ck::CKU_SO { Role::So } else { Role::User };
    confirm(slot, role, pin)?;
    slot.set_user(Some(user));
    Ok(())
}

/// Asks the appliance for a PIN; a token that has none takes the certificate for it, and no PIN.
fn confirm(slot: &Slot, role: Role, pin: Option<&[u8]>) -> Done<()> {
    match pin {
        Some(pin) => check(slot, role, pin),
        None if role == Role::User && slot.look_up_pins()?.user.is_none() => Ok(()),
        None => Err(Fault::ArgumentsBad),
    }
}

/// Who is asked again for one operation: CKA_ALWAYS_AUTHENTICATE.
fn again(session: &Session, there: Option<CK_USER_TYPE>, pin: Option<&[u8]>) -> Done<()> {
    let mut work = session.work();
    let work = &mut *work;
    let bound = [
        work.sign.as_mut().map(|signing| &mut signing.bound),
        work.decrypt.as_mut().map(|cipher| &mut cipher.bound),
    ];
    let mut waiting: Vec<_> = bound.into_iter().flatten().filter(|bound| bound.asks_again).collect();
    if waiting.is_empty() {
        return Err(Fault::OperationNotInitialized);
    }
    let role = if there == Some(ck::CKU_SO) { Role::So } else { Role::User };
    confirm(&session.slot, role, pin)?;
    for bound in &mut waiting {
        bound.asks_again = false;
    }
    Ok(())
}

/// C_Logout: what only a user sees is out of reach again.
///
/// # Errors
/// [`Fault::UserNotLoggedIn`].
pub(crate) fn logout(library: &Library, session: &Session) -> Done<()> {
    let slot = &session.slot;
    {
        let _going = library.comings.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.user().is_none() {
            return Err(Fault::UserNotLoggedIn);
        }
        slot.set_user(None);
    }
    // Private session objects end with the login; handles of private token objects are not given again.
    for object in slot.private_objects() {
        if object.session.is_some() && slot.destroy(&object.uid).is_err() {
            library.log.say("session object", &"could not be destroyed; it stays, hidden");
        }
        slot.forget(&object);
    }
    Ok(())
}

/// C_InitToken: sets the security officer's PIN where there is none, or with it begins the token anew.
///
/// # Errors
/// [`Fault::SessionExists`], [`Fault::PinIncorrect`], [`Fault::PinLenRange`].
pub(crate) fn init_token(library: &Library, slot: CK_SLOT_ID, pin: &[u8], label: &str) -> Done<()> {
    let slot = library.slot(slot)?;
    let _coming = library.comings.lock().unwrap_or_else(PoisonError::into_inner);
    if library.counts(slot).0 > 0 {
        return Err(Fault::SessionExists);
    }
    if slot.look_up_pins()?.so.is_some() {
        check(slot, Role::So, pin)?;
        slot.empty()?;
        let pins = slot.look_up_pins()?;
        if let Some(user) = &pins.user {
            slot.destroy(&user.uid).map_err(of_trouble)?;
        }
    }
    set(slot, Role::So, pin, Some(label))
}

/// C_InitPIN.
///
/// # Errors
/// [`Fault::UserNotLoggedIn`], [`Fault::PinLenRange`].
pub(crate) fn init_pin(session: &Session, pin: &[u8]) -> Done<()> {
    if session.slot.user() != Some(ck::CKU_SO) {
        return Err(Fault::UserNotLoggedIn);
    }
    set(&session.slot, Role::User, pin, None)
}

/// C_SetPIN: of who is logged in, or of the user.
///
/// # Errors
/// [`Fault::SessionReadOnly`], [`Fault::PinIncorrect`], [`Fault::PinLenRange`].
pub(crate) fn set_pin(session: &Session, old: &[u8], new: &[u8]) -> Done<()> {
    if !session.writes {
        return Err(Fault::SessionReadOnly);
    }
    let role = if session.slot.user() == Some(ck::CKU_SO) { Role::So } else { Role::User };
    check(&session.slot, role, old)?;
    set(&session.slot, role, new, None)
}
