//! Set Endpoint Role (2.x): who of the two asks and who answers from now on.
//!
//! This server stays a server: it has no questions for its clients, and nothing in the process that holds keys begins an
//! exchange. A client may ask for what is so already.
//! Rules: KMIP 2.1, section 6.1.54.

use super::call::{Answer, Call};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::enums::EndpointRole;
use kmip::field::Field;
use kmip::operation::{SetEndpointRoleRequest, SetEndpointRoleResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

#[allow(clippy::unused_async)] // every operation is called alike
pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: SetEndpointRoleRequest,
) -> Result<Unaudited<Answer>, Refusal> {
    let role = request.role;
    match role {
        EndpointRole::SERVER => {}
        EndpointRole::CLIENT => return Err(Refusal::PermissionDenied),
        _ => return Err(Refusal::InvalidField),
    }
    Ok(call.used(Answer::new(move |version, out| {
        SetEndpointRoleResponse { role }.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })))
}
