//! Lane 0's second job: bundles come in, trust and status go out, TLS handshakes are signed, warden is obeyed.
//!
//! A bundle is judged whole. A tenant that it cuts off is wiped first; then the bundle is made durable, then audited,
//! then the rest is done. A crash in between leaves the bundle in the spool, and it is applied again.
//! Trusts: signatures. Does not trust: the importer, the frontend's word for anything but who its peers are.

use super::Lane;
use super::Who;
use super::message::{Answer, LaneStatus, Mailbox, Message, Ticket};
use super::poll::{Poll, Source, Turn};
use super::server::Server;
use super::task::{Promise, Resolver};
use crate::apply::{Governance, action_of};
use crate::audited::Event;
use crate::identity::TlsKey;
use crate::tenant::orders::TenantOrders;
use core::cell::{Cell, RefCell};
use core::time::Duration;
use holdfast_model::audit::{Action, Outcome, Reason};
use holdfast_model::status::CoreStatus;
use holdfast_model::{KeyVersion, Sequence, TenantId};
use holdfast_orbital::{Bundle, Order, Policy, Received, Signers, Verified, verify, verify_stored};
use holdfast_ports::child::{Control, Event as FromWarden};
use holdfast_ports::control::{Socket, Wire};
use holdfast_ports::edge::{self, Rejection};
use holdfast_ports::envelope::Correlation;
use holdfast_ports::front::lane_of;
use holdfast_ports::import::{self, DirectiveOutcome};
use holdfast_ports::keystore::KeystoreError;
use holdfast_ports::link::Link;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;

