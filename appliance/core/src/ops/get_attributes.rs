//! Get Attributes: what is known of an object.
//!
//! Rules: KMIP 1.4, sections 4.12 and 11.13; KMIP 2.1, section 6.1.20.

use super::call::{Answer, Call};
use super::view;
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{GetAttributesRequest, GetAttributesResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

/// Most names in one request.
const NAMES_MAX: usize = 512;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: GetAttributesRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let object = call.object(request.unique_identifier).await?;
    let now = call.scope.now();
    let mut attributes = Vec::new();
    let mut asked = Vec::new();
    for name in request.names.iter() {
        if asked.len() >= NAMES_MAX {
            return Err(Refusal::ServerLimit);
        }
        if asked.contains(&name) {
            // 1.x forbids it (section 11.13); in 2.x a reference twice is the same as once.
            if !call.version.tags_attributes() {
                return Err(Refusal::InvalidMessage);
            }
            continue;
        }
        attributes.extend(view::named(&object, &name, call.version, now));
        asked.push(name);
    }
    if asked.is_empty() {
        attributes = view::all(&object, call.version, now);
    }
    let id = object.id;
    let answer = Answer::new(move |version, out| {
        let text = id.text();
        let response = GetAttributesResponse {
            unique_identifier: text.as_str().into(),
            attributes: (&attributes).into(),
        };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.used(answer.leaving(id)))
}
