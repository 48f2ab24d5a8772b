//! One agent as a lane sees it: requests go out, replies come back in any order, the process may die between.
//!
//! A reply that does not come in time, or whose agent died, is [`AgentError`]: what was asked may or may not have
//! happened, and the caller settles it.

use super::task::{Resolver, Tasks};
use core::cell::RefCell;
use core::marker::PhantomData;
use holdfast_model::limits::AGENT_TIMEOUT;
use holdfast_model::{Generation, Timestamp};
use holdfast_ports::child::relink;
use holdfast_ports::control::Wire;
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::link::{Link, LinkError};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// The process died, or was not there in time. What was asked may or may not have happened.
    #[error("the agent is gone")]
    Gone,
    /// The request does not fit a frame; it was not sent.
    #[error("the request is too large")]
    TooLarge,
}

/// The lane's end towards one agent.
pub struct Agent<Q, R> {
    tasks: Rc<Tasks>,
    state: RefCell<State<R>>,
    requests: PhantomData<fn(&Q)>,
}

struct State<R> {
    link: Option<Link>,
    peer: Generation,
    last: u64,
    waiting: BTreeMap<u64, (Timestamp, Resolver<Result<R, AgentError>>)>,
    /// Callers that came while there was no link.
    queueing: Vec<(Timestamp, Resolver<()>)>,
}

impl<Q: Serialize, R: DeserializeOwned> Agent<Q, R> {
    /// An agent that is not wired yet.
    #[must_use]
    pub fn new(tasks: Rc<Tasks>) -> Self {
        let state = State {
            link: None,
            peer: Generation(0),
            last: 0,
            waiting: BTreeMap::new(),
            queueing: Vec::new(),
        };
        Self { tasks, state: RefCell::new(state), requests: PhantomData }
    }

    /// Drops the link and fails all who wait on it.
    fn unwire(&self) {
        let waiting = {
            let mut state = self.state.borrow_mut();
            state.link = None;
            core::mem::take(&mut state.waiting)
        };
        for (_, resolver) in waiting.into_values() {
            resolver.resolve(Err(AgentError::Gone));
        }
    }

    /// Puts a new link in the place of the old one.
    ///
    /// # Errors
    /// When the kernel refuses; the process must end.
    pub fn rewire(&self, wire: Wire, fd: OwnedFd) -> io::Result<()> {
        let old = self.state.borrow_mut().link.take();
        self.unwire();
        let link = relink(old, wire, fd)?;
        self.wire(link, wire.peer);
        Ok(())
    }

    /// Takes a link; callers that queued go on.
    pub fn wire(&self, link: Link, peer: Generation) {
        let queueing = {
            let mut state = self.state.borrow_mut();
            (state.link, state.peer) = (Some(link), peer);
            core::mem::take(&mut state.queueing)
        };
        for (_, resolver) in queueing {
            resolver.resolve(());
        }
    }

    /// Is there a link?
    #[must_use]
    pub fn is_wired(&self) -> bool {
        self.state.borrow().link.is_some()
    }

    /// Which start of the agent is at the other end.
    #[must_use]
    pub fn peer(&self) -> Generation {
        self.state.borrow().peer
    }

    /// Asks and waits for the reply. Without a link, waits for one first: a short pause, not an error.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn call(&self, request: &Q, now: Timestamp) -> Result<R, AgentError> {
        let deadline = now.after(AGENT_TIMEOUT);
        while !self.is_wired() {
            let (promise, resolver) = self.tasks.promise();
            self.state.borrow_mut().queueing.push((deadline, resolver));
            promise.await;
            if !self.is_wired() {
                return Err(AgentError::Gone);
            }
        }
        let (promise, resolver) = self.tasks.promise();
        {
            let mut state = self.state.borrow_mut();
            state.last += 1;
            let number = state.last;
            let link = state.link.as_mut().ok_or(AgentError::Gone)?;
            link.queue(|out| envelope::write(out, Correlation(number), request))
                .map_err(|_| AgentError::TooLarge)?;
            state.waiting.insert(number, (deadline, resolver));
        }
        promise.await
    }

    /// Sends a request whose reply nobody waits for.
    pub fn tell(&self, request: &Q) {
        let mut state = self.state.borrow_mut();
        if let Some(link) = state.link.as_mut() {
            // A note that does not fit is not a note of ours; nothing to do about it.
            let _too_large = link.queue(|out| envelope::write(out, Correlation(0), request));
        }
    }

    /// Takes what has arrived; replies that nobody waits for go to `unasked`. Returns whether the link still lives.
    pub fn receive(&self, mut unasked: impl FnMut(R)) -> bool {
        let mut delivered = Vec::new();
        let outcome = {
            let mut state = self.state.borrow_mut();
            let State { link, waiting, .. } = &mut *state;
            match link {
                None => return false,
                Some(link) => take(link, |number, reply| match waiting.remove(&number.0) {
                    Some((_, resolver)) => delivered.push((resolver, reply)),
                    None => unasked(reply),
                }),
            }
        };
        for (resolver, reply) in delivered {
            resolver.resolve(Ok(reply));
        }
        if outcome.is_err() {
            self.unwire();
        }
        outcome.is_ok()
    }

    /// Writes what is queued. Returns whether the link still lives.
    pub fn flush(&self) -> bool {
        let dead = self.state.borrow_mut().link.as_mut().is_some_and(|link| link.flush().is_err());
        if dead {
            self.unwire();
        }
        !dead
    }

    /// Gives up on requests that have waited too long.
    pub fn expire(&self, now: Timestamp) {
        let (late, unserved) = {
            let mut state = self.state.borrow_mut();
            let expired: Vec<u64> =
                state.waiting.iter().filter(|(_, (deadline, _))| *deadline <= now).map(|(n, _)| *n).collect();
            let late: Vec<_> = expired.iter().filter_map(|number| state.waiting.remove(number)).collect();
            let (unserved, queueing) =
                core::mem::take(&mut state.queueing).into_iter().partition::<Vec<_>, _>(|(d, _)| *d <= now);
            state.queueing = queueing;
            (late, unserved)
        };
        for (_, resolver) in late {
            resolver.resolve(Err(AgentError::Gone));
        }
        for (_, resolver) in unserved {
            resolver.resolve(());
        }
    }

    /// Lends the link, to be polled.
    pub fn with_link<T>(&self, read: impl FnOnce(&dyn AsFd, bool) -> T) -> Option<T> {
        self.state.borrow().link.as_ref().map(|link| read(link, link.wants_to_write()))
    }
}

fn take<R: DeserializeOwned>(link: &mut Link, mut each: impl FnMut(Correlation, R)) -> Result<(), LinkError> {
    let filled = link.fill();
    while let Some(content) = link.next_frame()? {
        let (number, reply) = envelope::read(content).map_err(|_| LinkError::Gone)?;
        each(number, reply);
    }
    filled.map(drop)
}
