//! Client connections of one frontend worker, as a lane sees them.
//!
//! One request of a connection runs at a time, so replies come in the order of requests; those that arrive meanwhile
//! wait here, as many as the frontend may have on their way.

use super::Lane;
use super::scope::RequestScope;
use super::task::TaskId;
use crate::request;
use crate::tenant::Tenant;
use core::cell::RefCell;
use holdfast_model::limits::PIPELINED_REQUESTS_MAX;
use holdfast_model::trust::{Identity, PeerCertificate};
use holdfast_ports::child::relink;
use holdfast_ports::control::Wire;
use holdfast_ports::front::{self, Connection, Front as Frame, Kind};
use holdfast_ports::link::{Link, LinkError};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

/// One worker's link and its connections.
#[derive(Default)]
pub struct Front {
    link: RefCell<Option<Link>>,
    connections: RefCell<HashMap<Connection, Client>>,
}

/// One client connection.
struct Client {
    peer: PeerCertificate,
    identity: Option<Identity>,
    /// The trust rules that the identity was found by.
    trust: u64,
    waiting: VecDeque<Vec<u8>>,
    running: Running,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Running {
    No,
    Yes,
    Parked(TaskId),
}

impl Front {
    /// A worker's link.
    #[must_use]
    pub fn new(link: Link) -> Self {
        Self { link: RefCell::new(Some(link)), connections: RefCell::default() }
    }

    /// Puts a new link in the place of the old one; the old frontend's connections are gone.
    ///
    /// # Errors
    /// When the kernel refuses; the process must end.
    pub(super) fn rewire(&self, lane: &Lane, wire: Wire, fd: OwnedFd) -> io::Result<()> {
        self.disconnect(lane);
        let old = self.link.borrow_mut().take();
        *self.link.borrow_mut() = Some(relink(old, wire, fd)?);
        Ok(())
    }

    /// Lends the link, to be polled: the descriptor, whether it wants to write, whether it may be read.
    pub(super) fn with_link<T>(&self, read: impl FnOnce(&dyn AsFd, bool, bool) -> T) -> Option<T> {
        self.link.borrow().as_ref().map(|link| read(link, link.wants_to_write(), !link.is_congested()))
    }

    /// Writes what is queued.
    pub(super) fn flush(&self, lane: &Lane) {
        if self.link.borrow_mut().as_mut().is_some_and(|link| link.flush().is_err()) {
            self.disconnect(lane);
        }
    }

    /// The link is dead: drops it, and every connection with what runs on it.
    fn disconnect(&self, lane: &Lane) {
        *self.link.borrow_mut() = None;
        let clients = core::mem::take(&mut *self.connections.borrow_mut());
        for client in clients.into_values() {
            if let Running::Parked(task) = client.running {
                lane.tasks.cancel(task);
            }
        }
    }

    fn send(&self, kind: Kind, connection: Connection, payload: &[u8]) {
        if let Some(link) = self.link.borrow_mut().as_mut() {
            let queued = link.queue(|out| {
                front::write_header(out, kind, connection);
                out.extend_from_slice(payload);
            });
            if queued.is_err() && kind == Kind::Reply {
                // A reply of ours that is too long for a frame: the client is better off without the connection.
                let _fits = link.queue(|out| front::write_header(out, Kind::Hangup, connection));
            }
        }
    }
}

impl Lane {
    /// Takes what a worker has sent and starts what can start.
    pub(super) fn serve_front(self: &Rc<Self>, worker: usize) {
        let Some(front) = self.fronts.get(worker) else { return };
        let mut arrived = Vec::new();
        let outcome = match front.link.borrow_mut().as_mut() {
            Some(link) => take(link, &mut arrived),
            None => return,
        };
        for (kind, connection, payload) in arrived {
            match kind {
                Kind::Open => self.open(front, connection, &payload),
                Kind::Request => self.take_request(worker, connection, payload),
                Kind::Close => self.close(front, connection),
                Kind::Reply | Kind::Hangup => {}
            }
        }
        if outcome.is_err() {
            front.disconnect(self);
        }
    }

    fn open(&self, front: &Front, connection: Connection, payload: &[u8]) {
        let Some(peer) = front::read_peer(payload) else {
            front.send(Kind::Hangup, connection, &[]);
            return;
        };
        let identity = self.resolve(&peer);
        if identity.is_none() {
            front.send(Kind::Hangup, connection, &[]);
            return;
        }
        let trust = self.trust_version();
        let client = Client { peer, identity, trust, waiting: VecDeque::new(), running: Running::No };
        front.connections.borrow_mut().insert(connection, client);
    }

