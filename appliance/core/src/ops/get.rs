//! Get: hands an object out.
//!
//! Rules: KMIP 1.4, sections 4.11 and 11.12; KMIP 2.1, section 6.1.19.

use super::call::{Answer, Call};
use super::change::{Fate, change};
use super::form::{Written, format_for, hand_out};
use super::pair::in_format;
use super::wrapping;
use crate::audited::Unaudited;
use crate::managed::Managed;
use crate::object::Object;
use crate::permit::{Permit, Reading, ReadingWrapped};
use crate::scope::Scope;
use kmip::attribute::AttributeValue;
use kmip::enums::{KeyFormatType, KeyWrapType, ObjectType};
use kmip::field::Field;
use kmip::operation::{GetRequest, GetResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use std::rc::Rc;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: GetRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    if request.key_wrap_type.is_some_and(|ty| ty != KeyWrapType::NOT_WRAPPED) {
        return Err(Refusal::KeyWrapTypeNotSupported);
    }
    let object = call.load(id).await?;
    let written = match &request.key_wrapping_specification {
        None => write(call, &object, &request)?,
        Some(specification) => {
            let format = format_for(&object.managed, request.key_format_type)?;
            wrapping::write(call, &object, specification, format).await?
        }
    };
    let wrapped = request.key_wrapping_specification.is_some();
    let fresh = object.managed.attributes.get(Tag::FRESH) == Some(&AttributeValue::Boolean(true));
    let answer = Answer::new(move |_, out| written.copy_to(out)).leaving(id);
    if !fresh {
        return Ok(call.used(answer));
    }
    // Fresh says whether it was ever handed out (KMIP 1.4, section 3.34).
    change(call, id, |object, managed| {
        if wrapped {
            Permit::<ReadingWrapped>::obtain(call.scope, object)?;
        } else {
            Permit::<Reading>::obtain(call.scope, object).map(drop).or_else(without_value(object))?;
        }
        managed.attributes.set(Tag::FRESH, AttributeValue::Boolean(false));
        Ok((Fate::Changed, ()))
    })
    .await?;
    Ok(call.changed(answer))
}

/// Templates, and keys whose value is elsewhere, are handed out without one.
fn without_value(object: &Rc<Object>) -> impl FnOnce(Refusal) -> Result<(), Refusal> {
    let template = object.managed.object_type == ObjectType::TEMPLATE;
    move |refusal| {
        if template && refusal == Refusal::KeyValueNotPresent { Ok(()) } else { Err(refusal) }
    }
}

fn write<S: Scope>(
    call: &Call<'_, S>,
    object: &Rc<Object>,
    request: &GetRequest<'_>,
) -> Result<Written, Refusal> {
    let permit = match Permit::<Reading>::obtain(call.scope, object) {
        Ok(permit) => permit,
        Err(refusal) => {
            without_value(object)(refusal)?;
            let format = format_for(&object.managed, request.key_format_type)?;
            return payload(call, object, &object.managed, None, format);
        }
    };
    let format = format_for(permit.managed(), request.key_format_type)?;
    let kept = permit.managed().kind.block().and_then(|block| block.compression);
    if request.key_compression_type.is_some() && request.key_compression_type != kept {
        return Err(Refusal::KeyCompressionTypeNotSupported);
    }
    permit.with_material(|managed, bytes, _| {
        in_format(managed, bytes, format, |managed, bytes| {
            payload(call, object, managed, Some(bytes), format)
        })
    })
}

fn payload<S: Scope>(
    call: &Call<'_, S>,
    object: &Object,
    managed: &Managed,
    bytes: Option<&[u8]>,
    format: KeyFormatType,
) -> Result<Written, Refusal> {
    let id = object.id.to_string();
    hand_out(managed, bytes, format, None, |wire| {
        Written::new(bytes.map_or(0, <[u8]>::len), |out| {
            let response = GetResponse {
                object_type: managed.object_type,
                unique_identifier: id.as_str().into(),
                object: wire,
            };
            response.encode(Tag::RESPONSE_PAYLOAD, call.version, out);
        })
    })
}
