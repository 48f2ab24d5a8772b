//! Obtain Lease: for how long a client may go on using what it got.
//!
//! Rules: KMIP 1.4, sections 3.20, 4.17 and 11.18; KMIP 2.1, section 6.1.35.

use super::birth::LEASE_SECONDS;
use super::call::{Answer, Call};
use crate::audited::Unaudited;
use crate::managed::Life;
use crate::scope::Scope;
use kmip::attribute::AttributeValue;
use kmip::field::Field;
use kmip::operation::{ObtainLeaseRequest, ObtainLeaseResponse};
use kmip::primitive::{DateTime, Interval};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: ObtainLeaseRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let object = call.object(request.unique_identifier).await?;
    let (managed, now) = (&object.managed, call.scope.now());
    if managed.is_archived() {
        return Err(Refusal::Archived);
    }
    match managed.state(now) {
        Life::PreActive | Life::Active => {}
        Life::Deactivated | Life::Compromised => return Err(Refusal::WrongState),
        Life::Destroyed | Life::DestroyedCompromised => return Err(Refusal::Destroyed),
    }
    let lease = match managed.attributes.get(Tag::LEASE_TIME) {
        Some(AttributeValue::Interval(seconds)) => *seconds,
        _ => LEASE_SECONDS,
    };
    let changed = managed.date(Tag::LAST_CHANGE_DATE).unwrap_or(now.seconds());
    let id = object.id;
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.text();
            let response = ObtainLeaseResponse {
                unique_identifier: text.as_str().into(),
                lease_time: Interval(lease),
                last_change_date: DateTime(changed),
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}
