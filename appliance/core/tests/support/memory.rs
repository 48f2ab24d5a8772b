//! A tenant in memory: what the lane offers to a request, without lane, keystore, HSM or audit log.
//!
//! Shared by the tests and the bench. Several scopes may look at one store, as several clients do. What it stores it
//! encodes and decodes again, so that nothing survives here that would not survive a keystore.
#![allow(dead_code, reason = "each user needs a part of it")]

use hardening::SecretBytes;
use holdfast_core::audited::Event;
use holdfast_core::crypto::{Schedules, random::Random};
use holdfast_core::managed::Managed;
use holdfast_core::object::Object;
use holdfast_core::ops::{Pending, Streams, Tickets};
use holdfast_core::request::{Limits, answer};
use holdfast_core::scope::{Change, Find, Scope, ScopeError};
use holdfast_model::policy::Policy;
use holdfast_model::record::Revision;
use holdfast_model::trust::{Identity, Permission};
use holdfast_model::{Fingerprint, ObjectId, ServiceId, TenantId, Timestamp};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What a keystore would hold.
struct Stored {
    object: Rc<Object>,
    index: BTreeSet<(u32, Vec<u8>)>,
}

/// One tenant's store, clock and audit log.
pub(crate) struct Store {
    objects: RefCell<BTreeMap<ObjectId, Stored>>,
    random: RefCell<Random>,
    now: Cell<u64>,
    /// What its keys may be used for.
    pub(crate) policy: Cell<Policy>,
    streams: Streams,
    pending: Pending,
    tickets: Tickets,
    /// Every event and whether it had to be durable.
    pub(crate) events: RefCell<Vec<(Event, bool)>>,
    /// Refuse to record.
    pub(crate) audit_is_full: Cell<bool>,
    /// Refuse to load and store, with this.
    pub(crate) broken: Cell<Option<ScopeError>>,
    /// Every load, find and commit takes two polls, so that others come between.
    pub(crate) yields: Cell<bool>,
    /// How often a commit was made, and how often it came too late.
    pub(crate) commits: Cell<(u32, u32)>,
}

impl Store {
    pub(crate) fn new() -> Rc<Self> {
        hardening::arena::install(hardening::arena::ArenaSize::mib(64)).unwrap();
        Rc::new(Self {
            objects: RefCell::default(),
            random: RefCell::new(Random::new().unwrap()),
            now: Cell::new(1_795_000_000_000),
            policy: Cell::default(),
            streams: Streams::default(),
            pending: Pending::default(),
            tickets: Tickets::default(),
            events: RefCell::default(),
            audit_is_full: Cell::new(false),
            broken: Cell::new(None),
            yields: Cell::new(false),
            commits: Cell::new((0, 0)),
        })
    }

    /// Moves the clock.
    pub(crate) fn wait(&self, seconds: u64) {
        self.now.set(self.now.get() + seconds * 1000);
    }

    /// Sets the clock, in seconds since 1970.
    pub(crate) fn set_clock(&self, seconds: u64) {
        self.now.set(seconds * 1000);
    }

    /// Forgets what was cached, as a restart does.
    pub(crate) fn restart(&self) {
        self.streams.clear();
        self.pending.clear();
        self.tickets.clear();
        for stored in self.objects.borrow_mut().values_mut() {
            stored.object = Rc::new(copy(&stored.object, stored.object.revision));
        }
    }

    /// What is kept of one object.
    pub(crate) fn peek(&self, id: ObjectId) -> Option<Rc<Object>> {
        self.objects.borrow().get(&id).map(|stored| Rc::clone(&stored.object))
    }

    pub(crate) fn client(self: &Rc<Self>, service: &str, permission: Permission) -> Memory {
        let identity = Identity {
            tenant: TenantId::parse("acme").unwrap(),
            service: ServiceId::parse(service).unwrap(),
            permission,
            client: Fingerprint([1; 32]),
            not_after: Timestamp::from_millis(u64::MAX),
        };
        Memory { store: Rc::clone(self), identity, limits: Limits::default() }
    }
}

/// A client's scope.
pub(crate) struct Memory {
    pub(crate) store: Rc<Store>,
    identity: Identity,
    pub(crate) limits: Limits,
}

impl Memory {
    /// Sends bytes, gets bytes.
    pub(crate) fn send(&self, request: &[u8]) -> Vec<u8> {
        let mut reply = Vec::with_capacity(4096);
        block_on(answer(self, &self.limits, request, &mut reply));
        reply
    }

