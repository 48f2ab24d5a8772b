//! C_Initialize to C_GetMechanismInfo, and what no longer does anything.

use super::memory::{Caller, padded, ulong};
use super::{functions, guard, with};
use crate::fault::{Done, Fault};
use crate::library::{finalize, initialize, library};
use crate::limits::{PIN_BYTES_MAX, PIN_BYTES_MIN, SESSIONS_MAX};
use crate::mechanism::TABLE;
use crate::slot::Slot;
use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_BBOOL, CK_BYTE, CK_C_INITIALIZE_ARGS, CK_FLAGS, CK_INFO, CK_MECHANISM_INFO, CK_MECHANISM_TYPE,
    CK_SESSION_HANDLE, CK_SLOT_ID, CK_SLOT_INFO, CK_TOKEN_INFO, CK_ULONG, CK_UTF8CHAR, CK_VERSION,
};
use std::ffi::c_void;

const MANUFACTURER: &str = "Holdfast";
const LIBRARY: CK_VERSION = CK_VERSION { major: 0, minor: 1 };

functions! {
    C_Initialize(arguments: *mut c_void) guard(|caller| {
        if !arguments.is_null() {
            judge(&caller.read(arguments.cast_const().cast::<CK_C_INITIALIZE_ARGS>())?)?;
        }
        initialize()
    });
    C_Finalize(reserved: *mut c_void) guard(|_| {
        if reserved.is_null() { finalize() } else { Err(Fault::ArgumentsBad) }
    });
    C_GetInfo(info: *mut CK_INFO) guard(|caller| {
        library()?;
        caller.write(info, CK_INFO {
            cryptokiVersion: CK_VERSION { major: 3, minor: 2 },
            manufacturerID: padded(MANUFACTURER),
            flags: 0,
            libraryDescription: padded("Holdfast PKCS#11 over KMIP"),
            libraryVersion: LIBRARY,
        })
    });
    C_GetSlotList(_present: CK_BBOOL, list: *mut CK_SLOT_ID, count: *mut CK_ULONG) guard(|caller| {
        let ids: Vec<CK_SLOT_ID> = library()?.slots.iter().map(|slot| slot.id).collect();
        listed(caller, &ids, list, count)
    });
    C_GetSlotInfo(slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO) guard(|caller| {
        let library = library()?;
        let slot = library.slot(slot)?;
        caller.write(info, CK_SLOT_INFO {
            slotDescription: padded(&format!("Holdfast appliance: {}", slot.label)),
            manufacturerID: padded(MANUFACTURER),
            flags: ck::CKF_TOKEN_PRESENT,
            hardwareVersion: CK_VERSION { major: 0, minor: 0 },
            firmwareVersion: CK_VERSION { major: 0, minor: 0 },
        })
    });
    C_GetTokenInfo(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) guard(|caller| {
        let library = library()?;
        let slot = library.slot(slot)?;
        let (all, writing) = library.counts(slot);
        caller.write(info, token_info(slot, all, writing)?)
    });
    C_GetMechanismList(slot: CK_SLOT_ID, list: *mut CK_MECHANISM_TYPE, count: *mut CK_ULONG) guard(|caller| {
        library()?.slot(slot)?;
        let types: Vec<CK_MECHANISM_TYPE> = TABLE.iter().map(|mechanism| mechanism.ty).collect();
        listed(caller, &types, list, count)
    });
    C_GetMechanismInfo(slot: CK_SLOT_ID, ty: CK_MECHANISM_TYPE, info: *mut CK_MECHANISM_INFO) guard(|caller| {
        library()?.slot(slot)?;
        let found = TABLE.iter().find(|mechanism| mechanism.ty == ty).ok_or(Fault::MechanismInvalid)?;
        let (least, most) = found.sizes;
        // The work is done by the appliance.
        let flags = found.flags | if found.flags & ck::CKF_DIGEST == 0 { ck::CKF_HW } else { 0 };
        caller.write(info, CK_MECHANISM_INFO { ulMinKeySize: least, ulMaxKeySize: most, flags })
    });
    C_WaitForSlotEvent(flags: CK_FLAGS, slot: *mut CK_SLOT_ID, reserved: *mut c_void) guard(|_| {
        let library = library()?;
        if slot.is_null() || !reserved.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        if flags & ck::CKF_DONT_BLOCK != 0 {
            return Err(Fault::NoEvent);
        }
        // Slots do not come and go: only the end of the library ends the wait.
        library.wait_until_over();
        Err(Fault::NotInitialized)
    });
    C_GetFunctionStatus(session: CK_SESSION_HANDLE) with(session, |_, _, _| Err(Fault::FunctionNotParallel));
    C_CancelFunction(session: CK_SESSION_HANDLE) with(session, |_, _, _| Err(Fault::FunctionNotParallel));
    C_InitToken(slot: CK_SLOT_ID, pin: *mut CK_UTF8CHAR, length: CK_ULONG, label: *mut CK_UTF8CHAR) guard(|caller| {
        let library = library()?;
        library.slot(slot)?;
        if pin.is_null() || label.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        let pin = caller.bytes(pin.cast_const(), length)?;
        let label = caller.bytes(label.cast_const(), 32)?;
        let label = String::from_utf8_lossy(&label).trim_end().to_owned();
        crate::ops::login::init_token(&library, slot, &pin, &label)
    });
}

