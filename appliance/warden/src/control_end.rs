//! Warden's end of one child's control socket. Never blocks: a child that does not read cannot hold up the others.

use holdfast_ports::control::{PACKET_BYTES_MAX, ToChild, ToWarden};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Packets that may wait for one child. The restart of the largest core sends its neighbours some 300.
const WAITING_MAX: usize = 4096;
/// Largest packet from a child: a line of text.
const REPORT_BYTES_MAX: usize = 4096;

/// Why a child is of no more use to its warden.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// It closed its end: it is dying.
    #[error("closed")]
    Closed,
    /// It says what no child says.
    #[error("not a message")]
    NotAMessage,
    /// It does not read what it is told.
    #[error("does not listen")]
    Deaf,
    /// The kernel refused.
    #[error("failed")]
    Io(#[from] io::Error),
}

/// Warden's end.
pub(crate) struct ControlEnd {
    socket: OwnedFd,
    waiting: VecDeque<(Vec<u8>, Option<OwnedFd>)>,
}

impl ControlEnd {
    /// A new socket pair: warden's end, and the child's.
    pub(crate) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (socket, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Self { socket, waiting: VecDeque::new() }, theirs))
    }

    /// Tells the child something, now or as soon as it listens.
    pub(crate) fn tell(&mut self, message: &ToChild, beside: Option<OwnedFd>) -> Result<(), ControlError> {
        let packet = postcard::to_allocvec(message).map_err(|_| ControlError::NotAMessage)?;
        if packet.len() > PACKET_BYTES_MAX {
            return Err(ControlError::NotAMessage);
        }
        if self.waiting.len() >= WAITING_MAX {
            return Err(ControlError::Deaf);
        }
        self.waiting.push_back((packet, beside));
        self.flush()
    }

    /// Sends what waits, as far as the child takes it.
    pub(crate) fn flush(&mut self) -> Result<(), ControlError> {
        while let Some((packet, beside)) = self.waiting.front() {
            match send(self.socket.as_fd(), packet, beside.as_ref().map(AsFd::as_fd)) {
                Ok(()) => drop(self.waiting.pop_front()),
                Err(Errno::INTR) => {}
                // ETOOMANYREFS: too many descriptors are on their way; the child takes them first.
                Err(Errno::AGAIN | Errno::TOOMANYREFS | Errno::NOBUFS) => return Ok(()),
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(ControlError::Closed),
                Err(error) => return Err(ControlError::Io(error.into())),
            }
        }
        Ok(())
    }

    /// Is anything waiting to be sent?
    pub(crate) fn wants_to_write(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What the child has to say, if anything.
    pub(crate) fn hear(&mut self) -> Result<Option<ToWarden>, ControlError> {
        let mut buffer = [0; REPORT_BYTES_MAX];
        loop {
            return match rustix::net::recv(&self.socket, &mut buffer, RecvFlags::DONTWAIT | RecvFlags::TRUNC)
            {
                Ok((_, 0)) => Err(ControlError::Closed),
                Ok((_, bytes)) => {
                    let packet = buffer.get(..bytes).ok_or(ControlError::NotAMessage)?;
                    postcard::from_bytes(packet).map(Some).map_err(|_| ControlError::NotAMessage)
                }
                Err(Errno::AGAIN) => Ok(None),
                Err(Errno::INTR) => continue,
                Err(Errno::CONNRESET) => Err(ControlError::Closed),
                Err(error) => Err(ControlError::Io(error.into())),
            };
        }
    }
}

impl AsFd for ControlEnd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn send(socket: BorrowedFd<'_>, packet: &[u8], beside: Option<BorrowedFd<'_>>) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let fds: Vec<BorrowedFd<'_>> = beside.into_iter().collect();
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(Errno::INVAL);
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    rustix::net::sendmsg(socket, &[IoSlice::new(packet)], &mut control, flags).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_does_not_listen_is_noticed_and_nobody_is_held_up() {
        let (mut warden, _child) = ControlEnd::pair().unwrap();
        let mut told = 0;
        let error = loop {
            match warden.tell(&ToChild::Stop, None) {
                Ok(()) => told += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ControlError::Deaf));
        assert!(told >= WAITING_MAX);
        assert!(warden.wants_to_write());
    }

    #[test]
    fn nonsense_from_a_child_is_refused_and_its_end_is_noticed() {
        let (mut warden, child) = ControlEnd::pair().unwrap();
        assert!(warden.hear().unwrap().is_none());
        rustix::net::send(&child, &[0xff; 9], SendFlags::empty()).unwrap();
        assert!(matches!(warden.hear(), Err(ControlError::NotAMessage)));
        rustix::net::send(&child, &[0; REPORT_BYTES_MAX + 1], SendFlags::empty()).unwrap();
        assert!(matches!(warden.hear(), Err(ControlError::NotAMessage)));
        drop(child);
        assert!(matches!(warden.hear(), Err(ControlError::Closed)));
        assert!(matches!(warden.tell(&ToChild::Stop, None), Err(ControlError::Closed)));
    }
}
