//! What one request may ask of its tenant: the only way from an operation to keys, records and the audit log.
//!
//! Separate so that operations cannot reach another tenant, the lane or an agent by themselves. The lane implements
//! it; the tests of the operations use one in memory.
//! Trusts: the lane, that the identity is the verified client's.

use crate::audited::Event;
use crate::object::Object;
use crate::ops::{Pending, Streams, Tickets};
use core::future::Future;
use holdfast_model::policy::Policy;
use holdfast_model::trust::Identity;
use holdfast_model::{ObjectId, Timestamp};
use std::rc::Rc;

/// Why the tenant's keys or records are not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// No such object in this tenant and service. Somebody else's object is not there either.
    #[error("there is no such object")]
    NotThere,
    /// The tenant was cut off, or has no root key linked. Retrying will not help.
    #[error("the tenant is cut off from its root key")]
    Revoked,
    /// Keys are not in memory and the HSM does not answer. Safe to retry later.
    #[error("the tenant is sealed and its root of trust does not answer; try again")]
    Sealed,
    /// The keystore does not answer or is full. Retry later.
    #[error("the keystore does not answer; try again")]
    StoreUnavailable,
    /// The keystore has no room for this.
    #[error("the keystore is full")]
    StoreFull,
    /// Somebody else changed the object since it was loaded: load it again and decide again.
    #[error("the object has changed meanwhile")]
    Conflict,
    /// A record does not authenticate: tampering or damage. Audited as such.
    #[error("a record did not authenticate")]
    NotAuthentic,
    /// Secret memory is exhausted.
    #[error("secret memory is exhausted")]
    NoMemory,
    /// There is more slow work than is taken. Retry later.
    #[error("too much slow work waits; try again")]
    Busy,
    /// The audit log does not take records; nothing is done unaudited.
    #[error("the audit log does not take records; try again")]
    Unaudited,
}

/// One change of a commit; all changes of a commit happen, durably, or none.
#[allow(clippy::large_enum_variant)] // nearly every change is a Put
pub enum Change {
    /// Stores a new object or a new state of one that was loaded: `object.revision` is the one it was loaded with
    /// (zero for a new one); another in the keystore means [`ScopeError::Conflict`].
    Put(Object),
    /// Shreds the record itself. Rarely right: a destroyed object keeps its attributes (KMIP 1.4 section 4.21).
    Shred(ObjectId),
}

/// Which objects to find, by values of indexed fields that must all be there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Find {
    /// Field number (of `managed`'s own choosing) and the exact bytes of the value.
    pub all_of: Vec<(u32, Vec<u8>)>,
    /// Only identifiers below this one; [`ObjectId::MAX`] to begin with.
    pub older_than: Option<ObjectId>,
    /// At most so many, up to `limits::PAGE_ITEMS_MAX`.
    pub limit: u16,
}

/// What the lane offers to one request.
pub trait Scope {
    /// Who asks.
    fn identity(&self) -> &Identity;

    /// The time that counts for this request: read once, the same for all of it.
    fn now(&self) -> Timestamp;

    /// What the tenant's keys may be used for.
    fn policy(&self) -> Policy;

    /// Random bytes from the DRBG.
    ///
    /// # Errors
    /// [`ScopeError::NoMemory`] stands for a generator that does not deliver, too: nothing weaker is used.
    fn random(&self, out: &mut [u8]) -> Result<(), ScopeError>;

    /// Does what takes long somewhere else, while the lane serves others.
    ///
    /// # Errors
    /// [`ScopeError::Busy`].
    fn slowly<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, ScopeError>>;

    /// Lets others go first: for who has many small things to do, and waits for none of them.
    fn rest(&self) -> impl Future<Output = ()>;

    /// The tenant's cryptographic operations that come in parts.
    fn streams(&self) -> &Streams;

    /// The tenant's tickets.
    fn tickets(&self) -> &Tickets;

    /// The tenant's requests whose answers are fetched later.
    fn pending(&self) -> &Pending;

    /// The object, unwrapped and authenticated; from the cache if it is there. Unseals the tenant on demand.
    fn load(&self, id: ObjectId) -> impl Future<Output = Result<Rc<Object>, ScopeError>>;

    /// Identifiers of matching objects of this service, newest first, from the index.
    fn find(&self, find: &Find) -> impl Future<Output = Result<Vec<ObjectId>, ScopeError>>;

    /// Wraps, seals and stores; durable when it returns. The cache holds the new states afterwards.
    fn commit(&self, changes: Vec<Change>) -> impl Future<Output = Result<(), ScopeError>>;

    /// Records an event. With `durable`, returns when it is on disk; otherwise when the audit-agent holds it.
    fn record(&self, event: Event, durable: bool) -> impl Future<Output = Result<(), ScopeError>>;
}
