//! One connection: TLS over a socket, whole messages in and out.
//!
//! Separate from `pool` because it knows TLS and framing and nothing of other connections. Trusts nothing the server sends:
//! a reply is bounded, and memory for it is taken as it comes, not as it is announced.

use super::buffer::Buffer;
use super::config::{Config, Server};
use super::socket::Socket;
use crate::ttlv::frame;
use rustls::ClientConnection;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Instant;

/// Memory for a reply is taken in pieces of so many bytes.
const PIECE_BYTES: usize = 16 * 1024;

pub(super) struct Connection {
    tls: ClientConnection,
    socket: Socket,
    /// The process that opened it: only this one may speak on it.
    process: u32,
    server: usize,
    opened: Instant,
    used: Instant,
    answered: bool,
}

impl Connection {
    /// Connects and shakes hands.
    pub(super) fn open(server: &Server, index: usize, config: &Config) -> io::Result<Self> {
        let deadline = Instant::now() + config.timeouts.connect;
        let mut socket = Socket::connect(&server.address, deadline)?;
        let mut tls =
            ClientConnection::new(Arc::clone(&config.tls), server.name.clone()).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            socket.hurry(deadline)?;
            if tls.wants_write() {
                tls.write_tls(&mut socket).map_err(plain)?;
            } else {
                pull(&mut tls, &mut socket)?;
            }
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket).map_err(plain)?;
        }
        socket.settle(&config.timeouts)?;
        let now = Instant::now();
        Ok(Connection {
            tls,
            socket,
            process: std::process::id(),
            server: index,
            opened: now,
            used: now,
            answered: false,
        })
    }

    /// Sends a whole request. After an error it was not sent whole, so that the server cannot have done it.
    pub(super) fn send(&mut self, request: &[u8], config: &Config) -> io::Result<()> {
        let deadline = Instant::now() + config.timeouts.write;
        let mut rest = request;
        while !rest.is_empty() {
            let taken = self.tls.writer().write(rest)?;
            rest = rest.get(taken..).unwrap_or_default();
            while self.tls.wants_write() {
                self.tls.write_tls(&mut self.socket).map_err(plain)?;
                if self.tls.wants_write() && Instant::now() >= deadline {
                    return Err(ErrorKind::TimedOut.into());
                }
            }
        }
        Ok(())
    }

    /// Receives a whole reply into `reply`, which is empty before.
    pub(super) fn receive(&mut self, reply: &mut Buffer, config: &Config) -> io::Result<()> {
        let deadline = Instant::now() + config.timeouts.read;
        self.fill(reply.extend(frame::HEADER_BYTES), deadline)?;
        let length = frame::response_length(reply.bytes(), config.limits.message_bytes)
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?
            .unwrap_or(frame::HEADER_BYTES);
        loop {
            let missing = length.saturating_sub(reply.bytes().len());
            if missing == 0 {
                break;
            }
            // Twice what came, so that a long reply is not moved many times.
            let piece = missing.min(PIECE_BYTES.max(reply.bytes().len()));
            self.fill(reply.extend(piece), deadline)?;
        }
        self.used = Instant::now();
        self.answered = true;
        Ok(())
    }

    fn fill(&mut self, mut wanted: &mut [u8], deadline: Instant) -> io::Result<()> {
        while !wanted.is_empty() {
            match self.tls.reader().read(wanted) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(bytes) => wanted = wanted.get_mut(bytes..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    pull(&mut self.tls, &mut self.socket)?;
                    if self.tls.wants_write() {
                        self.tls.write_tls(&mut self.socket).map_err(plain)?;
                    }
                    if Instant::now() >= deadline {
                        return Err(ErrorKind::TimedOut.into());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether the server still listens, as far as can be told without waiting: it did not close, and said nothing unasked.
    pub(super) fn is_usable(&mut self, config: &Config) -> bool {
        if self.used.elapsed() > config.timeouts.idle || self.process != std::process::id() {
            return false;
        }
        loop {
            match self.tls.read_tls(&mut self.socket.at_once()) {
                Ok(0) => return false,
                // A session ticket, a new key; or an alert.
                Ok(_) => match self.tls.process_new_packets() {
                    Ok(state) if !state.peer_has_closed() && state.plaintext_bytes_to_read() == 0 => {}
                    _ => return false,
                },
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    /// Whether it is so old that another takes its place.
    pub(super) fn is_old(&self, config: &Config) -> bool {
        self.opened.elapsed() > config.timeouts.age
    }

    /// Whether a reply ever came: before, a client may still learn that it is not let in.
    pub(super) fn has_answered(&self) -> bool {
        self.answered
    }

    pub(super) fn server(&self) -> usize {
        self.server
    }

    pub(super) fn number(&self) -> RawFd {
        self.socket.number()
    }
}

impl Drop for Connection {
    /// Says goodbye without waiting. A forked child says nothing: the connection is its parent's, and goes on there.
    fn drop(&mut self) {
        if self.process == std::process::id() {
            self.tls.send_close_notify();
            let _ = self.tls.write_tls(&mut self.socket.at_once());
        }
    }
}

/// Takes what the server sent into TLS.
fn pull(tls: &mut ClientConnection, socket: &mut Socket) -> io::Result<()> {
    if tls.read_tls(socket).map_err(plain)? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    match tls.process_new_packets() {
        Ok(_) => Ok(()),
        Err(error) => {
            // The alert that says why, if it goes out.
            let _ = tls.write_tls(&mut socket.at_once());
            Err(io::Error::new(ErrorKind::PermissionDenied, error))
        }
    }
}

/// A socket's time-out is told as "would block".
fn plain(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
}
