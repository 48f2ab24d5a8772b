//! What a pool of connections is told: whom to talk to, as whom, how long to wait, how much to take.

use crate::ttlv::Limits;
use crate::version::Version;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `host:port`; the host is looked up at each connection.
    Tcp(String),
    /// A socket on the same host. TLS runs over it as over TCP: the certificate says who the client is.
    Unix(PathBuf),
}

/// One server: where it listens, and the name its certificate must bear.
#[derive(Clone, Debug)]
pub struct Server {
    pub(super) address: Address,
    pub(super) name: ServerName<'static>,
}

/// That a name is neither a DNS name nor an IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a DNS name or IP address, or no port")]
pub struct BadName;

impl Server {
    /// A server at `host:port` (an IPv6 address in brackets), whose certificate names that host.
    ///
    /// # Errors
    /// [`BadName`].
    pub fn tcp(address: &str) -> Result<Self, BadName> {
        let (host, port) = address.rsplit_once(':').ok_or(BadName)?;
        port.parse::<u16>().map_err(|_| BadName)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Server { address: Address::Tcp(address.to_owned()), name: parse_name(host)? })
    }

    /// A server behind a socket on this host, whose certificate bears `name`.
    ///
    /// # Errors
    /// [`BadName`].
    pub fn unix(path: impl Into<PathBuf>, name: &str) -> Result<Self, BadName> {
        Ok(Server { address: Address::Unix(path.into()), name: parse_name(name)? })
    }

    /// The same, whose certificate bears another name than that it is reached by.
    ///
    /// # Errors
    /// [`BadName`].
    pub fn named(mut self, name: &str) -> Result<Self, BadName> {
        self.name = parse_name(name)?;
        Ok(self)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }
}

fn parse_name(name: &str) -> Result<ServerName<'static>, BadName> {
    ServerName::try_from(name.to_owned()).map_err(|_| BadName)
}

/// How long to wait for what. None is endless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For connection and TLS handshake together, without looking up the name.
    pub connect: Duration,
    /// For the answer, from the last byte sent. A server that sends drop by drop gets at most twice as long.
    pub read: Duration,
    /// For sending a request.
    pub write: Duration,
    /// A connection that was not used for so long is not used again. Less than the server's own patience.
    pub idle: Duration,
    /// A connection that is so old is replaced after its call, so that load comes back to a server that was away.
    pub age: Duration,
    /// For a connection to become free when all are in use.
    pub turn: Duration,
    /// The first pause of a server that did not answer; it doubles each time.
    pub back_off: Duration,
    /// The longest such pause.
    pub back_off_max: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(30),
            write: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            age: Duration::from_secs(600),
            turn: Duration::from_secs(10),
            back_off: Duration::from_millis(200),
            back_off_max: Duration::from_secs(30),
        }
    }
}

/// A user name and a password, sent with each request in addition to the certificate (KMIP 1.4, section 6.6).
#[derive(Clone)]
pub struct Login {
    /// Who.
    pub username: String,
    /// The secret.
    pub password: Zeroizing<String>,
}

/// What a [`Pool`](super::Pool) is told. No `Debug`: it may hold a password.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// The servers, the preferred one first; the others are used while those before them are away.
    pub servers: Vec<Server>,
    /// How TLS is done: whom to trust, which certificate to show. [`tls::from_pem`](super::tls::from_pem) makes one.
    pub tls: Arc<ClientConfig>,
    /// The version requests are written in.
    pub version: Version,
    /// Sent with each request, if any.
    pub login: Option<Login>,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// Most connections at a time; one serves one call at a time.
    pub connections_max: usize,
    /// Most bytes of a request.
    pub request_bytes_max: usize,
    /// What is taken from a server.
    pub limits: Limits,
    /// How often a request is sent at most, where sending again does no harm.
    pub attempts_max: u32,
    /// Requests on their way at a time in one [`Pipeline`](super::Pipeline).
    pub in_flight_max: usize,
}

impl Config {
    /// A configuration with the defaults of everything else.
    #[must_use]
    pub fn new(servers: Vec<Server>, tls: Arc<ClientConfig>) -> Self {
        Config {
            servers,
            tls,
            version: Version::V1_4,
            login: None,
            timeouts: Timeouts::default(),
            connections_max: 32,
            request_bytes_max: 1024 * 1024,
            limits: Limits { message_bytes: 8 * 1024 * 1024, items: 256 * 1024, ..Limits::DEFAULT },
            attempts_max: 3,
            in_flight_max: 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_after_its_host_unless_said_otherwise() {
        let name = |address: &str| Server::tcp(address).map(|server| server.name.to_str().into_owned());
        assert_eq!(name("kmip.example:5696"), Ok("kmip.example".to_owned()));
        assert_eq!(name("[::1]:5696"), Ok("::1".to_owned()));
        let other = Server::tcp("10.0.0.1:5696").and_then(|server| server.named("box.example"));
        assert_eq!(other.map(|server| server.name.to_str().into_owned()), Ok("box.example".to_owned()));
    }

    #[test]
    fn what_has_no_port_or_no_name_is_no_server() {
        for bad in ["kmip.example", "kmip.example:", "kmip.example:99999", ":5696", "a b:1"] {
            assert!(Server::tcp(bad).is_err(), "{bad}");
        }
        assert!(Server::unix("/run/x", "").is_err());
    }
}
