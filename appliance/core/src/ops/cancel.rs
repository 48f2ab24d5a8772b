//! Cancel: forgets a request that was to be answered later.
//!
//! Rules: KMIP 1.4, section 4.27; KMIP 2.1, section 6.1.5.

use super::call::{Answer, Call};
use super::pending::{Stage, put_back, take};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::enums::CancellationResult;
use kmip::field::Field;
use kmip::operation::{CancelRequest, CancelResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

#[allow(clippy::unused_async)] // every operation is called alike
pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: CancelRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let (correlation, later) = take(call, request.asynchronous_correlation_value)?;
    let result = match later.stage {
        Stage::Submitted(_) => CancellationResult::CANCELED,
        Stage::Completed(Ok(_)) => CancellationResult::COMPLETED,
        Stage::Completed(Err(_)) => CancellationResult::FAILED,
    };
    if let Stage::Completed(_) = later.stage {
        // It was done and stays done; its answer can still be fetched.
        put_back(call, correlation, later)?;
    }
    Ok(call.used(Answer::new(move |version, out| {
        let response = CancelResponse { asynchronous_correlation_value: &correlation, result };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })))
}
