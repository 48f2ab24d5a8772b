//! Interop (2.x): a client says that a test begins, or that it ends.
//!
//! The moment is recorded. A server of keys is not set back to anything by it: Reset is refused.
//! Rules: KMIP 2.1, section 6.1.26.

use super::call::{Answer, Call};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::enums::InteropFunction;
use kmip::field::Field;
use kmip::operation::{InteropRequest, InteropResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

#[allow(clippy::unused_async)] // every operation is called alike
pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: InteropRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    match request.function {
        InteropFunction::BEGIN | InteropFunction::END => {}
        InteropFunction::RESET => return Err(Refusal::PermissionDenied),
        _ => return Err(Refusal::InvalidField),
    }
    let answer = Answer::new(|version, out| InteropResponse {}.encode(Tag::RESPONSE_PAYLOAD, version, out));
    Ok(call.changed(answer))
}
