//! Sign: signs data, or a digest of it, with a private key.
//!
//! Rules: KMIP 1.4, sections 4.31 and 11.32; KMIP 2.1, section 6.1.55.

use super::call::{Answer, Call};
use super::message::{Message, data_or_digest, key_of};
use super::pair::with_private;
use super::parts::{Part, begin, go_on, named, part};
use super::practice::{Way, allowed, of_signature};
use super::scheme::{parameters, salted, signing};
use super::streams::Work;
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
    let id = named(call, request.unique_identifier, request.correlation_value)?;
    let part = part(call, request.correlation_value, (request.init, request.last), id)?;
    let data = data_or_digest(request.data, request.digested_data, &part)?;
    let id = key_of(&part, id)?;
    let object = call.load(id).await?;
    let permit = Permit::<Signing>::obtain(call.scope, &object)?;
    if permit.managed().object_type != ObjectType::PRIVATE_KEY {
        return Err(Refusal::WrongObjectType);
    }
    let (scheme, signed, correlation) = match part {
        Part::Next { correlation, stream, last } => {
            let Work::Signature(scheme, mut message, given) = stream.work else {
                return Err(Refusal::InvalidCorrelationValue);
            };
            usage::allocate_more::<S, Signing>(call, id, data.len()).await?;
            message.update(data)?;
            if last {
                (scheme, Some(message.finish()?), None)
            } else {
                let work = Work::Signature(scheme, message, given);
                (scheme, None, go_on(call, correlation, Some(id), work)?)
            }
        }
        Part::Whole | Part::First => {
            let given = parameters(&object.managed, request.cryptographic_parameters.as_ref());
            let (family, bits) = permit
                .with_material(|managed, bytes, _| {
                    with_private(managed, bytes, |key| key.map(|key| (key.family(), key.bits())))
                })
                .map_err(|_| Refusal::UnsupportedCryptographicParameters)?;
            let method = signing(family, &given, request.digested_data)?;
            allowed(call, of_signature((family, bits), method, Way::Protect))?;
            usage::allocate::<S, Signing>(call, id, data.len()).await?;
            let hash = method.hash.filter(|_| request.digested_data.is_none());
            let mut message = Message::new(hash)?;
            message.update(data)?;
            if let Part::Whole = part {
                (method.scheme, Some(message.finish()?), None)
            } else {
                let work = Work::Signature(method.scheme, message, Vec::new());
                (method.scheme, None, Some(begin(call, Some(id), work)?))
            }
        }
    };
    let signature = match signed {
        None => None,
        Some(signed) => {
            let permit = Permit::<Signing>::obtain(call.scope, &object)?;
            let signature = permit.with_material(|managed, bytes, schedules| {
                with_private(managed, bytes, |key| {
                    sign(salted(scheme), &schedules.asymmetric, || key, &signed).map_err(of_cipher)
                })
            })?;
            Some(signature)
        }
    };
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.text();
            let response = SignResponse {
                unique_identifier: text.as_str().into(),
                signature_data: signature.as_deref(),
                correlation_value: correlation.as_ref().map(<[u8; 16]>::as_slice),
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}
