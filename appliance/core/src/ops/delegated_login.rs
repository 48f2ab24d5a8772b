//! Delegated Login (2.x): gives a ticket with which another client of the service may do a part of what the asker may.
//!
//! Rules: KMIP 2.1, section 6.1.12.

use super::call::{Answer, Call};
use super::tickets::{issue, read_rights};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::enums::TicketType;
use kmip::field::Field;
use kmip::message::Ticket;
use kmip::operation::{DelegatedLoginRequest, DelegatedLoginResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

#[allow(clippy::unused_async)] // every operation is called alike
pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: DelegatedLoginRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    if request.usage_limits.is_some() {
        return Err(Refusal::FeatureNotSupported);
    }
    let rights = read_rights(request.rights)?;
    let value = issue(call, request.lease_time, request.request_count, Some(rights))?;
    Ok(call.changed(Answer::new(move |version, out| {
        let response = DelegatedLoginResponse { ticket: Ticket { ty: TicketType::LOGIN, value: &value } };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })))
}
