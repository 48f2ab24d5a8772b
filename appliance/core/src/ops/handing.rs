//! How an object is handed out: in clear or wrapped, in the format that was asked for, as Get and Export do it.
//!
//! Separate from both because they differ in what stands around the object alone.
//! Rules: KMIP 1.4, sections 4.11, 4.40, 11.12 and 11.41; KMIP 2.1, sections 6.1.18 and 6.1.20.

use super::call::Call;
use super::change::{Fate, change};
use super::container;
use super::form::{Written, format_for, hand_out};
use super::pair::{format_in, in_compression, in_format};
use super::wrapping;
use crate::managed::Managed;
use crate::object::Object;
use crate::permit::{Permit, Reading, ReadingWrapped};
use crate::scope::Scope;
use kmip::attribute::{Attribute, AttributeValue};
use kmip::enums::{KeyCompressionType, KeyFormatType, KeyWrapType, ObjectType};
use kmip::field::{Field, List};
use kmip::object::{KeyWrappingData, KeyWrappingSpecification, Object as Wire};
use kmip::operation::{ExportResponse, GetResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::ttlv::{Limits, Writer, parse};
use kmip::version::Version;
use std::rc::Rc;

/// How a client wants an object.
pub(super) struct Wanted<'r> {
    /// Format.
    pub(super) format: Option<KeyFormatType>,
    /// Wrapped as registered, or not.
    pub(super) wrap_type: Option<KeyWrapType>,
    /// How a point of a curve is written.
    pub(super) compression: Option<KeyCompressionType>,
    /// How it is wrapped.
    pub(super) wrapping: Option<KeyWrappingSpecification<'r>>,
}

/// What stands around the object in a response payload.
pub(super) enum Around {
    /// Nothing more: Get.
    Get,
    /// All of its attributes: Export.
    Export(Vec<Attribute<'static>>),
}

impl Around {
    /// Writes the payload.
    pub(super) fn write<S: Scope>(
        &self,
        call: &Call<'_, S>,
        object: &Object,
        wire: Option<Wire<'_>>,
        out: &mut Writer<'_>,
    ) {
        let (ty, id) = (object.managed.object_type, object.id.to_string());
        let unique_identifier = id.as_str().into();
        match (self, wire) {
            (Self::Get, None) => {}
            (Self::Get, Some(wire)) => {
                let response = GetResponse { object_type: ty, unique_identifier, object: wire };
                response.encode(Tag::RESPONSE_PAYLOAD, call.version, out);
            }
            (Self::Export(attributes), wire) => {
                let attributes = attributes.into();
                let response =
                    ExportResponse { object_type: ty, unique_identifier, attributes, object: wire };
                response.encode(Tag::RESPONSE_PAYLOAD, call.version, out);
            }
        }
    }
}

/// The response payload with the object as it is wanted.
///
/// # Errors
/// What the error tables of Get and Export name.
pub(super) async fn payload<S: Scope>(
    call: &Call<'_, S>,
    object: &Rc<Object>,
    wanted: &Wanted<'_>,
    around: &Around,
) -> Result<Written, Refusal> {
    let version = call.version;
    if wanted.format.is_some_and(|format| !format.exists_in(version)) {
        return Err(Refusal::KeyFormatTypeNotSupported);
    }
    match wanted.wrap_type {
        None | Some(KeyWrapType::NOT_WRAPPED) => {}
        Some(KeyWrapType::AS_REGISTERED) if wanted.wrapping.is_none() => {
            // Wrapping with AES key wrap gives the same bytes again, so they need not be kept.
            if let Some(data) = &object.managed.wrapped_as {
                return as_registered(call, object, wanted, data, around).await;
            }
        }
        Some(_) => return Err(Refusal::KeyWrapTypeNotSupported),
    }
    if wanted.format == Some(KeyFormatType::PKCS_12) && wanted.wrapping.is_none() {
        return container::pack(call, object, around).await;
    }
    let Some(specification) = &wanted.wrapping else { return in_clear(call, object, wanted, around) };
    let format = told(format_for(&object.managed, wanted.format)?, call.version, wanted);
    wrapping::write(call, object, specification, format, around).await
}

async fn as_registered<S: Scope>(
    call: &Call<'_, S>,
    object: &Rc<Object>,
    wanted: &Wanted<'_>,
    data: &[u8],
    around: &Around,
) -> Result<Written, Refusal> {
    let item = parse(data, &Limits::DEFAULT).map_err(|_| Refusal::GeneralFailure)?;
    let data = KeyWrappingData::decode(item, Version::V2_1).map_err(|_| Refusal::GeneralFailure)?;
    let specification = KeyWrappingSpecification {
        method: data.method,
        encryption: data.encryption,
        mac_signature_key: data.mac_signature_key,
        attribute_names: List::default(),
        encoding: data.encoding,
    };
    let format = format_for(&object.managed, wanted.format)?;
    wrapping::write(call, object, &specification, format, around).await
}

/// Notes that the object was handed out, if it never was before (KMIP 1.4, section 3.34), and tells whether that was so.
///
/// # Errors
/// As [`payload`]: the object may have changed meanwhile.
pub(super) async fn note_first<S: Scope>(
    call: &Call<'_, S>,
    object: &Rc<Object>,
    wrapped: bool,
) -> Result<bool, Refusal> {
    if object.managed.attributes.get(Tag::FRESH) != Some(&AttributeValue::Boolean(true)) {
        return Ok(false);
    }
    change(call, object.id, |object, managed| {
        if wrapped {
            Permit::<ReadingWrapped>::obtain(call.scope, object)?;
        } else {
            Permit::<Reading>::obtain(call.scope, object).map(drop).or_else(without_value(object))?;
        }
        managed.attributes.set(Tag::FRESH, AttributeValue::Boolean(false));
        Ok((Fate::Changed, ()))
    })
    .await?;
    Ok(true)
}

/// Who names no format gets the one it was registered in, or what the version calls that.
fn told(format: KeyFormatType, version: Version, wanted: &Wanted<'_>) -> KeyFormatType {
    if wanted.format.is_some() { format } else { format_in(format, version) }
}

/// Templates are handed out although they have no value.
fn without_value(object: &Rc<Object>) -> impl FnOnce(Refusal) -> Result<(), Refusal> {
    let template = object.managed.object_type == ObjectType::TEMPLATE;
    move |refusal| {
        if template && refusal == Refusal::KeyValueNotPresent { Ok(()) } else { Err(refusal) }
    }
}

fn in_clear<S: Scope>(
    call: &Call<'_, S>,
    object: &Rc<Object>,
    wanted: &Wanted<'_>,
    around: &Around,
) -> Result<Written, Refusal> {
    let write = |managed: &Managed, bytes: Option<&[u8]>, format| {
        hand_out(managed, bytes, format, None, |wire| {
            Written::new(bytes.map_or(0, <[u8]>::len), |out| around.write(call, object, Some(wire), out))
        })
    };
    let permit = match Permit::<Reading>::obtain(call.scope, object) {
        Ok(permit) => permit,
        Err(refusal) => {
            without_value(object)(refusal)?;
            let format = format_for(&object.managed, wanted.format)?;
            return write(&object.managed, None, format);
        }
    };
    let format = told(format_for(permit.managed(), wanted.format)?, call.version, wanted);
    permit.with_material(|managed, bytes, _| {
        in_format(managed, bytes, format, |managed, bytes| {
            in_compression(managed, bytes, wanted.compression, |managed, bytes| {
                write(managed, Some(bytes), format)
            })
        })
    })
}
