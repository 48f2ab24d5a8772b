//! Answers one KMIP message: reads it, runs its items in order, records each, writes the response.
//!
//! Separate from `ops` because batches, versions and bounds are the message's business and no operation's.
//! Does not trust: a byte of the request. What it cannot read is answered without repeating any of it, and never logged.
//! Rules: KMIP 1.4, sections 6, 7 and 11.1; KMIP 2.1, sections 8 and 9.

mod asker;
mod batch;
mod earlier;
mod refused;
mod together;

pub use asker::Asker;
pub use batch::{Batch, Leaves};
pub use refused::{of_cipher, of_scope, word};

use crate::audited::{Audited, Event, Unaudited};
use crate::ops::{Answer, Call, Correlation};
use crate::scope::Scope;
use holdfast_model::audit::{Action, Outcome as Ended, Reason};
use holdfast_model::{KeyVersion, limits};
use kmip::enums::{BatchErrorContinuationOption, Enumeration, Operation};
use kmip::message::{
    AsynchronousMode, MessageError, Outcome, RequestBatchItem, RequestMessage, ResponseHeader, ResponseItem,
    ResponseWriter,
};
use kmip::primitive::DateTime;
use kmip::result::Refusal;
use kmip::ttlv::parse;
use kmip::version::{Supported, Version};
use together::Together;

/// Bytes that a refusal of one item needs with its header, whatever a client says is the most it takes.
const REFUSAL_BYTES: usize = 512;

/// What one message may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bounds of the encoding.
    pub encoding: kmip::ttlv::Limits,
    /// Versions that are spoken.
    pub versions: Supported,
    /// Most items of one batch.
    pub batch_items: usize,
    /// Most bytes of a response.
    pub response_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            encoding: kmip::ttlv::Limits {
                message_bytes: limits::MESSAGE_BYTES_MAX,
                ..kmip::ttlv::Limits::DEFAULT
            },
            versions: Supported::all(),
            batch_items: limits::BATCH_ITEMS_MAX,
            response_bytes: limits::MESSAGE_BYTES_MAX,
        }
    }
}

/// Appends the response to `request`. There always is one, also to bytes that are no request.
///
/// Who the client is, its certificate has said; a credential in the header names a user of it ([`Asker`]).
pub async fn answer<S: Scope>(scope: &S, limits: &Limits, request: &[u8], reply: &mut Vec<u8>) {
    let now = DateTime(scope.now().seconds());
    let message = match RequestMessage::decode(request, &limits.encoding) {
        Ok(message) => message,
        Err(error) => {
            let version = match error {
                MessageError::Version { asked } => Some(limits.versions.nearest(asked)),
                _ => error.version().filter(|version| limits.versions.contains(*version)),
            };
            return refuse_message(version.unwrap_or(limits.versions.newest()), now, error.refusal(), reply);
        }
    };
    let version = message.version;
    let count = usize::try_from(message.header.batch_count).unwrap_or(usize::MAX);
    if !limits.versions.contains(version) {
        let nearest = limits.versions.nearest(version.number());
        return refuse_message(nearest, now, Refusal::VersionNotSupported, reply);
    }
    if count == 0 || count > limits.batch_items {
        let refusal = if count == 0 { Refusal::InvalidMessage } else { Refusal::ServerLimit };
        return refuse_message(version, now, refusal, reply);
    }
    crate::ops::catch_up(scope, limits).await;
    let undo = message.header.batch_error_continuation == Some(BatchErrorContinuationOption::UNDO);
    let header = ResponseHeader::new(version, now);
    let start = reply.len();
    let max = message.header.response_bytes_max(limits.response_bytes);
    let ran = if undo && count > 1 {
        run_together(scope, limits, &message, &header, max, reply).await
    } else {
        run(scope, limits, &message, &header, max, reply).await
    };
    if ran.is_err() {
        reply.truncate(start);
        refuse_message(version, now, Refusal::ResponseTooLarge, reply);
    }
}

/// The response has no room, not even for a refusal.
struct NoRoom;

