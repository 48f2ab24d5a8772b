//! Signature Verify: whether a signature is one of this data by this key.
//!
//! Parameters that the key cannot have signed with make a signature invalid rather than a request: that is what the profiles'
//! cases expect, and what is true.
//! Rules: KMIP 1.4, sections 4.32 and 11.33; KMIP 2.1, section 6.1.56.

use super::call::{Answer, Call};
use super::pair::with_public;
use super::parts::{Part, begin, data_of, go_on, named, part};
use super::scheme::{digest_of, parameters, signing};
use super::streams::Work;
use crate::audited::Unaudited;
use crate::crypto::CipherError;
use crate::crypto::asymmetric::{Scheme, verify};
use crate::permit::{Permit, Verifying};
use crate::request::of_cipher;
use crate::scope::Scope;
use aws_lc_rs::digest::{Context, digest};
use kmip::enums::{ObjectType, ValidityIndicator};
use kmip::field::Field;
use kmip::operation::{SignatureVerifyRequest, SignatureVerifyResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: SignatureVerifyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = named(call, request.unique_identifier, request.correlation_value)?;
    let part = part(call, request.correlation_value, (request.init, request.last), id)?;
    let data = match (request.digested_data, &part) {
        (None, part) => data_of(request.data, part)?,
        (Some(digest), Part::Whole) if request.data.is_none() => digest,
        (Some(_), _) => return Err(Refusal::InvalidMessage),
    };
    let id = match &part {
        Part::Next { stream, .. } => stream.object,
        Part::Whole | Part::First => id,
    };
    let object = call.load(id.ok_or(Refusal::InvalidCorrelationValue)?).await?;
    let id = object.id;
    let permit = Permit::<Verifying>::obtain(call.scope, &object)?;
    if permit.managed().object_type != ObjectType::PUBLIC_KEY {
        return Err(Refusal::WrongObjectType);
    }
    let signature = request.signature_data.unwrap_or_default();
    let (verified, correlation) = match part {
        Part::Next { correlation, stream, last } => {
            let Work::Signature(scheme, mut context, given) = stream.work else {
                return Err(Refusal::InvalidCorrelationValue);
            };
            context.update(data);
            // The signature may come with any part; the latest counts.
            let given = request.signature_data.map_or(given, <[u8]>::to_vec);
            if last {
                (Some(is_right(permit, scheme, context.finish().as_ref(), &given)?), None)
            } else {
                (None, go_on(call, correlation, Some(id), Work::Signature(scheme, context, given))?)
            }
        }
        Part::Whole | Part::First => {
            let given = parameters(&object.managed, request.cryptographic_parameters.as_ref());
            let family = Permit::<Verifying>::obtain(call.scope, &object)?
                .with_material(|managed, bytes, _| {
                    with_public(managed, bytes, |key| key.map(|key| key.family()))
                })
                .map_err(|_| Refusal::UnsupportedCryptographicParameters)?;
            match (signing(family, &given, request.digested_data), part) {
                (Err(Refusal::BadCryptographicParameters), Part::Whole) => (Some(false), None),
                (Err(refusal), _) => return Err(refusal),
                (Ok(method), part) => {
                    match (method.hash.filter(|_| request.digested_data.is_none()), part) {
                        (None, Part::Whole) => {
                            (Some(is_right(permit, method.scheme, data, signature)?), None)
                        }
                        (Some(hash), Part::Whole) => {
                            let hashed = digest(digest_of(hash)?, data);
                            (Some(is_right(permit, method.scheme, hashed.as_ref(), signature)?), None)
                        }
                        (Some(hash), _) => {
                            let mut context = Box::new(Context::new(digest_of(hash)?));
                            context.update(data);
                            let work = Work::Signature(method.scheme, context, signature.to_vec());
                            (None, Some(begin(call, Some(id), work)?))
                        }
                        // Ed25519 needs all of the data at once.
                        (None, _) => return Err(Refusal::FeatureNotSupported),
                    }
                }
            }
        }
    };
    let validity =
        verified.map(|verified| if verified { ValidityIndicator::VALID } else { ValidityIndicator::INVALID });
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.to_string();
            let response = SignatureVerifyResponse {
                unique_identifier: text.as_str().into(),
                validity,
                data: None,
                correlation_value: correlation.as_ref().map(<[u8; 16]>::as_slice),
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}

/// Is it a signature of what came?
///
/// # Errors
/// [`Refusal::InvalidMessage`]: none was given; what the key refuses.
fn is_right(
    permit: Permit<'_, Verifying>,
    scheme: Scheme,
    data: &[u8],
    signature: &[u8],
) -> Result<bool, Refusal> {
    if signature.is_empty() {
        return Err(Refusal::InvalidMessage);
    }
    let verified = permit.with_material(|managed, bytes, schedules| {
        with_public(managed, bytes, |key| verify(scheme, &schedules.asymmetric, || key, data, signature))
    });
    match verified {
        Ok(()) => Ok(true),
        Err(CipherError::NotAuthentic) => Ok(false),
        Err(error) => Err(of_cipher(error)),
    }
}
