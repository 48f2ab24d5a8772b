//! One fast lane: a thread that owns its tenants and serves their requests, and never blocks.
//!
//! A request that waits for an agent is parked while others go on. Nothing here is shared with another lane but
//! messages. Lane 0 also governs (`governor`): bundles, trust, status.

pub mod agent;
pub mod audit;
pub mod front;
pub mod governor;
pub mod message;
pub mod root;
pub mod server;
pub mod slow;
pub mod store;
pub mod task;
pub mod work;

mod poll;
mod rewrap;
mod scope;
mod steward;
mod unseal;

use crate::audited::Event;
use crate::request::Limits;
use crate::scope::ScopeError;
use crate::tenant::Tenant;
use audit::{Audit, HoldError};
use core::cell::{Cell, RefCell};
use core::time::Duration;
use front::Front;
use holdfast_model::audit::AuditEvent;
use holdfast_model::limits::AGENT_TIMEOUT;
use holdfast_model::trust::{Identity, PeerCertificate, TrustRule, resolve};
use holdfast_model::{Fingerprint, Generation, HsmName, LaneIndex, Sequence, ServiceId, TenantId, Timestamp};
use holdfast_ports::front::Connection;
use holdfast_ports::link::Link;
use holdfast_ports::settings;
use message::{Mailbox, Message};
use root::Root;
use slow::TransportKeys;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use store::Store;
use task::{Promise, Resolver, Tasks};

/// Reply buffers that are kept for use again.
const SPARE_BUFFERS_MAX: usize = 64;
/// How long a request rests whose audit record found the ring full.
const RING_PAUSE: Duration = Duration::from_millis(10);
/// A buffer that grew larger is given back to the heap.
const SPARE_BUFFER_BYTES_MAX: usize = 64 << 10;

/// What every lane is made of, apart from its links.
pub struct Parts {
    /// Which lane.
    pub index: LaneIndex,
    /// Which start of core.
    pub generation: Generation,
    /// The configuration.
    pub settings: Arc<settings::Core>,
    /// Bounds of a request.
    pub limits: Limits,
    /// Links to the frontend's workers, by worker.
    pub fronts: Vec<Front>,
    /// The ring to the audit-agent.
    pub ring: hardening::ring::RingProducer,
    /// Messages from other lanes.
    pub messages: Receiver<Message>,
    /// The way to lane 0.
    pub governor: Mailbox,
    /// Wakes this lane; a byte for each message or transport key.
    pub wake: UnixStream,
    /// Transport keys, made ahead of time.
    pub transport: TransportKeys,
    /// The way to the slow lane.
    pub work: work::Queue,
}

/// One fast lane.
pub struct Lane {
    index: LaneIndex,
    generation: Generation,
    settings: Arc<settings::Core>,
    limits: Limits,
    /// Requests that wait.
    pub tasks: Rc<Tasks>,
    now: Rc<Cell<Timestamp>>,
    fronts: Vec<Front>,
    store: Store,
    roots: BTreeMap<HsmName, Root>,
    audit: Audit,
    transport: TransportKeys,
    work: work::Work,
    tenants: RefCell<HashMap<TenantId, Rc<Tenant>>>,
    trust: RefCell<(u64, Arc<Vec<TrustRule>>)>,
    messages: Receiver<Message>,
    governor: Mailbox,
    wake: UnixStream,
    until_woken: RefCell<Vec<Resolver<()>>>,
    /// Those that let others go first: they go on in the next turn of the loop.
    resting: RefCell<Vec<Resolver<()>>>,
    timers: RefCell<Vec<(Timestamp, Resolver<()>)>>,
    runnable: RefCell<VecDeque<(usize, Connection)>>,
    spare: RefCell<Vec<Vec<u8>>>,
    random: RefCell<crate::crypto::random::Random>,
}

