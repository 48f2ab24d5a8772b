//! Revoke: an object protects no more, or is known to others.
//!
//! Rules: KMIP 1.4, sections 3.22, 3.29 to 3.31, 4.20 and 11.21; KMIP 2.1, section 6.1.44.

use super::call::{Answer, Call};
use super::change::{Fate, change};
use crate::audited::Unaudited;
use crate::managed::Cause;
use crate::scope::Scope;
use kmip::attribute::AttributeValue;
use kmip::enums::RevocationReasonCode;
use kmip::field::Field;
use kmip::operation::{RevokeRequest, RevokeResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: RevokeRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let now = call.scope.now();
    let reason = request.reason;
    if !reason.code.exists_in(call.version) {
        return Err(Refusal::InvalidField);
    }
    let compromised =
        matches!(reason.code, RevocationReasonCode::KEY_COMPROMISE | RevocationReasonCode::CA_COMPROMISE);
    let occurred = request.compromise_occurrence_date.map(|date| date.0);
    if compromised && occurred.is_none() {
        return Err(Refusal::InvalidMessage);
    }
    change(call, id, |_, managed| {
        if !managed.has_state() {
            return Err(Refusal::WrongObjectType);
        }
        if managed.is_archived() {
            return Err(Refusal::Archived);
        }
        let state = managed.state(now);
        let cause = if compromised { Cause::Compromise } else { Cause::Deactivation };
        let next = match state.after(cause) {
            Some(next) => next,
            None if state.is_destroyed() => return Err(Refusal::Destroyed),
            None => return Err(Refusal::WrongState),
        };
        managed.set_state(next, now);
        managed.attributes.set(Tag::REVOCATION_REASON, AttributeValue::structure(&reason));
        let date = AttributeValue::DateTime(now.seconds());
        if compromised {
            managed.attributes.set(Tag::COMPROMISE_DATE, date);
            if let Some(occurred) = occurred {
                let occurred = AttributeValue::DateTime(occurred);
                managed.attributes.set(Tag::COMPROMISE_OCCURRENCE_DATE, occurred);
            }
        } else {
            managed.attributes.set(Tag::DEACTIVATION_DATE, date);
        }
        Ok((Fate::Changed, ()))
    })
    .await?;
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response = RevokeResponse { unique_identifier: id.as_str().into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}
