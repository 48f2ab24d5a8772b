//! Archive: an object is out of reach until it is recovered.
//!
//! Rules: KMIP 1.4, sections 3.32, 4.22 and 11.23; KMIP 2.1, section 6.1.4.

use super::call::{Answer, Call};
use super::change::{Fate, change};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::attribute::AttributeValue;
use kmip::field::Field;
use kmip::operation::{ArchiveRequest, ArchiveResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: ArchiveRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let now = call.scope.now();
    change(call, id, |_, managed| {
        if managed.is_archived() {
            return Err(Refusal::Archived);
        }
        if managed.state(now).is_destroyed() {
            return Err(Refusal::Destroyed);
        }
        managed.attributes.set(Tag::ARCHIVE_DATE, AttributeValue::DateTime(now.seconds()));
        managed.touch(now);
        Ok((Fate::Changed, ()))
    })
    .await?;
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response = ArchiveResponse { unique_identifier: id.as_str().into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}
