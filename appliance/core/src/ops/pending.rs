//! Requests whose answers clients will fetch later: what was asked, or already answered, by its correlation value.
//!
//! Separate because it outlives a message, and belongs to a tenant. A request that waits holds its payload, which may hold
//! a key: it is wiped when it is taken, forgotten, or with the tenant's keys. Bounded in number, bytes and time.
//! Rules: KMIP 1.4, sections 4.27, 4.28 and 6.7; KMIP 2.1, sections 6.1.5, 6.1.38, 6.1.39, 6.1.41 and 9.2.

use super::call::{Answer, Call};
use super::streams::{Correlation, Owner};
use crate::audited::{Audited, Unaudited};
use crate::request::{Asker, Batch, Limits, of_scope};
use crate::scope::Scope;
use core::cell::RefCell;
use holdfast_model::Timestamp;
use holdfast_model::limits::{
    PENDING_BYTES_PER_TENANT_MAX, PENDING_PER_TENANT_MAX, PENDING_START_AFTER, PENDING_TIME_MAX,
};
use kmip::enums::{Operation, ProcessingStage};
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::ttlv::{Item, Writer, parse};
use kmip::version::Version;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// How far a request is.
pub(super) enum Stage {
    /// It waits. Its payload, encoded.
    Submitted(Zeroizing<Vec<u8>>),
    /// It was done, and recorded; nobody has fetched the answer.
    Completed(Result<Audited<Answer>, Refusal>),
}

/// A request whose answer is fetched later.
pub(super) struct Later {
    owner: Owner,
    /// Whom it named.
    pub(super) asker: Option<Asker>,
    /// Which operation.
    pub(super) operation: Operation,
    version: Version,
    submitted: Timestamp,
    /// How far it is.
    pub(super) stage: Stage,
}

impl Later {
    fn bytes(&self) -> usize {
        match &self.stage {
            Stage::Submitted(payload) => payload.len(),
            Stage::Completed(_) => 0,
        }
    }
}

/// What a client is told of one of its requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) correlation: Correlation,
    pub(super) operation: Operation,
    pub(super) submitted: Timestamp,
    pub(super) stage: ProcessingStage,
}

/// The requests of one tenant whose answers are fetched later.
#[derive(Default)]
pub struct Pending {
    requests: RefCell<BTreeMap<Correlation, Later>>,
}

impl Pending {
    /// Wipes all.
    pub fn clear(&self) {
        self.requests.borrow_mut().clear();
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.borrow().is_empty()
    }

    fn keep(&self, correlation: Correlation, request: Later) -> Result<(), Refusal> {
        let mut requests = self.requests.borrow_mut();
        let held: usize = requests.values().map(Later::bytes).sum();
        let bytes = held.saturating_add(request.bytes());
        if requests.len() >= PENDING_PER_TENANT_MAX || bytes > PENDING_BYTES_PER_TENANT_MAX {
            return Err(Refusal::ServerLimit);
        }
        requests.insert(correlation, request);
        Ok(())
    }

    fn forget_old(&self, now: Timestamp) {
        self.requests.borrow_mut().retain(|_, request| now <= request.submitted.after(PENDING_TIME_MAX));
    }
}

/// Is this an operation whose answer can come later? What asks for answers, or about the server, is answered at once.
pub(crate) fn may_wait(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::POLL
            | Operation::CANCEL
            | Operation::PROCESS
            | Operation::QUERY_ASYNCHRONOUS_REQUESTS
            | Operation::QUERY
            | Operation::DISCOVER_VERSIONS
            | Operation::PING
            | Operation::LOG
            | Operation::INTEROP
            | Operation::LOGIN
            | Operation::LOGOUT
            | Operation::DELEGATED_LOGIN
    )
}

/// Lets a request wait.
///
/// # Errors
/// What the operation's row refuses; [`Refusal::ServerLimit`].
pub(crate) fn submit<S: Scope>(call: &Call<'_, S>, payload: Item<'_>) -> Result<Correlation, Refusal> {
    super::permitted(call)?;
    // Done later, it would be done without the ticket's bounds.
    if call.caller().is_narrowed() {
        return Err(Refusal::FeatureNotSupported);
    }
    let mut correlation = Correlation::default();
    call.scope.random(&mut correlation).map_err(of_scope)?;
    // Room from the start, so that no copy of a key stays behind where the vector grew.
    let mut kept = Zeroizing::new(Vec::with_capacity(payload.value().len() + HEADER_BYTES));
    let mut writer = Writer::new(&mut kept, usize::MAX);
    writer.item(Tag::REQUEST_PAYLOAD, &payload);
    writer.finish().map_err(|_| Refusal::ServerLimit)?;
    let request = Later {
        owner: Owner::of(call.scope.identity()),
        asker: call.asker(),
        operation: call.operation,
        version: call.version,
        submitted: call.scope.now(),
        stage: Stage::Submitted(kept),
    };
    let pending = call.scope.pending();
    pending.forget_old(call.scope.now());
    pending.keep(correlation, request)?;
    Ok(correlation)
}

