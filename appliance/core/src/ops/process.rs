//! Process (2.1): does a request that was to be answered later; its answer waits to be fetched.
//!
//! Rules: KMIP 2.1, section 6.1.39.

use super::call::{Answer, Call};
use super::pending::{Stage, complete, put_back, take};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{ProcessRequest, ProcessResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: ProcessRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let (correlation, later) = take(call, request.asynchronous_correlation_value)?;
    if let Stage::Completed(_) = later.stage {
        put_back(call, correlation, later)?;
        return Err(Refusal::DuplicateProcessRequest);
    }
    let done = complete(call.scope, call.limits, later).await;
    put_back(call, correlation, done)?;
    Ok(call.used(Answer::new(|version, out| ProcessResponse {}.encode(Tag::RESPONSE_PAYLOAD, version, out))))
}
