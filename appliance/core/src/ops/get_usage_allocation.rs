//! Get Usage Allocation: takes a part of an object's usage limits for the client to use up.
//!
//! Rules: KMIP 1.4, sections 3.21, 4.18 and 11.19; KMIP 2.1, section 6.1.23.

use super::call::{Answer, Call};
use super::change::{Fate, change};
use super::usage::{limits_of, take};
use crate::audited::Unaudited;
use crate::managed::Life;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{GetUsageAllocationRequest, GetUsageAllocationResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: GetUsageAllocationRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let (amount, now) = (request.usage_limits_count, call.scope.now());
    if amount < 0 {
        return Err(Refusal::InvalidField);
    }
    change(call, id, |_, managed| {
        if managed.is_archived() {
            return Err(Refusal::Archived);
        }
        match managed.state(now) {
            Life::PreActive | Life::Active => {}
            Life::Deactivated | Life::Compromised => return Err(Refusal::WrongState),
            Life::Destroyed | Life::DestroyedCompromised => return Err(Refusal::Destroyed),
        }
        let limits = limits_of(managed).ok_or(Refusal::WrongObjectType)?;
        take(managed, limits, amount)?;
        Ok((Fate::Changed, ()))
    })
    .await?;
    let answer = Answer::new(move |version, out| {
        let text = id.text();
        let response = GetUsageAllocationResponse { unique_identifier: text.as_str().into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}
