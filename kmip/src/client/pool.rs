//! The pool: gives each call a connection, sends, receives, and sends again what may be sent again.

use super::batch::{Answers, Batch, header_with, read_item, repeat_of};
use super::buffer::Buffer;
use super::config::Config;
use super::connection::Connection;
use super::error::CallError;
use super::pipeline::Pipeline;
use super::repeat::Repeat;
use super::servers::Servers;
use super::slots::{Contents, Slots, Taken};
use crate::field::Field;
use crate::message::{RequestItems, ResponseMessage};
use crate::operation::Ask;
use crate::ttlv::{EncodeError, Item};
use crate::version::Version;
use std::io::{self, ErrorKind};
use std::os::fd::RawFd;

/// Connections to one or several servers, shared by any number of threads.
pub struct Pool {
    config: Config,
    process: u32,
    servers: Servers,
    slots: Slots,
}

impl Pool {
    /// A pool without connections yet: the first call of each thread opens one.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Pool {
            process: std::process::id(),
            servers: Servers::new(config.servers.len()),
            slots: Slots::new(config.connections_max),
            config,
        }
    }

    /// What it was told.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// One operation. `read` gets the answer, in place; what it is to keep it copies. While it runs it holds a connection.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call<'p, A: Ask<'p>, R>(
        &self,
        ask: &A,
        read: impl for<'r> FnOnce(A::Answer<'r>) -> R,
    ) -> Result<R, CallError> {
        self.call_in(self.config.version, ask, read)
    }

    /// The same, in another version than configured.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call_in<'p, A: Ask<'p>, R>(
        &self,
        version: Version,
        ask: &A,
        read: impl for<'r> FnOnce(A::Answer<'r>) -> R,
    ) -> Result<R, CallError> {
        let max = self.config.request_bytes_max;
        let encode = |request: &mut Buffer| self.encode_one(request, version, max, ask);
        self.with_reply(encode, |reply| {
            let message = self.read_message(reply)?;
            let item = message.items.iter().next().ok_or(CallError::Unreadable(None))?;
            read_item::<A::Answer<'_>>(&item, A::OPERATION, message.version).map(read)
        })?
    }

    /// A message for [`batch`](Self::batch), in the version and with the credential configured.
    ///
    /// # Errors
    /// [`EncodeError`]: the credential is longer than a request may be.
    pub fn new_batch(&self) -> Result<Batch, EncodeError> {
        let (version, max) = (self.config.version, self.config.request_bytes_max);
        header_with(self.config.login.as_ref(), version, 0, |header| Batch::new(header, version, max))
    }

    /// Several operations in one message. `read` gets the answers, in place.
    ///
    /// # Errors
    /// [`CallError`], but not for an operation that was refused: [`Answers`] tells that of each.
    pub fn batch<R>(
        &self,
        batch: &Batch,
        read: impl for<'r> FnOnce(Answers<'r>) -> R,
    ) -> Result<R, CallError> {
        self.exchange_read(batch.bytes(), batch.repeat(), |reply| {
            self.read_message(reply).map(|message| read(Answers::new(message)))
        })?
    }

    /// Sends a request that is already encoded and lends the reply's bytes, whole but unread. `repeat` says whether it may be
    /// sent again when no answer came.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn exchange<R>(
        &self,
        request: &[u8],
        repeat: Repeat,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, CallError> {
        self.exchange_read(request, repeat, read)
    }

    /// Takes a connection for several requests at a time.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn pipeline(&self) -> Result<Pipeline<'_>, CallError> {
        let mut taken = self.take()?;
        self.connect(&mut taken)?;
        Ok(Pipeline::new(self, taken))
    }

    /// In a child that was forked: closes what the parent's pool left here, saying nothing on connections that go on in the parent.
    ///
    /// Returns the descriptors of connections that another thread of the parent was using at the fork: their memory may be
    /// half-changed, so nothing here touches them. They may be closed, which the parent does not notice, or left.
    /// In the process that made the pool: closes idle connections, properly; the pool goes on.
    pub fn forget(&self) -> Vec<RawFd> {
        self.slots.forget()
    }

    fn exchange_read<R>(
        &self,
        request: &[u8],
        repeat: Repeat,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, CallError> {
        if request.len() > self.config.request_bytes_max {
            return Err(EncodeError::TooLong { max: self.config.request_bytes_max }.into());
        }
        let mut taken = self.take()?;
        self.converse(&mut taken, Some(request), repeat)?;
        let contents = taken.contents().ok_or(CallError::Forked)?;
        Ok(read(contents.reply.bytes()))
    }

    fn with_reply<R>(
        &self,
        encode: impl FnOnce(&mut Buffer) -> Result<Repeat, EncodeError>,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, CallError> {
        let mut taken = self.take()?;
        let contents = taken.contents().ok_or(CallError::Forked)?;
        let repeat = encode(&mut contents.request)?;
        self.converse(&mut taken, None, repeat)?;
        let contents = taken.contents().ok_or(CallError::Forked)?;
        Ok(read(contents.reply.bytes()))
    }

    pub(super) fn encode_one<'p, A: Ask<'p>>(
        &self,
        request: &mut Buffer,
        version: Version,
        max: usize,
        ask: &A,
    ) -> Result<Repeat, EncodeError> {
        header_with(self.config.login.as_ref(), version, 1, |header| {
            request.append(max, |out| {
                RequestItems::message(out, header, version, |items| items.add(A::OPERATION, None, ask));
            })
        })?;
        let message = Item::of_written(request.bytes());
        let item = message.and_then(|message| message.children().ok()).and_then(Iterator::last);
        Ok(repeat_of(A::OPERATION, item))
    }

    pub(super) fn read_message<'r>(&self, reply: &'r [u8]) -> Result<ResponseMessage<'r>, CallError> {
        ResponseMessage::decode(reply, &self.config.limits)
            .map_err(|error| CallError::Unreadable(Some(error)))
    }

    pub(super) fn take(&self) -> Result<Taken<'_>, CallError> {
        if self.process != std::process::id() {
            return Err(CallError::Forked);
        }
        let turn = self.config.timeouts.turn;
        self.slots.take(turn).ok_or(CallError::Busy { waited: turn })
    }

    /// Sends the request (the slot's own if `None` is given) and receives the reply into the slot.
    fn converse(
        &self,
        taken: &mut Taken<'_>,
        request: Option<&[u8]>,
        repeat: Repeat,
    ) -> Result<(), CallError> {
        let mut attempt = 1;
        loop {
            self.connect(taken)?;
            let failed = match self.once(taken, request) {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            let may = !failed.sent || repeat == Repeat::Harmless;
            if !may || failed.not_admitted.is_some() || attempt >= self.config.attempts_max {
                return Err(failed.into());
            }
            attempt += 1;
        }
    }

    fn once(&self, taken: &mut Taken<'_>, request: Option<&[u8]>) -> Result<(), Failed> {
        let config = &self.config;
        let Some(Contents { connection: Some(connection), request: own, reply }) = taken.contents() else {
            return Err(Failed::unsent(ErrorKind::NotConnected.into()));
        };
        reply.wipe();
        let server = connection.server();
        let outcome = match connection.send(request.unwrap_or(own.bytes()), config) {
            Err(error) => Err(Failed::unsent(error)),
            Ok(()) => connection.receive(reply, config).map_err(|error| Failed {
                sent: true,
                not_admitted: tls_refusal(&error).filter(|_| !connection.has_answered()),
                error,
            }),
        };
        let old = connection.is_old(config);
        match outcome {
            Ok(()) => {
                self.servers.works(server);
                if old {
                    taken.close();
                }
                Ok(())
            }
            Err(mut failed) => {
                if !failed.sent && failed.not_admitted.is_none() {
                    // The server may have said why before it closed.
                    failed.not_admitted = last_words(connection, config);
                }
                if failed.error.kind() == ErrorKind::TimedOut {
                    self.rests(server);
                }
                taken.close();
                Err(failed)
            }
        }
    }

    /// Sees that the slot has a connection that works, trying each server that is not resting.
    pub(super) fn connect(&self, taken: &mut Taken<'_>) -> Result<(), CallError> {
        let config = &self.config;
        if let Some(Contents { connection: Some(connection), .. }) = taken.contents() {
            if connection.is_usable(config) {
                return Ok(());
            }
            taken.close();
        }
        let mut last = io::Error::from(ErrorKind::NotFound);
        for index in self.servers.to_try() {
            let Some(server) = config.servers.get(index) else { continue };
            match Connection::open(server, index, config) {
                Ok(connection) => {
                    taken.put(connection);
                    return Ok(());
                }
                Err(error) => {
                    self.rests(index);
                    last = error;
                }
            }
        }
        Err(match tls_refusal(&last) {
            Some(refusal) => CallError::NotAdmitted(refusal),
            None => CallError::Unreachable(last),
        })
    }

    fn rests(&self, server: usize) {
        self.servers.fails(server, self.config.timeouts.back_off, self.config.timeouts.back_off_max);
    }
}

