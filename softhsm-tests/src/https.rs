//! An HTTPS client of a few lines: POST, one request at a time, one connection.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// Longer than the box waits for any of its agents.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub struct Https {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Https {
    /// Connects.
    ///
    /// # Errors
    /// What the network or TLS said.
    pub fn connect(at: SocketAddr, config: Arc<ClientConfig>) -> io::Result<Self> {
        let tcp = TcpStream::connect(at)?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_write_timeout(Some(PATIENCE))?;
        let connection =
            ClientConnection::new(config, ServerName::from(at.ip())).map_err(io::Error::other)?;
        Ok(Self { stream: StreamOwned::new(connection, tcp) })
    }

    /// Posts a body of a kind to /kmip; the body of the answer, which must be of that kind.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is another than the profile wants.
    pub fn post(&mut self, kind: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let length = body.len();
        let head = format!(
            "POST /kmip HTTP/1.1\r\nHost: box\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nCache-Control: no-cache\r\n\r\n"
        );
        self.stream.write_all(&[head.as_bytes(), body].concat())?;
        self.stream.flush()?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        if !head.starts_with("HTTP/1.1 200 ") || field("Content-Type: ") != kind {
            return Err(io::Error::other(head));
        }
        let length = field("Content-Length: ").parse().map_err(io::Error::other)?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }
}
