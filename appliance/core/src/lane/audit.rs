//! The lane's way to the audit log: a shared ring that the audit-agent reads, and a link for what needs an answer.
//!
//! What is in the ring is held by the audit-agent: the memory outlives both processes. Nothing is done while the
//! agent is away or says that its log does not take records.

use super::agent::{Agent, AgentError};
use super::task::Tasks;
use core::cell::{Cell, RefCell};
use hardening::ring::{Doorbell, RingError, RingProducer};
use holdfast_model::Timestamp;
use holdfast_model::audit::AuditEvent;
use holdfast_model::limits::AUDIT_EVENT_BYTES_MAX;
use holdfast_ports::audit::{Head, Reply, Request};
use std::rc::Rc;

/// The audit log does not take records; what was to be done must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit log does not take records")]
pub struct Unaudited;

/// Why an event could not be put into the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// The agent is behind, for instance because its disk is slow: wait.
    #[error("the audit ring is full")]
    Full,
    /// The log does not take records.
    #[error(transparent)]
    Unaudited(#[from] Unaudited),
}

/// The audit log as one lane sees it.
pub struct Audit {
    ring: RefCell<RingProducer>,
    /// The link to the agent.
    pub agent: Agent<Request, Reply>,
    failed: Cell<bool>,
    buffer: RefCell<Vec<u8>>,
}

impl Audit {
    /// Over the lane's ring.
    #[must_use]
    pub fn new(ring: RingProducer, tasks: Rc<Tasks>) -> Self {
        Self {
            ring: RefCell::new(ring),
            agent: Agent::new(tasks),
            failed: Cell::new(false),
            buffer: RefCell::new(Vec::with_capacity(AUDIT_EVENT_BYTES_MAX)),
        }
    }

    /// Does the log take records?
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.agent.is_wired() && !self.failed.get()
    }

    /// Takes what the agent says. Returns whether its link still lives.
    pub fn receive(&self) -> bool {
        let mut failed = self.failed.get();
        let alive = self.agent.receive(|reply| failed = matches!(reply, Reply::Failed));
        self.failed.set(failed && alive);
        alive
    }

    /// Puts an event into the ring: from here on the audit-agent holds it. Returns the ring's position after it.
    ///
    /// # Errors
    /// [`HoldError`].
    pub fn hold(&self, event: &AuditEvent) -> Result<u64, HoldError> {
        if !self.is_ready() {
            return Err(Unaudited.into());
        }
        let mut buffer = self.buffer.borrow_mut();
        buffer.clear();
        let taken = core::mem::take(&mut *buffer);
        *buffer = postcard::to_extend(event, taken).map_err(|_| Unaudited)?;
        let mut ring = self.ring.borrow_mut();
        let pushed = ring.push(&buffer).map_err(|error| match error {
            RingError::Full { .. } => HoldError::Full,
            _ => HoldError::Unaudited(Unaudited),
        })?;
        if pushed.doorbell == Doorbell::Ring {
            self.agent.tell(&Request::Doorbell);
        }
        Ok(pushed.end.bytes())
    }

    /// Waits until everything up to a position is on disk.
    ///
    /// # Errors
    /// [`Unaudited`] when it is not, or nobody knows.
    pub async fn durable(&self, up_to: u64, now: Timestamp) -> Result<(), Unaudited> {
        match self.agent.call(&Request::Flush { up_to }, now).await {
            Ok(Reply::Durable { up_to: reached }) if reached >= up_to => {
                self.failed.set(false);
                Ok(())
            }
            Ok(Reply::Failed) => {
                self.failed.set(true);
                Err(Unaudited)
            }
            Ok(_) | Err(AgentError::Gone | AgentError::TooLarge) => Err(Unaudited),
        }
    }

    /// Where the log stands.
    ///
    /// # Errors
    /// [`Unaudited`].
    pub async fn head(&self, now: Timestamp) -> Result<Head, Unaudited> {
        match self.agent.call(&Request::Head, now).await {
            Ok(Reply::Head(head)) => Ok(head),
            Ok(_) | Err(_) => Err(Unaudited),
        }
    }
}