/// Mutexes of the application's own are not needed; the operating system's are always used.
fn judge(arguments: &CK_C_INITIALIZE_ARGS) -> Done<()> {
    if !arguments.pReserved.is_null() {
        return Err(Fault::ArgumentsBad);
    }
    let given = [
        arguments.CreateMutex.is_some(),
        arguments.DestroyMutex.is_some(),
        arguments.LockMutex.is_some(),
        arguments.UnlockMutex.is_some(),
    ];
    let (all, none) = (given.iter().all(|one| *one), given.iter().all(|one| !*one));
    if !all && !none {
        return Err(Fault::ArgumentsBad);
    }
    if all && arguments.flags & ck::CKF_OS_LOCKING_OK == 0 {
        // Threads that only the application's mutexes keep apart: we cannot use those.
        return Err(Fault::CantLock);
    }
    Ok(())
}

/// A list by the convention of section 5.2.
fn listed<T: Copy>(caller: Caller, items: &[T], list: *mut T, count: *mut CK_ULONG) -> Done<()> {
    let has = caller.read(count.cast_const())?;
    caller.write(count, ulong(items.len()))?;
    if list.is_null() {
        return Ok(());
    }
    if has < ulong(items.len()) {
        return Err(Fault::BufferTooSmall);
    }
    for (at, item) in items.iter().enumerate() {
        caller.write(caller.element(list, at), *item)?;
    }
    Ok(())
}

fn token_info(slot: &Slot, all: u64, writing: u64) -> Done<CK_TOKEN_INFO> {
    let pins = slot.look_up_pins()?;
    let mut flags = ck::CKF_RNG | ck::CKF_TOKEN_INITIALIZED;
    if pins.user.is_some() {
        flags |= ck::CKF_LOGIN_REQUIRED | ck::CKF_USER_PIN_INITIALIZED;
    } else {
        // The certificate is the login.
        flags |= ck::CKF_PROTECTED_AUTHENTICATION_PATH;
    }
    let label = pins.label.clone().unwrap_or_else(|| slot.label.clone());
    Ok(CK_TOKEN_INFO {
        label: padded(&label),
        manufacturerID: padded(MANUFACTURER),
        model: padded("Appliance"),
        serialNumber: padded(&serial(slot)),
        flags,
        ulMaxSessionCount: ulong(SESSIONS_MAX),
        ulSessionCount: all,
        ulMaxRwSessionCount: ulong(SESSIONS_MAX),
        ulRwSessionCount: writing,
        ulMaxPinLen: ulong(PIN_BYTES_MAX),
        ulMinPinLen: ulong(PIN_BYTES_MIN),
        ulTotalPublicMemory: ck::CK_UNAVAILABLE_INFORMATION,
        ulFreePublicMemory: ck::CK_UNAVAILABLE_INFORMATION,
        ulTotalPrivateMemory: ck::CK_UNAVAILABLE_INFORMATION,
        ulFreePrivateMemory: ck::CK_UNAVAILABLE_INFORMATION,
        hardwareVersion: CK_VERSION { major: 0, minor: 0 },
        firmwareVersion: CK_VERSION { major: 0, minor: 0 },
        utcTime: [b'0'; 16],
    })
}

/// The same for the same configured label, whichever certificate is used and whichever appliance answers.
fn serial(slot: &Slot) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, slot.label.as_bytes());
    digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A PIN, or none where the application gives no pointer.
///
/// # Errors
/// [`Fault::ArgumentsBad`].
pub(super) fn pin(
    caller: Caller,
    at: *mut CK_BYTE,
    length: CK_ULONG,
) -> Done<Option<zeroize::Zeroizing<Vec<u8>>>> {
    if at.is_null() { Ok(None) } else { caller.bytes(at.cast_const(), length).map(Some) }
}
