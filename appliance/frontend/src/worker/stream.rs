//! A client's socket: TCP, or a socket on this host. TLS runs over either, and the certificate says who is there.
//!
//! Separate so that nothing else needs to know which it is.

use rustix::net::{RecvFlags, recv};
use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// An accepted socket on its way to a worker.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// From the network.
    Tcp(std::net::TcpStream),
    /// From this host.
    Local(std::os::unix::net::UnixStream),
}

/// The same in a worker's runtime.
pub(super) enum Stream {
    Tcp(TcpStream),
    Local(UnixStream),
}

impl Stream {
    pub(super) fn new(accepted: Accepted) -> io::Result<Self> {
        match accepted {
            Accepted::Tcp(stream) => TcpStream::from_std(stream).map(Stream::Tcp),
            Accepted::Local(stream) => UnixStream::from_std(stream).map(Stream::Local),
        }
    }

    /// Waits for the peer's first byte and leaves it there. `false`: it left without one.
    pub(super) async fn has_spoken(&self) -> bool {
        fn peek(socket: impl AsFd) -> io::Result<bool> {
            let bytes = recv(socket, &mut [0], RecvFlags::PEEK | RecvFlags::DONTWAIT)?;
            Ok(bytes.1 > 0)
        }
        loop {
            let peeked = match self {
                Stream::Tcp(stream) => match stream.readable().await {
                    Ok(()) => stream.try_io(Interest::READABLE, || peek(stream)),
                    Err(error) => Err(error),
                },
                Stream::Local(stream) => match stream.readable().await {
                    Ok(()) => stream.try_io(Interest::READABLE, || peek(stream)),
                    Err(error) => Err(error),
                },
            };
            match peeked {
                Ok(spoken) => return spoken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, room),
            Stream::Local(stream) => Pin::new(stream).poll_read(cx, room),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Local(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
            Stream::Local(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Local(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Local(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
