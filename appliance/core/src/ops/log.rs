//! Log (2.x): a client marks a moment in the server's log.
//!
//! That it did, who and when is recorded; its words are not, because no log of ours takes free text from outside.
//! Rules: KMIP 2.1, section 6.1.29.

use super::call::{Answer, Call};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{LogRequest, LogResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

#[allow(clippy::unused_async)] // every operation is called alike
pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    LogRequest { message: _ }: LogRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    Ok(call.changed(Answer::new(|version, out| LogResponse {}.encode(Tag::RESPONSE_PAYLOAD, version, out))))
}
