//! The keystore port: sealed records in, sealed records out.
//!
//! It receives sealed records only; plaintext does not type-check. No method lacks a tenant, except those of the
//! bundle log, which holds signed bundles and belongs to the box.

use holdfast_model::record::{IndexTag, RecordKind, RecordName, Revision, SealedRecord};
use holdfast_model::{ObjectId, Sequence, TenantId};
use serde::{Deserialize, Serialize};

/// Why a keystore did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum KeystoreError {
    /// Another change came first, or the record is (not) there. Nothing was written; read again and decide.
    #[error("the record has changed since it was read")]
    Conflict,
    /// No room. Nothing was written; an operator must act.
    #[error("the keystore is full")]
    Full,
    /// Not now. What was asked may or may not have happened; ask again, compare-and-set settles it.
    #[error("the keystore does not answer")]
    Unavailable,
    /// What is stored cannot be read. An operator must act.
    #[error("the keystore is damaged")]
    Damaged,
    /// The request breaks a limit; nothing was written.
    #[error("the request breaks a limit of the keystore")]
    Limit,
}

/// What must be there before a write, or the whole commit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expected {
    /// No such record.
    Absent,
    /// The record at this revision.
    At(Revision),
}

/// One write of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Write {
    /// Puts a record, replacing the one expected.
    Put(SealedRecord, Expected),
    /// Shreds a record: it is overwritten as far as the medium allows, and gone from every index.
    Shred(RecordName, Revision),
}

impl Write {
    /// The record it is about.
    #[must_use]
    pub const fn name(&self) -> &RecordName {
        match self {
            Self::Put(record, _) => &record.name,
            Self::Shred(name, _) => name,
        }
    }
}

/// Which records to find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// Whose.
    pub tenant: TenantId,
    /// Of which kind.
    pub kind: RecordKind,
    /// That bear all of these; none given means all records of the kind.
    pub all_of: Vec<IndexTag>,
    /// Older than this identifier: [`ObjectId::MAX`] to begin with, then the last one of the page before.
    pub older_than: ObjectId,
    /// At most so many, up to `PAGE_ITEMS_MAX`.
    pub limit: u16,
}

/// How a keystore is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Backend name.
    pub backend: String,
    /// Bytes used, as far as it knows.
    pub bytes_used: u64,
}

/// What every backend does. Passes the conformance suite in `keystore`.
pub trait Keystore {
    /// Makes each commit happen whole or not at all; `Ok` means that it is on disk. Commits are independent:
    /// one refused does not touch the others. Giving many at once lets the backend share one flush.
    fn commit(&mut self, commits: &[Vec<Write>]) -> Vec<Result<(), KeystoreError>>;

    /// The record of this name.
    ///
    /// # Errors
    /// [`KeystoreError`]; a record that is not there is `Ok(None)`.
    fn get(&mut self, name: &RecordName) -> Result<Option<SealedRecord>, KeystoreError>;

    /// Identifiers of matching records, newest first.
    ///
    /// # Errors
    /// [`KeystoreError`].
    fn find(&mut self, query: &Query) -> Result<Vec<ObjectId>, KeystoreError>;

    /// Matching records themselves, newest first, as many as fit one frame but at least one if there is one.
    ///
    /// # Errors
    /// [`KeystoreError`].
    fn list(&mut self, query: &Query) -> Result<Vec<SealedRecord>, KeystoreError>;

    /// Shreds everything of a tenant. Calling twice is harmless.
    ///
    /// # Errors
    /// [`KeystoreError`]; call again.
    fn purge(&mut self, tenant: TenantId) -> Result<(), KeystoreError>;

    /// Appends a signed bundle; `Ok` means that it is on disk. The sequence must be larger than every one before.
    ///
    /// # Errors
    /// [`KeystoreError::Conflict`] when it is not larger.
    fn append_bundle(&mut self, sequence: Sequence, bundle: &[u8]) -> Result<(), KeystoreError>;

    /// The first bundle whose sequence is larger than `after`.
    ///
    /// # Errors
    /// [`KeystoreError`].
    fn next_bundle(&mut self, after: Sequence) -> Result<Option<(Sequence, Vec<u8>)>, KeystoreError>;

    /// How it is.
    ///
    /// # Errors
    /// [`KeystoreError`].
    fn health(&mut self) -> Result<Health, KeystoreError>;
}

/// A request on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// [`Keystore::commit`] of one commit; the agent gathers those that arrive together.
    Commit(Vec<Write>),
    /// [`Keystore::get`].
    Get(RecordName),
    /// [`Keystore::find`].
    Find(Query),
    /// [`Keystore::list`].
    List(Query),
    /// [`Keystore::purge`].
    Purge(TenantId),
    /// [`Keystore::append_bundle`].
    AppendBundle(Sequence, Vec<u8>),
    /// [`Keystore::next_bundle`].
    NextBundle(Sequence),
    /// [`Keystore::health`].
    Health,
}

/// A reply on the wire, of the kind that the request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Done, durable.
    Done,
    /// To `Get`.
    Record(Option<SealedRecord>),
    /// To `Find`.
    Found(Vec<ObjectId>),
    /// To `List`.
    Records(Vec<SealedRecord>),
    /// To `NextBundle`.
    Bundle(Option<(Sequence, Vec<u8>)>),
    /// To `Health`.
    Health(Health),
    /// Not done.
    Failed(KeystoreError),
}
