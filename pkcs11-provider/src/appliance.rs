//! KMIP over mutual TLS to one of several appliances: warm connections, one request at a time on each, fail-over.
//!
//! Separate so that nothing else knows sockets. A thread finds an idle connection in the stack of its own shard, so threads
//! do not wait for each other. A request that changes nothing is asked again, of the next appliance, when a connection breaks;
//! one that changes something is not, once a byte of it may have arrived.
//! Trusts: the appliance's certificate, by the configured CA alone.

use crate::config::{SlotConfig, read_text};
use crate::limits::{ANSWER_TIMEOUT, CONNECT_TIMEOUT, IDLE_MAX, MESSAGE_BYTES_MAX, SHUNNED};
use crate::log::Log;
use kmip::enums::{BatchErrorContinuationOption, Operation, ResultReason, ResultStatus};
use kmip::field::Field;
use kmip::message::{RequestHeader, RequestItems, ResponseMessage, request};
use kmip::ttlv::{Item, Limits};
use kmip::version::Version;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use zeroize::Zeroize;

/// The version spoken: the only one with attributes of vendors that are structures of their own.
const VERSION: Version = Version::V2_1;
/// Stacks of idle connections.
const SHARDS: usize = 16;
/// Room of a connection's buffers at first; they grow with what is sent.
const BUFFER_BYTES: usize = 4096;

/// Why there is no answer, or not the one wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The appliance says no.
    Refused(ResultReason),
    /// No appliance answers. It is not known whether the request arrived.
    Silent,
}

/// What is done with the answer to each item of a batch.
pub(crate) type Reader<'r> = dyn FnMut(usize, Answered<'_>) + 'r;
/// The payload of an item, or why there is none.
pub(crate) type Answered<'a> = Result<Option<Item<'a>>, ResultReason>;

/// May a request be asked again when its connection breaks?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It changes nothing.
    May,
    /// It may have been done.
    MayNot,
}

/// One appliance.
struct Endpoint {
    address: String,
    name: ServerName<'static>,
    /// Milliseconds since the start until which it is tried last.
    shunned_until: AtomicU64,
}

/// The appliances of one slot, as one client.
pub(crate) struct Appliance {
    endpoints: Vec<Endpoint>,
    tls: Arc<ClientConfig>,
    idle: [Mutex<Vec<Link>>; SHARDS],
    preferred: AtomicUsize,
    began: Instant,
    log: Arc<Log>,
}

/// One connection, with its buffers.
struct Link {
    stream: StreamOwned<ClientConnection, TcpStream>,
    endpoint: usize,
    used: Instant,
    out: Vec<u8>,
    back: Vec<u8>,
}

