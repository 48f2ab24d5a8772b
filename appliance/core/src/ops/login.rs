//! Login (2.x): gives a ticket that stands for the user who asks.
//!
//! Rules: KMIP 2.1, section 6.1.30.

use super::call::{Answer, Call};
use super::tickets::issue;
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::enums::TicketType;
use kmip::field::Field;
use kmip::message::Ticket;
use kmip::operation::{LoginRequest, LoginResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

#[allow(clippy::unused_async)] // every operation is called alike
pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: LoginRequest,
) -> Result<Unaudited<Answer>, Refusal> {
    // Use is limited by the keys' own Usage Limits.
    if request.usage_limits.is_some() {
        return Err(Refusal::FeatureNotSupported);
    }
    let value = issue(call, request.lease_time, request.request_count, None)?;
    Ok(call.changed(Answer::new(move |version, out| {
        let response = LoginResponse { ticket: Ticket { ty: TicketType::LOGIN, value: &value } };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })))
}
