//! The link from one worker to one lane of core, shared by all its clients.
//!
//! Batches by itself: what clients queue in one round of the runtime goes out in one write, and one read brings the
//! replies of many.

use super::client::{Client, End};
use crate::async_link::AsyncLink;
use crate::counters::Counters;
use crate::tls::trust::Trust;
use holdfast_model::trust::PeerCertificate;
use holdfast_model::{Generation, Timestamp};
use holdfast_ports::front::{self, Connection, Kind};
use holdfast_ports::link::LinkError;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::sync::Notify;

/// A lane, there or not.
pub(super) struct Lane {
    up: RefCell<Option<Rc<Up>>>,
    came_up: Notify,
    counters: Arc<Counters>,
}

/// A lane that is there: one link to one start of core.
pub(super) struct Up {
    generation: Generation,
    link: RefCell<AsyncLink>,
    clients: RefCell<HashMap<u32, Rc<Client>>>,
    next: Cell<u32>,
    down: Cell<bool>,
    /// The task that drives the link.
    driver: RefCell<Option<Waker>>,
    /// Connections that wait until the link takes more.
    waiting: RefCell<Vec<Waker>>,
}

impl Lane {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self { up: RefCell::default(), came_up: Notify::new(), counters }
    }

    /// Core is at the other end of `end`. Clients of an earlier core are closed: it is not the same one.
    pub(super) fn connect(self: &Rc<Self>, generation: Generation, end: OwnedFd) -> io::Result<()> {
        let up = Rc::new(Up {
            generation,
            link: RefCell::new(AsyncLink::new(end)?),
            clients: RefCell::default(),
            next: Cell::new(1),
            down: Cell::new(false),
            driver: RefCell::default(),
            waiting: RefCell::default(),
        });
        if let Some(old) = self.up.borrow_mut().replace(up.clone()) {
            old.close();
        }
        self.came_up.notify_waiters();
        tokio::task::spawn_local(self.clone().drive(up));
        Ok(())
    }

    /// Waits until the lane of that core is there. `None`: it is there, but of another start of core.
    pub(super) async fn up(&self, generation: Generation) -> Option<Rc<Up>> {
        loop {
            let came_up = self.came_up.notified();
            let now = self.up.borrow().as_ref().filter(|up| !up.down.get()).cloned();
            match now {
                Some(up) if up.generation == generation => return Some(up),
                Some(up) if up.generation > generation => return None,
                _ => came_up.await,
            }
        }
    }

    /// Ends the connections whose client these rules do not name as before.
    pub(super) fn disown(&self, trust: &Trust) {
        let Some(up) = self.up.borrow().clone() else { return };
        let now = Timestamp::now();
        for client in up.clients.borrow().values() {
            if trust.resolve(&client.admitted.peer, now) != Some(client.admitted.identity) {
                client.end(End::Disowned);
            }
        }
    }

    async fn drive(self: Rc<Self>, up: Rc<Up>) {
        let error = poll_fn(|cx| up.poll(cx, &self.counters)).await;
        if let Some(error) = error {
            tracing::warn!(reason = %error, generation = up.generation.0, "lane-down");
        }
        up.close();
    }
}

impl Up {
    /// Reads, hands out, writes; ready only when the link is of no more use.
    fn poll(&self, cx: &mut Context<'_>, counters: &Counters) -> Poll<Option<LinkError>> {
        *self.driver.borrow_mut() = Some(cx.waker().clone());
        if self.down.get() {
            return Poll::Ready(None);
        }
        let mut link = self.link.borrow_mut();
        while let Poll::Ready(filled) = link.poll_fill(cx) {
            match self.hand_out(&mut link, counters) {
                Ok(true) => {}
                Ok(false) => return Poll::Ready(None),
                Err(error) => return Poll::Ready(Some(error)),
            }
            if let Err(error) = filled {
                return Poll::Ready(Some(error));
            }
        }
        if let Poll::Ready(Err(error)) = link.poll_flush(cx) {
            return Poll::Ready(Some(error));
        }
        if !link.is_congested() {
            self.waiting.borrow_mut().drain(..).for_each(Waker::wake);
        }
        Poll::Pending
    }

    /// `false`: core sent what is no frame of this link.
    fn hand_out(&self, link: &mut AsyncLink, counters: &Counters) -> Result<bool, LinkError> {
        let clients = self.clients.borrow();
        while let Some(content) = link.next_frame()? {
            let Some(frame) = front::read(content) else { return Ok(false) };
            // A client that has left meanwhile is not there any more; its replies go nowhere.
            let client = clients.get(&frame.connection.0);
            match (frame.kind, client) {
                (Kind::Reply, client) => {
                    counters.replies.add(1);
                    client.inspect(|client| client.reply(frame.payload));
                }
                (Kind::Hangup, client) => {
                    client.inspect(|client| client.hang_up(frame.payload));
                }
                (Kind::Open | Kind::Request | Kind::Close, _) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Core is gone, for all clients of this link.
    fn close(&self) {
        self.down.set(true);
        self.clients.borrow_mut().drain().for_each(|(_, client)| client.end(End::CoreLost));
        self.waiting.borrow_mut().drain(..).for_each(Waker::wake);
        self.wake();
    }

    fn wake(&self) {
        if let Some(driver) = self.driver.borrow().as_ref() {
            driver.wake_by_ref();
        }
    }

    /// Tells core of a client. `None`: core has just gone.
    pub(super) fn open(&self, client: &Rc<Client>) -> Option<Connection> {
        let mut clients = self.clients.borrow_mut();
        let mut number = self.next.get();
        while clients.contains_key(&number) {
            number = number.wrapping_add(1);
        }
        self.next.set(number.wrapping_add(1));
        let connection = Connection(number);
        let opened = self.send(Kind::Open, connection, |out| write_peer(out, &client.admitted.peer));
        opened.then(|| {
            clients.insert(number, client.clone());
            connection
        })
    }

    /// Hands a request to core.
    pub(super) fn request(&self, connection: Connection, message: &[u8]) -> bool {
        self.send(Kind::Request, connection, |out| out.extend_from_slice(message))
    }

    /// The client has gone.
    pub(super) fn forget(&self, connection: Connection) {
        if self.clients.borrow_mut().remove(&connection.0).is_some() {
            self.send(Kind::Close, connection, |_| ());
        }
    }

    /// Does the link take more? If not, `waker` is called when it does.
    pub(super) fn takes_more(&self, waker: &Waker) -> bool {
        let congested = self.link.borrow().is_congested();
        if congested {
            self.waiting.borrow_mut().push(waker.clone());
        }
        !congested
    }

    fn send(&self, kind: Kind, connection: Connection, payload: impl FnOnce(&mut Vec<u8>)) -> bool {
        if self.down.get() {
            return false;
        }
        let queued = self.link.borrow_mut().queue(|out| {
            front::write_header(out, kind, connection);
            payload(out);
        });
        self.wake();
        queued.is_ok()
    }
}

fn write_peer(out: &mut Vec<u8>, peer: &PeerCertificate) {
    front::write_peer(out, peer);
}
