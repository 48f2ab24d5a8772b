//! TLS, framing, rate limits: the process that clients talk to. It sees no keys.
//!
//! Separate from core because TLS is native code and parses what strangers send. Its own private key is in core.
//! Trusts: core, for who is trusted; warden. Does not trust: any byte from a socket.
//!
//! The way of a request: `listener` accepts, `worker::handshake` meets the client with `tls`, `framing` cuts
//! messages, `worker::lane` carries them to core and the replies back, `worker::connection` holds all that together.
//! Rules: KMIP 1.4, section 10 (transport); KMIP Profiles 1.4, section 3.1 (mutual TLS); DESIGN, sections 3, 4, 11.

mod async_link;
mod counters;
mod edge;
pub mod framing;
pub mod http;
mod listener;
mod ops;
mod rate;
mod refusal;
mod sandbox;
mod server;
mod tls;
mod worker;

pub use sandbox::profile;
pub use server::{Server, Sockets};

/// The parsers of what strangers send, each alone, so that they can be fuzzed without a network.
pub mod strangers {
    pub use crate::ops::{Asked, Status, parse};
    pub use crate::tls::peer::{Subject, authority_key, fingerprint, not_after, subject, subject_key};
}

use hardening::sandbox::Lockdown;
use holdfast_model::limits::CONNECTIONS_MAX;
use holdfast_ports::child::{Child, ChildError, Control, Event};
use holdfast_ports::control::Socket;
use holdfast_ports::settings::Frontend as Settings;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use tokio::io::Interest;
use tokio::sync::mpsc;

/// Descriptors beside those of connections: runtimes, links, listeners, room to accept and refuse.
const OTHER_DESCRIPTORS: u64 = 256;

/// Events of warden that wait to be obeyed; more wait in the socket.
const EVENTS_QUEUED_MAX: usize = 64;

/// Runs the frontend until warden says to stop.
///
/// The sandbox is whole before the first byte from outside is read.
///
/// # Errors
/// What an operator should read; warden has been told.
pub fn run(mut child: Child) -> Result<(), String> {
    let outcome = match prepare(&mut child) {
        Ok(server) => server.run_with(|| listen_to(child.control)).map_err(Failure::Io),
        Err(failure) => {
            // Warden sees the exit as well, should it be gone from this socket.
            let _ = child.control.failed(&failure.to_string());
            Err(failure)
        }
    };
    outcome.map_err(|failure| failure.to_string())
}

/// Why the frontend cannot serve.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Child(#[from] ChildError),
    #[error(transparent)]
    Sandbox(#[from] hardening::sandbox::SandboxError),
    #[error("there is no listening socket for KMIP")]
    NoListener,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Everything up to the closed sandbox. Nothing from outside is read here.
fn prepare(child: &mut Child) -> Result<Server, Failure> {
    let settings: Settings = child.settings()?;
    let settings = Settings { connections_max: room_for(settings.connections_max), ..settings };
    let kmip = child.take(Socket::ListenKmip).map(TcpListener::from).ok_or(Failure::NoListener)?;
    let https = child.take(Socket::ListenHttps).map(TcpListener::from);
    let local = child.take(Socket::ListenLocal).map(UnixListener::from);
    let ops = child.take(Socket::ListenOps).map(TcpListener::from);
    let wires = child.wires().to_vec();
    let core = wires.iter().filter_map(|w| child.take(w.socket).map(|end| (w.socket, w.peer, end))).collect();
    let stage = Lockdown::begin(&profile())?;
    let server = Server::prepare(settings, Sockets { kmip, https, local, ops, core })?;
    // The proof is dropped: the sandbox has no way out.
    let _: Lockdown = stage.seal()?;
    Ok(server)
}

/// Tells warden that clients are served, and passes on what it says.
fn listen_to(mut control: Control) -> io::Result<mpsc::Receiver<Event>> {
    control.ready().map_err(io::Error::other)?;
    // Only waited on here; packets are taken by `control`, which knows how.
    let socket = std::os::unix::net::UnixStream::from(control.as_fd().try_clone_to_owned()?);
    socket.set_nonblocking(true)?;
    let watched = tokio::net::UnixStream::from_std(socket)?;
    let (say, heard) = mpsc::channel(EVENTS_QUEUED_MAX);
    tokio::task::spawn_local(async move {
        while watched.readable().await.is_ok() {
            let mut received = Ok(None);
            // The runtime learns from this that the socket is empty; what was received tells us.
            let _ = watched.try_io(Interest::READABLE, || {
                received = control.receive();
                if matches!(received, Ok(None)) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match received {
                Ok(Some(event)) => {
                    if say.send(event).await.is_err() {
                        return;
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(reason = %error, "control-socket-lost");
                    return;
                }
            }
        }
    });
    Ok(heard)
}

/// As many connections as descriptors allow: warden's limit is the last word.
fn room_for(connections_max: u32) -> u32 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    let allowed = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    let room = allowed.unwrap_or(u64::MAX).saturating_sub(OTHER_DESCRIPTORS).max(1);
    let most = u32::try_from(room.min(CONNECTIONS_MAX as u64)).unwrap_or(u32::MAX);
    if most < connections_max {
        tracing::warn!(configured = connections_max, possible = most, "fewer-connections-than-configured");
    }
    connections_max.min(most)
}

/// Touches what libraries set up at first use, so that it happens before the sandbox is closed. Called by each worker
/// thread before it is told anything.
pub(crate) fn warm_up() {
    let mut bytes = [0; 32];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("no-random-bytes");
    }
    // The first time that glibc gives memory of a thread other than the first back, it tries to read
    // /proc/sys/vm/overcommit_memory (malloc/arena.c, check_may_shrink_heap), and remembers the answer or the refusal.
    // In the closed sandbox that try would be death.
    let blocks: Vec<Vec<u8>> = (0..WARM_UP_BLOCKS).map(|_| Vec::with_capacity(WARM_UP_BLOCK_BYTES)).collect();
    drop(std::hint::black_box(blocks));
}

/// Together far above glibc's trim threshold of 128 KiB, each below its mmap threshold.
const WARM_UP_BLOCKS: usize = 64;
const WARM_UP_BLOCK_BYTES: usize = 64 << 10;
