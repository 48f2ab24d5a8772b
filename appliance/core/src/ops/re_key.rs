//! Re-key: makes a symmetric key that replaces another and takes over its names.
//!
//! Rules: KMIP 1.4, sections 4.4 and 11.5; KMIP 2.1, section 6.1.46.

use super::birth::{Newborn, Origin, prepare, store};
use super::call::{Answer, Call};
use super::replace::{inherit, may_be_replaced, step_back};
use crate::audited::Unaudited;
use crate::managed::Kind;
use crate::request::of_scope;
use crate::scope::{Scope, ScopeError};
use hardening::SecretBytes;
use kmip::enums::{KeyFormatType, ObjectType};
use kmip::field::Field;
use kmip::operation::{ReKeyRequest, ReKeyResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: ReKeyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let old = call.object(request.unique_identifier).await?;
    may_be_replaced(call, &old, ObjectType::SYMMETRIC_KEY)?;
    let algorithm = old.managed.algorithm().ok_or(Refusal::InvalidField)?;
    let bits = old.managed.length_bits().ok_or(Refusal::InvalidField)?;
    let bytes = super::create::key_bytes(algorithm, bits).ok_or(Refusal::InvalidAttributeValue)?;
    let mut given = inherit(call, &old, request.offset, [request.attributes, None]).await?;
    given.unset(Tag::KEY_FORMAT_TYPE);
    let Kind::Key(mut block) = old.managed.kind.clone() else { return Err(Refusal::WrongObjectType) };
    block.format = KeyFormatType::RAW;
    let mut drawn = Ok(());
    let material = SecretBytes::init_with(bytes, |key| {
        drawn = call.scope.random(key);
        Ok::<(), hardening::MemoryError>(())
    })
    .map_err(|_| of_scope(ScopeError::NoMemory))?;
    drawn.map_err(of_scope)?;
    let newborn = Newborn {
        object_type: ObjectType::SYMMETRIC_KEY,
        kind: Kind::Key(block),
        given,
        material: Some(material),
        origin: Origin::Made,
    };
    let mut new = prepare(call, newborn, Some(old.id)).await?;
    let id = new.id;
    let old = step_back(call, &old, &mut new)?;
    call.about(&new);
    store(call, vec![new, old]).await?;
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response = ReKeyResponse { unique_identifier: id.as_str().into(), attributes: None };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}
