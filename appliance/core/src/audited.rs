//! No reply before its audit record: an operation returns `Unaudited`, only `commit` makes it `Audited`, and only
//! that can be encoded.

use crate::scope::{Scope, ScopeError};
use holdfast_model::audit::{Action, Outcome, Reason};
use holdfast_model::{KeyVersion, ObjectId};

/// What an operation has to say for the audit log; the lane adds who, when and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was refused.
    pub reason: Reason,
    /// On which object.
    pub object: Option<ObjectId>,
    /// Version of the service key that was used.
    pub key_version: KeyVersion,
}

/// The result of an operation that nobody may see yet.
pub struct Unaudited<T> {
    value: T,
    event: Event,
    durable: bool,
}

impl<T> Unaudited<T> {
    /// A result that used a key: the audit-agent holds the record before the reply.
    pub const fn used(value: T, event: Event) -> Self {
        Self { value, event, durable: false }
    }

    /// A result that changed something: the record is on disk before the reply.
    pub const fn changed(value: T, event: Event) -> Self {
        Self { value, event, durable: true }
    }

    /// Records the event; only then is the value to be had.
    ///
    /// # Errors
    /// [`ScopeError::Unaudited`]: the value is dropped, the client is told to try again.
    pub async fn commit(self, scope: &impl Scope) -> Result<Audited<T>, ScopeError> {
        scope.record(self.event, self.durable).await?;
        Ok(Audited(self.value))
    }
}

/// A result whose record is held.
pub struct Audited<T>(T);

impl<T> Audited<T> {
    /// The value, to be encoded.
    pub fn into_value(self) -> T {
        self.0
    }
}