    fn close(&self, front: &Front, connection: Connection) {
        let client = front.connections.borrow_mut().remove(&connection);
        if let Some(Client { running: Running::Parked(task), .. }) = client {
            self.tasks.cancel(task);
        }
    }

    fn take_request(self: &Rc<Self>, worker: usize, connection: Connection, bytes: Vec<u8>) {
        let Some(front) = self.fronts.get(worker) else { return };
        let start = {
            let mut connections = front.connections.borrow_mut();
            let Some(client) = connections.get_mut(&connection) else { return };
            if client.waiting.len() > PIPELINED_REQUESTS_MAX {
                connections.remove(&connection);
                drop(connections);
                front.send(Kind::Hangup, connection, &[]);
                return;
            }
            client.waiting.push_back(bytes);
            client.running == Running::No
        };
        if start {
            self.run_waiting(worker, connection);
        }
    }

    /// Runs the connection's requests one after the other until one has to wait or none is left.
    pub(super) fn run_waiting(self: &Rc<Self>, worker: usize, connection: Connection) {
        while let Some((bytes, tenant, identity)) = self.next_request(worker, connection) {
            let lane = Rc::clone(self);
            let task = self.tasks.start(async move {
                let scope = RequestScope::new(Rc::clone(&lane), tenant, identity);
                let mut reply = lane.reply_buffer();
                request::answer(&scope, &lane.limits, &bytes, &mut reply).await;
                lane.finish(worker, connection, reply);
            });
            if let Some(task) = task {
                self.set_running(worker, connection, Running::Parked(task));
                return;
            }
        }
    }

    /// The next request of a connection, if none runs and the client is still somebody.
    fn next_request(&self, worker: usize, connection: Connection) -> Option<(Vec<u8>, Rc<Tenant>, Identity)> {
        let front = self.fronts.get(worker)?;
        let mut connections = front.connections.borrow_mut();
        let client = connections.get_mut(&connection)?;
        if client.running != Running::No || client.waiting.is_empty() {
            return None;
        }
        if client.trust != self.trust_version() {
            client.identity = self.resolve(&client.peer);
            client.trust = self.trust_version();
        }
        let admitted = client.identity.filter(|identity| self.now() < identity.not_after);
        let tenant = admitted.and_then(|identity| self.tenants.borrow().get(&identity.tenant).cloned());
        let (Some(identity), Some(tenant)) = (admitted, tenant) else {
            connections.remove(&connection);
            drop(connections);
            front.send(Kind::Hangup, connection, &[]);
            return None;
        };
        client.running = Running::Yes;
        client.waiting.pop_front().map(|bytes| (bytes, tenant, identity))
    }

    fn finish(&self, worker: usize, connection: Connection, reply: Vec<u8>) {
        let Some(front) = self.fronts.get(worker) else { return };
        front.send(Kind::Reply, connection, &reply);
        self.give_back(reply);
        let mut connections = front.connections.borrow_mut();
        let Some(client) = connections.get_mut(&connection) else { return };
        if matches!(client.running, Running::Parked(_)) && !client.waiting.is_empty() {
            self.runnable.borrow_mut().push_back((worker, connection));
        }
        client.running = Running::No;
    }

    fn set_running(&self, worker: usize, connection: Connection, running: Running) {
        if let Some(front) = self.fronts.get(worker)
            && let Some(client) = front.connections.borrow_mut().get_mut(&connection)
        {
            client.running = running;
        }
    }

    /// Drops what runs for a tenant that is cut off: nothing of it may go on. Its clients see the connection close
    /// if a request was on its way, and a refusal otherwise.
    pub(super) fn drop_requests_of(&self, tenant: &Tenant) {
        for front in &self.fronts {
            let mut cut = Vec::new();
            for (connection, client) in front.connections.borrow_mut().iter_mut() {
                let theirs = client.identity.is_some_and(|identity| identity.tenant == tenant.id);
                if let (true, Running::Parked(task)) = (theirs, client.running) {
                    cut.push((*connection, task));
                }
            }
            for (connection, task) in cut {
                self.tasks.cancel(task);
                front.connections.borrow_mut().remove(&connection);
                front.send(Kind::Hangup, connection, &[]);
            }
        }
    }
}

fn take(link: &mut Link, arrived: &mut Vec<(Kind, Connection, Vec<u8>)>) -> Result<(), LinkError> {
    let filled = link.fill();
    while let Some(content) = link.next_frame()? {
        let Frame { kind, connection, payload } = front::read(content).ok_or(LinkError::Gone)?;
        arrived.push((kind, connection, payload.to_vec()));
    }
    filled.map(drop)
}
