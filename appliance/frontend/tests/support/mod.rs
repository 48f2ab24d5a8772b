//! A whole frontend over a double of core, and certificates and clients to meet it with.
#![allow(dead_code, unreachable_pub)] // Each test program uses a part of this.

pub mod core_double;
pub mod pki;

use core_double::{Answer, CoreDouble};
use hardening::fds::{Program, Start};
use holdfast_frontend::{Server, Sockets};
use holdfast_model::Generation;
use holdfast_model::role::{Instance, Role};
use holdfast_ports::child::Event;
use holdfast_ports::control::{CONTROL_FD, FIRST_FD, Socket, ToChild, ToWarden, Wire};
use holdfast_ports::front::Connection;
use holdfast_ports::settings::Frontend as Settings;
use pki::Pki;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

pub type Tls = StreamOwned<ClientConnection, TcpStream>;

pub const MESSAGE_BYTES_MAX: u32 = 64 << 10;

/// A frontend that serves on loopback.
pub struct House {
    pub pki: Pki,
    pub kmip: SocketAddr,
    pub https: SocketAddr,
    pub local: std::path::PathBuf,
    pub ops: SocketAddr,
    pub core: CoreDouble,
    shape: (u16, u16),
    generation: u64,
    runs: Runs,
    _directory: tempfile::TempDir,
}

/// How the frontend runs.
enum Runs {
    /// In threads of this process, without its sandbox.
    Here { events: mpsc::Sender<Event>, server: Option<JoinHandle<()>> },
    /// As a process of its own in its sandbox, as warden starts it.
    Apart { control: OwnedFd, child: hardening::fds::Child },
}

pub fn settings() -> Settings {
    Settings {
        workers: 2,
        lanes: 2,
        message_bytes_max: MESSAGE_BYTES_MAX,
        connections_max: 2000,
        tenant_requests_per_second: 1_000_000,
    }
}

/// Answers each request with itself.
pub fn echo(_: Connection, request: &[u8]) -> Answer {
    Answer::Reply(request.to_vec())
}

impl House {
    pub fn echoing() -> Self {
        Self::new(settings(), echo)
    }

    pub fn new(
        settings: Settings,
        answering: impl FnMut(Connection, &[u8]) -> Answer + Send + 'static,
    ) -> Self {
        Self::build(settings, answering, |settings, sockets| {
            let (events, heard) = mpsc::channel(8);
            let server = Server::prepare(settings, sockets).unwrap();
            let server = std::thread::spawn(move || server.run(heard).unwrap());
            Runs::Here { events, server: Some(server) }
        })
    }

    /// A frontend in a process of its own: this very program, started with the word `frontend`.
    pub fn apart(
        settings: Settings,
        answering: impl FnMut(Connection, &[u8]) -> Answer + Send + 'static,
    ) -> Self {
        Self::build(settings, answering, start_apart)
    }

    fn build(
        settings: Settings,
        answering: impl FnMut(Connection, &[u8]) -> Answer + Send + 'static,
        start: impl FnOnce(Settings, Sockets) -> Runs,
    ) -> Self {
        let pki = Pki::new();
        let shape = (settings.workers, settings.lanes);
        let mut core = CoreDouble::start(1, shape, pki.identity(), pki.rules(), answering);
        let kmip = TcpListener::bind("127.0.0.1:0").unwrap();
        let ops = TcpListener::bind("127.0.0.1:0").unwrap();
        let https = TcpListener::bind("127.0.0.1:0").unwrap();
        let directory = tempfile::tempdir().unwrap();
        let local_at = directory.path().join("kmip.sock");
        let local = std::os::unix::net::UnixListener::bind(&local_at).unwrap();
        let (kmip_at, ops_at) = (kmip.local_addr().unwrap(), ops.local_addr().unwrap());
        let https_at = https.local_addr().unwrap();
        let ends = std::mem::take(&mut core.ends);
        let sockets = Sockets { kmip, https: Some(https), local: Some(local), ops: Some(ops), core: ends };
        let runs = start(settings, sockets);
        Self {
            pki,
            kmip: kmip_at,
            https: https_at,
            local: local_at,
            ops: ops_at,
            core,
            shape,
            generation: 1,
            runs,
            _directory: directory,
        }
    }

    /// A core of the next generation takes the place of the one that died.
    pub fn new_core(&mut self, answering: impl FnMut(Connection, &[u8]) -> Answer + Send + 'static) {
        self.generation += 1;
        let (identity, rules) = (self.pki.identity(), self.pki.rules());
        self.core = CoreDouble::start(self.generation, self.shape, identity, rules, answering);
        for (socket, peer, fd) in std::mem::take(&mut self.core.ends) {
            self.rewire(socket, peer, fd);
        }
    }

    fn rewire(&self, socket: Socket, peer: Generation, fd: OwnedFd) {
        let wire = Wire { socket, fd: 0, peer };
        match &self.runs {
            Runs::Here { events, .. } => events.blocking_send(Event::Rewire { wire, fd }).unwrap(),
            Runs::Apart { control, .. } => {
                let packet = postcard::to_allocvec(&ToChild::Rewire(wire)).unwrap();
                hardening::fds::send(control, &packet, &[fd.as_fd()]).unwrap();
            }
        }
    }

