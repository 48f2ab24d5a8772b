//! Query Asynchronous Requests (2.1): which requests of a client are to be answered later, and how far they are.
//!
//! Rules: KMIP 2.1, section 6.1.41.

use super::call::{Answer, Call};
use super::pending::known;
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{
    AsynchronousRequest, QueryAsynchronousRequestsRequest, QueryAsynchronousRequestsResponse,
};
use kmip::primitive::DateTimeExtended;
use kmip::result::Refusal;
use kmip::tag::Tag;

#[allow(clippy::unused_async)] // every operation is called alike
pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: QueryAsynchronousRequestsRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let mut found = known(call);
    found.retain(|known| {
        let named =
            request.values.is_none_or(|some| some.values.iter().any(|value| value == known.correlation));
        let asked =
            request.operations.is_none_or(|some| some.operations.iter().any(|one| one == known.operation));
        named && asked
    });
    Ok(call.used(Answer::new(move |version, out| {
        let requests: Vec<AsynchronousRequest<'_>> = found
            .iter()
            .map(|known| AsynchronousRequest {
                value: &known.correlation,
                operation: known.operation,
                submitted: DateTimeExtended(known.submitted.seconds().saturating_mul(1_000_000)),
                stage: known.stage,
            })
            .collect();
        let response = QueryAsynchronousRequestsResponse { requests: (&requests).into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })))
}
