//! Signing and verifying, also with the signature first; recovery, which no mechanism here has.

use super::mechanism::needed;
use super::memory::Caller;
use super::{functions, with};
use crate::fault::{Done, Fault};
use crate::ops::sign::{self, Way};
use crate::session::Session;
use cryptoki_sys::{CK_BYTE, CK_MECHANISM, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_ULONG};
use zeroize::Zeroizing;

functions! {
    C_SignInit(handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        with(handle, |caller, _, session| init(caller, session, Way::Sign, mechanism, key));
    C_Sign(handle: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| {
            let data = caller.bytes(data.cast_const(), data_length)?;
            caller.answer(
                out,
                length,
                || sign::room(session, Way::Sign, true),
                || sign::sign(session, Way::Sign, &data).map(Zeroizing::new),
                drop,
            )
        });
    C_SignUpdate(handle: CK_SESSION_HANDLE, part: *mut CK_BYTE, length: CK_ULONG) with(handle, |caller, _, session| {
        let part = caller.bytes(part.cast_const(), length)?;
        sign::update(session, Way::Sign, &part)
    });
    C_SignFinal(handle: CK_SESSION_HANDLE, out: *mut CK_BYTE, length: *mut CK_ULONG) with(handle, |caller, _, session| {
        caller.answer(
            out,
            length,
            || sign::room(session, Way::Sign, false),
            || sign::sign(session, Way::Sign, &[]).map(Zeroizing::new),
            drop,
        )
    });
    C_VerifyInit(handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        with(handle, |caller, _, session| init(caller, session, Way::Verify, mechanism, key));
    C_Verify(handle: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_length: CK_ULONG, signature: *mut CK_BYTE, length: CK_ULONG)
        with(handle, |caller, _, session| {
            let data = caller.bytes(data.cast_const(), data_length)?;
            let signature = caller.bytes(signature.cast_const(), length)?;
            sign::verify(session, &data, Some(&signature), true)
        });
    C_VerifyUpdate(handle: CK_SESSION_HANDLE, part: *mut CK_BYTE, length: CK_ULONG) with(handle, |caller, _, session| {
        let part = caller.bytes(part.cast_const(), length)?;
        sign::update(session, Way::Verify, &part)
    });
    C_VerifyFinal(handle: CK_SESSION_HANDLE, signature: *mut CK_BYTE, length: CK_ULONG)
        with(handle, |caller, _, session| {
            let signature = caller.bytes(signature.cast_const(), length)?;
            sign::verify(session, &[], Some(&signature), false)
        });
    C_VerifySignatureInit(
        handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE, signature: *mut CK_BYTE, length: CK_ULONG,
    ) with(handle, |caller, _, session| {
        let named = needed(caller, mechanism)?;
        let signature = caller.bytes(signature.cast_const(), length)?;
        sign::begin(session, Way::Verify, named, key, Some(signature.to_vec()))
    });
    C_VerifySignature(handle: CK_SESSION_HANDLE, data: *mut CK_BYTE, length: CK_ULONG) with(handle, |caller, _, session| {
        let data = caller.bytes(data.cast_const(), length)?;
        sign::verify(session, &data, None, true)
    });
    C_VerifySignatureUpdate(handle: CK_SESSION_HANDLE, part: *mut CK_BYTE, length: CK_ULONG)
        with(handle, |caller, _, session| {
            let part = caller.bytes(part.cast_const(), length)?;
            sign::update(session, Way::Verify, &part)
        });
    C_VerifySignatureFinal(handle: CK_SESSION_HANDLE) with(handle, |_, _, session| sign::verify(session, &[], None, false));
    C_SignRecoverInit(handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, _key: CK_OBJECT_HANDLE)
        with(handle, |caller, _, _| unrecoverable(caller, mechanism));
    C_SignRecover(
        handle: CK_SESSION_HANDLE, _data: *mut CK_BYTE, _data_length: CK_ULONG, _out: *mut CK_BYTE, _length: *mut CK_ULONG,
    ) with(handle, |_, _, _| Err(Fault::OperationNotInitialized));
    C_VerifyRecoverInit(handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, _key: CK_OBJECT_HANDLE)
        with(handle, |caller, _, _| unrecoverable(caller, mechanism));
    C_VerifyRecover(
        handle: CK_SESSION_HANDLE, _data: *mut CK_BYTE, _data_length: CK_ULONG, _out: *mut CK_BYTE, _length: *mut CK_ULONG,
    ) with(handle, |_, _, _| Err(Fault::OperationNotInitialized));
}

fn init(
    caller: Caller,
    session: &Session,
    way: Way,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> Done<()> {
    if mechanism.is_null() {
        // Ends what is under way (3.0 and later).
        return sign::end(session, way);
    }
    sign::begin(session, way, needed(caller, mechanism)?, key, None)
}

fn unrecoverable(caller: Caller, mechanism: *mut CK_MECHANISM) -> Done<()> {
    needed(caller, mechanism)?;
    Err(Fault::MechanismInvalid)
}