async fn run<S: Scope>(
    scope: &S,
    limits: &Limits,
    message: &RequestMessage<'_>,
    header: &ResponseHeader<'_>,
    max: usize,
    reply: &mut Vec<u8>,
) -> Result<(), NoRoom> {
    let version = message.version;
    let mut response = ResponseWriter::begin(reply, max, version, header).map_err(|_| NoRoom)?;
    let go_on = message.header.batch_error_continuation == Some(BatchErrorContinuationOption::CONTINUE);
    let batch =
        Batch::of(crate::ops::caller(scope, message.header.authentication.as_ref())).lending(lends(message));
    for item in message.items.iter() {
        let echo =
            ResponseItem { operation: Some(item.operation), unique_batch_item_id: item.unique_batch_item_id };
        let call = Call::new(scope, version, limits, item.operation, &batch);
        let written = if waits(message, item.operation) {
            match submitted(&call, &item).await {
                Ok(correlation) => {
                    let pending = Outcome::Pending { correlation_value: &correlation };
                    response.outcome(&echo, &pending).map_err(|_| Refusal::ResponseTooLarge)
                }
                Err(refusal) => Err(refusal),
            }
        } else {
            let outcome = one(&call, &item, &batch).await;
            let echo = ResponseItem { operation: Some(call.answered()), ..echo };
            match outcome {
                Ok(answer) => write(&mut response, &echo, &batch, answer, version),
                Err(refusal) => Err(refusal),
            }
        };
        if let Err(refusal) = written {
            let echo = ResponseItem { operation: Some(call.answered()), ..echo };
            response.refuse(&echo, refusal).map_err(|_| NoRoom)?;
            if !go_on {
                break;
            }
        }
    }
    response.finish();
    Ok(())
}

/// All items or none.
async fn run_together<S: Scope>(
    scope: &S,
    limits: &Limits,
    message: &RequestMessage<'_>,
    header: &ResponseHeader<'_>,
    max: usize,
    reply: &mut Vec<u8>,
) -> Result<(), NoRoom> {
    let together = Together::over(scope);
    let batch = Batch::of(crate::ops::caller(&together, message.header.authentication.as_ref()))
        .lending(lends(message));
    let mut answers = Vec::new();
    let mut failure = None;
    for item in message.items.iter() {
        let call = Call::new(&together, message.version, limits, item.operation, &batch);
        // What must be answered later cannot be undone together with what comes after it.
        let later = message.header.asynchronous == Some(AsynchronousMode::Mandatory);
        let outcome = if later {
            recorded(&call, Err(Refusal::FeatureNotSupported)).await
        } else {
            one(&call, &item, &batch).await
        };
        let outcome =
            outcome.and_then(|answer| batch.keep(item.operation, answer.into_value(), message.version));
        match outcome {
            Ok(answer) => {
                batch.leave(item.operation, answer.leaves);
                answers.push((item, Some(answer)));
            }
            Err(refusal) => {
                answers.push((item, None));
                failure = Some(refusal);
                break;
            }
        }
    }
    let ended = if failure.is_some() { together.undo().await } else { together.keep().await };
    if let Err(error) = ended {
        failure = Some(of_scope(error));
    }
    let mut response = ResponseWriter::begin(reply, max, message.version, header).map_err(|_| NoRoom)?;
    let last = answers.len();
    for (at, (item, answer)) in (1..).zip(answers) {
        let echo =
            ResponseItem { operation: Some(item.operation), unique_batch_item_id: item.unique_batch_item_id };
        let written = match (failure, answer) {
            (None, Some(answer)) => response.add(&echo, &Outcome::Success, answer.payload),
            (Some(refusal), _) if at == last => response.refuse(&echo, refusal),
            (_, _) => response.outcome(&echo, &Outcome::Undone),
        };
        written.map_err(|_| NoRoom)?;
    }
    response.finish();
    Ok(())
}

/// Is the answer to come later? A client of 1.x says that it would wait, one of 2.x that it wants to. The items of a batch
/// that build on each other are answered at once where the client leaves it to us.
fn waits(message: &RequestMessage<'_>, operation: Operation) -> bool {
    let wanted = match message.header.asynchronous {
        None | Some(AsynchronousMode::Prohibited) => false,
        Some(AsynchronousMode::Optional) => {
            !message.version.tags_attributes() && message.header.batch_count == 1
        }
        Some(AsynchronousMode::Mandatory) => true,
    };
    wanted && crate::ops::may_wait(operation)
}

