//! Several requests on their way on one connection; the replies come in their order.

use super::batch::Batch;
use super::error::CallError;
use super::pool::{Failed, Pool, read_one};
use super::slots::{Contents, Taken};
use crate::enums::Operation;
use crate::operation::Ask;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};

/// A connection lent to one user, who sends without waiting for each answer. Nothing is sent twice by itself. Dropped with answers
/// outstanding, it closes the connection.
pub struct Pipeline<'p> {
    pool: &'p Pool,
    taken: Taken<'p>,
    /// What is asked and not yet answered; `None` for bytes of the caller's.
    asked: VecDeque<Option<Operation>>,
    broken: bool,
}

impl<'p> Pipeline<'p> {
    pub(super) fn new(pool: &'p Pool, taken: Taken<'p>) -> Self {
        Pipeline { pool, taken, asked: VecDeque::new(), broken: false }
    }

    /// How many answers are outstanding.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.asked.len()
    }

    /// Sends one operation.
    ///
    /// # Errors
    /// [`CallError`]. After [`CallError::Unreachable`] the connection is gone, and with it the answers that are outstanding.
    pub fn send<'a, A: Ask<'a>>(&mut self, ask: &A) -> Result<(), CallError> {
        self.has_room()?;
        let (version, max) = (self.pool.config().version, self.pool.config().request_bytes_max);
        let contents = self.taken.contents().ok_or(CallError::Forked)?;
        contents.request.wipe();
        self.pool.encode_one(&mut contents.request, version, max, ask)?;
        self.transmit(None, Some(A::OPERATION))
    }

    /// Sends a batch; its answers come as one reply.
    ///
    /// # Errors
    /// [`CallError`], as [`send`](Self::send).
    pub fn send_batch(&mut self, batch: &Batch) -> Result<(), CallError> {
        self.send_bytes(batch.bytes())
    }

    /// Sends a request that is already encoded.
    ///
    /// # Errors
    /// [`CallError`], as [`send`](Self::send).
    pub fn send_bytes(&mut self, request: &[u8]) -> Result<(), CallError> {
        self.has_room()?;
        self.transmit(Some(request), None)
    }

    /// Receives the next answer, which must be one to `A`; `read` gets it in place.
    ///
    /// # Errors
    /// [`CallError`]. [`CallError::Uncertain`] means that the connection is gone; any other concerns this answer alone.
    pub fn receive<'a, A: Ask<'a>, R>(
        &mut self,
        read: impl for<'r> FnOnce(A::Answer<'r>) -> R,
    ) -> Result<R, CallError> {
        let pool = self.pool;
        self.receive_bytes(|reply| {
            let message = pool.read_message(reply)?;
            read_one::<A::Answer<'_>>(&message, A::OPERATION).map(read)
        })?
    }

    /// Receives the next reply, whole but unread.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn receive_bytes<R>(&mut self, read: impl FnOnce(&[u8]) -> R) -> Result<R, CallError> {
        if self.broken || self.asked.pop_front().is_none() {
            return Err(Failed::after_sending(ErrorKind::NotConnected.into()).into());
        }
        let Some(Contents { connection: Some(connection), reply, .. }) = self.taken.contents() else {
            return Err(CallError::Forked);
        };
        reply.wipe();
        match connection.receive(reply, self.pool.config()) {
            Ok(()) => Ok(read(reply.bytes())),
            Err(error) => {
                self.broken = true;
                Err(Failed::after_sending(error).into())
            }
        }
    }

    fn has_room(&self) -> Result<(), CallError> {
        if self.broken {
            return Err(Failed::before_sending(ErrorKind::NotConnected.into()).into());
        }
        if self.asked.len() >= self.pool.config().in_flight_max.max(1) {
            return Err(CallError::PipelineFull);
        }
        Ok(())
    }

    fn transmit(&mut self, request: Option<&[u8]>, operation: Option<Operation>) -> Result<(), CallError> {
        let sent = match self.taken.contents() {
            Some(Contents { connection: Some(connection), request: own, .. }) => {
                connection.send(request.unwrap_or(own.bytes()), self.pool.config())
            }
            _ => Err(io::Error::from(ErrorKind::NotConnected)),
        };
        if let Err(error) = sent {
            self.broken = true;
            return Err(Failed::before_sending(error).into());
        }
        self.asked.push_back(operation);
        Ok(())
    }
}

impl Drop for Pipeline<'_> {
    fn drop(&mut self) {
        if self.broken || !self.asked.is_empty() {
            self.taken.close();
        }
    }
}
