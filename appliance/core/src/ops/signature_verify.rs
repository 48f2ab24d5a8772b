//! Signature Verify: whether a signature is one of this data by this key.
//!
//! Parameters that the key cannot have signed with make a signature invalid rather than a request: that is what the profiles'
//! cases expect, and what is true.
//! Rules: KMIP 1.4, sections 4.32 and 11.33; KMIP 2.1, section 6.1.56.

use super::call::{Answer, Call};
use super::pair::with_public;
use super::scheme::{digest_of, parameters, signing};
use crate::audited::Unaudited;
use crate::crypto::CipherError;
use crate::crypto::asymmetric::verify;
use crate::permit::{Permit, Verifying};
use crate::request::of_cipher;
use crate::scope::Scope;
use kmip::enums::{ObjectType, ValidityIndicator};
use kmip::field::Field;
use kmip::operation::{SignatureVerifyRequest, SignatureVerifyResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: SignatureVerifyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let object = call.object(request.unique_identifier).await?;
    if request.correlation_value.is_some() || request.init == Some(true) || request.last == Some(true) {
        return Err(Refusal::FeatureNotSupported);
    }
    let permit = Permit::<Verifying>::obtain(call.scope, &object)?;
    if permit.managed().object_type != ObjectType::PUBLIC_KEY {
        return Err(Refusal::WrongObjectType);
    }
    let data = match (request.data, request.digested_data) {
        (Some(data), None) => data.bytes().ok_or(Refusal::FeatureNotSupported)?,
        (None, Some(digest)) => digest,
        _ => return Err(Refusal::InvalidMessage),
    };
    let signature = request.signature_data.ok_or(Refusal::InvalidMessage)?;
    let given = parameters(&object.managed, request.cryptographic_parameters.as_ref());
    let verified = permit.with_material(|managed, bytes, schedules| {
        with_public(managed, bytes, |key| {
            let key = key.map_err(|_| Refusal::UnsupportedCryptographicParameters)?;
            let method = match signing(key.family(), &given, request.digested_data) {
                Ok(method) => method,
                Err(Refusal::BadCryptographicParameters) => return Ok(false),
                Err(refusal) => return Err(refusal),
            };
            let hashed = match method.hash.filter(|_| request.digested_data.is_none()) {
                Some(hash) => Some(aws_lc_rs::digest::digest(digest_of(hash)?, data)),
                None => None,
            };
            let data = hashed.as_ref().map_or(data, AsRef::as_ref);
            match verify(method.scheme, &schedules.asymmetric, || Ok(key), data, signature) {
                Ok(()) => Ok(true),
                Err(CipherError::NotAuthentic) => Ok(false),
                Err(error) => Err(of_cipher(error)),
            }
        })
    })?;
    let validity = if verified { ValidityIndicator::VALID } else { ValidityIndicator::INVALID };
    let id = object.id;
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.to_string();
            let response = SignatureVerifyResponse {
                unique_identifier: text.as_str().into(),
                validity: Some(validity),
                data: None,
                correlation_value: None,
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}
