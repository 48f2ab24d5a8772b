//! Recover: an archived object is within reach again.
//!
//! Rules: KMIP 1.4, sections 4.23 and 11.24; KMIP 2.1, section 6.1.42.

use super::call::{Answer, Call};
use super::change::{Fate, change};
use crate::audited::Unaudited;

use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{RecoverRequest, RecoverResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: RecoverRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let now = call.scope.now();
    change(call, id, |_, managed| {
        if !managed.is_archived() {
            return Ok((Fate::Unchanged, ()));
        }
        managed.attributes.unset(Tag::ARCHIVE_DATE);
        managed.touch(now);
        Ok((Fate::Changed, ()))
    })
    .await?;
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response = RecoverResponse { unique_identifier: id.as_str().into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}
