//! The lane's way to the keystore: the port's requests, and what settles a commit whose answer never came.

use super::agent::{Agent, AgentError};
use super::task::Tasks;
use core::cell::Cell;
use holdfast_model::record::{RecordName, SealedRecord};
use holdfast_model::{ObjectId, Sequence, Timestamp};
use holdfast_ports::keystore::{Expected, KeystoreError, Query, Reply, Request, Write};
use std::rc::Rc;

/// How often a commit is sent again after its agent died.
const ATTEMPTS_MAX: u32 = 4;

/// The keystore as one lane sees it.
pub struct Store {
    /// The link to the agent.
    pub agent: Agent<Request, Reply>,
    now: Rc<Cell<Timestamp>>,
}

impl Store {
    /// Not wired yet. `now` is the lane's clock.
    #[must_use]
    pub fn new(tasks: Rc<Tasks>, now: Rc<Cell<Timestamp>>) -> Self {
        Self { agent: Agent::new(tasks), now }
    }

    /// Asks until an agent answers, at most [`ATTEMPTS_MAX`] times: for requests that may be repeated.
    async fn ask(&self, request: &Request) -> Result<Reply, KeystoreError> {
        for _ in 0..ATTEMPTS_MAX {
            match self.agent.call(request, self.now.get()).await {
                Ok(Reply::Failed(error)) => return Err(error),
                Ok(reply) => return Ok(reply),
                Err(AgentError::TooLarge) => return Err(KeystoreError::Limit),
                Err(AgentError::Gone) => {}
            }
        }
        Err(KeystoreError::Unavailable)
    }

    /// The record of a name.
    ///
    /// # Errors
    /// [`KeystoreError`].
    pub async fn get(&self, name: RecordName) -> Result<Option<SealedRecord>, KeystoreError> {
        match self.ask(&Request::Get(name)).await? {
            Reply::Record(record) => Ok(record),
            _ => Err(KeystoreError::Unavailable),
        }
    }

    /// Identifiers, newest first.
    ///
    /// # Errors
    /// [`KeystoreError`].
    pub async fn find(&self, query: Query) -> Result<Vec<ObjectId>, KeystoreError> {
        match self.ask(&Request::Find(query)).await? {
            Reply::Found(ids) => Ok(ids),
            _ => Err(KeystoreError::Unavailable),
        }
    }

    /// Makes a commit happen, durably. If the agent dies before it answers, what is there tells whether it happened.
    ///
    /// # Errors
    /// [`KeystoreError::Conflict`]: nothing was written, somebody else was first.
    /// [`KeystoreError::Unavailable`]: it may or may not have happened.
    pub async fn commit(&self, writes: Vec<Write>) -> Result<(), KeystoreError> {
        let request = Request::Commit(writes);
        let mut uncertain = false;
        for _ in 0..ATTEMPTS_MAX {
            match self.agent.call(&request, self.now.get()).await {
                Ok(Reply::Done) => return Ok(()),
                Ok(Reply::Failed(KeystoreError::Conflict)) if uncertain => {
                    return self.settle(&request).await;
                }
                Ok(Reply::Failed(error)) => return Err(error),
                Ok(_) => return Err(KeystoreError::Unavailable),
                Err(AgentError::TooLarge) => return Err(KeystoreError::Limit),
                Err(AgentError::Gone) => uncertain = true,
            }
        }
        Err(KeystoreError::Unavailable)
    }

    /// A conflict after an uncertain attempt: was that attempt ours? All of a commit is there or none, so the first
    /// write tells.
    async fn settle(&self, request: &Request) -> Result<(), KeystoreError> {
        let Request::Commit(writes) = request else { return Err(KeystoreError::Conflict) };
        let Some(first) = writes.first() else { return Ok(()) };
        let there = self.get(*first.name()).await?;
        let ours = match first {
            Write::Put(record, _) => there.as_ref() == Some(record),
            Write::Shred(..) => there.is_none(),
        };
        if ours { Ok(()) } else { Err(KeystoreError::Conflict) }
    }

    /// Appends a bundle, durably. Repeated after an agent's death: the same sequence again is then ours.
    ///
    /// # Errors
    /// [`KeystoreError`].
    pub async fn append_bundle(&self, sequence: Sequence, bundle: &[u8]) -> Result<(), KeystoreError> {
        match self.ask(&Request::AppendBundle(sequence, bundle.to_vec())).await {
            Ok(_) => Ok(()),
            Err(KeystoreError::Conflict) => {
                let before = Sequence(sequence.0.saturating_sub(1));
                match self.next_bundle(before).await? {
                    Some((there, bytes)) if there == sequence && bytes == bundle => Ok(()),
                    _ => Err(KeystoreError::Conflict),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// The first bundle after a sequence.
    ///
    /// # Errors
    /// [`KeystoreError`].
    pub async fn next_bundle(&self, after: Sequence) -> Result<Option<(Sequence, Vec<u8>)>, KeystoreError> {
        match self.ask(&Request::NextBundle(after)).await? {
            Reply::Bundle(bundle) => Ok(bundle),
            _ => Err(KeystoreError::Unavailable),
        }
    }
}

/// The write that stores a sealed record in the place of its former state.
#[must_use]
pub fn put(record: SealedRecord) -> Write {
    let expected = match record.revision.0 {
        0 | 1 => Expected::Absent,
        revision => Expected::At(holdfast_model::record::Revision(revision - 1)),
    };
    Write::Put(record, expected)
}
