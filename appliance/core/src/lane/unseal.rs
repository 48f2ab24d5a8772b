//! Unsealing: a request needs L3, L3 needs L2, and L2 is in the HSM's hands.
//!
//! One unsealing of a tenant at a time; whoever comes meanwhile waits for it. A tenant that is cut off while its key
//! is on the way stays cut off: the key is dropped on arrival.

use super::Lane;
use super::store::put;
use crate::audited::Event;
use crate::custody::keys::TenantKey;
use crate::custody::service_record::{self, ServiceKeys};
use crate::custody::tenant_record::{self, TenantRecord};
use crate::custody::transport::OneTimeKey;
use crate::scope::ScopeError;
use crate::tenant::Tenant;
use hardening::secret::Secret;
use holdfast_model::audit::{Action, Outcome, Reason};
use holdfast_model::l1::L1Ref;
use holdfast_model::record::Revision;
use holdfast_model::{KeyVersion, ServiceId, Timestamp};
use holdfast_ports::keystore::KeystoreError;
use holdfast_ports::root::{Released, Reply, Request, RootError, TransportKey};
use std::rc::Rc;

impl Lane {
    /// Brings the tenant's L2 into memory if it is not there.
    ///
    /// # Errors
    /// [`ScopeError::Revoked`] for a tenant without a root key; [`ScopeError::Sealed`] while the HSM does not help.
    pub(super) async fn unseal(self: &Rc<Self>, tenant: &Rc<Tenant>) -> Result<(), ScopeError> {
        loop {
            if tenant.is_unsealed() {
                return Ok(());
            }
            let Some(l1) = tenant.orders.borrow().l1().cloned() else { return Err(ScopeError::Revoked) };
            if self.now() < tenant.root.borrow().not_before {
                return Err(ScopeError::Sealed);
            }
            let waiting = self.wait_for_unsealing(tenant);
            if let Some(promise) = waiting {
                promise.await;
                if !tenant.is_unsealed() && tenant.orders.borrow().l1().is_some() {
                    return Err(ScopeError::Sealed);
                }
                continue;
            }
            let _release = Unsealing::begin(tenant);
            let outcome = self.unseal_with(tenant, &l1).await;
            self.note_root(tenant, outcome.err());
            return outcome.map_err(|why| why.into_scope());
        }
    }

    fn wait_for_unsealing(&self, tenant: &Tenant) -> Option<super::task::Promise<()>> {
        let mut unsealing = tenant.unsealing.borrow_mut();
        let waiting = unsealing.as_mut()?;
        let (promise, resolver) = self.tasks.promise();
        waiting.push(resolver);
        Some(promise)
    }

    async fn unseal_with(self: &Rc<Self>, tenant: &Rc<Tenant>, l1: &L1Ref) -> Result<(), Failure> {
        let epoch = tenant.epoch();
        let found = self.store.get(tenant_record::name(tenant.id)).await?;
        let transport = self.transport_key().await?;
        let (key, plain) = match &found {
            Some(record) => {
                let read =
                    TenantRecord::read_unchecked(tenant.id, record).map_err(|_| Failure::NotAuthentic)?;
                let request = Request::Release(l1.clone(), read.wrapped, transport.public().clone());
                let Reply::Released(released) = self.ask_root(l1, &request).await? else {
                    return Err(Failure::Root(RootErrorKind::Retry));
                };
                let (key, plain) = self.receive_l2(tenant, transport, released)?;
                TenantRecord::check(&key, record).map_err(|_| Failure::NotAuthentic)?;
                (key, plain)
            }
            None => self.make_l2(tenant, l1, transport).await?,
        };
        if tenant.epoch() != epoch {
            return Err(Failure::Revoked);
        }
        let action = if plain { Action::UnsealPlain } else { Action::Unseal };
        let event = Event {
            action,
            outcome: Outcome::Done,
            reason: Reason::NONE,
            object: None,
            key_version: KeyVersion(0),
        };
        self.record_for(Some(tenant.id), &event, true).await.map_err(|_| Failure::Unaudited)?;
        if tenant.unseal(key, epoch) { Ok(()) } else { Err(Failure::Revoked) }
    }