/// Why an attempt failed.
pub(super) struct Failed {
    /// Whether the whole request went out.
    sent: bool,
    not_admitted: Option<rustls::Error>,
    error: io::Error,
}

impl Failed {
    fn unsent(error: io::Error) -> Self {
        Failed { sent: false, not_admitted: None, error }
    }

    pub(super) fn after_sending(error: io::Error) -> Self {
        Failed { sent: true, not_admitted: None, error }
    }

    pub(super) fn before_sending(error: io::Error) -> Self {
        Self::unsent(error)
    }
}

impl From<Failed> for CallError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed { not_admitted: Some(refusal), .. } => CallError::NotAdmitted(refusal),
            Failed { sent: false, error, .. } => CallError::Unreachable(error),
            Failed { error, .. } if error.kind() == ErrorKind::InvalidData => CallError::Unreadable(None),
            Failed { error, .. } => CallError::Uncertain(error),
        }
    }
}

/// What TLS said, if the failure is of TLS.
fn tls_refusal(error: &io::Error) -> Option<rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>().cloned()
}

/// In TLS 1.3 a client hears only after its handshake that it is not let in, perhaps while it writes.
fn last_words(connection: &mut Connection, config: &Config) -> Option<rustls::Error> {
    if connection.has_answered() {
        return None;
    }
    let mut nothing = Buffer::default();
    connection.receive(&mut nothing, config).err().as_ref().and_then(tls_refusal)
}

/// Reads one payload; kept here so that `Pipeline` and `Pool` judge alike.
pub(super) fn read_one<'r, T: Field<'r>>(
    message: &ResponseMessage<'r>,
    operation: crate::enums::Operation,
) -> Result<T, CallError> {
    let item = message.items.iter().next().ok_or(CallError::Unreadable(None))?;
    read_item(&item, operation, message.version)
}
