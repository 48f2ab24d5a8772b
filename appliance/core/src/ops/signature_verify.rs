//! Signature Verify: whether a signature is one of this data by this key.
//!
//! Parameters that the key cannot have signed with make a signature invalid rather than a request: that is what the profiles'
//! cases expect, and what is true.
//! Rules: KMIP 1.4, sections 4.32 and 11.33; KMIP 2.1, section 6.1.56.

use super::call::{Answer, Call};
use super::message::{Message, data_or_digest, key_of};
use super::pair::with_public;
use super::parts::{Part, begin, go_on, named, part};
use super::practice::{Way, allowed, of_signature};
use super::scheme::{parameters, signing};
use super::streams::Work;
use crate::audited::Unaudited;
use crate::crypto::CipherError;
use crate::crypto::asymmetric::{Scheme, verify};
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
    let id = named(call, request.unique_identifier, request.correlation_value)?;
    let part = part(call, request.correlation_value, (request.init, request.last), id)?;
    let data = data_or_digest(request.data, request.digested_data, &part)?;
    let id = key_of(&part, id)?;
    let object = call.load(id).await?;
    let permit = Permit::<Verifying>::obtain(call.scope, &object)?;
    if permit.managed().object_type != ObjectType::PUBLIC_KEY {
        return Err(Refusal::WrongObjectType);
    }
    let signature = request.signature_data.unwrap_or_default();
    let (verified, correlation) = match part {
        Part::Next { correlation, stream, last } => {
            let Work::Signature(scheme, mut message, given) = stream.work else {
                return Err(Refusal::InvalidCorrelationValue);
            };
            message.update(data)?;
            // The signature may come with any part; the latest counts.
            let given = request.signature_data.map_or(given, <[u8]>::to_vec);
            if last {
                (Some(is_right(permit, scheme, &message.finish()?, &given)?), None)
            } else {
                (None, go_on(call, correlation, Some(id), Work::Signature(scheme, message, given))?)
            }
        }
        Part::Whole | Part::First => {
            let given = parameters(&object.managed, request.cryptographic_parameters.as_ref());
            let (family, bits) = Permit::<Verifying>::obtain(call.scope, &object)?
                .with_material(|managed, bytes, _| {
                    with_public(managed, bytes, |key| key.map(|key| (key.family(), key.bits())))
                })
                .map_err(|_| Refusal::UnsupportedCryptographicParameters)?;
            match (signing(family, &given, request.digested_data), part) {
                (Err(Refusal::BadCryptographicParameters), Part::Whole) => (Some(false), None),
                (Err(refusal), _) => return Err(refusal),
                (Ok(method), part) => {
                    allowed(call, of_signature((family, bits), method, Way::Process))?;
                    let mut message = Message::new(method.hash.filter(|_| request.digested_data.is_none()))?;
                    message.update(data)?;
                    if let Part::Whole = part {
                        (Some(is_right(permit, method.scheme, &message.finish()?, signature)?), None)
                    } else {
                        let work = Work::Signature(method.scheme, message, signature.to_vec());
                        (None, Some(begin(call, Some(id), work)?))
                    }
                }
            }
        }
    };
    let validity =
        verified.map(|verified| if verified { ValidityIndicator::VALID } else { ValidityIndicator::INVALID });
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.text();
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
