//! Get: hands an object out.
//!
//! Rules: KMIP 1.4, sections 4.11 and 11.12; KMIP 2.1, section 6.1.20.

use super::call::{Answer, Call};
use super::handing::{Around, Wanted, note_first, payload};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::operation::GetRequest;
use kmip::result::Refusal;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: GetRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let object = call.load(id).await?;
    let wanted = Wanted {
        format: request.key_format_type,
        wrap_type: request.key_wrap_type,
        compression: request.key_compression_type,
        wrapping: request.key_wrapping_specification,
    };
    let written = payload(call, &object, &wanted, &Around::Get).await?;
    let answer = Answer::new(move |_, out| written.copy_to(out)).leaving(id);
    let changed = note_first(call, &object, wanted.wrapping.is_some()).await?;
    Ok(if changed { call.changed(answer) } else { call.used(answer) })
}
