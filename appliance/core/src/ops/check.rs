//! Check: whether an object may be used so, for so long and so much. Says what is not allowed by naming what would be.
//!
//! Rules: KMIP 1.4, sections 4.10 and 11.11; KMIP 2.1, section 6.1.7.

use super::birth::LEASE_SECONDS;
use super::call::{Answer, Call};
use super::usage::limits_of;
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::attribute::AttributeValue;
use kmip::field::Field;
use kmip::operation::{CheckRequest, CheckResponse};
use kmip::primitive::Interval;
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: CheckRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let object = call.object(request.unique_identifier).await?;
    let managed = &object.managed;
    if managed.is_archived() {
        return Err(Refusal::Archived);
    }
    if managed.state(call.scope.now()).is_destroyed() {
        return Err(Refusal::Destroyed);
    }
    let left = limits_of(managed).map(|limits| limits.count.unwrap_or(limits.total));
    let asked = request.usage_limits_count;
    let count = left.filter(|left| asked.is_some_and(|asked| asked > *left));
    let mask = request
        .cryptographic_usage_mask
        .filter(|asked| !managed.usage_mask().contains(*asked))
        .map(|_| managed.usage_mask());
    if mask.is_some() && call.version.tags_attributes() {
        return Err(Refusal::WrongUsage);
    }
    if count.is_some() && call.version.tags_attributes() {
        return Err(Refusal::UsageLimitExceeded);
    }
    let lease = match managed.attributes.get(Tag::LEASE_TIME) {
        Some(AttributeValue::Interval(seconds)) => *seconds,
        _ => LEASE_SECONDS,
    };
    let lease_time = request.lease_time.filter(|asked| asked.0 > lease).map(|_| Interval(lease));
    let id = object.id;
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.text();
            let response = CheckResponse {
                unique_identifier: text.as_str().into(),
                usage_limits_count: count,
                cryptographic_usage_mask: mask,
                lease_time,
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}
