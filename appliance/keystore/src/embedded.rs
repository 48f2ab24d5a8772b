//! The embedded keystore: one file, engine redb.
//!
//! Every acknowledged commit is on disk, whole. A commit that fails leaves the store as it was. When the medium
//! fails, the engine is opened anew at once, so that reads go on and writes come back with the medium. The choice of
//! engine and its settings are in docs/adr/0010; what shredding can do on it in docs/adr/0011.
//!
//! Trusts: the engine to find its last commit after a crash. Does not trust: the file's content; a value that does
//! not read is [`KeystoreError::Damaged`], and so is a panic of the engine, which it does not rule out on a file
//! that was altered from outside.

mod change;
mod disk;
mod layout;
mod lookup;

#[cfg(test)]
mod tests;

use crate::refuse;
use crate::registry::{Backend, Purge};
use disk::{Directory, FullSign};
use holdfast_model::record::{RecordName, SealedRecord};
use holdfast_model::{ObjectId, Sequence, TenantId};
use holdfast_ports::backoff::Backoff;
use holdfast_ports::keystore::{Health, Keystore, KeystoreError, Query, Write};
use redb::{Builder, Database, StorageError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

/// The store's file in its directory.
pub const FILE_NAME: &str = "keystore.redb";
/// Memory for pages read and pages not yet written. Holds the upper levels of an index of many millions of entries.
const CACHE_BYTES: usize = 64 << 20;
/// A file up to this size has the checksum of every page verified when the process starts (36 MiB took a third of a
/// second on a machine under full load), so that starting to serve takes less than a second. A larger one is not
/// verified then; damage in it shows when it is read.
const VERIFIED_AT_START_BYTES_MAX: u64 = 64 << 20;

/// Why the store cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory or file is not usable: not there, not ours, or held by another process.
    #[error("the keystore's file cannot be opened: {0}")]
    File(#[source] io::Error),
    /// The settings name a backend that this build does not have.
    #[error("no such keystore backend")]
    NoSuchBackend,
}

/// Where the store is; a test puts a medium here that fails on demand.
trait Medium: Send {
    /// Opens the store, or makes it whole before anybody can meet it half made.
    fn open(&self, full: FullSign, builder: &Builder) -> Result<Database, Fault>;
    /// Size of the store.
    fn bytes(&self) -> io::Result<u64>;
}

/// The embedded keystore.
pub struct Embedded {
    medium: Box<dyn Medium>,
    full: FullSign,
    state: State,
}

enum State {
    Open(Open),
    Closed { why: KeystoreError, retry_at: Instant, backoff: Backoff },
}

struct Open {
    database: Database,
    /// Some page failed its checksum: what can be read is read, nothing is written.
    damaged: bool,
}

/// Why one try failed.
enum Fault {
    Engine(redb::Error),
    Value,
}

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Engine(error.into())
    }
}

impl From<layout::NotAValue> for Fault {
    fn from(_: layout::NotAValue) -> Self {
        Self::Value
    }
}

impl Embedded {
    /// The word in configuration and health reports.
    pub const NAME: &'static str = "embedded";

    /// Opens the store in this directory, or makes it.
    ///
    /// A damaged file opens too: what is left is served, and writes are refused.
    ///
    /// # Errors
    /// [`OpenError::File`] when the file cannot be had; what is in it does not matter here.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let place = Directory::take(directory).map_err(OpenError::File)?;
        Ok(Self::on(Box::new(place)))
    }

    fn on(medium: Box<dyn Medium>) -> Self {
        let closed = State::Closed {
            why: KeystoreError::Unavailable,
            retry_at: Instant::now(),
            backoff: Backoff::new(),
        };
        let mut store = Self { medium, full: FullSign::default(), state: closed };
        let verify = store.medium.bytes().is_ok_and(|bytes| bytes <= VERIFIED_AT_START_BYTES_MAX);
        store.reopen(verify);
        store
    }

    /// Opens the engine; the state says how it went.
    fn reopen(&mut self, verify: bool) {
        let backoff = match core::mem::replace(&mut self.state, closed_for_now()) {
            State::Open(open) => {
                discard(open.database);
                Backoff::new()
            }
            State::Closed { backoff, .. } => backoff,
        };
        let opened = match self.try_open(verify) {
            Err(KeystoreError::Damaged) if verify => {
                tracing::error!(reason = "checksum", "keystore-damaged");
                self.try_open(false).map(|database| Open { database, damaged: true })
            }
            outcome => outcome.map(|database| Open { database, damaged: false }),
        };
        self.state = match opened {
            Ok(open) => State::Open(open),
            Err(why) => closed(why, backoff),
        };
    }

    fn try_open(&self, verify: bool) -> Result<Database, KeystoreError> {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(verify);
        let open = || self.medium.open(self.full.clone(), &builder);
        match catch_unwind(AssertUnwindSafe(open)) {
            Ok(Ok(database)) => Ok(database),
            Ok(Err(fault)) => Err(self.name(&fault)),
            Err(_panic) => Err(KeystoreError::Damaged),
        }
    }

    /// Runs one piece of work on the open engine, and opens it anew when the work has broken it.
    fn attempt<T>(&mut self, work: impl FnOnce(&Open) -> Result<T, Fault>) -> Result<T, KeystoreError> {
        if let State::Closed { retry_at, .. } = &self.state
            && *retry_at <= Instant::now()
        {
            self.reopen(false);
        }
        let open = match &self.state {
            State::Open(open) => open,
            State::Closed { why, .. } => return Err(why.clone()),
        };
        match catch_unwind(AssertUnwindSafe(|| work(open))) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(fault)) => {
                let error = self.name(&fault);
                if matches!(fault, Fault::Engine(ref engine) if breaks_engine(engine)) {
                    self.reopen(false);
                }
                Err(error)
            }
            Err(_panic) => {
                tracing::error!(reason = "engine-panic", "keystore-damaged");
                self.reopen(false);
                Err(KeystoreError::Damaged)
            }
        }
    }

    /// The caller's word for a fault. `Full` is said only when growth was refused, before anything was written;
    /// any other failure of the medium leaves open what has happened.
    fn name(&self, fault: &Fault) -> KeystoreError {
        let Fault::Engine(engine) = fault else { return KeystoreError::Damaged };
        if self.full.take() {
            return KeystoreError::Full;
        }
        match engine {
            redb::Error::Io(e) if e.kind() == io::ErrorKind::InvalidData => KeystoreError::Damaged,
            redb::Error::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => KeystoreError::Damaged,
            redb::Error::Io(_) | redb::Error::PreviousIo | redb::Error::DatabaseAlreadyOpen => {
                KeystoreError::Unavailable
            }
            _ => KeystoreError::Damaged,
        }
    }
}

