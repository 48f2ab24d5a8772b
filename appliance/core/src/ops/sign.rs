//! Sign: signs data, or a digest of it, with a private key.
//!
//! Rules: KMIP 1.4, sections 4.31 and 11.32; KMIP 2.1, section 6.1.55.

use super::call::{Answer, Call};
use super::pair::with_private;
use super::scheme::{digest_of, parameters, salted, signing};
use super::usage;
use crate::audited::Unaudited;
use crate::crypto::asymmetric::sign;
use crate::permit::{Permit, Signing};
use crate::request::of_cipher;
use crate::scope::Scope;
use kmip::enums::ObjectType;
use kmip::field::Field;
use kmip::operation::{SignRequest, SignResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: SignRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    if request.correlation_value.is_some() || request.init == Some(true) || request.last == Some(true) {
        return Err(Refusal::FeatureNotSupported);
    }
    let data = match (request.data, request.digested_data) {
        (Some(data), None) => data.bytes().ok_or(Refusal::FeatureNotSupported)?,
        (None, Some(digest)) => digest,
        _ => return Err(Refusal::InvalidMessage),
    };
    let object = call.load(id).await?;
    let permit = Permit::<Signing>::obtain(call.scope, &object)?;
    if permit.managed().object_type != ObjectType::PRIVATE_KEY {
        return Err(Refusal::WrongObjectType);
    }
    let given = parameters(&object.managed, request.cryptographic_parameters.as_ref());
    let method = permit.with_material(|managed, bytes, _| {
        with_private(managed, bytes, |key| {
            let key = key.map_err(|_| Refusal::UnsupportedCryptographicParameters)?;
            signing(key.family(), &given, request.digested_data)
        })
    })?;
    let hashed = match method.hash.filter(|_| request.digested_data.is_none()) {
        Some(hash) => Some(aws_lc_rs::digest::digest(digest_of(hash)?, data)),
        None => None,
    };
    let data = hashed.as_ref().map_or(data, AsRef::as_ref);
    let (_, permit) = usage::allocate::<S, Signing>(call, id, data.len()).await?;
    let signature = permit.with_material(|managed, bytes, schedules| {
        with_private(managed, bytes, |key| {
            sign(salted(method.scheme), &schedules.asymmetric, || key, data).map_err(of_cipher)
        })
    })?;
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.to_string();
            let response = SignResponse {
                unique_identifier: text.as_str().into(),
                signature_data: Some(&signature),
                correlation_value: None,
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}
