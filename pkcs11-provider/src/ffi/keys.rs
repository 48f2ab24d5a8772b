//! Keys: generating, wrapping, unwrapping, deriving, encapsulating.

use super::mechanism::needed;
use super::{functions, with};
use crate::fault::Fault;
use crate::ops::{Room, derive, generate, wrap};
use cryptoki_sys::{CK_ATTRIBUTE, CK_BYTE, CK_MECHANISM, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_ULONG};
use zeroize::Zeroizing;

functions! {
    C_GenerateKey(
        handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, template: *mut CK_ATTRIBUTE, count: CK_ULONG,
        key: *mut CK_OBJECT_HANDLE,
    ) with(handle, |caller, _, session| {
        if key.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        let named = needed(caller, mechanism)?;
        let template = caller.template(template, count)?;
        caller.write(key, generate::key(session, &named, &template)?)
    });
    C_GenerateKeyPair(
        handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, public: *mut CK_ATTRIBUTE, public_count: CK_ULONG,
        private: *mut CK_ATTRIBUTE, private_count: CK_ULONG, public_key: *mut CK_OBJECT_HANDLE,
        private_key: *mut CK_OBJECT_HANDLE,
    ) with(handle, |caller, _, session| {
        if public_key.is_null() || private_key.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        let named = needed(caller, mechanism)?;
        let public = caller.template(public, public_count)?;
        let private = caller.template(private, private_count)?;
        let (public, private) = generate::pair(session, &named, &public, &private)?;
        caller.write(public_key, public)?;
        caller.write(private_key, private)
    });
    C_WrapKey(
        handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, wrapping: CK_OBJECT_HANDLE, key: CK_OBJECT_HANDLE,
        out: *mut CK_BYTE, length: *mut CK_ULONG,
    ) with(handle, |caller, _, session| {
        if length.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        let named = needed(caller, mechanism)?;
        // Wrapping changes nothing: the length is found by doing it.
        let wrapped = wrap::wrap(session, &named, wrapping, key)?;
        let room = Room::exact(wrapped.len());
        caller.answer(out, length, || Ok(room), || Ok(Zeroizing::new(wrapped)), drop)
    });
    C_UnwrapKey(
        handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, unwrapping: CK_OBJECT_HANDLE, wrapped: *mut CK_BYTE,
        length: CK_ULONG, template: *mut CK_ATTRIBUTE, count: CK_ULONG, key: *mut CK_OBJECT_HANDLE,
    ) with(handle, |caller, _, session| {
        if key.is_null() || wrapped.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        let named = needed(caller, mechanism)?;
        let wrapped = caller.bytes(wrapped.cast_const(), length)?;
        let template = caller.template(template, count)?;
        caller.write(key, wrap::unwrap(session, &named, unwrapping, &wrapped, &template)?)
    });
    C_DeriveKey(
        handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, base: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE,
        count: CK_ULONG, key: *mut CK_OBJECT_HANDLE,
    ) with(handle, |caller, _, session| {
        if key.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        let named = needed(caller, mechanism)?;
        let template = caller.template(template, count)?;
        caller.write(key, derive::derive(session, &named, base, &template)?)
    });
    C_EncapsulateKey(
        handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, _key: CK_OBJECT_HANDLE, _template: *mut CK_ATTRIBUTE,
        _count: CK_ULONG, _out: *mut CK_BYTE, _length: *mut CK_ULONG, _made: *mut CK_OBJECT_HANDLE,
    ) with(handle, |caller, _, _| {
        needed(caller, mechanism)?;
        Err(Fault::MechanismInvalid)
    });
    C_DecapsulateKey(
        handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, _key: CK_OBJECT_HANDLE, _template: *mut CK_ATTRIBUTE,
        _count: CK_ULONG, _sealed: *mut CK_BYTE, _length: CK_ULONG, _made: *mut CK_OBJECT_HANDLE,
    ) with(handle, |caller, _, _| {
        needed(caller, mechanism)?;
        Err(Fault::MechanismInvalid)
    });
    C_WrapKeyAuthenticated(
        handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, _wrapping: CK_OBJECT_HANDLE, _key: CK_OBJECT_HANDLE,
        _data: *mut CK_BYTE, _data_length: CK_ULONG, _out: *mut CK_BYTE, _length: *mut CK_ULONG,
    ) with(handle, |caller, _, _| {
        needed(caller, mechanism)?;
        Err(Fault::MechanismInvalid)
    });
    C_UnwrapKeyAuthenticated(
        handle: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, _unwrapping: CK_OBJECT_HANDLE, _wrapped: *mut CK_BYTE,
        _length: CK_ULONG, _template: *mut CK_ATTRIBUTE, _count: CK_ULONG, _data: *mut CK_BYTE, _data_length: CK_ULONG,
        _key: *mut CK_OBJECT_HANDLE,
    ) with(handle, |caller, _, _| {
        needed(caller, mechanism)?;
        Err(Fault::MechanismInvalid)
    });
}
