//! The message functions of 3.0: encryption and decryption with AES-GCM, signing and verifying.

use super::mechanism::needed;
use super::memory::{Caller, ulong};
use super::{functions, with};
use crate::fault::{Done, Fault};
use crate::limits::PARAMETER_BYTES_MAX;
use crate::ops::cipher::Way;
use crate::ops::message::{self, Message};
use crate::ops::{Room, sign};
use crate::parameter::{Named, Parameter};
use crate::session::Session;
use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_BYTE, CK_FLAGS, CK_GCM_MESSAGE_PARAMS, CK_MECHANISM, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_ULONG,
};
use std::ffi::c_void;
use zeroize::Zeroizing;

functions! {
    C_MessageEncryptInit(handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        with(handle, |caller, _, session| init(caller, session, Way::Encrypt, mechanism, key));
    C_EncryptMessage(
        handle: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_length: CK_ULONG, aad: *mut CK_BYTE, aad_length: CK_ULONG,
        plain: *mut CK_BYTE, plain_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG,
    ) with(handle, |caller, _, session| {
        message::ready(session, Way::Encrypt)?;
        let (raw, given) = parameters(caller, parameter, parameter_length, Way::Encrypt)?;
        let aad = caller.bytes(aad.cast_const(), aad_length)?;
        let plain = caller.bytes(plain.cast_const(), plain_length)?;
        let room = Room::exact(plain.len());
        let make = || {
            let sealed = message::encrypt(session, &given, &aad, &plain)?;
            give_back(caller, &raw, sealed.iv.as_deref(), &sealed.tag)?;
            Ok(sealed.data)
        };
        caller.answer(out, length, || Ok(room), make, drop)
    });
    C_EncryptMessageBegin(
        handle: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_length: CK_ULONG, aad: *mut CK_BYTE, aad_length: CK_ULONG,
    ) with(handle, |caller, _, session| {
        start(caller, session, Way::Encrypt, (parameter, parameter_length), (aad, aad_length))
    });
    C_EncryptMessageNext(
        handle: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_length: CK_ULONG, part: *mut CK_BYTE, part_length: CK_ULONG,
        out: *mut CK_BYTE, length: *mut CK_ULONG, flags: CK_FLAGS,
    ) with(handle, |caller, _, session| {
        next(caller, session, Way::Encrypt, (parameter, parameter_length), (part, part_length), (out, length), flags)
    });
    C_MessageEncryptFinal(handle: CK_SESSION_HANDLE) with(handle, |_, _, session| message::end(session, Way::Encrypt));
    C_MessageDecryptInit(handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        with(handle, |caller, _, session| init(caller, session, Way::Decrypt, mechanism, key));
    C_DecryptMessage(
        handle: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_length: CK_ULONG, aad: *mut CK_BYTE, aad_length: CK_ULONG,
        cipher: *mut CK_BYTE, cipher_length: CK_ULONG, out: *mut CK_BYTE, length: *mut CK_ULONG,
    ) with(handle, |caller, _, session| {
        message::ready(session, Way::Decrypt)?;
        let (_, given) = parameters(caller, parameter, parameter_length, Way::Decrypt)?;
        let aad = caller.bytes(aad.cast_const(), aad_length)?;
        let cipher = caller.bytes(cipher.cast_const(), cipher_length)?;
        let room = Room::exact(cipher.len());
        caller.answer(out, length, || Ok(room), || message::decrypt(session, &given, &aad, &cipher), drop)
    });
    C_DecryptMessageBegin(
        handle: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_length: CK_ULONG, aad: *mut CK_BYTE, aad_length: CK_ULONG,
    ) with(handle, |caller, _, session| {
        start(caller, session, Way::Decrypt, (parameter, parameter_length), (aad, aad_length))
    });
    C_DecryptMessageNext(
        handle: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_length: CK_ULONG, part: *mut CK_BYTE, part_length: CK_ULONG,
        out: *mut CK_BYTE, length: *mut CK_ULONG, flags: CK_FLAGS,
    ) with(handle, |caller, _, session| {
        next(caller, session, Way::Decrypt, (parameter, parameter_length), (part, part_length), (out, length), flags)
    });
    C_MessageDecryptFinal(handle: CK_SESSION_HANDLE) with(handle, |_, _, session| message::end(session, Way::Decrypt));
    C_MessageSignInit(handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        with(handle, |caller, _, session| {
            sign::begin(session, sign::Way::MessageSign, needed(caller, mechanism)?, key, None)
        });
    C_SignMessage(
        handle: CK_SESSION_HANDLE, _parameter: *mut c_void, _parameter_length: CK_ULONG, data: *mut CK_BYTE, data_length: CK_ULONG,
        out: *mut CK_BYTE, length: *mut CK_ULONG,
    ) with(handle, |caller, _, session| {
        let data = caller.bytes(data.cast_const(), data_length)?;
        let room = || sign::room(session, sign::Way::MessageSign, true);
        caller.answer(out, length, room, || sign::sign_message(session, &data).map(Zeroizing::new), drop)
    });
    C_SignMessageBegin(handle: CK_SESSION_HANDLE, _parameter: *mut c_void, _parameter_length: CK_ULONG)
        with(handle, |_, _, session| sign::update(session, sign::Way::MessageSign, &[]));
    C_SignMessageNext(
        handle: CK_SESSION_HANDLE, _parameter: *mut c_void, _parameter_length: CK_ULONG, data: *mut CK_BYTE, data_length: CK_ULONG,
        out: *mut CK_BYTE, length: *mut CK_ULONG,
    ) with(handle, |caller, _, session| {
        let data = caller.bytes(data.cast_const(), data_length)?;
        if length.is_null() {
            return sign::update(session, sign::Way::MessageSign, &data);
        }
        let room = || sign::room(session, sign::Way::MessageSign, false);
        let make = || {
            let (bound, gathered) = sign::end_message(session, sign::Way::MessageSign, &data)?;
            sign::make(session, &bound, &gathered).map(Zeroizing::new)
        };
        caller.answer(out, length, room, make, drop)
    });
    C_MessageSignFinal(handle: CK_SESSION_HANDLE)
        with(handle, |_, _, session| sign::end(session, sign::Way::MessageSign));
    C_MessageVerifyInit(handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        with(handle, |caller, _, session| {
            sign::begin(session, sign::Way::MessageVerify, needed(caller, mechanism)?, key, None)
        });
    C_VerifyMessage(
        handle: CK_SESSION_HANDLE, _parameter: *mut c_void, _parameter_length: CK_ULONG, data: *mut CK_BYTE, data_length: CK_ULONG,
        signature: *mut CK_BYTE, length: CK_ULONG,
    ) with(handle, |caller, _, session| {
        let data = caller.bytes(data.cast_const(), data_length)?;
        let signature = caller.bytes(signature.cast_const(), length)?;
        sign::verify_message(session, &data, &signature)
    });
    C_VerifyMessageBegin(handle: CK_SESSION_HANDLE, _parameter: *mut c_void, _parameter_length: CK_ULONG)
        with(handle, |_, _, session| sign::update(session, sign::Way::MessageVerify, &[]));
    C_VerifyMessageNext(
        handle: CK_SESSION_HANDLE, _parameter: *mut c_void, _parameter_length: CK_ULONG, data: *mut CK_BYTE, data_length: CK_ULONG,
        signature: *mut CK_BYTE, length: CK_ULONG,
    ) with(handle, |caller, _, session| {
        let data = caller.bytes(data.cast_const(), data_length)?;
        if signature.is_null() {
            return sign::update(session, sign::Way::MessageVerify, &data);
        }
        let signature = caller.bytes(signature.cast_const(), length)?;
        let (bound, gathered) = sign::end_message(session, sign::Way::MessageVerify, &data)?;
        sign::confirm(session, &bound, &gathered, &signature)
    });
    C_MessageVerifyFinal(handle: CK_SESSION_HANDLE)
        with(handle, |_, _, session| sign::end(session, sign::Way::MessageVerify));
}

type In = (*mut CK_BYTE, CK_ULONG);
type Out = (*mut CK_BYTE, *mut CK_ULONG);

fn init(
    caller: Caller,
    session: &Session,
    way: Way,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> Done<()> {
    if mechanism.is_null() {
        return message::end(session, way);
    }
    // Which message parameters come, each message says.
    let named = Named { parameter: Parameter::None, ..needed(caller, mechanism)? };
    message::begin(session, way, named, key)
}

fn start(
    caller: Caller,
    session: &Session,
    way: Way,
    parameter: (*mut c_void, CK_ULONG),
    aad: In,
) -> Done<()> {
    message::ready(session, way)?;
    let (_, given) = parameters(caller, parameter.0, parameter.1, way)?;
    let aad = caller.bytes(aad.0.cast_const(), aad.1)?;
    message::start(session, way, &given, &aad)
}

fn next(
    caller: Caller,
    session: &Session,
    way: Way,
    parameter: (*mut c_void, CK_ULONG),
    part: In,
    (out, length): Out,
    flags: CK_FLAGS,
) -> Done<()> {
    let (raw, given) = parameters(caller, parameter.0, parameter.1, way)?;
    let part = caller.bytes(part.0.cast_const(), part.1)?;
    let last = flags & ck::CKF_END_OF_MESSAGE != 0;
    let room = || message::next_room(session, way, part.len(), last).map(Room::exact);
    let make = || {
        let sealed = message::next(session, way, &given.tag, &part, last)?;
        if last && way == Way::Encrypt {
            give_back(caller, &raw, None, &sealed.tag)?;
        }
        Ok(sealed.data)
    };
    caller.answer(out, length, room, make, drop)
}

fn parameters(
    caller: Caller,
    at: *mut c_void,
    length: CK_ULONG,
    way: Way,
) -> Done<(CK_GCM_MESSAGE_PARAMS, Message)> {
    if length != ulong(size_of::<CK_GCM_MESSAGE_PARAMS>()) || at.is_null() {
        return Err(Fault::MechanismParamInvalid);
    }
    let raw = caller.read(at.cast_const().cast::<CK_GCM_MESSAGE_PARAMS>())?;
    if raw.ulIvLen > ulong(PARAMETER_BYTES_MAX) || raw.ulTagBits > 128 {
        return Err(Fault::MechanismParamInvalid);
    }
    let copy = |from: *mut CK_BYTE, length| {
        caller
            .bytes(from.cast_const(), length)
            .map(|bytes| bytes.to_vec())
            .map_err(|_| Fault::MechanismParamInvalid)
    };
    let tag = if way == Way::Decrypt { copy(raw.pTag, raw.ulTagBits / 8)? } else { Vec::new() };
    let iv = copy(raw.pIv, raw.ulIvLen)?;
    // Of an IV that the token makes, a part that the application fixes could not be kept.
    let makes_iv = raw.ivGenerator != ck::CKG_NO_GENERATE && way == Way::Encrypt;
    if makes_iv && raw.ulIvFixedBits != 0 {
        return Err(Fault::MechanismParamInvalid);
    }
    Ok((raw, Message { iv, makes_iv, tag_bits: raw.ulTagBits, tag }))
}

fn give_back(caller: Caller, raw: &CK_GCM_MESSAGE_PARAMS, iv: Option<&[u8]>, tag: &[u8]) -> Done<()> {
    if let Some(iv) = iv {
        if ulong(iv.len()) != raw.ulIvLen {
            return Err(Fault::MechanismParamInvalid);
        }
        caller.put(raw.pIv, iv)?;
    }
    caller.put(raw.pTag, tag)
}
