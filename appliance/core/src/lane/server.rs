//! The lane's end towards a process that asks it things: frontend's edge, importer.

use core::cell::RefCell;
use core::marker::PhantomData;
use holdfast_ports::child::relink;
use holdfast_ports::control::Wire;
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::link::{Link, LinkError};
use serde::{Serialize, de::DeserializeOwned};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// A link on which requests come in and replies go out.
pub struct Server<Q, R> {
    link: RefCell<Option<Link>>,
    words: PhantomData<fn(Q) -> R>,
}

impl<Q: DeserializeOwned, R: Serialize> Server<Q, R> {
    /// Serves on a link, or on none until it is rewired.
    #[must_use]
    pub const fn new(link: Option<Link>) -> Self {
        Self { link: RefCell::new(link), words: PhantomData }
    }

    /// Puts a new link in the place of the old one.
    ///
    /// # Errors
    /// When the kernel refuses; the process must end.
    pub fn rewire(&self, wire: Wire, fd: OwnedFd) -> io::Result<()> {
        let old = self.link.borrow_mut().take();
        let new = relink(old, wire, fd)?;
        *self.link.borrow_mut() = Some(new);
        Ok(())
    }

    /// Everything that has arrived. A peer that is gone or broken loses the link.
    pub fn receive(&self) -> Vec<(Correlation, Q)> {
        let mut arrived = Vec::new();
        let mut place = self.link.borrow_mut();
        if place.as_mut().is_some_and(|link| take(link, &mut arrived).is_err()) {
            *place = None;
        }
        arrived
    }

    /// Queues a reply; a peer that has gone gets none.
    pub fn answer(&self, correlation: Correlation, reply: &R) {
        let mut place = self.link.borrow_mut();
        let too_long = |link: &mut Link| link.queue(|out| envelope::write(out, correlation, reply)).is_err();
        if place.as_mut().is_some_and(too_long) {
            *place = None;
        }
    }

    /// Writes what is queued.
    pub fn flush(&self) {
        let mut place = self.link.borrow_mut();
        if place.as_mut().is_some_and(|link| link.flush().is_err()) {
            *place = None;
        }
    }

    /// Lends the link, to be polled.
    pub fn with_link<T>(&self, read: impl FnOnce(&dyn AsFd, bool) -> T) -> Option<T> {
        self.link.borrow().as_ref().map(|link| read(link, link.wants_to_write()))
    }
}

fn take<Q: DeserializeOwned>(link: &mut Link, arrived: &mut Vec<(Correlation, Q)>) -> Result<(), LinkError> {
    let filled = link.fill();
    while let Some(content) = link.next_frame()? {
        arrived.push(envelope::read(content).map_err(|_| LinkError::Gone)?);
    }
    filled.map(drop)
}
