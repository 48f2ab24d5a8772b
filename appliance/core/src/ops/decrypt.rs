//! Decrypt: what Encrypt protected.
//!
//! Rules: KMIP 1.4, sections 4.30 and 11.31; KMIP 2.1, section 6.1.11.

use super::call::{Answer, Call};
use super::cipher::{MISSING_IV, Plan, method};
use super::flow::Flow;
use super::pair::with_private;
use super::parts::{Part, begin, data_of, go_on, named, part};
use super::practice::{Way, allowed, of_encryption, of_plan};
use super::protect::reveal;
use super::scheme::{bits_of, encryption, parameters};
use super::streams::{Correlation, Work};
use crate::audited::Unaudited;
use crate::crypto::asymmetric;
use crate::object::Object;
use crate::permit::{Decrypting, Permit};
use crate::request::of_cipher;
use crate::scope::Scope;
use holdfast_model::ObjectId;
use kmip::enums::ObjectType;
use kmip::field::Field;
use kmip::operation::{DecryptRequest, DecryptResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::version::Version;
use zeroize::Zeroizing;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: DecryptRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = named(call, request.unique_identifier, request.correlation_value)?;
    let part = part(call, request.correlation_value, (request.init, request.last), id)?;
    let given = data_of(request.data, &part)?;
    if let Part::Next { correlation, stream, last } = part {
        let id = stream.object.ok_or(Refusal::InvalidCorrelationValue)?;
        let Work::Cipher(flow) = stream.work else { return Err(Refusal::InvalidCorrelationValue) };
        let object = call.load(id).await?;
        let permit = Permit::<Decrypting>::obtain(call.scope, &object)?;
        let (flow, data) = go_through(call, permit, (flow, given, request.tag), last)?;
        let correlation = if last { None } else { go_on(call, correlation, Some(id), Work::Cipher(flow))? };
        return Ok(call.used(answer(id, data, correlation, false)));
    }
    let object = call.load(id.ok_or(Refusal::InvalidMessage)?).await?;
    let permit = Permit::<Decrypting>::obtain(call.scope, &object)?;
    if permit.managed().object_type != ObjectType::SYMMETRIC_KEY {
        if let Part::First = part {
            return Err(Refusal::FeatureNotSupported);
        }
        return rsa(call, &object, permit, &request, given);
    }
    let plan = method(permit.managed(), request.cryptographic_parameters.as_ref())?.plan;
    allowed(call, of_plan(plan, Way::Process))?;
    if let Part::First = part {
        let aad = request.additional_data.unwrap_or_default();
        if request.iv_counter_nonce.is_none() && plan.iv_bytes().is_some() {
            return Err(MISSING_IV);
        }
        let flow = Box::new(Flow::new(plan, request.iv_counter_nonce, aad));
        let (flow, data) = go_through(call, permit, (flow, given, request.tag), false)?;
        let correlation = begin(call, Some(object.id), Work::Cipher(flow))?;
        return Ok(call.used(answer(object.id, data, Some(correlation), false)));
    }
    if request.iv_counter_nonce.is_some() && matches!(plan, Plan::KeyWrap { .. }) {
        return Err(Refusal::BadCryptographicParameters);
    }
    let (cipher, tag) = match (plan.tag_bytes(), request.tag) {
        (Some(tag_bytes), None) if call.version < Version::V1_4 => {
            let at = given.len().checked_sub(tag_bytes).ok_or(Refusal::CryptographicFailure)?;
            given.split_at_checked(at).ok_or(Refusal::CryptographicFailure)?
        }
        (Some(_), None) => return Err(Refusal::InvalidMessage),
        (Some(_), Some(tag)) => (given, tag),
        (None, _) => (given, [].as_slice()),
    };
    // Wiped when the answer is written, or not written.
    let mut data = Zeroizing::new(cipher.to_vec());
    let aad = request.additional_data.unwrap_or_default();
    let iv = request.iv_counter_nonce;
    permit.with_material(|_, key, schedules| reveal(key, schedules, plan, (iv, aad, tag), &mut data))?;
    Ok(call.used(answer(object.id, data, None, true)))
}

/// Decrypts a part; the three are the flow, the part, and what came of the tag with it.
fn go_through<S: Scope>(
    call: &Call<'_, S>,
    permit: Permit<'_, Decrypting>,
    (mut flow, mut given, tag): (Box<Flow>, &[u8], Option<&[u8]>),
    last: bool,
) -> Result<(Box<Flow>, Zeroizing<Vec<u8>>), Refusal> {
    if let Some(tag) = tag {
        flow.tag = tag.to_vec();
    }
    if let Some(tag_bytes) = flow.plan().tag_bytes()
        && last
        && call.version < Version::V1_4
    {
        flow.split_tag(given, tag_bytes)?;
        given = &[];
    }
    let data = permit.with_material(|_, key, schedules| flow.decrypt((key, schedules), given, last))?;
    Ok((flow, data))
}

fn answer(id: ObjectId, data: Zeroizing<Vec<u8>>, correlation: Option<Correlation>, whole: bool) -> Answer {
    Answer::new(move |version, out| {
        let text = id.text();
        let response = DecryptResponse {
            unique_identifier: text.as_str().into(),
            // A part from which nothing comes out yet has no data.
            data: (whole || !data.is_empty()).then_some(data.as_slice()),
            correlation_value: correlation.as_ref().map(<[u8; 16]>::as_slice),
        };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })
    .leaving(id)
}

/// Decrypts with the private half of a key pair.
fn rsa<S: Scope>(
    call: &Call<'_, S>,
    object: &Object,
    permit: Permit<'_, Decrypting>,
    request: &DecryptRequest<'_>,
    cipher: &[u8],
) -> Result<Unaudited<Answer>, Refusal> {
    if object.managed.object_type != ObjectType::PRIVATE_KEY {
        return Err(Refusal::WrongObjectType);
    }
    let given = parameters(&object.managed, request.cryptographic_parameters.as_ref());
    let how = encryption(&given)?;
    allowed(call, of_encryption(how, bits_of(&object.managed)?, Way::Process))?;
    let data = permit.with_material(|managed, bytes, schedules| {
        with_private(managed, bytes, |key| {
            asymmetric::decrypt(how, &schedules.asymmetric, || key, cipher).map_err(of_cipher)
        })
    })?;
    let id = object.id;
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.text();
            let response = DecryptResponse {
                unique_identifier: text.as_str().into(),
                data: Some(&data),
                correlation_value: None,
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}