    async fn make_l2(
        self: &Rc<Self>,
        tenant: &Rc<Tenant>,
        l1: &L1Ref,
        transport: OneTimeKey,
    ) -> Result<(TenantKey, bool), Failure> {
        let request = Request::Make(l1.clone(), transport_of(&transport));
        let Reply::Made(made) = self.ask_root(l1, &request).await? else {
            return Err(Failure::Root(RootErrorKind::Retry));
        };
        let (key, plain) = self.receive_l2(tenant, transport, made.released)?;
        let record = TenantRecord { l1: l1.clone(), wrapped: made.wrapped };
        let sealed = record.seal(&key, Revision(1)).map_err(|_| Failure::NotAuthentic)?;
        // Another appliance, or our own attempt before a crash, may have been first: then its key counts.
        self.store.commit(vec![put(sealed)]).await?;
        Ok((key, plain))
    }

    fn receive_l2(
        &self,
        tenant: &Tenant,
        transport: OneTimeKey,
        released: Released,
    ) -> Result<(TenantKey, bool), Failure> {
        let (secret, plain) = match released {
            Released::Transport { ciphertext, oaep } => {
                (transport.open(&ciphertext, oaep).map_err(|_| Failure::NotAuthentic)?, false)
            }
            Released::Plain(mut plain) => {
                (Secret::take_from(&mut plain.0).map_err(|_| Failure::NoMemory)?, true)
            }
        };
        let key = TenantKey::new(secret, self.settings.cluster, tenant.id).map_err(|_| Failure::NoMemory)?;
        Ok((key, plain))
    }

    async fn transport_key(self: &Rc<Self>) -> Result<OneTimeKey, Failure> {
        loop {
            if let Some(key) = self.transport.take().map_err(|_| Failure::NoMemory)? {
                return Ok(key);
            }
            self.woken().await;
        }
    }

    /// Asks the root-agent of an L1.
    pub(super) async fn ask_root(&self, l1: &L1Ref, request: &Request) -> Result<Reply, Failure> {
        let root = self.roots.get(&l1.hsm).ok_or(Failure::Root(RootErrorKind::Operator))?;
        let reply =
            root.agent.call(request, self.now()).await.map_err(|_| Failure::Root(RootErrorKind::Retry));
        root.note(self.now(), !matches!(reply, Err(_) | Ok(Reply::Failed(RootError::Unavailable))));
        match reply? {
            Reply::Failed(RootError::RateLimited { retry_after }) => {
                Err(Failure::Root(RootErrorKind::Wait(retry_after)))
            }
            Reply::Failed(RootError::Unavailable) => Err(Failure::Root(RootErrorKind::Retry)),
            Reply::Failed(RootError::NotAuthentic) => Err(Failure::NotAuthentic),
            Reply::Failed(_) => Err(Failure::Root(RootErrorKind::Operator)),
            reply => Ok(reply),
        }
    }

    fn note_root(&self, tenant: &Tenant, failure: Option<Failure>) {
        let mut root = tenant.root.borrow_mut();
        match failure {
            None => *root = crate::tenant::RootHealth { checked: self.now(), ..Default::default() },
            Some(Failure::Root(RootErrorKind::Wait(wait))) => root.not_before = self.now().after(wait),
            Some(_) => {
                let noise = u32::try_from(self.now().millis() & 0xff).unwrap_or(0);
                let wait = root.backoff.failed(noise);
                root.not_before = self.now().after(wait);
            }
        }
    }

    /// The service's L3, all versions; made if governance has defined the service and it has none yet.
    ///
    /// # Errors
    /// [`ScopeError::NotThere`] for a service that is not defined.
    pub(super) async fn service_keys(
        self: &Rc<Self>,
        tenant: &Rc<Tenant>,
        service: ServiceId,
    ) -> Result<Rc<ServiceKeys>, ScopeError> {
        loop {
            self.unseal(tenant).await?;
            let epoch = tenant.epoch();
            if let Some(found) = tenant.with_keys(|keys| keys.services.get(&service).cloned()).flatten() {
                return Ok(found);
            }
            let stored =
                self.store.get(service_record::name(tenant.id, service)).await.map_err(store_error)?;
            let mut keys = match stored {
                Some(record) => tenant
                    .with_keys(|keys| ServiceKeys::open(&keys.tenant, service, &record))
                    .ok_or(ScopeError::Sealed)?
                    .map_err(ScopeError::from)?,
                None if tenant.orders.borrow().services().contains(&service) => ServiceKeys::first(service)?,
                None => return Err(ScopeError::NotThere),
            };
            // A key that is new, or that governance has ordered another version of, is stored before it wraps anything.
            let wanted = tenant.orders.borrow().key_versions(service);
            let is_new = keys.revision == Revision(0);
            if is_new || keys.newest() < wanted {
                while keys.newest() < wanted {
                    keys.rotate()?;
                }
                let sealed = tenant.with_keys(|held| keys.seal(&held.tenant)).ok_or(ScopeError::Sealed)??;
                keys.revision = sealed.revision;
                match self.store.commit(vec![put(sealed)]).await {
                    Ok(()) => {}
                    Err(KeystoreError::Conflict) => continue,
                    Err(error) => return Err(store_error(error)),
                }
            }
            let keys = Rc::new(keys);
            let kept = tenant.epoch() == epoch
                && tenant.with_keys_mut(|all| all.services.insert(service, Rc::clone(&keys))).is_some();
            if kept {
                self.begin_sweep(tenant, service, &keys);
                return Ok(keys);
            }
        }
    }
}