impl Appliance {
    /// Reads certificates and keys; connects to nobody yet.
    ///
    /// # Errors
    /// What is wrong with the files, in words.
    pub(crate) fn new(config: &SlotConfig, log: Arc<Log>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&config.ca)? {
            roots.add(certificate).map_err(|error| format!("{}: {error}", config.ca.display()))?;
        }
        let chain = certificates(&config.certificate)?;
        let mut pem = read_text(&config.key).map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes());
        pem.zeroize();
        let key = key.map_err(|_| format!("{}: no private key in PEM", config.key.display()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(|error| format!("{}: {error}", config.certificate.display()))?;
        let mut endpoints = Vec::with_capacity(config.servers.len());
        for address in &config.servers {
            let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let name = config.server_name.clone().unwrap_or_else(|| host.to_owned());
            let name = ServerName::try_from(name).map_err(|_| format!("{address}: no host:port"))?;
            endpoints.push(Endpoint { address: address.clone(), name, shunned_until: AtomicU64::new(0) });
        }
        Ok(Self {
            endpoints,
            tls: Arc::new(tls),
            idle: std::array::from_fn(|_| Mutex::new(Vec::new())),
            preferred: AtomicUsize::new(0),
            began: Instant::now(),
            log,
        })
    }

    /// Asks one operation and lends its response payload.
    ///
    /// # Errors
    /// [`Trouble`]; an answer that `read` cannot make sense of counts as none.
    pub(crate) fn ask<'p, T>(
        &self,
        operation: Operation,
        payload: &impl Field<'p>,
        again: Again,
        read: impl FnOnce(Item<'_>) -> Option<T>,
    ) -> Result<T, Trouble> {
        let mut read = Some(read);
        let mut result = Err(Trouble::Silent);
        self.batch(1, again, &|items| items.add(operation, None, payload), &mut |_, answer| {
            if let Some(read) = read.take() {
                result = match answer {
                    Ok(item) => item.and_then(read).ok_or(Trouble::Silent),
                    Err(reason) => Err(Trouble::Refused(reason)),
                };
            }
        })?;
        result
    }

    /// Asks several operations at once; `read` is lent the payload of each, in their order.
    ///
    /// # Errors
    /// [`Trouble::Silent`], or a refusal of the message as a whole.
    pub(crate) fn batch(
        &self,
        count: usize,
        again: Again,
        write: &dyn Fn(&mut RequestItems<'_, '_>),
        read: &mut Reader<'_>,
    ) -> Result<(), Trouble> {
        let count = i32::try_from(count).map_err(|_| Trouble::Silent)?;
        let mut header = RequestHeader::new(VERSION, count);
        if count > 1 {
            header.batch_error_continuation = Some(BatchErrorContinuationOption::CONTINUE);
        }
        // A warm connection may have died unnoticed, and each appliance may be the one that is gone.
        let attempts = self.endpoints.len().saturating_mul(2).saturating_add(2);
        let mut fresh = false;
        for _ in 0..attempts {
            let Some(mut link) = self.link(fresh) else { return Err(Trouble::Silent) };
            link.out.clear();
            if request(&mut link.out, MESSAGE_BYTES_MAX, &header, VERSION, write).is_err() {
                self.give_back(link);
                return Err(Trouble::Refused(ResultReason::RESPONSE_TOO_LARGE));
            }
            let warm = link.used.elapsed().as_millis() > 0;
            match link.exchange() {
                Ok(()) => {
                    let answered = answers(&link.back, read);
                    link.wipe();
                    if answered == Err(Trouble::Silent) {
                        self.log.say("garbled", &"an answer cannot be read");
                    } else {
                        self.give_back(link);
                    }
                    return answered;
                }
                Err((arrived, error)) => {
                    let at = self.endpoints.get(link.endpoint);
                    let address = at.map_or("", |at| at.address.as_str());
                    self.log.say("connection", &format_args!("{address}: {error}"));
                    link.wipe();
                    if !warm {
                        self.shun(link.endpoint);
                    }
                    if arrived && again == Again::MayNot {
                        return Err(Trouble::Silent);
                    }
                    fresh = true;
                }
            }
        }
        Err(Trouble::Silent)
    }

    fn shard(&self) -> usize {
        let mut hasher = std::hash::DefaultHasher::new();
        std::thread::current().id().hash(&mut hasher);
        usize::try_from(hasher.finish() % 16).unwrap_or(0)
    }

    fn link(&self, fresh: bool) -> Option<Link> {
        let own = self.shard();
        let mut warm = !fresh;
        while warm {
            let taken = self.idle.iter().cycle().skip(own).take(SHARDS).find_map(|shard| lock(shard).pop());
            match taken {
                Some(link) if link.used.elapsed() < IDLE_MAX => return Some(link),
                Some(_) => {}
                None => warm = false,
            }
        }
        self.connect()
    }

    fn give_back(&self, mut link: Link) {
        link.used = Instant::now();
        if let Some(shard) = self.idle.get(self.shard()) {
            lock(shard).push(link);
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn shun(&self, endpoint: usize) {
        let span = u64::try_from(SHUNNED.as_millis()).unwrap_or(u64::MAX);
        if let Some(endpoint) = self.endpoints.get(endpoint) {
            endpoint.shunned_until.store(self.now_ms().saturating_add(span), Ordering::Relaxed);
        }
    }

    /// Connects to the preferred appliance, or to the next that is there; those that failed lately come last.
    fn connect(&self) -> Option<Link> {
        let (now, first) = (self.now_ms(), self.preferred.load(Ordering::Relaxed));
        let count = self.endpoints.len();
        let mut order: Vec<usize> = (0..count).map(|at| (first + at) % count.max(1)).collect();
        order.sort_by_key(|at| {
            self.endpoints.get(*at).is_some_and(|end| end.shunned_until.load(Ordering::Relaxed) > now)
        });
        for at in order {
            let Some(endpoint) = self.endpoints.get(at) else { continue };
            match Link::open(endpoint, at, Arc::clone(&self.tls)) {
                Ok(link) => {
                    self.preferred.store(at, Ordering::Relaxed);
                    endpoint.shunned_until.store(0, Ordering::Relaxed);
                    return Some(link);
                }
                Err(error) => {
                    self.log.say("connect", &format_args!("{}: {error}", endpoint.address));
                    self.shun(at);
                }
            }
        }
        None
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read_text(path).map_err(|error| error.to_string())?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match read {
        Ok(read) if !read.is_empty() => Ok(read),
        _ => Err(format!("{}: no certificate in PEM", path.display())),
    }
}

impl Link {
    fn open(endpoint: &Endpoint, at: usize, tls: Arc<ClientConfig>) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in endpoint.address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
                Ok(tcp) => {
                    tcp.set_nodelay(true)?;
                    tcp.set_read_timeout(Some(ANSWER_TIMEOUT))?;
                    tcp.set_write_timeout(Some(ANSWER_TIMEOUT))?;
                    let connection =
                        ClientConnection::new(tls, endpoint.name.clone()).map_err(io::Error::other)?;
                    let mut stream = StreamOwned::new(connection, tcp);
                    while stream.conn.is_handshaking() {
                        stream.conn.complete_io(&mut stream.sock)?;
                    }
                    let (out, back) = (Vec::with_capacity(BUFFER_BYTES), Vec::with_capacity(BUFFER_BYTES));
                    return Ok(Self { stream, endpoint: at, used: Instant::now(), out, back });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Sends what is written and reads one message. With an error: may any of it have arrived?
    fn exchange(&mut self) -> Result<(), (bool, io::Error)> {
        let after = |error| (true, error);
        self.stream.write_all(&self.out).and_then(|()| self.stream.flush()).map_err(after)?;
        let mut head = [0; 8];
        self.stream.read_exact(&mut head).map_err(after)?;
        let [_, _, _, _, a, b, c, d] = head;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > MESSAGE_BYTES_MAX {
            return Err(after(io::Error::from(io::ErrorKind::InvalidData)));
        }
        self.back.clear();
        self.back.extend_from_slice(&head);
        self.back.resize(length.saturating_add(8), 0);
        let body = self.back.get_mut(8..).unwrap_or_default();
        self.stream.read_exact(body).map_err(after)
    }

    /// What was asked and answered may be secret.
    fn wipe(&mut self) {
        self.out.zeroize();
        self.back.zeroize();
    }
}

fn answers(bytes: &[u8], read: &mut Reader<'_>) -> Result<(), Trouble> {
    let response = ResponseMessage::decode(bytes, &Limits::DEFAULT).map_err(|_| Trouble::Silent)?;
    for (at, item) in response.items.iter().enumerate() {
        if item.status == ResultStatus::SUCCESS {
            read(at, Ok(item.payload));
        } else if item.operation.is_none() {
            // The message as a whole is refused.
            return Err(Trouble::Refused(item.reason.unwrap_or(ResultReason::GENERAL_FAILURE)));
        } else {
            read(at, Err(item.reason.unwrap_or(ResultReason::GENERAL_FAILURE)));
        }
    }
    Ok(())
}

/// Reads a response payload as the type it should be.
pub(crate) fn payload<'a, T: Field<'a>>(item: Item<'a>) -> Option<T> {
    T::decode(item, VERSION).ok()
}
