//! Destroy: the material is gone for ever, the attributes stay.
//!
//! Rules: KMIP 1.4, sections 3.22, 4.21 and 11.22; KMIP 2.1, section 6.1.15.

use super::call::{Answer, Call};
use super::change::{Fate, change};
use crate::audited::Unaudited;
use crate::managed::{Cause, Life};
use crate::scope::Scope;
use kmip::attribute::AttributeValue;
use kmip::field::Field;
use kmip::operation::{DestroyRequest, DestroyResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: DestroyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let now = call.scope.now();
    change(call, id, |_, managed| {
        if managed.is_archived() {
            return Err(Refusal::Archived);
        }
        let state = managed.state(now);
        if state.is_destroyed() {
            return Err(Refusal::Destroyed);
        }
        managed.may_be_destroyed()?;
        // A template has no state, and is destroyed at once.
        let gone = if managed.has_state() {
            state.after(Cause::Destruction).ok_or(Refusal::WrongState)?
        } else {
            Life::Destroyed
        };
        managed.set_state(gone, now);
        managed.attributes.set(Tag::DESTROY_DATE, AttributeValue::DateTime(now.seconds()));
        Ok((Fate::Destroyed, ()))
    })
    .await?;
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response = DestroyResponse { unique_identifier: id.as_str().into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}
