//! Encryption, decryption, digests, and two of them at once.

use super::mechanism::needed;
use super::memory::Caller;
use super::{functions, with};
use crate::fault::{Done, Fault};
use crate::ops::cipher::{self, Way};
use crate::ops::{digest, sign, streaming};
use crate::session::Session;
use cryptoki_sys::{CK_BYTE, CK_MECHANISM, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_ULONG};
use zeroize::Zeroizing;

functions! {
    C_EncryptInit(handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        with(handle, |caller, _, session| init(caller, session, Way::Encrypt, mechanism, key));
    C_Encrypt(handle: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| one(caller, session, Way::Encrypt, (data, data_length), (out, length)));
    C_EncryptUpdate(handle: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| update(caller, session, Way::Encrypt, (part, part_length), (out, length)));
    C_EncryptFinal(handle: CK_SESSION_HANDLE, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| last(caller, session, Way::Encrypt, (out, length)));
    C_DecryptInit(handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        with(handle, |caller, _, session| init(caller, session, Way::Decrypt, mechanism, key));
    C_Decrypt(handle: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| one(caller, session, Way::Decrypt, (data, data_length), (out, length)));
    C_DecryptUpdate(handle: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| update(caller, session, Way::Decrypt, (part, part_length), (out, length)));
    C_DecryptFinal(handle: CK_SESSION_HANDLE, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| last(caller, session, Way::Decrypt, (out, length)));
    C_DigestInit(handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM) with(handle, |caller, _, session| {
        digest::begin(session, &needed(caller, mechanism)?)
    });
    C_Digest(handle: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| {
            let room = digest::room(session, true)?;
            let data = caller.bytes(data.cast_const(), data_length)?;
            caller.answer(out, length, || Ok(room), || digest::end(session, &data).map(Zeroizing::new), drop)
        });
    C_DigestUpdate(handle: CK_SESSION_HANDLE, part: *mut CK_BYTE, length: CK_ULONG) with(handle, |caller, _, session| {
        let part = caller.bytes(part.cast_const(), length)?;
        digest::update(session, &part)
    });
    C_DigestKey(handle: CK_SESSION_HANDLE, key: CK_OBJECT_HANDLE) with(handle, |_, _, session| digest::key(session, key));
    C_DigestFinal(handle: CK_SESSION_HANDLE, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| {
            let room = digest::room(session, false)?;
            caller.answer(out, length, || Ok(room), || digest::end(session, &[]).map(Zeroizing::new), drop)
        });
    C_DigestEncryptUpdate(handle: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| {
            digest::room(session, false)?;
            let data = caller.bytes(part.cast_const(), part_length)?;
            caller.answer(
                out,
                length,
                || streaming::room(session, Way::Encrypt, data.len()),
                || {
                    digest::update(session, &data)?;
                    streaming::update(session, Way::Encrypt, &data)
                },
                drop,
            )
        });
    C_DecryptDigestUpdate(handle: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| {
            digest::room(session, false)?;
            let data = caller.bytes(part.cast_const(), part_length)?;
            caller.answer(
                out,
                length,
                || streaming::room(session, Way::Decrypt, data.len()),
                || {
                    let plain = streaming::update(session, Way::Decrypt, &data)?;
                    digest::update(session, &plain)?;
                    Ok(plain)
                },
                drop,
            )
        });
    C_SignEncryptUpdate(handle: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| {
            sign::room(session, sign::Way::Sign, false)?;
            let data = caller.bytes(part.cast_const(), part_length)?;
            caller.answer(
                out,
                length,
                || streaming::room(session, Way::Encrypt, data.len()),
                || {
                    sign::update(session, sign::Way::Sign, &data)?;
                    streaming::update(session, Way::Encrypt, &data)
                },
                drop,
            )
        });
    C_DecryptVerifyUpdate(handle: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG)
        with(handle, |caller, _, session| {
            sign::room(session, sign::Way::Verify, false)?;
            let data = caller.bytes(part.cast_const(), part_length)?;
            caller.answer(
                out,
                length,
                || streaming::room(session, Way::Decrypt, data.len()),
                || {
                    let plain = streaming::update(session, Way::Decrypt, &data)?;
                    sign::update(session, sign::Way::Verify, &plain)?;
                    Ok(plain)
                },
                drop,
            )
        });
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
        return way.place(&mut session.work()).take().map(drop).ok_or(Fault::OperationNotInitialized);
    }
    cipher::begin(session, way, needed(caller, mechanism)?, key)
}

type In = (*mut CK_BYTE, CK_ULONG);
type Out = (*mut CK_BYTE, *mut CK_ULONG);

fn one(caller: Caller, session: &Session, way: Way, data: In, (out, length): Out) -> Done<()> {
    let bound = cipher::bound(session, way).ok_or(Fault::OperationNotInitialized)?;
    let data = caller.bytes(data.0.cast_const(), data.1)?;
    caller.answer(
        out,
        length,
        || cipher::room(session, way, data.len()),
        || cipher::run(session, way, &data),
        |made| cipher::keep(session, way, bound, made),
    )
}

fn update(caller: Caller, session: &Session, way: Way, part: In, (out, length): Out) -> Done<()> {
    let part = caller.bytes(part.0.cast_const(), part.1)?;
    caller.answer(
        out,
        length,
        || streaming::room(session, way, part.len()),
        || streaming::update(session, way, &part),
        drop,
    )
}

fn last(caller: Caller, session: &Session, way: Way, (out, length): Out) -> Done<()> {
    let bound = cipher::bound(session, way).ok_or(Fault::OperationNotInitialized)?;
    caller.answer(
        out,
        length,
        || streaming::end_room(session, way),
        || streaming::end(session, way),
        |made| cipher::keep(session, way, bound, made),
    )
}
