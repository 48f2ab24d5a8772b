//! A link to core on a tokio runtime.
//!
//! Separate from `ports::link`, which has the same frames and bounds, because here the runtime's socket says when
//! there is nothing more to read and so spares the call that would find out.

use holdfast_model::limits::LINK_OUTBOX_BYTES_MAX;
use holdfast_ports::frame::{self, ContentTooLong, FrameTooLong};
use holdfast_ports::link::LinkError;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use zeroize::Zeroize;

/// Read at most this much in one call.
const READ_BYTES: usize = 64 << 10;

/// One end of a socket pair, registered with the runtime of this thread.
pub(crate) struct AsyncLink {
    stream: UnixStream,
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
        let stream = std::os::unix::net::UnixStream::from(end);
        stream.set_nonblocking(true)?;
        let stream = UnixStream::from_std(stream)?;
        Ok(Self { stream, inbox: Vec::new(), taken: 0, held: 0, outbox: Vec::new(), written: 0 })
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
        let mut room = ReadBuf::new(self.inbox.get_mut(self.held..end).unwrap_or_default());
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut room)).map_err(broken)?;
        match room.filled().len() {
            0 => Poll::Ready(Err(LinkError::Gone)),
            bytes => {
                self.held += bytes;
                Poll::Ready(Ok(()))
            }
        }
    }

    /// The content of the next whole frame that has arrived.
    ///
    /// # Errors
    /// Drop the link.
    pub(crate) fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameTooLong> {
        let fresh = self.inbox.get(self.taken..self.held).unwrap_or_default();
        Ok(frame::split(fresh)?.map(|(content, bytes)| {
            self.taken += bytes;
            content
        }))
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
            self.written += ready!(Pin::new(&mut self.stream).poll_write(cx, rest)).map_err(broken)?;
        }
        self.outbox.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
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

fn broken(error: io::Error) -> LinkError {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => LinkError::Gone,
        _ => LinkError::Io(error),
    }
}
