//! A connected stream socket, TCP or Unix, with time-outs, that raises no signal.
//!
//! Separate from `connection` because it knows system calls and nothing of TLS. The standard library's writes may raise
//! SIGPIPE, which ends a host that did not ask for it; these do not.

use super::config::{Address, Timeouts};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmsg};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

/// Below this the kernel reads a time-out as "none".
const SHORTEST: Duration = Duration::from_millis(1);

pub(super) struct Socket {
    descriptor: OwnedFd,
}

impl Socket {
    /// Connects before `deadline`. Looking up a name takes as long as the system's resolver takes.
    pub(super) fn connect(to: &Address, deadline: Instant) -> io::Result<Self> {
        match to {
            Address::Tcp(address) => Self::tcp(address, deadline),
            Address::Unix(path) => {
                use rustix::net::{
                    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with,
                };
                let descriptor =
                    socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
                set_socket_timeout(&descriptor, Timeout::Send, Some(left(deadline)?))?;
                connect(&descriptor, &SocketAddrUnix::new(path)?)?;
                Ok(Socket { descriptor })
            }
        }
    }

    fn tcp(address: &str, deadline: Instant) -> io::Result<Self> {
        let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, left(deadline)?) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(Socket { descriptor: stream.into() });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// How long one system call may wait, until the handshake is done.
    pub(super) fn hurry(&self, deadline: Instant) -> io::Result<()> {
        let left = left(deadline)?;
        set_socket_timeout(&self.descriptor, Timeout::Recv, Some(left))?;
        set_socket_timeout(&self.descriptor, Timeout::Send, Some(left))?;
        Ok(())
    }

    /// How long one system call may wait afterwards.
    pub(super) fn settle(&self, timeouts: &Timeouts) -> io::Result<()> {
        set_socket_timeout(&self.descriptor, Timeout::Recv, Some(timeouts.read.max(SHORTEST)))?;
        set_socket_timeout(&self.descriptor, Timeout::Send, Some(timeouts.write.max(SHORTEST)))?;
        Ok(())
    }

    pub(super) fn number(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }

    /// Reads and writes that never wait.
    pub(super) fn at_once(&self) -> AtOnce<'_> {
        AtOnce { socket: self }
    }

    fn receive(&self, buffer: &mut [u8], flags: RecvFlags) -> io::Result<usize> {
        loop {
            match recv(&self.descriptor, &mut *buffer, flags) {
                Ok((bytes, _)) => return Ok(bytes),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn transmit(&self, bytes: &[u8], flags: SendFlags) -> io::Result<usize> {
        loop {
            match send(&self.descriptor, bytes, flags | SendFlags::NOSIGNAL) {
                Ok(sent) => return Ok(sent),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn transmit_all(&self, pieces: &[IoSlice<'_>], flags: SendFlags) -> io::Result<usize> {
        if let [piece] = pieces {
            return self.transmit(piece, flags);
        }
        loop {
            let mut none = SendAncillaryBuffer::default();
            match sendmsg(&self.descriptor, pieces, &mut none, flags | SendFlags::NOSIGNAL) {
                Ok(sent) => return Ok(sent),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left < SHORTEST { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive(buffer, RecvFlags::empty())
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.transmit(bytes, SendFlags::empty())
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.transmit_all(pieces, SendFlags::empty())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct AtOnce<'s> {
    socket: &'s Socket,
}

impl Read for AtOnce<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.receive(buffer, RecvFlags::DONTWAIT)
    }
}

impl Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.transmit(bytes, SendFlags::DONTWAIT)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.socket.transmit_all(pieces, SendFlags::DONTWAIT)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
