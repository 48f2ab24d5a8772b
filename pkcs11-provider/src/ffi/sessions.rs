//! Sessions, logging in, random numbers, and asynchronous calls (which there are none of).

use super::general::pin;
use super::memory::ulong;
use super::{functions, guard, with};
use crate::fault::Fault;
use crate::library::library;
use crate::limits::CALL_BYTES_MAX;
use crate::ops::{login, random, sign};
use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_ASYNC_DATA, CK_BYTE, CK_FLAGS, CK_NOTIFY, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_SESSION_INFO,
    CK_SLOT_ID, CK_ULONG, CK_USER_TYPE, CK_UTF8CHAR,
};
use std::ffi::c_void;
use zeroize::Zeroizing;

functions! {
    C_OpenSession(
        slot: CK_SLOT_ID, flags: CK_FLAGS, _application: *mut c_void, _notify: CK_NOTIFY, handle: *mut CK_SESSION_HANDLE,
    ) guard(|caller| {
        let library = library()?;
        let slot = library.slot(slot)?;
        if flags & ck::CKF_SERIAL_SESSION == 0 {
            return Err(Fault::SessionParallelNotSupported);
        }
        if flags & ck::CKF_ASYNC_SESSION != 0 {
            return Err(Fault::SessionAsyncNotSupported);
        }
        if handle.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        let opened = library.open(slot, flags & ck::CKF_RW_SESSION != 0)?;
        caller.write(handle, opened)
    });
    C_CloseSession(handle: CK_SESSION_HANDLE) guard(|_| library()?.close(handle));
    C_CloseAllSessions(slot: CK_SLOT_ID) guard(|_| {
        let library = library()?;
        library.slot(slot)?;
        library.close_all(Some(slot));
        Ok(())
    });
    C_GetSessionInfo(handle: CK_SESSION_HANDLE, info: *mut CK_SESSION_INFO) with(handle, |caller, _, session| {
        let writes = if session.writes { ck::CKF_RW_SESSION } else { 0 };
        caller.write(info, CK_SESSION_INFO {
            slotID: session.slot.id,
            state: session.state(),
            flags: ck::CKF_SERIAL_SESSION | writes,
            ulDeviceError: 0,
        })
    });
    C_GetOperationState(handle: CK_SESSION_HANDLE, _state: *mut CK_BYTE, length: *mut CK_ULONG) with(handle, |_, _, _| {
        // What is under way is partly in the appliance, and does not leave it.
        if length.is_null() { Err(Fault::ArgumentsBad) } else { Err(Fault::StateUnsaveable) }
    });
    C_SetOperationState(
        handle: CK_SESSION_HANDLE, state: *mut CK_BYTE, _length: CK_ULONG, _key: CK_OBJECT_HANDLE, _other: CK_OBJECT_HANDLE,
    ) with(handle, |_, _, _| {
        if state.is_null() { Err(Fault::ArgumentsBad) } else { Err(Fault::SavedStateInvalid) }
    });
    C_Login(handle: CK_SESSION_HANDLE, user: CK_USER_TYPE, at: *mut CK_UTF8CHAR, length: CK_ULONG)
        with(handle, |caller, library, session| {
            let pin = pin(caller, at, length)?;
            login::login(library, session, user, pin.as_ref().map(|pin| pin.as_slice()))
        });
    C_LoginUser(
        handle: CK_SESSION_HANDLE, user: CK_USER_TYPE, at: *mut CK_UTF8CHAR, length: CK_ULONG, name: *mut CK_UTF8CHAR,
        name_length: CK_ULONG,
    ) with(handle, |caller, library, session| {
        // The certificate says who it is; a name beside it would be another's.
        if !name.is_null() && name_length > 0 {
            return Err(Fault::FunctionNotSupported);
        }
        let pin = pin(caller, at, length)?;
        login::login(library, session, user, pin.as_ref().map(|pin| pin.as_slice()))
    });
    C_Logout(handle: CK_SESSION_HANDLE) with(handle, |_, library, session| login::logout(library, session));
    C_InitPIN(handle: CK_SESSION_HANDLE, at: *mut CK_UTF8CHAR, length: CK_ULONG) with(handle, |caller, _, session| {
        let pin = pin(caller, at, length)?.ok_or(Fault::ArgumentsBad)?;
        login::init_pin(session, &pin)
    });
    C_SetPIN(
        handle: CK_SESSION_HANDLE, old: *mut CK_UTF8CHAR, old_length: CK_ULONG, new: *mut CK_UTF8CHAR, new_length: CK_ULONG,
    ) with(handle, |caller, _, session| {
        let old = pin(caller, old, old_length)?.ok_or(Fault::ArgumentsBad)?;
        let new = pin(caller, new, new_length)?.ok_or(Fault::ArgumentsBad)?;
        login::set_pin(session, &old, &new)
    });
    C_SessionCancel(handle: CK_SESSION_HANDLE, flags: CK_FLAGS) with(handle, |_, _, session| {
        sign::cancel(session, flags);
        Ok(())
    });
    C_SeedRandom(handle: CK_SESSION_HANDLE, seed: *mut CK_BYTE, length: CK_ULONG) with(handle, |caller, _, session| {
        let seed = caller.bytes(seed.cast_const(), length)?;
        random::seed(session, &seed)
    });
    C_GenerateRandom(handle: CK_SESSION_HANDLE, out: *mut CK_BYTE, length: CK_ULONG) with(handle, |caller, _, session| {
        let bytes = usize::try_from(length).map_err(|_| Fault::ArgumentsBad)?;
        if (out.is_null() && bytes > 0) || bytes > CALL_BYTES_MAX {
            return Err(Fault::ArgumentsBad);
        }
        let mut made = Zeroizing::new(vec![0; bytes]);
        random::generate(session, &mut made)?;
        caller.put(out, &made)
    });
    C_GetSessionValidationFlags(handle: CK_SESSION_HANDLE, _ty: CK_ULONG, flags: *mut CK_FLAGS)
        with(handle, |caller, _, _| caller.write(flags, 0));
    C_AsyncComplete(handle: CK_SESSION_HANDLE, _name: *mut CK_UTF8CHAR, _result: *mut CK_ASYNC_DATA)
        with(handle, |_, _, _| Err(Fault::SessionAsyncNotSupported));
    C_AsyncGetID(handle: CK_SESSION_HANDLE, _name: *mut CK_UTF8CHAR, _id: *mut CK_ULONG)
        with(handle, |_, _, _| Err(Fault::SessionAsyncNotSupported));
    C_AsyncJoin(handle: CK_SESSION_HANDLE, _name: *mut CK_UTF8CHAR, _id: CK_ULONG, _data: *mut CK_BYTE, _length: CK_ULONG)
        with(handle, |_, _, _| Err(Fault::SessionAsyncNotSupported));
}

/// How many handles fit an answer.
pub(super) fn most(count: CK_ULONG) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).min(usize::try_from(ulong(usize::MAX)).unwrap_or(usize::MAX))
}