    async fn turn(&self) {
        if self.store.yields.get() {
            Turn(false).await;
        }
    }
}

/// An object as it comes back from a keystore: described and with material, and nothing that was cached.
fn copy(object: &Object, revision: Revision) -> Object {
    let mut body = Vec::new();
    object.managed.encode(&mut body);
    let managed = Managed::decode(&body).unwrap();
    assert!(managed == object.managed, "a body reads back as it was written");
    let material = object.material.as_ref().map(|material| {
        material.expose(|from| {
            SecretBytes::init_with(from.len(), |to| {
                to.copy_from_slice(from);
                Ok::<_, hardening::MemoryError>(())
            })
            .unwrap()
        })
    });
    Object {
        id: object.id,
        revision,
        service: object.service,
        key_version: object.key_version,
        managed,
        material,
        schedules: Schedules::default(),
        nonces_left: Cell::new(0),
    }
}

impl Scope for Memory {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.store.now.get())
    }

    fn policy(&self) -> Policy {
        self.store.policy.get()
    }

    fn random(&self, out: &mut [u8]) -> Result<(), ScopeError> {
        self.store.random.borrow_mut().fill(out).map_err(|_| ScopeError::NoMemory)
    }

    async fn slowly<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ScopeError> {
        let thread = std::thread::spawn(job);
        self.turn().await;
        Ok(thread.join().unwrap())
    }

    async fn rest(&self) {
        self.turn().await;
    }

    fn streams(&self) -> &Streams {
        &self.store.streams
    }

    fn tickets(&self) -> &Tickets {
        &self.store.tickets
    }

    fn pending(&self) -> &Pending {
        &self.store.pending
    }

    async fn load(&self, id: ObjectId) -> Result<Rc<Object>, ScopeError> {
        self.turn().await;
        if let Some(error) = self.store.broken.get() {
            return Err(error);
        }
        // On purpose not by service: operations must not rely on it.
        self.store.peek(id).ok_or(ScopeError::NotThere)
    }

    async fn find(&self, find: &Find) -> Result<Vec<ObjectId>, ScopeError> {
        self.turn().await;
        if let Some(error) = self.store.broken.get() {
            return Err(error);
        }
        let objects = self.store.objects.borrow();
        let below = find.older_than.unwrap_or(ObjectId::MAX);
        let found = objects
            .range(..below)
            .rev()
            .filter(|(_, stored)| stored.object.service == self.identity.service)
            .filter(|(_, stored)| find.all_of.iter().all(|entry| stored.index.contains(entry)))
            .map(|(id, _)| *id)
            .take(usize::from(find.limit));
        Ok(found.collect())
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), ScopeError> {
        self.turn().await;
        if let Some(error) = self.store.broken.get() {
            return Err(error);
        }
        let mut objects = self.store.objects.borrow_mut();
        let (made, late) = self.store.commits.get();
        for change in &changes {
            let Change::Put(object) = change else { continue };
            let there = objects.get(&object.id).map_or(Revision(0), |stored| stored.object.revision);
            if there != object.revision {
                self.store.commits.set((made, late + 1));
                return Err(ScopeError::Conflict);
            }
        }
        self.store.commits.set((made + 1, late));
        for change in changes {
            match change {
                Change::Put(object) => {
                    let kept = copy(&object, Revision(object.revision.0 + 1));
                    kept.nonces_left.set(object.nonces_left.get());
                    let mut index = BTreeSet::new();
                    kept.managed.index(&mut |field, value| {
                        index.insert((field, value.to_vec()));
                    });
                    objects.insert(kept.id, Stored { object: Rc::new(kept), index });
                }
                Change::Shred(id) => drop(objects.remove(&id)),
            }
        }
        Ok(())
    }

    async fn record(&self, event: Event, durable: bool) -> Result<(), ScopeError> {
        if self.store.audit_is_full.get() {
            return Err(ScopeError::Unaudited);
        }
        self.store.events.borrow_mut().push((event, durable));
        Ok(())
    }
}

/// Pending once.
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        Poll::Pending
    }
}

/// Polls until it is done.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}

/// Polls all in turn until all are done.
pub(crate) fn interleave<'f>(futures: Vec<Pin<Box<dyn Future<Output = ()> + 'f>>>) {
    let mut context = Context::from_waker(Waker::noop());
    let mut running = futures;
    while !running.is_empty() {
        running.retain_mut(|future| future.as_mut().poll(&mut context).is_pending());
    }
}
