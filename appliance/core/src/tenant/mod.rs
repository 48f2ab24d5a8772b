//! One tenant in memory: what it was ordered to be, its keys while it is unsealed, its cached objects.
//!
//! Belongs to one lane, so nothing here needs a lock.

pub mod cache;
pub mod metrics;
pub mod orders;

use crate::custody::keys::TenantKey;
use crate::custody::service_record::ServiceKeys;
use crate::lane::task::Resolver;
use crate::ops::{Pending, Streams, Tickets};
use cache::Cache;
use core::cell::{Cell, RefCell};
use holdfast_model::status::{TenantState, TenantStatus};
use holdfast_model::{ServiceId, TenantId, Timestamp};
use holdfast_ports::backoff::Backoff;
use metrics::Metrics;
use orders::Orders;
use std::collections::HashMap;
use std::rc::Rc;

/// A tenant's keys, while it is unsealed.
pub struct Keys {
    /// L2.
    pub tenant: TenantKey,
    /// L3 of each service that was needed so far.
    pub services: HashMap<ServiceId, Rc<ServiceKeys>>,
}

/// One tenant.
pub struct Tenant {
    /// Which.
    pub id: TenantId,
    /// What governance ordered.
    pub orders: RefCell<Orders>,
    keys: RefCell<Option<Keys>>,
    /// Objects that were used lately.
    pub cache: RefCell<Cache>,
    /// Its cryptographic operations that come in parts.
    pub streams: Streams,
    /// Its requests whose answers are fetched later.
    pub pending: Pending,
    /// The version of each service key that a sweep was begun for.
    pub(crate) swept: RefCell<HashMap<ServiceId, u32>>,
    /// Its jobs with the slow lane.
    pub(crate) slow_jobs: Rc<Cell<usize>>,
    /// What its users have logged in with.
    pub tickets: Tickets,
    /// Counts the wipes: what began before one must not go on after it.
    epoch: Cell<u64>,
    /// Who waits for the unsealing that is under way, if one is.
    pub(crate) unsealing: RefCell<Option<Vec<Resolver<()>>>>,
    /// How the root of trust answered lately.
    pub(crate) root: RefCell<RootHealth>,
    /// What was done for it.
    pub metrics: RefCell<Metrics>,
}

/// How the root of trust answered this tenant lately.
#[derive(Default)]
pub(crate) struct RootHealth {
    pub(crate) backoff: Backoff,
    /// Do not ask before this.
    pub(crate) not_before: Timestamp,
    /// Checks have failed since.
    pub(crate) failing_since: Option<Timestamp>,
    /// When L1 was checked last.
    pub(crate) checked: Timestamp,
}

impl Tenant {
    /// A tenant, sealed.
    #[must_use]
    pub fn new(id: TenantId, orders: Orders) -> Self {
        Self {
            id,
            orders: RefCell::new(orders),
            keys: RefCell::new(None),
            cache: RefCell::new(Cache::default()),
            streams: Streams::default(),
            pending: Pending::default(),
            swept: RefCell::default(),
            slow_jobs: Rc::default(),
            tickets: Tickets::default(),
            epoch: Cell::new(0),
            unsealing: RefCell::new(None),
            root: RefCell::new(RootHealth::default()),
            metrics: RefCell::new(Metrics::default()),
        }
    }

    /// Lends the keys, if the tenant is unsealed.
    pub fn with_keys<R>(&self, read: impl FnOnce(&Keys) -> R) -> Option<R> {
        self.keys.borrow().as_ref().map(read)
    }

    /// Lends the keys to be added to, if the tenant is unsealed.
    pub fn with_keys_mut<R>(&self, change: impl FnOnce(&mut Keys) -> R) -> Option<R> {
        self.keys.borrow_mut().as_mut().map(change)
    }

    /// Are the keys in memory?
    #[must_use]
    pub fn is_unsealed(&self) -> bool {
        self.keys.borrow().is_some()
    }

    /// Which wipe we are after.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.get()
    }

    /// Takes the tenant key, unless the tenant was wiped since `epoch`.
    pub fn unseal(&self, key: TenantKey, epoch: u64) -> bool {
        if self.epoch.get() != epoch {
            return false;
        }
        *self.keys.borrow_mut() = Some(Keys { tenant: key, services: HashMap::new() });
        true
    }

    /// Wipes L2, every L3, every cached object, every stream and every request that waits. Calling twice is harmless.
    pub fn wipe(&self) {
        self.epoch.set(self.epoch.get().wrapping_add(1));
        let keys = self.keys.borrow_mut().take();
        drop(keys);
        self.cache.borrow_mut().clear();
        self.streams.clear();
        self.pending.clear();
        self.tickets.clear();
        self.swept.borrow_mut().clear();
    }

    /// Takes new orders. A tenant that is cut off is wiped before anything else.
    pub fn obey(&self, orders: Orders) {
        if orders.l1().is_none() {
            self.wipe();
        }
        if orders.policy() != self.orders.borrow().policy() {
            // What was begun under another policy does not go on under this one.
            self.streams.clear();
        }
        self.with_keys_mut(|keys| {
            // Fetched anew, and given their new version, when next needed.
            keys.services.retain(|service, held| held.newest() >= orders.key_versions(*service));
        });
        let relinked = orders.l1() != self.orders.borrow().l1();
        if relinked {
            *self.root.borrow_mut() = RootHealth::default();
        }
        *self.orders.borrow_mut() = orders;
    }

    /// Its state, for people.
    #[must_use]
    pub fn state(&self) -> TenantState {
        match (self.orders.borrow().l1().is_some(), self.is_unsealed(), self.orders.borrow().is_revoked()) {
            (_, _, true) => TenantState::Revoked,
            (false, _, false) => TenantState::Unlinked,
            (true, true, false) => TenantState::Unsealed,
            (true, false, false) => TenantState::Sealed,
        }
    }

    /// What an operator sees of it.
    #[must_use]
    pub fn status(&self) -> TenantStatus {
        let orders = self.orders.borrow();
        TenantStatus {
            tenant: self.id,
            state: self.state(),
            hsm: orders.l1().map(|l1| l1.hsm),
            services: u32::try_from(orders.services().len()).unwrap_or(u32::MAX),
            operations: self.metrics.borrow().counts(),
        }
    }
}
