//! Encrypt: protects data with a symmetric key, or with the public half of an RSA pair.
//!
//! Where the version has no field for the authentication tag (before 1.4), it follows the ciphertext.
//! Rules: KMIP 1.4, sections 4.29 and 11.30; KMIP 2.1, section 6.1.17.

use super::call::{Answer, Call};
use super::cipher::{MISSING_IV, Plan, method};
use super::flow::Flow;
use super::pair::with_public;
use super::parts::{Part, begin, data_of, go_on, named, part};
use super::practice::{Way, allowed, of_encryption, of_plan};
use super::protect::protect;
use super::scheme::{bits_of, encryption, parameters};
use super::streams::{Correlation, Work};
use super::usage;
use crate::audited::Unaudited;
use crate::crypto::aes::BLOCK_BYTES;
use crate::crypto::asymmetric;
use crate::object::Object;
use crate::permit::Encrypting;
use crate::request::{of_cipher, of_scope};
use crate::scope::Scope;
use holdfast_model::ObjectId;
use kmip::enums::ObjectType;
use kmip::field::Field;
use kmip::operation::{EncryptRequest, EncryptResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::version::Version;
use std::rc::Rc;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: EncryptRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = named(call, request.unique_identifier, request.correlation_value)?;
    let part = part(call, request.correlation_value, (request.init, request.last), id)?;
    let plain = data_of(request.data, &part)?;
    if let Part::Next { correlation, stream, last } = part {
        let id = stream.object.ok_or(Refusal::InvalidCorrelationValue)?;
        let Work::Cipher(mut flow) = stream.work else { return Err(Refusal::InvalidCorrelationValue) };
        let permit = usage::allocate_more::<S, Encrypting>(call, id, plain.len()).await?;
        let (data, tag) =
            permit.with_material(|_, key, schedules| flow.encrypt((key, schedules), plain, last))?;
        let plan = flow.plan();
        let correlation = if last { None } else { go_on(call, correlation, Some(id), Work::Cipher(flow))? };
        return Ok(call.used(answer(
            call,
            id,
            plan,
            Protected { data, tag, made: None, correlation, whole: false },
        )));
    }
    let id = id.ok_or(Refusal::InvalidMessage)?;
    let object = call.load(id).await?;
    // Judged before the parameters are, so that nobody learns those of a key that is not for them.
    crate::permit::Permit::<Encrypting>::obtain(call.scope, &object)?;
    if object.managed.object_type != ObjectType::SYMMETRIC_KEY {
        if let Part::First = part {
            return Err(Refusal::FeatureNotSupported);
        }
        return rsa(call, &object, &request, plain).await;
    }
    let method = method(&object.managed, request.cryptographic_parameters.as_ref())?;
    allowed(call, of_plan(method.plan, Way::Protect))?;
    let mut fresh = [0; BLOCK_BYTES];
    let made: Option<&[u8]> = match (method.plan.iv_bytes(), request.iv_counter_nonce) {
        (None, Some(_)) if matches!(method.plan, Plan::KeyWrap { .. }) => {
            return Err(Refusal::BadCryptographicParameters);
        }
        (None, _) | (_, Some(_)) => None,
        (Some(bytes), None) => {
            let authenticated = method.plan.tag_bytes().is_some();
            if authenticated {
                usage::nonce::<S, Encrypting>(call, &object).await?;
            } else if !method.random_iv {
                return Err(MISSING_IV);
            }
            let room = fresh.get_mut(..bytes).ok_or(Refusal::GeneralFailure)?;
            call.scope.random(room).map_err(of_scope)?;
            Some(room)
        }
    };
    let iv = request.iv_counter_nonce.or(made);
    let aad = request.additional_data.unwrap_or_default();
    let (_, permit) = usage::allocate::<S, Encrypting>(call, id, plain.len()).await?;
    let protected = if let Part::First = part {
        let mut flow = Box::new(Flow::new(method.plan, iv, aad));
        let (data, tag) =
            permit.with_material(|_, key, schedules| flow.encrypt((key, schedules), plain, false))?;
        let correlation = Some(begin(call, Some(id), Work::Cipher(flow))?);
        Protected { data, tag, made: made.map(<[u8]>::to_vec), correlation, whole: false }
    } else {
        let mut data = Vec::with_capacity(plain.len() + 2 * BLOCK_BYTES);
        data.extend_from_slice(plain);
        let tag = permit
            .with_material(|_, key, schedules| protect(key, schedules, method.plan, (iv, aad), &mut data))?;
        Protected { data, tag, made: made.map(<[u8]>::to_vec), correlation: None, whole: true }
    };
    Ok(call.used(answer(call, id, method.plan, protected)))
}

/// What came of a request.
struct Protected {
    data: Vec<u8>,
    tag: Option<[u8; BLOCK_BYTES]>,
    made: Option<Vec<u8>>,
    correlation: Option<Correlation>,
    /// Of all there is, and not of a part?
    whole: bool,
}

fn answer<S: Scope>(call: &Call<'_, S>, id: ObjectId, plan: Plan, protected: Protected) -> Answer {
    let Protected { mut data, tag, made, correlation, whole } = protected;
    let tag_bytes = plan.tag_bytes().unwrap_or_default();
    if call.version < Version::V1_4
        && let Some(tag) = tag.as_ref().and_then(|tag| tag.get(..tag_bytes))
    {
        data.extend_from_slice(tag);
    }
    Answer::new(move |version, out| {
        let text = id.text();
        let response = EncryptResponse {
            unique_identifier: text.as_str().into(),
            // A part from which nothing comes out yet has no data.
            data: (whole || !data.is_empty()).then_some(data.as_slice()),
            iv_counter_nonce: made.as_deref(),
            correlation_value: correlation.as_ref().map(<[u8; 16]>::as_slice),
            tag: tag.as_ref().and_then(|tag| tag.get(..tag_bytes)),
        };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })
    .leaving(id)
}

/// Encrypts with the public half of a key pair.
async fn rsa<S: Scope>(
    call: &Call<'_, S>,
    object: &Rc<Object>,
    request: &EncryptRequest<'_>,
    plain: &[u8],
) -> Result<Unaudited<Answer>, Refusal> {
    if object.managed.object_type != ObjectType::PUBLIC_KEY {
        return Err(Refusal::WrongObjectType);
    }
    let given = parameters(&object.managed, request.cryptographic_parameters.as_ref());
    let how = encryption(&given)?;
    let id = object.id;
    let bits = bits_of(&object.managed)?;
    allowed(call, of_encryption(how, bits, Way::Protect))?;
    let (_, permit) = usage::allocate::<S, Encrypting>(call, id, plain.len()).await?;
    let data = permit.with_material(|managed, bytes, schedules| {
        with_public(managed, bytes, |key| {
            asymmetric::encrypt(how, &schedules.asymmetric, || key, plain).map_err(of_cipher)
        })
    })?;
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.text();
            let response = EncryptResponse {
                unique_identifier: text.as_str().into(),
                data: Some(&data),
                iv_counter_nonce: None,
                correlation_value: None,
                tag: None,
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}