/// How long a bundle's receipt waits for the HSM to prove a link before it says that this is still going on.
const LINK_PATIENCE: Duration = Duration::from_secs(2);

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
    edge: Server<edge::Request, edge::Reply>,
    signs: Vec<Server<edge::Request, edge::Reply>>,
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

    /// Begins: replays the bundle log, compares it with what the audit log knows, then serves.
    pub fn begin(self: &Rc<Self>) {
        let this = Rc::clone(self);
        self.lane.tasks.start(async move {
            if let Err(why) = this.replay().await {
                *this.failure.borrow_mut() = Some(why);
            }
        });
    }

    /// Why the box must not go on, if so.
    pub fn take_failure(&self) -> Option<String> {
        self.failure.borrow_mut().take()
    }

    async fn replay(self: &Rc<Self>) -> Result<(), String> {
        let head = loop {
            match self.lane.audit.head(self.lane.now()).await {
                Ok(head) => break head,
                Err(_) => self.lane.pause(Duration::from_millis(100)).await,
            }
        };
        loop {
            let after = self.state.borrow().high_water.map_or(Sequence(0), |mark| mark.sequence);
            match self.lane.store.next_bundle(after).await {
                Ok(None) => break,
                Ok(Some((_, bytes))) => self.replay_one(bytes)?,
                Err(KeystoreError::Damaged) => return Err("the keystore is damaged: restore it".to_owned()),
                Err(_) => self.lane.pause(Duration::from_millis(100)).await,
            }
        }
        let reached = self.state.borrow().high_water.map_or(Sequence(0), |mark| mark.sequence);
        if reached < head.bundle {
            return Err(format!(
                "the keystore ends at bundle {reached}, but the audit log has seen {}: the keystore was rolled back; \
                 restore its newest state",
                head.bundle
            ));
        }
        let orders: Vec<_> = self.state.borrow().tenants().collect();
        self.distribute(orders).await;
        self.publish_trust();
        let event = box_event(Action::Start, Outcome::Done, Reason::NONE);
        while self.lane.record_for(None, &event, true).await.is_err() {
            self.lane.pause(Duration::from_millis(100)).await;
        }
        self.started.set(true);
        self.control.borrow().ready().map_err(|_| "warden is gone".to_owned())?;
        self.next_bundle();
        Ok(())
    }

    fn replay_one(&self, bytes: Vec<u8>) -> Result<(), String> {
        let verified = Received::new(bytes)
            .and_then(|received| verify_stored(received, &self.policy()))
            .map_err(|why| format!("a stored bundle does not verify: {why}"))?;
        let next = self.state.borrow().after(&verified).map_err(|why| format!("a stored bundle: {why}"))?;
        *self.state.borrow_mut() = next;
        Ok(())
    }

    fn policy(&self) -> Policy<'_> {
        Policy {
            signers: &self.signers,
            cluster: self.lane.settings.cluster,
            appliance: self.lane.settings.appliance,
            high_water: self.state.borrow().high_water,
        }
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

    /// Gives tenants their orders; returns when every lane has obeyed.
    async fn distribute(&self, orders: Vec<TenantOrders>) {
        for one in orders {
            let lane = self.lane_index(&one.tenant);
            self.ask(lane, |ticket| Message::Obey(ticket, one)).await;
        }
    }

    fn publish_trust(&self) {
        let rules = Arc::new(self.state.borrow().trust().to_vec());
        for mailbox in &self.lanes {
            mailbox.put(Message::Trust(Arc::clone(&rules)));
        }
        if let Some(watcher) = self.watch.get() {
            let reply = edge::Reply::Trust {
                rules: rules.as_ref().clone(),
                chain: self.lane.settings.tls_chain.clone(),
            };
            self.edge.answer(watcher, &reply);
        }
    }

    /// Begins with the next bundle, if one waits and none is being judged.
    fn next_bundle(self: &Rc<Self>) {
        if self.busy.get() || !self.started.get() {
            return;
        }
        let next = self.bundles.borrow_mut().pop_front();
        let Some((correlation, bytes)) = next else { return };
        self.busy.set(true);
        let this = Rc::clone(self);
        self.lane.tasks.start(async move {
            let judged = this.judge(bytes).await;
            this.busy.set(false);
            this.next_bundle();
            let reply = match judged {
                Ok(verified) => this.outcomes(&verified).await,
                Err(reply) => reply,
            };
            this.import.answer(correlation, &reply);
        });
    }

    /// Judges a bundle and makes it true: when this returns, what it orders is in force and durable.
    async fn judge(&self, bytes: Vec<u8>) -> Result<Verified<Bundle>, import::Reply> {
        let verified = match Received::new(bytes).and_then(|r| verify(r, &self.policy(), self.lane.now())) {
            Ok(verified) => verified,
            Err(why) => return Err(self.refuse(why.word(), why.to_string()).await),
        };
        let before = self.state.borrow().clone();
        let next = match before.after(&verified) {
            Ok(next) => next,
            Err(why) => return Err(self.refuse(why.word(), why.to_string()).await),
        };
        self.distribute(next.cut_since(&before)).await;
        let sequence = verified.content().header.sequence;
        match self.lane.store.append_bundle(sequence, verified.received().as_bytes()).await {
            Ok(()) => {}
            Err(_) => return Err(import::Reply::Retry),
        }
        self.record_bundle(&verified).await.map_err(|()| import::Reply::Retry)?;
        *self.state.borrow_mut() = next;
        let changed = self.state.borrow().changed_since(&before);
        self.distribute(changed).await;
        self.publish_trust();
        Ok(verified)
    }

    async fn refuse(&self, word: &'static str, detail: String) -> import::Reply {
        let event = box_event(Action::Bundle, Outcome::Refused, Reason::word(word));
        match self.lane.record_for(None, &event, true).await {
            Ok(()) => import::Reply::Refused { reason: word.to_owned(), detail },
            Err(_) => import::Reply::Retry,
        }
    }

    async fn record_bundle(&self, verified: &Verified<Bundle>) -> Result<(), ()> {
        let bundle = Some(verified.content().header.sequence);
        for directive in &verified.content().directives {
            let tenant = Some(directive.order.tenant());
            let event = box_event(action_of(&directive.order), Outcome::Done, Reason::NONE);
            self.lane.record(&Who { tenant, bundle, ..Who::default() }, &event, false).await.map_err(drop)?;
        }
        let event = box_event(Action::Bundle, Outcome::Done, Reason::NONE);
        self.lane.record(&Who { bundle, ..Who::default() }, &event, true).await.map_err(drop)
    }

    /// What became of each directive. Links are proven now, while the next bundle may already be judged.
    async fn outcomes(self: &Rc<Self>, verified: &Verified<Bundle>) -> import::Reply {
        let directives = &verified.content().directives;
        let links: Vec<_> = directives
            .iter()
            .map(|directive| match &directive.order {
                Order::LinkL1 { tenant, .. } => Some(self.prove_link(*tenant)),
                _ => None,
            })
            .collect();
        let mut outcomes = Vec::new();
        for (directive, link) in directives.iter().zip(links) {
            let pending = match link {
                Some(link) => link.await,
                None => "",
            };
            outcomes.push(DirectiveOutcome {
                directive: directive.order.kind().to_owned(),
                task: directive.task_id.clone(),
                pending: pending.to_owned(),
            });
        }
        import::Reply::Applied { sequence: verified.content().header.sequence, outcomes }
    }

    /// Begins to prove a link; the promise comes true when that is done or has taken too long for a receipt.
    fn prove_link(self: &Rc<Self>, tenant: TenantId) -> Promise<&'static str> {
        let (promise, resolver) = self.lane.tasks.promise();
        let shared = Rc::new(RefCell::new(Some(resolver)));
        let (this, first) = (Rc::clone(self), Rc::clone(&shared));
        self.lane.tasks.start(async move {
            let lane = this.lane_index(&tenant);
            let why = match this.ask(lane, |ticket| Message::Link(ticket, tenant)).await {
                Some(Answer::Linked(why)) => why,
                _ => "sealed",
            };
            deliver(&first, why);
        });
        let this = Rc::clone(self);
        self.lane.tasks.start(async move {
            this.lane.pause(LINK_PATIENCE).await;
            deliver(&shared, "still-linking");
        });
        promise
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
                for (number, import::Request::Bundle(bytes)) in self.import.receive() {
                    self.bundles.borrow_mut().push_back((number, bytes));
                }
                self.next_bundle();
            }
            _ => {}
        }
    }

    fn sign(&self, what: edge::Request) -> edge::Reply {
        match what {
            edge::Request::Sign { scheme, message } => match self.tls.sign(scheme, &message) {
                Some(signature) => edge::Reply::Signature(signature),
                None => edge::Reply::CannotSign,
            },
            edge::Request::Watch | edge::Request::Rejected { .. } | edge::Request::Status => {
                edge::Reply::CannotSign
            }
        }
    }

    fn serve_edge(self: &Rc<Self>, number: Correlation, what: edge::Request) {
        match what {
            edge::Request::Watch => {
                self.watch.set(Some(number));
                if self.started.get() {
                    self.publish_trust();
                }
            }
            edge::Request::Rejected { why } => {
                let this = Rc::clone(self);
                self.lane.tasks.start(async move {
                    let event =
                        box_event(Action::Connect, Outcome::Refused, Reason::word(rejection_word(why)));
                    let _unaudited = this.lane.record_for(None, &event, false).await;
                    this.edge.answer(number, &edge::Reply::Noted);
                });
            }
            edge::Request::Status => {
                let this = Rc::clone(self);
                self.lane.tasks.start(async move {
                    let status = this.status().await;
                    this.edge.answer(number, &edge::Reply::Status(status));
                });
            }
            edge::Request::Sign { .. } => self.edge.answer(number, &self.sign(what)),
        }
    }

    async fn status(&self) -> CoreStatus {
        let mut all: Vec<LaneStatus> = Vec::new();
        for lane in 0..self.lanes.len() {
            if let Some(Answer::Status(status)) = self.ask(lane, Message::Status).await {
                all.push(status);
            }
        }
        let mut hsms: BTreeMap<_, holdfast_model::status::HsmStatus> = BTreeMap::new();
        for seen in all.iter().flat_map(|lane| &lane.hsms) {
            let newest = hsms.entry(seen.hsm).or_insert_with(|| seen.clone());
            if newest.since < seen.since {
                *newest = seen.clone();
            }
        }
        let mut tenants: Vec<_> = all.iter().flat_map(|lane| lane.tenants.iter().cloned()).collect();
        tenants.sort_by_key(|tenant| tenant.tenant);
        CoreStatus {
            tenants,
            hsms: hsms.into_values().collect(),
            bundle_sequence: self.state.borrow().high_water.map_or(Sequence(0), |mark| mark.sequence),
            secret_memory: self.secret_memory.clone(),
            audit_ready: all.iter().all(|lane| lane.audit_ready),
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
            Socket::ListenKmip | Socket::ListenOps | Socket::Pin | Socket::TlsKey => return Ok(()),
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

fn deliver(to: &RefCell<Option<Resolver<&'static str>>>, why: &'static str) {
    let resolver = to.borrow_mut().take();
    if let Some(resolver) = resolver {
        resolver.resolve(why);
    }
}

fn box_event(action: Action, outcome: Outcome, reason: Reason) -> Event {
    Event { action, outcome, reason, object: None, key_version: KeyVersion(0) }
}

const fn rejection_word(why: Rejection) -> &'static str {
    match why {
        Rejection::NoCertificate => "no-certificate",
        Rejection::UnknownIssuer => "unknown-issuer",
        Rejection::Expired => "expired",
        Rejection::BadCertificate => "bad-certificate",
        Rejection::NoRule => "no-rule",
        Rejection::Handshake => "handshake",
    }
}
