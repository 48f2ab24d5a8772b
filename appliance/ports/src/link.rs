//! A link: one end of a socket pair between two of our processes, with its buffers.
//!
//! Never blocks. Reads what is there in one call, hands out whole frames, gathers frames to write and writes them
//! in one call: wake-ups, not bytes, are what crossing costs.

use crate::frame::{self, ContentTooLong, FrameTooLong};
use holdfast_model::limits::LINK_OUTBOX_BYTES_MAX;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// Read at most this much in one call; what one frame needs beyond that comes with the next calls.
const READ_BYTES: usize = 64 << 10;

/// Why a link is of no more use. The peer is gone or broken; warden will wire a new one.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The peer closed its end or died.
    #[error("the peer is gone")]
    Gone,
    /// The peer lost the framing.
    #[error(transparent)]
    Framing(#[from] FrameTooLong),
    /// The socket failed.
    #[error("the link failed")]
    Io(#[source] io::Error),
}

/// One end of a socket pair.
pub struct Link {
    stream: UnixStream,
    /// `taken..held` is what has arrived; what lies behind it is room, kept so that it need not be cleared again.
    inbox: Vec<u8>,
    taken: usize,
    held: usize,
    outbox: Vec<u8>,
    written: usize,
}

impl Link {
    /// Takes over one end of a stream socket pair and makes it non-blocking.
    ///
    /// # Errors
    /// When the descriptor is no socket.
    pub fn new(end: OwnedFd) -> io::Result<Self> {
        let stream = UnixStream::from(end);
        stream.set_nonblocking(true)?;
        Ok(Self { stream, inbox: Vec::new(), taken: 0, held: 0, outbox: Vec::new(), written: 0 })
    }

    /// Reads once what has arrived. `false` means that nothing was there.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when the peer has closed; frames that came before can still be taken.
    pub fn fill(&mut self) -> Result<bool, LinkError> {
        self.inbox.copy_within(self.taken..self.held, 0);
        self.held -= self.taken;
        self.taken = 0;
        let end = self.held + READ_BYTES;
        if self.inbox.len() < end {
            self.inbox.resize(end, 0);
        }
        let room = self.inbox.get_mut(self.held..end).unwrap_or_default();
        match self.stream.read(room) {
            Ok(0) => Err(LinkError::Gone),
            Ok(bytes) => {
                self.held += bytes;
                Ok(true)
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(false),
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset => Err(LinkError::Gone),
            Err(e) => Err(LinkError::Io(e)),
        }
    }

    /// The content of the next whole frame that has arrived.
    ///
    /// # Errors
    /// [`LinkError::Framing`]: drop the link.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, LinkError> {
        let fresh = self.inbox.get(self.taken..self.held).unwrap_or_default();
        match frame::split(fresh)? {
            Some((content, bytes)) => {
                self.taken += bytes;
                Ok(Some(content))
            }
            None => Ok(None),
        }
    }

    /// Queues a frame; [`Link::flush`] sends it.
    ///
    /// # Errors
    /// [`ContentTooLong`]; nothing is queued.
    pub fn queue(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), ContentTooLong> {
        frame::append(&mut self.outbox, write)
    }

    /// Writes as much as the socket takes. `true` means that nothing is left to write.
    ///
    /// # Errors
    /// [`LinkError`] when the peer is gone.
    pub fn flush(&mut self) -> Result<bool, LinkError> {
        while let Some(rest) = self.outbox.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(bytes) => self.written += bytes,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(e) if matches!(e.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                    return Err(LinkError::Gone);
                }
                Err(e) => return Err(LinkError::Io(e)),
            }
        }
        self.outbox.clear();
        self.written = 0;
        Ok(true)
    }

    /// Is so much waiting to be written that no more should be taken in?
    #[must_use]
    pub fn is_congested(&self) -> bool {
        self.outbox.len() - self.written > LINK_OUTBOX_BYTES_MAX
    }

    /// Is anything waiting to be written?
    #[must_use]
    pub fn wants_to_write(&self) -> bool {
        self.outbox.len() > self.written
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Link, Link) {
        let (a, b) = UnixStream::pair().unwrap();
        (Link::new(a.into()).unwrap(), Link::new(b.into()).unwrap())
    }

    #[test]
    fn frames_arrive_whole_and_in_order() {
        let (mut a, mut b) = pair();
        let big = vec![7; 300_000];
        a.queue(|o| o.extend_from_slice(b"one")).unwrap();
        a.queue(|o| o.extend_from_slice(&big)).unwrap();
        let mut seen = Vec::new();
        while seen.len() < 2 {
            a.flush().unwrap();
            b.fill().unwrap();
            while let Some(content) = b.next_frame().unwrap() {
                seen.push(content.to_vec());
            }
        }
        assert_eq!(seen, [b"one".to_vec(), big]);
    }

    #[test]
    fn a_peer_that_dies_is_gone_after_its_last_frame() {
        let (mut a, mut b) = pair();
        a.queue(|o| o.push(1)).unwrap();
        a.flush().unwrap();
        drop(a);
        assert!(b.fill().unwrap());
        assert_eq!(b.next_frame().unwrap(), Some([1].as_slice()));
        assert!(matches!(b.fill(), Err(LinkError::Gone)));
        b.queue(|o| o.push(1)).unwrap();
        assert!(matches!(b.flush(), Err(LinkError::Gone)));
    }

    #[test]
    fn silence_is_not_death() {
        let (_a, mut b) = pair();
        assert!(!b.fill().unwrap());
        assert_eq!(b.next_frame().unwrap(), None);
    }
}