/// Lets one item wait; its refusal is recorded, what it does will be when it is done.
async fn submitted<S: Scope>(
    call: &Call<'_, S>,
    item: &RequestBatchItem<'_>,
) -> Result<Correlation, Refusal> {
    let outcome = if item.has_critical_extension() {
        Err(Refusal::CriticalExtension)
    } else {
        crate::ops::submit(call, item.payload)
    };
    match outcome {
        Ok(correlation) => Ok(correlation),
        Err(refusal) => match recorded(call, Err(refusal)).await {
            Ok(_) => Err(refusal),
            Err(refusal) => Err(refusal),
        },
    }
}

/// One item, recorded: what comes out may be seen.
async fn one<S: Scope>(
    call: &Call<'_, S>,
    item: &RequestBatchItem<'_>,
    batch: &Batch,
) -> Result<Audited<Answer>, Refusal> {
    let outcome = if item.has_critical_extension() {
        Err(Refusal::CriticalExtension)
    } else {
        match batch.resolve(&item.payload) {
            Ok(None) => crate::ops::run(call, item.payload).await,
            Ok(Some(bytes)) => match parse(&bytes, &call.limits.encoding) {
                Ok(payload) => crate::ops::run(call, payload).await,
                Err(error) => Err(error.into()),
            },
            Err(refusal) => Err(refusal),
        }
    };
    recorded(call, outcome).await
}

/// Does an item of this message refer to data of one before it?
fn lends(message: &RequestMessage<'_>) -> bool {
    message.version.tags_attributes()
        && message.header.batch_count > 1
        && message.items.iter().any(|item| earlier::refers(&item.payload))
}

/// Records how a call ended.
///
/// # Errors
/// The refusal it ended with; or that it could not be recorded, and nobody may be told.
pub(crate) async fn recorded<S: Scope>(
    call: &Call<'_, S>,
    outcome: Result<Unaudited<Answer>, Refusal>,
) -> Result<Audited<Answer>, Refusal> {
    match outcome {
        Ok(unaudited) => unaudited.commit(call.scope).await.map_err(of_scope),
        Err(refusal) => {
            let event = Event {
                action: Action::Kmip(call.answered().code()),
                outcome: Ended::Refused,
                reason: Reason::word(word(refusal)),
                object: call.subject(),
                key_version: call.key_version(),
            };
            // A refusal that cannot be recorded is told as that: nothing is answered unaudited.
            Unaudited::used((), event).commit(call.scope).await.map_err(of_scope)?;
            Err(refusal)
        }
    }
}

fn write(
    response: &mut ResponseWriter<'_>,
    echo: &ResponseItem<'_>,
    batch: &Batch,
    answer: Audited<Answer>,
    version: Version,
) -> Result<(), Refusal> {
    let mut answer = answer.into_value();
    if let Some(operation) = echo.operation {
        answer = batch.keep(operation, answer, version)?;
    }
    if let Some(operation) = echo.operation {
        batch.leave(operation, answer.leaves);
    }
    response.add(echo, &Outcome::Success, answer.payload).map_err(|_| Refusal::ResponseTooLarge)
}

fn refuse_message(version: Version, now: DateTime, refusal: Refusal, reply: &mut Vec<u8>) {
    let header = ResponseHeader::new(version, now);
    if let Ok(mut response) = ResponseWriter::begin(reply, REFUSAL_BYTES, version, &header) {
        // Half a kilobyte holds any refusal.
        let _ = response.refuse(&ResponseItem::default(), refusal);
        response.finish();
    }
}

/// The event of an operation that was done.
pub(crate) fn done(
    operation: kmip::enums::Operation,
    object: Option<holdfast_model::ObjectId>,
    key_version: KeyVersion,
) -> Event {
    Event {
        action: Action::Kmip(operation.code()),
        outcome: Ended::Done,
        reason: Reason::NONE,
        object,
        key_version,
    }
}
