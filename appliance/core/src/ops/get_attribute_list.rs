//! Get Attribute List: which attributes an object has.
//!
//! Rules: KMIP 1.4, sections 4.13 and 11.14; KMIP 2.1, section 6.1.21.

use super::call::{Answer, Call};
use super::view;
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{GetAttributeListRequest, GetAttributeListResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: GetAttributeListRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let object = call.object(request.unique_identifier).await?;
    let mut names = Vec::new();
    for attribute in view::all(&object, call.version, call.scope.now()) {
        if !names.contains(&attribute.name) {
            names.push(attribute.name);
        }
    }
    let id = object.id;
    let answer = Answer::new(move |version, out| {
        let text = id.text();
        let response =
            GetAttributeListResponse { unique_identifier: text.as_str().into(), names: (&names).into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.used(answer.leaving(id)))
}
