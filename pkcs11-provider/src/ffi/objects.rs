//! Objects: creating, copying, destroying, attributes, finding.

use super::memory::{Caller, ulong};
use super::sessions::most;
use super::{functions, with};
use crate::fault::{Done, Fault};
use crate::limits::TEMPLATE_ITEMS_MAX;
use crate::ops::{attributes, create, find};
use crate::template::{Held, Template};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_ATTRIBUTE, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_ULONG};

functions! {
    C_CreateObject(handle: CK_SESSION_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG, object: *mut CK_OBJECT_HANDLE)
        with(handle, |caller, _, session| {
            if object.is_null() || template.is_null() {
                return Err(Fault::ArgumentsBad);
            }
            let template = caller.template(template, count)?;
            caller.write(object, create::create(session, &template)?)
        });
    C_CopyObject(
        handle: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG,
        copied: *mut CK_OBJECT_HANDLE,
    ) with(handle, |caller, _, session| {
        if copied.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        let template = caller.template(template, count)?;
        caller.write(copied, create::copy(session, object, &template)?)
    });
    C_DestroyObject(handle: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE)
        with(handle, |_, _, session| create::destroy(session, object));
    C_GetObjectSize(handle: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, size: *mut CK_ULONG)
        with(handle, |caller, _, session| {
            let bytes = attributes::size(session, object)?;
            caller.write(size, ulong(bytes))
        });
    C_GetAttributeValue(handle: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG)
        with(handle, |caller, _, session| {
            let count = usize::try_from(count).map_err(|_| Fault::ArgumentsBad)?;
            if template.is_null() || count > TEMPLATE_ITEMS_MAX {
                return Err(Fault::ArgumentsBad);
            }
            let mut wanted = Vec::with_capacity(count);
            for at in 0..count {
                wanted.push(caller.read(caller.element(template, at).cast_const())?.type_);
            }
            let values = attributes::get(session, object, &wanted)?;
            hand_out(caller, template, &values)
        });
    C_SetAttributeValue(handle: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG)
        with(handle, |caller, _, session| {
            if template.is_null() {
                return Err(Fault::ArgumentsBad);
            }
            let template = caller.template(template, count)?;
            attributes::set(session, object, &template)
        });
    C_FindObjectsInit(handle: CK_SESSION_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG)
        with(handle, |caller, _, session| {
            let template = caller.template(template, count)?;
            find::begin(session, &template)
        });
    C_FindObjects(handle: CK_SESSION_HANDLE, list: *mut CK_OBJECT_HANDLE, max: CK_ULONG, count: *mut CK_ULONG)
        with(handle, |caller, _, session| {
            if list.is_null() || count.is_null() {
                return Err(Fault::ArgumentsBad);
            }
            let found = find::next(session, most(max))?;
            for (at, object) in found.iter().enumerate() {
                caller.write(caller.element(list, at), *object)?;
            }
            caller.write(count, ulong(found.len()))
        });
    C_FindObjectsFinal(handle: CK_SESSION_HANDLE) with(handle, |_, _, session| find::end(session));
}

/// Writes what was found, each attribute by the five cases of C_GetAttributeValue; the whole answer is the first fault.
fn hand_out(caller: Caller, template: *mut CK_ATTRIBUTE, values: &[Done<Held>]) -> Done<()> {
    let mut result = Ok(());
    for (at, value) in values.iter().enumerate() {
        let place = caller.element(template, at);
        let mut raw = caller.read(place.cast_const())?;
        let fault = match value {
            Err(fault) => {
                raw.ulValueLen = ck::CK_UNAVAILABLE_INFORMATION;
                Some(*fault)
            }
            Ok(Held::Template(inner)) => nested(caller, &mut raw, inner).err(),
            Ok(Held::Bytes(bytes)) => {
                let has = raw.ulValueLen;
                if raw.pValue.is_null() {
                    raw.ulValueLen = ulong(bytes.len());
                    None
                } else if has < ulong(bytes.len()) {
                    raw.ulValueLen = ck::CK_UNAVAILABLE_INFORMATION;
                    Some(Fault::BufferTooSmall)
                } else {
                    raw.ulValueLen = ulong(bytes.len());
                    caller.put(raw.pValue.cast(), bytes)?;
                    None
                }
            }
        };
        caller.write(place, raw)?;
        if let (Some(fault), Ok(())) = (fault, result) {
            result = Err(fault);
        }
    }
    result
}

/// A template within the template: its attributes, and each one's value where there is room.
fn nested(caller: Caller, raw: &mut CK_ATTRIBUTE, inner: &Template) -> Done<()> {
    let bytes = ulong(inner.items.len().saturating_mul(size_of::<CK_ATTRIBUTE>()));
    if raw.pValue.is_null() {
        raw.ulValueLen = bytes;
        return Ok(());
    }
    if raw.ulValueLen < bytes {
        raw.ulValueLen = ck::CK_UNAVAILABLE_INFORMATION;
        return Err(Fault::BufferTooSmall);
    }
    raw.ulValueLen = bytes;
    let array = raw.pValue.cast::<CK_ATTRIBUTE>();
    let mut result = Ok(());
    for (at, item) in inner.items.iter().enumerate() {
        let place = caller.element(array, at);
        let mut one = caller.read(place.cast_const())?;
        one.type_ = item.ty;
        let value = item.value.bytes().unwrap_or_default();
        if one.pValue.is_null() {
            one.ulValueLen = ulong(value.len());
        } else if one.ulValueLen < ulong(value.len()) {
            one.ulValueLen = ck::CK_UNAVAILABLE_INFORMATION;
            result = Err(Fault::BufferTooSmall);
        } else {
            one.ulValueLen = ulong(value.len());
            caller.put(one.pValue.cast(), value)?;
        }
        caller.write(place, one)?;
    }
    result
}
