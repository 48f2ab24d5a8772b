//! A link to core on a tokio runtime.
//!
//! Separate from `ports::link`, which has the same frames and bounds, because here the runtime says when there is
//! nothing more to read and so spares the call that would find out.
//!
//! The runtime's own socket type waits for room to write as well as for bytes. The kernel tells of room each time the
//! peer takes a frame, so that a worker would be woken twice for each request: here it waits for room only while there
//! is none.

use holdfast_model::limits::LINK_OUTBOX_BYTES_MAX;
use holdfast_ports::frame::{self, ContentTooLong, FrameTooLong};
use holdfast_ports::link::LinkError;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use zeroize::Zeroize;

/// Read at most this much in one call.
const READ_BYTES: usize = 64 << 10;

/// One end of a socket pair, registered with the runtime of this thread.
pub(crate) struct AsyncLink {
    /// None only while it is registered anew.
    stream: Option<AsyncFd<UnixStream>>,
    waits_for_room: bool,
    /// `taken..held` is what has arrived; the rest is room.
    inbox: Vec<u8>,
    taken: usize,
    held: usize,
    outbox: Vec<u8>,
    written: usize,
}

impl AsyncLink {
    /// Takes over one end of a stream socket pair.
    ///
    /// # Errors
    /// When the descriptor is no socket or the runtime cannot watch it.
    pub(crate) fn new(end: OwnedFd) -> io::Result<Self> {
        let stream = UnixStream::from(end);
        stream.set_nonblocking(true)?;
        let stream = register(stream, Interest::READABLE)?;
        Ok(Self {
            stream: Some(stream),
            waits_for_room: false,
            inbox: Vec::new(),
            taken: 0,
            held: 0,
            outbox: Vec::new(),
            written: 0,
        })
    }

    fn stream(&self) -> Result<&AsyncFd<UnixStream>, LinkError> {
        self.stream.as_ref().ok_or(LinkError::Gone)
    }

    /// Ready when one read has brought something.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LinkError>> {
        self.inbox.copy_within(self.taken..self.held, 0);
        self.held -= self.taken;
        self.taken = 0;
        let end = self.held + READ_BYTES;
        if self.inbox.len() < end {
            self.inbox.resize(end, 0);
        }
        let stream = self.stream.as_ref().ok_or(LinkError::Gone)?;
        loop {
            let mut ready = ready!(stream.poll_read_ready(cx)).map_err(broken)?;
            let room = self.inbox.get_mut(self.held..end).unwrap_or_default();
            let asked = room.len();
            match ready.try_io(|stream| stream.get_ref().read(room)) {
                Ok(Ok(0)) => return Poll::Ready(Err(LinkError::Gone)),
                Ok(Ok(bytes)) => {
                    if bytes < asked {
                        // All that was there; more, or the end, is told of anew.
                        ready.clear_ready();
                    }
                    self.held += bytes;
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(broken(error))),
                // Nothing there after all: asked again, the runtime wakes us when there is.
                Err(_would_block) => {}
            }
        }
    }

    /// The content of the next whole frame that has arrived.
    ///
    /// # Errors
    /// Drop the link.
    pub(crate) fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameTooLong> {
        let fresh = self.inbox.get(self.taken..self.held).unwrap_or_default();
        if fresh.is_empty() {
            // All is handed out: what clients were told does not stay here until the next of them is.
            self.inbox.get_mut(..self.held).unwrap_or_default().zeroize();
            (self.taken, self.held) = (0, 0);
            return Ok(None);
        }
        Ok(frame::split(self.inbox.get(self.taken..self.held).unwrap_or_default())?.map(
            |(content, bytes)| {
                self.taken += bytes;
                content
            },
        ))
    }

    /// Queues a frame; [`AsyncLink::poll_flush`] sends it.
    ///
    /// # Errors
    /// [`ContentTooLong`]; nothing is queued.
    pub(crate) fn queue(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), ContentTooLong> {
        frame::append(&mut self.outbox, write)
    }

    /// Ready when nothing is left to write.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LinkError>> {
        while let Some(rest) = self.outbox.get(self.written..).filter(|rest| !rest.is_empty()) {
            let stream = self.stream()?;
            let outcome = if self.waits_for_room {
                let mut ready = ready!(stream.poll_write_ready(cx)).map_err(broken)?;
                match ready.try_io(|stream| stream.get_ref().write(rest)) {
                    Ok(outcome) => outcome,
                    // Asked again, the runtime wakes us when there is room.
                    Err(_would_block) => continue,
                }
            } else {
                stream.get_ref().write(rest)
            };
            match outcome {
                Ok(bytes) => self.written += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wait_for_room(true)?;
                    // Who waited to read waits at a registration that is gone.
                    cx.waker().wake_by_ref();
                }
                Err(error) => return Poll::Ready(Err(broken(error))),
            }
        }
        self.outbox.as_mut_slice().zeroize();
        self.outbox.clear();
        self.written = 0;
        if self.waits_for_room {
            self.wait_for_room(false)?;
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    /// Registers the socket anew. What is there to be read is told of again.
    fn wait_for_room(&mut self, waits: bool) -> Result<(), LinkError> {
        let interest = if waits { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        let stream = self.stream.take().ok_or(LinkError::Gone)?.into_inner();
        self.stream = Some(register(stream, interest).map_err(LinkError::Io)?);
        self.waits_for_room = waits;
        Ok(())
    }

    /// Is so much waiting to be written that no more should be taken in?
    pub(crate) fn is_congested(&self) -> bool {
        self.outbox.len() - self.written > LINK_OUTBOX_BYTES_MAX
    }
}

impl Drop for AsyncLink {
    /// Requests and replies of clients went through these.
    fn drop(&mut self) {
        self.inbox.zeroize();
        self.outbox.zeroize();
    }
}

/// What the runtime demands of a descriptor, its successor demands by `unsafe`: that it stays open and the same. A
/// `UnixStream` does.
#[expect(deprecated, reason = "its successor is no safe code, which is for `hardening` alone")]
fn register(stream: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    AsyncFd::with_interest(stream, interest)
}

fn broken(error: io::Error) -> LinkError {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => LinkError::Gone,
        _ => LinkError::Io(error),
    }
}
