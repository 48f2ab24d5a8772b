//! Notify: somebody says that an object has changed.
//!
//! The standard lets servers send it to clients. Who sends it to this server is told that it was heard; it changes nothing,
//! because an object changes here by its own operations alone.
//! Rules: KMIP 1.4, section 5.1; KMIP 2.1, section 6.2.2. Why: docs/adr/0065.

use super::call::{Answer, Call};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{NotifyRequest, NotifyResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: NotifyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    call.object(Some(request.unique_identifier)).await?;
    Ok(call.used(Answer::new(|version, out| NotifyResponse {}.encode(Tag::RESPONSE_PAYLOAD, version, out))))
}