fn transport_of(key: &OneTimeKey) -> TransportKey {
    key.public().clone()
}

/// How an unsealing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Root(RootErrorKind),
    Store(ScopeErrorOfStore),
    NotAuthentic,
    NoMemory,
    Revoked,
    Unaudited,
}

/// What to do about an HSM that did not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RootErrorKind {
    /// Ask again later.
    Retry,
    /// Ask again after this.
    Wait(core::time::Duration),
    /// A person must act; asking again now and then notices when somebody has.
    Operator,
}

/// A keystore error on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScopeErrorOfStore(ScopeError);

impl From<KeystoreError> for Failure {
    fn from(error: KeystoreError) -> Self {
        Self::Store(ScopeErrorOfStore(store_error(error)))
    }
}

impl Failure {
    const fn into_scope(self) -> ScopeError {
        match self {
            Self::Root(_) => ScopeError::Sealed,
            Self::Store(ScopeErrorOfStore(ScopeError::Conflict)) => ScopeError::Sealed,
            Self::Store(ScopeErrorOfStore(error)) => error,
            Self::NotAuthentic => ScopeError::NotAuthentic,
            Self::NoMemory => ScopeError::NoMemory,
            Self::Revoked => ScopeError::Revoked,
            Self::Unaudited => ScopeError::Unaudited,
        }
    }

    /// The fixed word for receipts and logs.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Root(RootErrorKind::Operator) => "hsm-refused",
            Self::Root(_) => "hsm-unavailable",
            Self::Store(_) => "keystore-unavailable",
            Self::NotAuthentic => "not-authentic",
            Self::NoMemory => "no-secret-memory",
            Self::Revoked => "revoked",
            Self::Unaudited => "audit-unavailable",
        }
    }
}

/// What a keystore error means to a request.
pub(super) fn store_error(error: KeystoreError) -> ScopeError {
    match error {
        KeystoreError::Conflict => ScopeError::Conflict,
        KeystoreError::Full => ScopeError::StoreFull,
        KeystoreError::Damaged => ScopeError::NotAuthentic,
        _ => ScopeError::StoreUnavailable,
    }
}

impl From<crate::custody::CustodyError> for ScopeError {
    fn from(error: crate::custody::CustodyError) -> Self {
        use crate::custody::CustodyError;
        match error {
            CustodyError::NotAuthentic => Self::NotAuthentic,
            CustodyError::NoMemory | CustodyError::TooLarge => Self::NoMemory,
        }
    }
}

/// While it lives, the tenant is being unsealed; when it goes, in whatever way, those who wait go on.
struct Unsealing {
    tenant: Rc<Tenant>,
}

impl Unsealing {
    fn begin(tenant: &Rc<Tenant>) -> Self {
        *tenant.unsealing.borrow_mut() = Some(Vec::new());
        Self { tenant: Rc::clone(tenant) }
    }
}

impl Drop for Unsealing {
    fn drop(&mut self) {
        let waiting = self.tenant.unsealing.borrow_mut().take().unwrap_or_default();
        for resolver in waiting {
            resolver.resolve(());
        }
    }
}

/// When L1 checks begin to fail, and when they have failed too long.
#[must_use]
pub(super) fn grace_is_over(failing_since: Timestamp, now: Timestamp, grace: core::time::Duration) -> bool {
    now.since(failing_since) >= grace
}
