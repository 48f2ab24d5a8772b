//! Logout (2.x): ends a ticket.
//!
//! Rules: KMIP 2.1, section 6.1.31.

use super::call::{Answer, Call};
use super::tickets::end;
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{LogoutRequest, LogoutResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

#[allow(clippy::unused_async)] // every operation is called alike
pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: LogoutRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    end(call, request.ticket.value)?;
    Ok(call
        .changed(Answer::new(|version, out| LogoutResponse {}.encode(Tag::RESPONSE_PAYLOAD, version, out))))
}
