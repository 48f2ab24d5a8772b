//! Ping (2.x): is the server there?
//!
//! Rules: KMIP 2.1, section 6.1.36.

use super::call::{Answer, Call};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{PingRequest, PingResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

#[allow(clippy::unused_async)] // every operation is called alike
pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    PingRequest {}: PingRequest,
) -> Result<Unaudited<Answer>, Refusal> {
    Ok(call.used(Answer::new(|version, out| PingResponse {}.encode(Tag::RESPONSE_PAYLOAD, version, out))))
}
