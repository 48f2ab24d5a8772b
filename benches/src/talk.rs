//! One conversation with a server, one question at a time: for what is measured once per connection.

use crate::load::Server;
use kmip::ttlv::frame::response_length;
use rustls::{ClientConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// A server that says nothing for so long is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open connection.
pub(crate) struct Talk(StreamOwned<ClientConnection, TcpStream>);

impl Talk {
    /// Connects; the handshake happens with the first question.
    ///
    /// # Errors
    /// When nobody listens.
    pub(crate) fn with(server: &Server) -> std::io::Result<Self> {
        let stream = TcpStream::connect(server.at)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let tls = ClientConnection::new(server.tls.clone(), server.name.clone());
        Ok(Self(StreamOwned::new(tls.map_err(std::io::Error::other)?, stream)))
    }

    /// Asks, and reads the answer whole.
    ///
    /// # Errors
    /// When the connection breaks or the answer is none.
    pub(crate) fn ask(&mut self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        self.0.write_all(request)?;
        self.0.flush()?;
        self.answer()
    }

    /// Sends several requests at once and reads as many answers.
    ///
    /// # Errors
    /// As [`Talk::ask`].
    pub(crate) fn ask_all(&mut self, requests: &[u8], count: usize) -> std::io::Result<Vec<Vec<u8>>> {
        self.0.write_all(requests)?;
        self.0.flush()?;
        (0..count).map(|_| self.answer()).collect()
    }

    fn answer(&mut self) -> std::io::Result<Vec<u8>> {
        let mut answer = vec![0; 8];
        self.0.read_exact(&mut answer)?;
        // The echo answers with a request.
        let length = answer.get(4..8).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
        let whole = response_length(&answer, ANSWER_BYTES_MAX).ok().flatten();
        let whole = whole.unwrap_or(8 + usize::try_from(length).unwrap_or(0).min(ANSWER_BYTES_MAX));
        answer.resize(whole, 0);
        self.0.read_exact(answer.get_mut(8..).unwrap_or_default())?;
        Ok(answer)
    }
}
