//! Sign: signs data, or a digest of it, with a private key.
//!
//! Rules: KMIP 1.4, sections 4.31 and 11.32; KMIP 2.1, section 6.1.55.

use super::call::{Answer, Call};
use super::pair::with_private;
use super::parts::{Part, begin, data_of, go_on, named, part};
use super::scheme::{digest_of, parameters, salted, signing};
use super::streams::Work;
use super::usage;
use crate::audited::Unaudited;
use crate::crypto::asymmetric::sign;
use crate::permit::{Permit, Signing};
use crate::request::of_cipher;
use crate::scope::Scope;
use aws_lc_rs::digest::{Context, digest};
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
    let data = match (request.digested_data, &part) {
        (None, part) => data_of(request.data, part)?,
        (Some(digest), Part::Whole) if request.data.is_none() => digest,
        (Some(_), _) => return Err(Refusal::InvalidMessage),
    };
    let id = match &part {
        Part::Next { stream, .. } => stream.object,
        Part::Whole | Part::First => id,
    }
    .ok_or(Refusal::InvalidCorrelationValue)?;
    let object = call.load(id).await?;
    let permit = Permit::<Signing>::obtain(call.scope, &object)?;
    if permit.managed().object_type != ObjectType::PRIVATE_KEY {
        return Err(Refusal::WrongObjectType);
    }
    let (scheme, hashed, correlation) = match part {
        Part::Next { correlation, stream, last } => {
            let Work::Signature(scheme, mut context, given) = stream.work else {
                return Err(Refusal::InvalidCorrelationValue);
            };
            usage::allocate_more::<S, Signing>(call, id, data.len()).await?;
            context.update(data);
            if last {
                (scheme, Some(context.finish()), None)
            } else {
                let work = Work::Signature(scheme, context, given);
                (scheme, None, go_on(call, correlation, Some(id), work)?)
            }
        }
        Part::Whole | Part::First => {
            let given = parameters(&object.managed, request.cryptographic_parameters.as_ref());
            let method = permit.with_material(|managed, bytes, _| {
                with_private(managed, bytes, |key| {
                    let key = key.map_err(|_| Refusal::UnsupportedCryptographicParameters)?;
                    signing(key.family(), &given, request.digested_data)
                })
            })?;
            usage::allocate::<S, Signing>(call, id, data.len()).await?;
            let hash = method.hash.filter(|_| request.digested_data.is_none());
            match (hash, part) {
                (None, Part::Whole) => (method.scheme, None, None),
                (Some(hash), Part::Whole) => (method.scheme, Some(digest(digest_of(hash)?, data)), None),
                (Some(hash), _) => {
                    let mut context = Box::new(Context::new(digest_of(hash)?));
                    context.update(data);
                    let work = Work::Signature(method.scheme, context, Vec::new());
                    (method.scheme, None, Some(begin(call, Some(id), work)?))
                }
                // Ed25519 needs all of the data twice.
                (None, _) => return Err(Refusal::FeatureNotSupported),
            }
        }
    };
    let signature = match (&correlation, hashed.as_ref().map_or(data, AsRef::as_ref)) {
        (Some(_), _) => None,
        (None, data) => {
            let permit = Permit::<Signing>::obtain(call.scope, &object)?;
            let signature = permit.with_material(|managed, bytes, schedules| {
                with_private(managed, bytes, |key| {
                    sign(salted(scheme), &schedules.asymmetric, || key, data).map_err(of_cipher)
                })
            })?;
            Some(signature)
        }
    };
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.to_string();
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
