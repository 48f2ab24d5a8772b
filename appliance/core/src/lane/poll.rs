//! The loop of a lane: wait until something is there, take it, run what can go on, write what is queued.

use super::Lane;
use super::governor::Governor;
use holdfast_model::Timestamp;
use holdfast_ports::control::{Socket, Wire};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

/// How often the clock is looked at when nothing happens.
const TICK: Duration = Duration::from_millis(50);
/// Events taken in one call: more than a lane has descriptors.
const EVENTS: usize = 128;

/// What can become readable in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The wake socket.
    Wake,
    /// One of the links.
    Link(Socket),
    /// Warden's control socket (lane 0).
    Control,
}

/// The descriptors of a lane, as the kernel watches them.
pub(super) struct Poll {
    epoll: OwnedFd,
    sources: Vec<Source>,
    /// What each of them is watched for; None: not yet, or its descriptor is closed.
    watched: Vec<Option<EventFlags>>,
}

impl Poll {
    /// Watches nothing yet.
    pub(super) fn new(epoll: OwnedFd, sources: Vec<Source>) -> Self {
        let watched = vec![None; sources.len()];
        Self { epoll, sources, watched }
    }

    /// Forgets a descriptor that has been closed, so that its successor is watched anew.
    pub(super) fn forget(&mut self, source: Source) {
        if let Some(at) = self.sources.iter().position(|known| *known == source) {
            self.forget_at(at);
        }
    }

    fn forget_at(&mut self, at: usize) {
        if let Some(watched) = self.watched.get_mut(at) {
            *watched = None;
        }
    }

    fn watch(&mut self, at: usize, fd: &dyn AsFd, flags: EventFlags) -> io::Result<()> {
        let data = EventData::new_u64(at as u64);
        match self.watched.get_mut(at).and_then(|watched| watched.replace(flags)) {
            Some(before) if before == flags => Ok(()),
            Some(_) => Ok(epoll::modify(&self.epoll, fd.as_fd(), data, flags)?),
            None => match epoll::add(&self.epoll, fd.as_fd(), data, flags) {
                Err(Errno::EXIST) => Ok(epoll::modify(&self.epoll, fd.as_fd(), data, flags)?),
                other => Ok(other?),
            },
        }
    }
}

