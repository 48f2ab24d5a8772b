//! One thread that serves clients: its own runtime, its own links to core, nothing shared but counts and rates.
//!
//! Separate from `server`, which accepts and deals out connections, so that a worker never waits for anything but
//! its clients and core (and for TLS signatures, briefly).

mod budget;
mod client;
mod connection;
mod handshake;
mod https;
mod lane;
pub(crate) mod stream;

use crate::counters::{Counters, Place};
use crate::rate::Rates;
use crate::tls::signer::SignLine;
use crate::tls::trust::Trust;
use holdfast_model::{Generation, LaneIndex};
use holdfast_ports::edge::Rejection;
use lane::Lane;
use rustls::crypto::CryptoProvider;
use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use stream::Accepted;
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use zeroize::Zeroizing;

/// Bytes read from a client in one go: one TLS record.
const READ_BYTES: usize = 16 << 10;

/// What the clients of a listener speak inside TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// KMIP messages one after the other.
    Ttlv,
    /// HTTP, with KMIP messages as bodies.
    Https,
}

/// What a worker is told.
pub(crate) enum ToWorker {
    /// Serve this client.
    Serve {
        /// Its connection, accepted.
        stream: Accepted,
        /// What it will speak.
        speech: Speech,
        /// Its place among the connections.
        place: Place,
        /// Its place among the handshakes.
        handshaking: Place,
    },
    /// A lane of core is at the other end of this.
    Lane {
        /// Which lane.
        lane: LaneIndex,
        /// Which start of core.
        generation: Generation,
        /// Our end.
        end: OwnedFd,
    },
    /// Core signs at the other end of this.
    Sign {
        /// Our end.
        end: OwnedFd,
    },
    /// Finish.
    Stop,
}

/// What all workers share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) lanes: u16,
    pub(crate) message_bytes_max: usize,
    pub(crate) counters: Arc<Counters>,
    pub(crate) rates: Arc<Rates>,
    pub(crate) provider: Arc<CryptoProvider>,
    /// None while core is away.
    pub(crate) trust: watch::Receiver<Option<Arc<Trust>>>,
    pub(crate) rejections: mpsc::Sender<Rejection>,
}

/// One worker, seen from inside its thread.
pub(crate) struct Worker {
    shared: Shared,
    lanes: Vec<Rc<Lane>>,
    sign: Arc<SignLine>,
    budget: budget::Budget,
    /// What a client has sent lies here between the TLS library and its frames; one poll at a time uses it.
    scratch: RefCell<Zeroizing<Vec<u8>>>,
}

/// A running worker, seen from outside.
pub(crate) struct Handle {
    pub(crate) say: mpsc::UnboundedSender<ToWorker>,
    thread: JoinHandle<()>,
}

impl Handle {
    /// Waits until the thread has ended.
    pub(crate) fn join(self) {
        drop(self.say);
        if self.thread.join().is_err() {
            tracing::error!("worker-panicked");
        }
    }

    /// A worker that has ended by itself will not serve again: the process is to end.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }
}

/// Starts a worker: its thread and runtime exist when this returns, and it waits to be told what to do.
///
/// The queue to it needs no bound of its own: it holds connections that have a place, and links.
///
/// # Errors
/// When the thread or its runtime cannot be made.
pub(crate) fn start(index: u16, shared: Shared) -> std::io::Result<Handle> {
    let (say, told) = mpsc::unbounded_channel();
    let (made, outcome) = std::sync::mpsc::sync_channel(1);
    let thread = thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        match runtime {
            Ok(runtime) => {
                crate::warm_up();
                let _ = made.send(Ok(()));
                LocalSet::new().block_on(&runtime, work(shared, told));
            }
            Err(error) => {
                let _ = made.send(Err(error));
            }
        }
    })?;
    outcome.recv().map_err(|_| std::io::Error::other("the worker did not start"))??;
    Ok(Handle { say, thread })
}

async fn work(shared: Shared, mut told: mpsc::UnboundedReceiver<ToWorker>) {
    let lanes = (0..shared.lanes).map(|_| Rc::new(Lane::new(shared.counters.clone()))).collect();
    let worker = Rc::new(Worker {
        shared,
        lanes,
        sign: Arc::default(),
        budget: budget::Budget::default(),
        scratch: RefCell::new(Zeroizing::new(vec![0; READ_BYTES])),
    });
    tokio::task::spawn_local(disown(worker.clone()));
    while let Some(message) = told.recv().await {
        match message {
            ToWorker::Serve { stream, speech, place, handshaking } => {
                let served = connection::serve(worker.clone(), stream, speech, place, handshaking);
                tokio::task::spawn_local(served);
            }
            ToWorker::Lane { lane, generation, end } => {
                if let Some(lane) = worker.lanes.get(usize::from(lane.0))
                    && let Err(error) = lane.connect(generation, end)
                {
                    tracing::error!(reason = %error, "lane-not-connected");
                }
            }
            ToWorker::Sign { end } => {
                if let Err(error) = worker.sign.connect(end) {
                    tracing::error!(reason = %error, "sign-line-not-connected");
                }
            }
            ToWorker::Stop => return,
        }
    }
}

/// Closes connections whose client is somebody else by the newest rules, or nobody.
async fn disown(worker: Rc<Worker>) {
    let mut trust = worker.shared.trust.clone();
    while trust.changed().await.is_ok() {
        let Some(newest) = trust.borrow_and_update().clone() else { continue };
        worker.lanes.iter().for_each(|lane| lane.disown(&newest));
    }
}
