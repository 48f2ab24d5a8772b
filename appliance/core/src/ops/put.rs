//! Put: somebody pushes an object that this server has.
//!
//! The standard lets servers send it to clients. Who sends it to this server is told that it was received; the copy is not
//! kept. What is kept here came by Register or Import, which say whose it is and what may be done with it.
//! Rules: KMIP 1.4, section 5.2; KMIP 2.1, section 6.2.3. Why: docs/adr/0065.

use super::call::{Answer, Call};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::enums::PutFunction;
use kmip::field::Field;
use kmip::operation::{PutRequest, PutResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: PutRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    match (request.function, request.replaced) {
        (PutFunction::NEW, None) | (PutFunction::REPLACE, Some(_)) => {}
        (PutFunction::REPLACE, None) => return Err(Refusal::MissingData),
        _ => return Err(Refusal::InvalidField),
    }
    call.object(Some(request.unique_identifier)).await?;
    Ok(call.used(Answer::new(|version, out| PutResponse {}.encode(Tag::RESPONSE_PAYLOAD, version, out))))
}
