//! Lane 0's second job: it takes bundles (`bundles`), answers the frontend (`edge`), obeys warden and speaks to lanes.
//!
//! Trusts: signatures. Does not trust: the importer, the frontend's word for anything but who its peers are.

mod bundles;
mod edge;

use super::Lane;
use super::message::{Answer, Mailbox, Message, Ticket};
use super::poll::{Poll, Source, Turn};
use super::server::Server;
use super::task::Resolver;
use crate::apply::Governance;
use crate::audited::Event;
use crate::identity::TlsKey;
use core::cell::{Cell, RefCell};
use holdfast_model::audit::{Action, Outcome, Reason};
use holdfast_model::{KeyVersion, TenantId};
use holdfast_orbital::Signers;
use holdfast_ports::child::{Control, Event as FromWarden};
use holdfast_ports::control::{Socket, Wire};
use holdfast_ports::edge as wire;
use holdfast_ports::envelope::Correlation;
use holdfast_ports::front::lane_of;
use holdfast_ports::import;
use holdfast_ports::link::Link;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

/// What the governor is made of.
pub struct Parts {
    /// Warden's socket.
    pub control: Control,
    /// From the frontend: trust, status.
    pub edge: Option<Link>,
    /// From the frontend's workers: TLS signatures.
    pub signs: Vec<Link>,
    /// From the importer.
    pub import: Option<Link>,
    /// Ways to every lane, lane 0 included.
    pub lanes: Vec<Mailbox>,
    /// Pinned signers.
    pub signers: Signers,
    /// Signs TLS handshakes.
    pub tls: TlsKey,
    /// Where secret memory is.
    pub secret_memory: String,
}

/// The governor.
pub struct Governor {
    lane: Rc<Lane>,
    control: RefCell<Control>,
    edge: Server<wire::Request, wire::Reply>,
    signs: Vec<Server<wire::Request, wire::Reply>>,
    import: Server<import::Request, import::Reply>,
    lanes: Vec<Mailbox>,
    signers: Signers,
    tls: TlsKey,
    secret_memory: String,
    state: RefCell<Governance>,
    watch: Cell<Option<Correlation>>,
    started: Cell<bool>,
    bundles: RefCell<VecDeque<(Correlation, Vec<u8>)>>,
    busy: Cell<bool>,
    last_ticket: Cell<u64>,
    asked: RefCell<BTreeMap<Ticket, Resolver<Answer>>>,
    failure: RefCell<Option<String>>,
}

impl Governor {
    /// Of a lane 0.
    #[must_use]
    pub fn new(lane: Rc<Lane>, parts: Parts) -> Rc<Self> {
        let state = Governance::new(lane.settings.hsms.clone());
        Rc::new(Self {
            lane,
            control: RefCell::new(parts.control),
            edge: Server::new(parts.edge),
            signs: parts.signs.into_iter().map(|link| Server::new(Some(link))).collect(),
            import: Server::new(parts.import),
            lanes: parts.lanes,
            signers: parts.signers,
            tls: parts.tls,
            secret_memory: parts.secret_memory,
            state: RefCell::new(state),
            watch: Cell::new(None),
            started: Cell::new(false),
            bundles: RefCell::default(),
            busy: Cell::new(false),
            last_ticket: Cell::new(0),
            asked: RefCell::default(),
            failure: RefCell::new(None),
        })
    }

    /// Why the box must not go on, if so.
    pub fn take_failure(&self) -> Option<String> {
        self.failure.borrow_mut().take()
    }

    /// Asks a lane and waits for its answer.
    async fn ask(&self, lane: usize, message: impl FnOnce(Ticket) -> Message) -> Option<Answer> {
        let ticket = Ticket(self.last_ticket.get() + 1);
        self.last_ticket.set(ticket.0);
        let (promise, resolver) = self.lane.tasks.promise();
        let mailbox = self.lanes.get(lane)?;
        self.asked.borrow_mut().insert(ticket, resolver);
        mailbox.put(message(ticket));
        Some(promise.await)
    }

