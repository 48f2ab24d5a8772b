//! The frontend's first thread: accepts, keeps the line to core and the operator's listener, obeys warden.
//!
//! Separate from `lib` so that tests run the whole server over descriptors of their own, and from `worker`, which
//! serves clients.

use crate::counters::Counters;
use crate::edge::Edge;
use crate::listener::Door;
use crate::ops::Ops;
use crate::rate::Rates;
use crate::worker::{self, Handle, Shared, Speech, ToWorker};
use crate::{listener, ops};
use holdfast_model::limits::{MESSAGE_BYTES_MAX, OPS_CONNECTIONS_MAX};
use holdfast_model::status::ProcessStatus;
use holdfast_model::{Generation, Timestamp};
use holdfast_ports::child::Event;
use holdfast_ports::control::{Socket, Wire};
use holdfast_ports::settings::Frontend as Settings;
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};

/// How often the workers are looked after.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Refusals that may wait to be reported.
const REJECTIONS_QUEUED_MAX: usize = 256;

/// The descriptors that the frontend serves.
pub struct Sockets {
    /// Listens for KMIP clients.
    pub kmip: TcpListener,
    /// Listens for KMIP clients that speak HTTPS, if configured.
    pub https: Option<TcpListener>,
    /// Listens for KMIP clients on this host, if configured.
    pub local: Option<UnixListener>,
    /// Listens for the operator, if configured.
    pub ops: Option<TcpListener>,
    /// The ends of the links to core: what for, which start of core, and the end.
    pub core: Vec<(Socket, Generation, OwnedFd)>,
}

/// All threads and runtimes made, nothing served yet: what comes from outside is read only after the sandbox is
/// closed.
pub struct Server {
    runtime: Runtime,
    settings: Settings,
    sockets: Sockets,
    shared: Shared,
    workers: Vec<Handle>,
    edge: Edge,
    ends: mpsc::UnboundedSender<(Generation, OwnedFd)>,
    questions: mpsc::Sender<crate::edge::StatusQuestion>,
}

impl Server {
    /// Makes the threads.
    ///
    /// # Errors
    /// When a thread or a runtime cannot be made.
    pub fn prepare(settings: Settings, sockets: Sockets) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let counters = Arc::new(Counters::default());
        let rates = Arc::new(Rates::new(settings.tenant_requests_per_second));
        let (trust, trust_seen) = watch::channel(None);
        let (rejections, rejections_heard) = mpsc::channel(REJECTIONS_QUEUED_MAX);
        let (questions, questions_heard) = mpsc::channel(OPS_CONNECTIONS_MAX);
        let (ends, ends_heard) = mpsc::unbounded_channel();
        let asked_max = usize::try_from(settings.message_bytes_max).unwrap_or(usize::MAX);
        let shared = Shared {
            lanes: settings.lanes,
            message_bytes_max: asked_max.min(MESSAGE_BYTES_MAX),
            counters: counters.clone(),
            rates: rates.clone(),
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            trust: trust_seen,
            rejections,
        };
        let workers = (0..settings.workers.max(1))
            .map(|index| worker::start(index, shared.clone()))
            .collect::<io::Result<Vec<_>>>()?;
        let edge = Edge {
            counters,
            rates,
            trust,
            rejections: rejections_heard,
            questions: questions_heard,
            ends: ends_heard,
        };
        Ok(Self { runtime, settings, sockets, shared, workers, edge, ends, questions })
    }

    /// Serves until an event says to stop, or the events end.
    ///
    /// # Errors
    /// When a listener cannot be served, or a worker has died.
    pub fn run(self, events: mpsc::Receiver<Event>) -> io::Result<()> {
        self.run_with(|| Ok(events))
    }

    /// As [`Server::run`], for a source of events that needs the runtime; it is asked once clients are served.
    ///
    /// # Errors
    /// As [`Server::run`], and what `source` says.
    pub fn run_with(self, source: impl FnOnce() -> io::Result<mpsc::Receiver<Event>>) -> io::Result<()> {
        let Self { runtime, settings, sockets, shared, workers, edge, ends, questions } = self;
        let workers = Rc::new(workers);
        let switchboard = Switchboard { workers: workers.clone(), ends };
        let local = LocalSet::new();
        let outcome = local.block_on(&runtime, async {
            let (processes, processes_seen) = watch::channel(Vec::new());
            spawn_local(edge.run());
            sockets
                .core
                .into_iter()
                .for_each(|(socket, generation, end)| switchboard.connect(socket, generation, end));
            let counters = shared.counters.clone();
            let accept = |door, speech| {
                let (counters, workers) = (counters.clone(), workers.clone());
                spawn_local(listener::accept(door, speech, settings.connections_max, counters, workers));
            };
            accept(Door::Tcp(listening(sockets.kmip)?), Speech::Ttlv);
            if let Some(https) = sockets.https {
                accept(Door::Tcp(listening(https)?), Speech::Https);
            }
            if let Some(local) = sockets.local {
                local.set_nonblocking(true)?;
                accept(Door::Local(tokio::net::UnixListener::from_std(local)?), Speech::Ttlv);
            }
            if let Some(ops) = sockets.ops {
                let started = Timestamp::now();
                let ops_for = Ops { counters, processes: processes_seen, questions, started };
                spawn_local(ops::serve(listening(ops)?, Rc::new(ops_for)));
            }
            obey(source()?, &switchboard, processes).await
        });
        drop(local);
        drop(runtime);
        workers.iter().for_each(|worker| drop(worker.say.send(ToWorker::Stop)));
        drop(switchboard);
        Rc::into_inner(workers).into_iter().flatten().for_each(Handle::join);
        outcome
    }
}

fn listening(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

/// Gives each end to whom it concerns.
struct Switchboard {
    workers: Rc<Vec<Handle>>,
    ends: mpsc::UnboundedSender<(Generation, OwnedFd)>,
}

impl Switchboard {
    fn connect(&self, socket: Socket, generation: Generation, end: OwnedFd) {
        let told = match socket {
            Socket::Edge => self.ends.send((generation, end)).is_ok(),
            Socket::Front { worker, lane } => self.tell(worker, ToWorker::Lane { lane, generation, end }),
            Socket::Sign { worker } => self.tell(worker, ToWorker::Sign { end }),
            _ => false,
        };
        if !told {
            tracing::error!(?socket, "wire-of-no-use");
        }
    }

    fn tell(&self, worker: u16, what: ToWorker) -> bool {
        self.workers.get(usize::from(worker)).is_some_and(|worker| worker.say.send(what).is_ok())
    }
}

async fn obey(
    mut events: mpsc::Receiver<Event>,
    switchboard: &Switchboard,
    processes: watch::Sender<Vec<ProcessStatus>>,
) -> io::Result<()> {
    let mut look = tokio::time::interval(LOOK_INTERVAL);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Rewire { wire: Wire { socket, peer, .. }, fd }) => {
                    switchboard.connect(socket, peer, fd);
                }
                Some(Event::Processes(table)) => drop(processes.send_replace(table)),
                Some(Event::Stop) | None => return Ok(()),
            },
            _ = look.tick() => {
                if switchboard.workers.iter().any(Handle::has_ended) {
                    return Err(io::Error::other("a worker has ended"));
                }
            }
        }
    }
}