impl Lane {
    /// Serves until the process is told to stop. `governor` is there on lane 0 alone. `epoll` watches nothing yet;
    /// it was made before the sandbox.
    ///
    /// # Errors
    /// When waiting or wiring fails; the process must end.
    pub fn run(self: &Rc<Self>, epoll: OwnedFd, governor: Option<&Rc<Governor>>) -> io::Result<()> {
        let mut poll = Poll::new(epoll, self.sources(governor.is_some()));
        let mut events = Vec::with_capacity(EVENTS);
        let mut ticked = Timestamp::default();
        loop {
            self.watch_all(&mut poll, governor)?;
            events.clear();
            let resting = core::mem::take(&mut *self.resting.borrow_mut());
            let patience = if resting.is_empty() { TICK } else { Duration::ZERO };
            let timeout = rustix::event::Timespec::try_from(patience).map_err(io::Error::other)?;
            match epoll::wait(&poll.epoll, rustix::buffer::spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            self.now.set(Timestamp::now());
            for event in &events {
                let source =
                    usize::try_from(event.data.u64()).ok().and_then(|at| poll.sources.get(at)).copied();
                if let Some(source) = source
                    && self.take(source, governor, &mut poll)? == Turn::Stop
                {
                    return Ok(());
                }
            }
            if self.now().since(ticked) >= TICK {
                ticked = self.now();
                self.tick();
            }
            resting.into_iter().for_each(|resolver| resolver.resolve(()));
            self.run_all();
            self.flush_all(governor);
        }
    }

    fn run_all(self: &Rc<Self>) {
        loop {
            self.tasks.run_ready();
            let next = self.runnable.borrow_mut().pop_front();
            let Some((worker, connection)) = next else { return };
            self.run_waiting(worker, connection);
        }
    }

    fn sources(&self, governs: bool) -> Vec<Source> {
        let lane = self.index;
        let mut sources = vec![Source::Wake];
        let workers = (0..self.settings.workers).map(|worker| Socket::Front { worker, lane });
        sources.extend(workers.map(Source::Link));
        sources.extend([Socket::Keystore { lane }, Socket::Audit { lane }].map(Source::Link));
        sources.extend(self.roots.keys().map(|hsm| Source::Link(Socket::Root { hsm: *hsm, lane })));
        if governs {
            sources.push(Source::Control);
            sources.extend([Socket::Edge, Socket::Import].map(Source::Link));
            sources.extend((0..self.settings.workers).map(|worker| Source::Link(Socket::Sign { worker })));
        }
        sources
    }

    fn take(
        self: &Rc<Self>,
        source: Source,
        governor: Option<&Rc<Governor>>,
        poll: &mut Poll,
    ) -> io::Result<Turn> {
        match source {
            Source::Wake => {
                self.take_wake();
                self.take_messages(|ticket, answer| {
                    if let Some(governor) = governor {
                        governor.take_answer(ticket, answer);
                    }
                })?;
                // A message may have wired a link anew: its old number is closed, the new one not yet watched.
                poll.watched.fill(None);
            }
            Source::Link(socket) => match socket {
                Socket::Front { worker, .. } => self.serve_front(usize::from(worker)),
                Socket::Keystore { .. } => drop(self.store.agent.receive(drop)),
                Socket::Audit { .. } => drop(self.audit.receive()),
                Socket::Root { hsm, .. } => {
                    if let Some(root) = self.roots.get(&hsm) {
                        root.agent.receive(drop);
                    }
                }
                Socket::Edge | Socket::Import | Socket::Sign { .. } => {
                    if let Some(governor) = governor {
                        governor.serve(socket);
                    }
                }
                Socket::Ring { .. }
                | Socket::ListenKmip
                | Socket::ListenHttps
                | Socket::ListenLocal
                | Socket::ListenOps
                | Socket::Pin
                | Socket::TlsKey => {}
            },
            Source::Control => {
                if let Some(governor) = governor {
                    return governor.obey_warden(poll);
                }
            }
        }
        Ok(Turn::GoOn)
    }

    fn watch_all(&self, poll: &mut Poll, governor: Option<&Rc<Governor>>) -> io::Result<()> {
        let mut at = 0;
        while let Some(source) = poll.sources.get(at).copied() {
            let mut watch = |fd: &dyn AsFd, writes: bool, reads: bool| {
                let mut flags = EventFlags::empty();
                flags.set(EventFlags::IN, reads);
                flags.set(EventFlags::OUT, writes);
                poll.watch(at, fd, flags)
            };
            let watched = match source {
                Source::Wake => Some(watch(&self.wake, false, true)),
                Source::Control => {
                    governor.map(|governor| governor.with_control(|fd| watch(fd, false, true)))
                }
                Source::Link(Socket::Front { worker, .. }) => {
                    self.fronts.get(usize::from(worker)).and_then(|front| front.with_link(&mut watch))
                }
                Source::Link(Socket::Keystore { .. }) => {
                    self.store.agent.with_link(|fd, writes| watch(fd, writes, true))
                }
                Source::Link(Socket::Audit { .. }) => {
                    self.audit.agent.with_link(|fd, writes| watch(fd, writes, true))
                }
                Source::Link(Socket::Root { hsm, .. }) => self
                    .roots
                    .get(&hsm)
                    .and_then(|root| root.agent.with_link(|fd, writes| watch(fd, writes, true))),
                Source::Link(socket) => governor
                    .and_then(|governor| governor.with_link(socket, |fd, writes| watch(fd, writes, true))),
            };
            match watched {
                Some(outcome) => outcome?,
                // No link: it was closed, and the kernel has forgotten it.
                None => poll.forget_at(at),
            }
            at += 1;
        }
        Ok(())
    }

    fn flush_all(&self, governor: Option<&Rc<Governor>>) {
        self.store.agent.flush();
        self.audit.agent.flush();
        for root in self.roots.values() {
            root.agent.flush();
        }
        self.fronts.iter().for_each(|front| front.flush(self));
        if let Some(governor) = governor {
            governor.flush();
        }
    }

    /// Puts a new link in the place of one of this lane's.
    pub(super) fn rewire(&self, wire: Wire, fd: OwnedFd) -> io::Result<()> {
        match wire.socket {
            Socket::Front { worker, .. } => match self.fronts.get(usize::from(worker)) {
                Some(front) => front.rewire(self, wire, fd),
                None => Ok(()),
            },
            Socket::Keystore { .. } => self.store.agent.rewire(wire, fd),
            Socket::Audit { .. } => self.audit.agent.rewire(wire, fd),
            Socket::Root { hsm, .. } => match self.roots.get(&hsm) {
                Some(root) => root.agent.rewire(wire, fd),
                None => Ok(()),
            },
            Socket::Edge
            | Socket::Sign { .. }
            | Socket::Import
            | Socket::Ring { .. }
            | Socket::ListenKmip
            | Socket::ListenHttps
            | Socket::ListenLocal
            | Socket::ListenOps
            | Socket::Pin
            | Socket::TlsKey => Ok(()),
        }
    }
}

/// Whether the loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    GoOn,
    Stop,
}
