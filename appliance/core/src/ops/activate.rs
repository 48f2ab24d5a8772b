//! Activate: an object may be used from now on.
//!
//! Rules: KMIP 1.4, sections 3.22, 4.19 and 11.20; KMIP 2.1, section 6.1.1.

use super::call::{Answer, Call};
use super::change::{Fate, change};
use crate::audited::Unaudited;
use crate::managed::Cause;
use crate::scope::Scope;
use kmip::attribute::AttributeValue;
use kmip::field::Field;
use kmip::operation::{ActivateRequest, ActivateResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: ActivateRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let now = call.scope.now();
    change(call, id, |_, managed| {
        if !managed.has_state() {
            return Err(Refusal::WrongObjectType);
        }
        if managed.is_archived() {
            return Err(Refusal::Archived);
        }
        let state = managed.state(now);
        if state.is_destroyed() {
            return Err(Refusal::Destroyed);
        }
        let active = state.after(Cause::Activation).ok_or(Refusal::WrongState)?;
        managed.set_state(active, now);
        managed.attributes.set(Tag::ACTIVATION_DATE, AttributeValue::DateTime(now.seconds()));
        Ok((Fate::Changed, ()))
    })
    .await?;
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response = ActivateResponse { unique_identifier: id.as_str().into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}
