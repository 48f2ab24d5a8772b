//! Threads that wait for the HSM, each with a driver of its own, so that a slow call holds up no other lane.

use crate::limits::{CALL_MAX, WORKERS_MAX};
use crate::pkcs11::Driver;
use crate::waiting::{Full, Waiting};
use holdfast_ports::envelope::Correlation;
use holdfast_ports::root::{Reply, Request, RootOfTrust};
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// A request on its way to a worker, or its reply on the way back.
pub(crate) struct Job<T> {
    pub(crate) lane: usize,
    /// Which link of the lane: one that was wired anew gets no answers to the questions of the one before.
    pub(crate) link: u64,
    pub(crate) correlation: Correlation,
    pub(crate) content: T,
}

/// All workers.
pub(crate) struct Workers {
    waiting: Arc<Waiting<Job<Request>>>,
    done: Receiver<Job<Reply>>,
    wake: Arc<OwnedFd>,
    /// Since when each worker has been in its present call.
    busy: Vec<Arc<Mutex<Option<Instant>>>>,
    threads: Vec<JoinHandle<()>>,
}

/// Why the process must end and be started anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stuck {
    /// The vendor's module does not return.
    #[error("a call into the module does not return")]
    Call,
    /// A worker has died.
    #[error("a worker has died")]
    Worker,
}

impl Workers {
    /// Starts them, at least one and never more than the token may have sessions. Returns when each has begun, with a
    /// session and all that its thread needs from the kernel.
    pub(crate) fn start(driver: &Driver, sessions_max: u16, lanes: usize) -> io::Result<Self> {
        let waiting = Arc::new(Waiting::new(lanes));
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let (sender, done) = channel();
        let count = sessions_max.clamp(1, WORKERS_MAX);
        let started = Arc::new(Barrier::new(usize::from(count) + 1));
        let (mut busy, mut threads) = (Vec::new(), Vec::new());
        for number in 0..count {
            let since = Arc::new(Mutex::new(None));
            busy.push(Arc::clone(&since));
            let worker = Worker {
                driver: driver.clone(),
                waiting: Arc::clone(&waiting),
                done: sender.clone(),
                wake: Arc::clone(&wake),
                since,
            };
            let started = Arc::clone(&started);
            let work = move || {
                if let Err(reason) = worker.driver.warm_up() {
                    tracing::warn!(%reason, "not-warmed-up");
                }
                started.wait();
                worker.work();
            };
            threads.push(thread::Builder::new().name(format!("hsm-{number}")).spawn(work)?);
        }
        started.wait();
        Ok(Self { waiting, done, wake, busy, threads })
    }

    pub(crate) fn ask(&self, job: Job<Request>) -> Result<(), Full> {
        self.waiting.put(job.lane, job)
    }

    pub(crate) fn forget(&self, lane: usize) {
        self.waiting.forget(lane);
    }

    /// What has been done since the last time. Never blocks.
    pub(crate) fn done(&self) -> impl Iterator<Item = Job<Reply>> {
        let mut count = [0; 8];
        // Nothing to read means that nobody woke us; the channel says the same.
        let _ = rustix::io::read(&self.wake, &mut count);
        self.done.try_iter()
    }

    pub(crate) fn are_alive(&self) -> Result<(), Stuck> {
        if self.threads.iter().any(JoinHandle::is_finished) {
            return Err(Stuck::Worker);
        }
        let late = |since: &Arc<Mutex<Option<Instant>>>| {
            let since = *since.lock().unwrap_or_else(PoisonError::into_inner);
            since.is_some_and(|since| since.elapsed() > CALL_MAX)
        };
        if self.busy.iter().any(late) { Err(Stuck::Call) } else { Ok(()) }
    }
}

impl AsFd for Workers {
    /// Readable when something has been done.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

struct Worker {
    driver: Driver,
    waiting: Arc<Waiting<Job<Request>>>,
    done: Sender<Job<Reply>>,
    wake: Arc<OwnedFd>,
    since: Arc<Mutex<Option<Instant>>>,
}

impl Worker {
    fn work(mut self) {
        loop {
            let Job { lane, link, correlation, content } = self.waiting.take();
            self.busy(Some(Instant::now()));
            let content = answer(&mut self.driver, content);
            self.busy(None);
            if self.done.send(Job { lane, link, correlation, content }).is_err() {
                return;
            }
            // Full only if it has been rung 2^64 times and nobody came.
            let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
        }
    }

    fn busy(&self, since: Option<Instant>) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

fn answer(driver: &mut impl RootOfTrust, request: Request) -> Reply {
    let done = match request {
        Request::Link(l1) => driver.link(&l1).map(Reply::Linked),
        Request::Make(l1, transport) => driver.make(&l1, &transport).map(Reply::Made),
        Request::Release(l1, wrapped, transport) => {
            driver.release(&l1, &wrapped, &transport).map(Reply::Released)
        }
        Request::Check(l1) => driver.check(&l1).map(|()| Reply::Usable),
    };
    done.unwrap_or_else(Reply::Failed)
}