impl Lane {
    /// A lane whose links are still to be wired.
    ///
    /// # Errors
    /// When the generator of random numbers does not start.
    pub fn new(parts: Parts) -> Result<Rc<Self>, crate::crypto::CipherError> {
        let tasks = Rc::new(Tasks::default());
        let now = Rc::new(Cell::new(Timestamp::now()));
        let roots =
            parts.settings.hsms.iter().map(|hsm| (*hsm, Root::new(*hsm, Rc::clone(&tasks)))).collect();
        let random = RefCell::new(crate::crypto::random::Random::new()?);
        Ok(Rc::new(Self {
            index: parts.index,
            generation: parts.generation,
            settings: parts.settings,
            limits: parts.limits,
            store: Store::new(Rc::clone(&tasks), Rc::clone(&now)),
            audit: Audit::new(parts.ring, Rc::clone(&tasks)),
            tasks,
            now,
            fronts: parts.fronts,
            roots,
            transport: parts.transport,
            work: work::Work::new(parts.work, parts.index),
            tenants: RefCell::default(),
            trust: RefCell::default(),
            messages: parts.messages,
            governor: parts.governor,
            wake: parts.wake,
            until_woken: RefCell::default(),
            resting: RefCell::default(),
            timers: RefCell::default(),
            runnable: RefCell::default(),
            spare: RefCell::default(),
            random,
        }))
    }

    /// Wires the lane to its agents for the first time.
    pub fn wire(&self, keystore: Link, audit: Link, roots: Vec<(HsmName, Link)>) {
        self.store.agent.wire(keystore, Generation(1));
        self.audit.agent.wire(audit, Generation(1));
        for (hsm, link) in roots {
            if let Some(root) = self.roots.get(&hsm) {
                root.agent.wire(link, Generation(1));
            }
        }
    }

    /// The time of this turn of the loop.
    pub fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn random(&self, out: &mut [u8]) -> Result<(), ScopeError> {
        self.random.borrow_mut().fill(out).map_err(|_| ScopeError::NoMemory)
    }

    fn resolve(&self, peer: &PeerCertificate) -> Option<Identity> {
        resolve(self.trust.borrow().1.iter(), peer, self.now())
    }

    fn trust_version(&self) -> u64 {
        self.trust.borrow().0
    }

    /// Until somebody wakes the lane: a transport key is ready, a message has come.
    fn woken(&self) -> Promise<()> {
        let (promise, resolver) = self.tasks.promise();
        self.until_woken.borrow_mut().push(resolver);
        promise
    }

    /// Until the next turn of the loop: whatever has come meanwhile goes first.
    fn rest(&self) -> Promise<()> {
        let (promise, resolver) = self.tasks.promise();
        self.resting.borrow_mut().push(resolver);
        promise
    }

    /// Until this much time has passed, to the precision of the lane's tick.
    fn pause(&self, wait: Duration) -> Promise<()> {
        let (promise, resolver) = self.tasks.promise();
        self.timers.borrow_mut().push((self.now().after(wait), resolver));
        promise
    }

    fn reply_buffer(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARE_BUFFERS_MAX && buffer.capacity() <= SPARE_BUFFER_BYTES_MAX {
            zeroize::Zeroize::zeroize(&mut buffer);
            spare.push(buffer);
        }
    }

    /// Records what a client did.
    async fn record_as(&self, identity: &Identity, event: &Event, durable: bool) -> Result<(), ScopeError> {
        let who = Who {
            tenant: Some(identity.tenant),
            service: Some(identity.service),
            client: Some(identity.client),
            bundle: None,
        };
        self.record(&who, event, durable).await
    }

    /// Records what we did for a tenant, or for the box.
    async fn record_for(
        &self,
        tenant: Option<TenantId>,
        event: &Event,
        durable: bool,
    ) -> Result<(), ScopeError> {
        self.record(&Who { tenant, ..Who::default() }, event, durable).await
    }

    async fn record(&self, who: &Who, event: &Event, durable: bool) -> Result<(), ScopeError> {
        let record = AuditEvent {
            at: self.now(),
            generation: self.generation,
            lane: self.index,
            action: event.action,
            outcome: event.outcome,
            reason: event.reason.clone(),
            tenant: who.tenant,
            service: who.service,
            object: event.object,
            key_version: event.key_version,
            client: who.client,
            bundle: who.bundle,
        };
        let until = self.now().after(AGENT_TIMEOUT);
        let position = loop {
            match self.audit.hold(&record) {
                Ok(position) => break position,
                Err(HoldError::Full) if self.now() < until => self.pause(RING_PAUSE).await,
                Err(HoldError::Full | HoldError::Unaudited(_)) => return Err(ScopeError::Unaudited),
            }
        };
        if durable {
            self.audit.durable(position, self.now()).await.map_err(|_| ScopeError::Unaudited)?;
        }
        Ok(())
    }
}

/// For whom and by whom something was done.
#[derive(Default)]
struct Who {
    tenant: Option<TenantId>,
    service: Option<ServiceId>,
    client: Option<Fingerprint>,
    bundle: Option<Sequence>,
}