/// Bytes of an item's tag, type and length, and of its padding.
const HEADER_BYTES: usize = 16;

/// Takes a request out: to do it, to answer it, or to forget it.
///
/// # Errors
/// [`Refusal::InvalidAsynchronousCorrelationValue`]: not there, not the client's, or asked in another version.
pub(super) fn take<S: Scope>(
    call: &Call<'_, S>,
    correlation: &[u8],
) -> Result<(Correlation, Later), Refusal> {
    let none = Refusal::InvalidAsynchronousCorrelationValue;
    let pending = call.scope.pending();
    pending.forget_old(call.scope.now());
    let correlation = Correlation::try_from(correlation).map_err(|_| none)?;
    let owner = Owner::of(call.scope.identity());
    let mut requests = pending.requests.borrow_mut();
    let named = |request: &Later| call.asker().is_none() || call.asker() == request.asker;
    let own = |request: &Later| request.owner == owner && request.version == call.version && named(request);
    if !requests.get(&correlation).is_some_and(own) {
        return Err(none);
    }
    requests.remove(&correlation).map(|request| (correlation, request)).ok_or(none)
}

/// Puts a request back that was done.
///
/// # Errors
/// [`Refusal::ServerLimit`]: others have taken its place.
pub(super) fn put_back<S: Scope>(
    call: &Call<'_, S>,
    correlation: Correlation,
    request: Later,
) -> Result<(), Refusal> {
    call.scope.pending().keep(correlation, request)
}

/// What is known of the client's requests.
pub(super) fn known<S: Scope>(call: &Call<'_, S>) -> Vec<Known> {
    let pending = call.scope.pending();
    pending.forget_old(call.scope.now());
    let owner = Owner::of(call.scope.identity());
    let requests = pending.requests.borrow();
    let own = requests.iter().filter(|(_, request)| request.owner == owner);
    own.map(|(correlation, request)| Known {
        correlation: *correlation,
        operation: request.operation,
        submitted: request.submitted,
        stage: match request.stage {
            Stage::Submitted(_) => ProcessingStage::SUBMITTED,
            Stage::Completed(_) => ProcessingStage::COMPLETED,
        },
    })
    .collect()
}

/// Does what was asked for, as for whom asked.
///
/// # Errors
/// As the operation.
pub(super) async fn perform<S: Scope>(
    call: &Call<'_, S>,
    asker: Option<Asker>,
    operation: Operation,
    payload: &[u8],
) -> Result<Unaudited<Answer>, Refusal> {
    let batch = Batch::of(asker.into());
    let inner = Call::new(call.scope, call.version, call.limits, operation, &batch);
    let payload = parse(payload, &call.limits.encoding)?;
    let done = Box::pin(super::run(&inner, payload)).await;
    call.stands_for(&inner);
    done
}

/// Does what a request asked for, records it, and keeps the answer in it.
pub(super) async fn complete<S: Scope>(scope: &S, limits: &Limits, request: Later) -> Later {
    let Stage::Submitted(payload) = &request.stage else { return request };
    let batch = Batch::of(request.asker.into());
    let call = Call::new(scope, request.version, limits, request.operation, &batch);
    let outcome = perform(&call, request.asker, request.operation, payload).await;
    let done = crate::request::recorded(&call, outcome).await;
    Later { stage: Stage::Completed(done), ..request }
}

/// Does those of a client's requests that have waited long enough, before its next message is looked at. Their answers
/// wait to be fetched.
pub(crate) async fn catch_up<S: Scope>(scope: &S, limits: &Limits) {
    if scope.pending().is_empty() {
        return;
    }
    let (owner, now) = (Owner::of(scope.identity()), scope.now());
    let due: Vec<Correlation> = {
        let requests = scope.pending().requests.borrow();
        let is_due = |request: &Later| {
            let waits = matches!(request.stage, Stage::Submitted(_));
            request.owner == owner && waits && now >= request.submitted.after(PENDING_START_AFTER)
        };
        requests.iter().filter(|(_, request)| is_due(request)).map(|(value, _)| *value).collect()
    };
    for correlation in due {
        let taken = scope.pending().requests.borrow_mut().remove(&correlation);
        let Some(request) = taken else { continue };
        let done = complete(scope, limits, request).await;
        // A tenant that was wiped meanwhile has no place for the answer, and nobody to fetch it.
        let _ = scope.pending().keep(correlation, done);
    }
}
