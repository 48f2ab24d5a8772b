//! Export: hands an object out with all its attributes. Of a destroyed one there are the attributes alone.
//!
//! Rules: KMIP 1.4, sections 4.40 and 11.41; KMIP 2.1, section 6.1.18.

use super::call::{Answer, Call};
use super::form::Written;
use super::handing::{Around, Wanted, note_first, payload};
use super::view;
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::operation::ExportRequest;
use kmip::result::Refusal;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: ExportRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = call.identify(request.unique_identifier)?;
    let object = call.load(id).await?;
    let now = call.scope.now();
    if object.managed.is_archived() {
        return Err(Refusal::Archived);
    }
    let around = Around::Export(view::all(&object, call.version, now));
    if object.managed.state(now).is_destroyed() {
        let written = Written::new(0, |out| around.write(call, &object, None, out))?;
        return Ok(call.used(Answer::new(move |_, out| written.copy_to(out)).leaving(id)));
    }
    let wanted = Wanted {
        format: request.key_format_type,
        wrap_type: request.key_wrap_type,
        compression: request.key_compression_type,
        wrapping: request.key_wrapping_specification,
    };
    let written = payload(call, &object, &wanted, &around).await?;
    let answer = Answer::new(move |_, out| written.copy_to(out)).leaving(id);
    let changed = note_first(call, &object, wanted.wrapping.is_some()).await?;
    Ok(if changed { call.changed(answer) } else { call.used(answer) })
}
