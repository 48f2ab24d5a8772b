//! Poll: the answer to a request that was to be answered later.
//!
//! A request that still waits is done now: there is nothing to gain from letting its client ask again.
//! Rules: KMIP 1.4, section 4.28; KMIP 2.1, section 6.1.38.

use super::call::{Answer, Call};
use super::pending::{Stage, perform, take};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::operation::PollRequest;
use kmip::result::Refusal;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: PollRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let (_, later) = take(call, request.asynchronous_correlation_value)?;
    call.answers(later.operation);
    match later.stage {
        Stage::Submitted(payload) => perform(call, later.asker, later.operation, &payload).await,
        Stage::Completed(done) => done.map(|answer| call.used(answer.into_value())),
    }
}