    /// A lane has answered.
    pub(super) fn take_answer(&self, ticket: Ticket, answer: Answer) {
        let asked = self.asked.borrow_mut().remove(&ticket);
        if let Some(resolver) = asked {
            resolver.resolve(answer);
        }
    }

    fn lane_index(&self, tenant: &TenantId) -> usize {
        let lanes = u16::try_from(self.lanes.len()).unwrap_or(u16::MAX);
        usize::from(lane_of(tenant, lanes).0)
    }

    /// Takes what has come on one of the governor's links.
    pub(super) fn serve(self: &Rc<Self>, socket: Socket) {
        match socket {
            Socket::Edge => {
                self.edge.receive().into_iter().for_each(|(number, what)| self.serve_edge(number, what))
            }
            Socket::Sign { worker } => {
                let Some(sign) = self.signs.get(usize::from(worker)) else { return };
                for (number, what) in sign.receive() {
                    sign.answer(number, &self.sign(what));
                }
                sign.flush();
            }
            Socket::Import => {
                for (number, request) in self.import.receive() {
                    match request {
                        import::Request::Bundle(bytes) => {
                            self.bundles.borrow_mut().push_back((number, bytes));
                        }
                        import::Request::Refused { reason } => self.record_refused(number, &reason),
                    }
                }
                self.next_bundle();
            }
            _ => {}
        }
    }

    /// Does what warden says.
    pub(super) fn obey_warden(&self, poll: &mut Poll) -> io::Result<Turn> {
        loop {
            let event = self.control.borrow_mut().receive().map_err(io::Error::other)?;
            match event {
                None => return Ok(Turn::GoOn),
                Some(FromWarden::Stop) => return Ok(Turn::Stop),
                Some(FromWarden::Processes(_)) => {}
                Some(FromWarden::Rewire { wire, fd }) => {
                    self.rewire(wire, fd)?;
                    poll.forget(Source::Link(wire.socket));
                }
            }
        }
    }

    fn rewire(&self, wire: Wire, fd: OwnedFd) -> io::Result<()> {
        let lane = match wire.socket {
            Socket::Edge => {
                self.watch.set(None);
                return self.edge.rewire(wire, fd);
            }
            Socket::Import => {
                self.bundles.borrow_mut().clear();
                return self.import.rewire(wire, fd);
            }
            Socket::Sign { worker } => {
                return self.signs.get(usize::from(worker)).map_or(Ok(()), |sign| sign.rewire(wire, fd));
            }
            Socket::Front { lane, .. }
            | Socket::Keystore { lane }
            | Socket::Root { lane, .. }
            | Socket::Audit { lane }
            | Socket::Ring { lane } => lane,
            Socket::ListenKmip
            | Socket::ListenHttps
            | Socket::ListenLocal
            | Socket::ListenOps
            | Socket::Pin
            | Socket::TlsKey => return Ok(()),
        };
        if lane == self.lane.index {
            return self.lane.rewire(wire, fd);
        }
        if let Some(mailbox) = self.lanes.get(usize::from(lane.0)) {
            mailbox.put(Message::Rewire(wire, fd));
        }
        Ok(())
    }

    /// Lends the control socket, to be polled.
    pub(super) fn with_control<T>(&self, read: impl FnOnce(&dyn AsFd) -> T) -> T {
        read(&*self.control.borrow())
    }

    /// Lends a link, to be polled.
    pub(super) fn with_link<T>(&self, socket: Socket, read: impl FnOnce(&dyn AsFd, bool) -> T) -> Option<T> {
        match socket {
            Socket::Edge => self.edge.with_link(read),
            Socket::Import => self.import.with_link(read),
            Socket::Sign { worker } => self.signs.get(usize::from(worker))?.with_link(read),
            _ => None,
        }
    }

    /// Writes what is queued.
    pub(super) fn flush(&self) {
        self.edge.flush();
        self.import.flush();
        self.signs.iter().for_each(Server::flush);
    }
}

fn box_event(action: Action, outcome: Outcome, reason: Reason) -> Event {
    Event { action, outcome, reason, object: None, key_version: KeyVersion(0) }
}