fn closed_for_now() -> State {
    State::Closed { why: KeystoreError::Unavailable, retry_at: Instant::now(), backoff: Backoff::new() }
}

fn closed(why: KeystoreError, mut backoff: Backoff) -> State {
    let wait = backoff.failed(0);
    tracing::error!(reason = %why, retry_ms = wait.as_millis(), "keystore-closed");
    State::Closed { why, retry_at: Instant::now() + wait, backoff }
}

/// Closing a broken engine may fail or panic; the next opening sorts it out.
fn discard(database: Database) {
    drop(catch_unwind(AssertUnwindSafe(|| drop(database))));
}

fn breaks_engine(error: &redb::Error) -> bool {
    matches!(
        error,
        redb::Error::Io(_)
            | redb::Error::PreviousIo
            | redb::Error::DatabaseClosed
            | redb::Error::LockPoisoned(_)
    )
}

impl Open {
    fn writable(&self) -> Result<&Database, Fault> {
        if self.damaged {
            return Err(StorageError::Corrupted("a page failed its checksum".to_owned()).into());
        }
        Ok(&self.database)
    }
}

impl Keystore for Embedded {
    fn commit(&mut self, commits: &[Vec<Write>]) -> Vec<Result<(), KeystoreError>> {
        let mut outcomes: Vec<_> = commits.iter().map(|writes| refuse::commit(writes)).collect();
        let written = self.attempt(|open| change::commit(open.writable()?, commits, &mut outcomes));
        if let Err(error) = written {
            outcomes
                .iter_mut()
                .filter(|outcome| outcome.is_ok())
                .for_each(|outcome| *outcome = Err(error.clone()));
        }
        outcomes
    }

    fn get(&mut self, name: &RecordName) -> Result<Option<SealedRecord>, KeystoreError> {
        self.attempt(|open| lookup::get(&open.database, name))
    }

    fn find(&mut self, query: &Query) -> Result<Vec<ObjectId>, KeystoreError> {
        refuse::query(query)?;
        self.attempt(|open| lookup::find(&open.database, query))
    }

    fn list(&mut self, query: &Query) -> Result<Vec<SealedRecord>, KeystoreError> {
        refuse::query(query)?;
        self.attempt(|open| lookup::list(&open.database, query))
    }

    fn purge(&mut self, tenant: TenantId) -> Result<(), KeystoreError> {
        while self.purge_step(tenant)? == Purge::Unfinished {}
        Ok(())
    }

    fn append_bundle(&mut self, sequence: Sequence, bundle: &[u8]) -> Result<(), KeystoreError> {
        refuse::bundle(bundle)?;
        if self.attempt(|open| change::append_bundle(open.writable()?, sequence, bundle))? {
            Ok(())
        } else {
            Err(KeystoreError::Conflict)
        }
    }

    fn next_bundle(&mut self, after: Sequence) -> Result<Option<(Sequence, Vec<u8>)>, KeystoreError> {
        self.attempt(|open| lookup::next_bundle(&open.database, after))
    }

    fn health(&mut self) -> Result<Health, KeystoreError> {
        self.attempt(|open| open.writable().map(|_| ()))?;
        let bytes_used = self.medium.bytes().map_err(|_| KeystoreError::Unavailable)?;
        Ok(Health { backend: Self::NAME.to_owned(), bytes_used })
    }
}

impl Backend for Embedded {
    fn purge_step(&mut self, tenant: TenantId) -> Result<Purge, KeystoreError> {
        self.attempt(|open| change::purge_step(open.writable()?, tenant))
    }
}