    /// Tells the frontend to finish, and waits until it has.
    pub fn stop(&mut self) -> hardening::fds::Ended {
        match &mut self.runs {
            Runs::Here { events, server } => {
                let _ = events.blocking_send(Event::Stop);
                let outcome = server.take().map(JoinHandle::join);
                hardening::fds::Ended::Code(i32::from(matches!(outcome, Some(Err(_)))))
            }
            Runs::Apart { control, child } => {
                let packet = postcard::to_allocvec(&ToChild::Stop).unwrap();
                let _ = rustix::net::send(control, &packet, rustix::net::SendFlags::NOSIGNAL);
                child.wait().unwrap()
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        match &self.runs {
            Runs::Here { .. } => std::process::id(),
            Runs::Apart { child, .. } => child.pid().as_raw_nonzero().get().cast_unsigned(),
        }
    }

    pub fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.kmip).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// A connection of a client with this configuration; the handshake is complete on its side.
    pub fn connect(&self, config: Arc<ClientConfig>) -> std::io::Result<Tls> {
        let name = ServerName::try_from("holdfast.test").unwrap();
        let mut tls = StreamOwned::new(ClientConnection::new(config, name).unwrap(), self.tcp());
        tls.flush()?;
        Ok(tls)
    }

    /// A connection of a client of tenant acme.
    pub fn acme(&self) -> Tls {
        self.connect(self.pki.client("acme")).unwrap()
    }

    /// One GET on the operator's listener: the whole answer.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.ops).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: box\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// One of the frontend's own metrics.
    pub fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics");
        let line = text.lines().find(|l| l.starts_with(&format!("holdfast_{name} ")));
        line.and_then(|l| l.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("{name} in\n{text}"))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        match &self.runs {
            Runs::Here { server: Some(_), .. } => {
                let ended = self.stop();
                assert!(ended == hardening::fds::Ended::Code(0) || std::thread::panicking());
            }
            Runs::Here { .. } => {}
            // It ends by itself when its control socket closes.
            Runs::Apart { child, .. } => drop(child.signal(rustix::process::Signal::TERM)),
        }
    }
}

fn start_apart(settings: Settings, sockets: Sockets) -> Runs {
    let pair = rustix::net::socketpair(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::SEQPACKET,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    );
    let (ours, theirs) = pair.unwrap();
    let mut held: Vec<(Socket, Generation, OwnedFd)> = sockets.core;
    held.push((Socket::ListenKmip, Generation(0), sockets.kmip.into()));
    held.extend(sockets.https.map(|https| (Socket::ListenHttps, Generation(0), https.into())));
    held.extend(sockets.local.map(|local| (Socket::ListenLocal, Generation(0), local.into())));
    held.extend(sockets.ops.map(|ops| (Socket::ListenOps, Generation(0), ops.into())));
    let nothing = std::fs::File::open("/dev/null").unwrap();
    let words = std::io::stderr();
    let mut table =
        vec![(nothing.as_fd(), 0), (words.as_fd(), 1), (words.as_fd(), 2), (theirs.as_fd(), CONTROL_FD)];
    let mut wires = Vec::new();
    for ((socket, peer, end), fd) in held.iter().zip(FIRST_FD..) {
        table.push((end.as_fd(), fd));
        wires.push(Wire { socket: *socket, fd, peer: *peer });
    }
    let start = ToChild::Start {
        instance: Instance::of(Role::Frontend),
        generation: Generation(1),
        logs: holdfast_ports::settings::Logs { format: Default::default(), level: Default::default() },
        wires,
        settings: postcard::to_allocvec(&settings).unwrap(),
    };
    let packet = postcard::to_allocvec(&start).unwrap();
    rustix::net::send(&ours, &packet, rustix::net::SendFlags::NOSIGNAL).unwrap();
    let child = hardening::fds::spawn(&Start {
        program: Program::Myself,
        arguments: &["frontend", "frontend"],
        environment: &[("RUST_BACKTRACE", "1")],
        table: &table,
    });
    let child = child.unwrap();
    drop(table);
    drop(theirs);
    let mut buffer = [0; 2048];
    let (bytes, _) = rustix::net::recv(&ours, &mut buffer, rustix::net::RecvFlags::empty()).unwrap();
    let said: ToWarden = postcard::from_bytes(&buffer[..bytes])
        .unwrap_or_else(|_| panic!("the frontend did not start: {:?}", child.wait()));
    assert_eq!(said, ToWarden::Ready);
    Runs::Apart { control: ours, child }
}

/// A message that is a KMIP request by its header; what is in it is core's business.
pub fn message(fill: u8, body: usize) -> Vec<u8> {
    let mut bytes = vec![0x42, 0x00, 0x78, 0x01];
    bytes.extend_from_slice(&u32::try_from(body).unwrap().to_be_bytes());
    bytes.resize(8 + body, fill);
    bytes
}

pub fn exchange(tls: &mut Tls, request: &[u8]) -> std::io::Result<Vec<u8>> {
    tls.write_all(request)?;
    let mut reply = vec![0; request.len()];
    tls.read_exact(&mut reply)?;
    Ok(reply)
}

/// Reads until the peer closes; what it said before.
pub fn last_words(tls: &mut Tls) -> (Vec<u8>, std::io::Result<()>) {
    let mut said = Vec::new();
    let outcome = tls.read_to_end(&mut said).map(drop);
    (said, outcome)
}

/// Waits until something is so, for at most ten seconds.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(10), "not within ten seconds: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
