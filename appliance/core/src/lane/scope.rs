//! What the lane offers to one request: its tenant, and nothing else.

use super::Lane;
use super::store::put;
use super::unseal::store_error;
use super::work::Busy;
use crate::audited::Event;
use crate::custody::vault::{self, Checked};
use crate::object::Object;
use crate::ops::{Pending, Streams, Tickets};
use crate::scope::{Change, Find, Scope, ScopeError};
use crate::tenant::Tenant;
use holdfast_model::limits::PAGE_ITEMS_MAX;
use holdfast_model::policy::Policy;
use holdfast_model::record::RecordKind;
use holdfast_model::trust::Identity;
use holdfast_model::{ObjectId, Timestamp};
use holdfast_ports::keystore::{Query, Write};
use std::rc::Rc;
use std::time::Instant;

/// One request's way to its tenant.
pub(super) struct RequestScope {
    lane: Rc<Lane>,
    tenant: Rc<Tenant>,
    identity: Identity,
    now: Timestamp,
    began: Instant,
}

impl RequestScope {
    pub(super) fn new(lane: Rc<Lane>, tenant: Rc<Tenant>, identity: Identity) -> Self {
        let now = lane.now();
        Self { lane, tenant, identity, now, began: Instant::now() }
    }

    async fn fetch(&self, id: ObjectId) -> Result<Rc<Object>, ScopeError> {
        self.lane.unseal(&self.tenant).await?;
        let epoch = self.tenant.epoch();
        let name = vault::name(self.tenant.id, id);
        let record = self.lane.store.get(name).await.map_err(store_error)?.ok_or(ScopeError::NotThere)?;
        // Whose service it is must be known before its key is asked for, and only a checked record tells.
        let service = self
            .tenant
            .with_keys(|keys| Checked::new(&keys.tenant, id, &record).map(|checked| checked.service()))
            .ok_or(ScopeError::Sealed)??;
        if service != self.identity.service {
            return Err(ScopeError::NotThere);
        }
        let service_keys = self.lane.service_keys(&self.tenant, service).await?;
        if self.tenant.epoch() != epoch {
            return Err(ScopeError::Sealed);
        }
        let object = self
            .tenant
            .with_keys(|keys| {
                let checked = Checked::new(&keys.tenant, id, &record)?;
                let key = service_keys.version(checked.version());
                checked.open(&keys.tenant, key.ok_or(crate::custody::CustodyError::NotAuthentic)?)
            })
            .ok_or(ScopeError::Sealed)??;
        let object = Rc::new(object);
        self.tenant.cache.borrow_mut().put(Rc::clone(&object));
        Ok(object)
    }

    /// Seals every change; the new states are returned beside the writes, to be cached once they are stored.
    async fn seal(
        &self,
        changes: Vec<Change>,
    ) -> Result<(Vec<Write>, Vec<Object>, Vec<ObjectId>), ScopeError> {
        let service_keys = self.lane.service_keys(&self.tenant, self.identity.service).await?;
        let (version, key) = service_keys.active().ok_or(ScopeError::NotAuthentic)?;
        let (mut writes, mut stored, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            match change {
                Change::Put(mut object) => {
                    let sealed = self
                        .tenant
                        .with_keys(|keys| vault::seal_object(&keys.tenant, (version, key), &object))
                        .ok_or(ScopeError::Sealed)??;
                    (object.revision, object.key_version) = (sealed.revision, version);
                    writes.push(put(sealed));
                    stored.push(object);
                }
                Change::Shred(id) => {
                    let revision = self.load(id).await?.revision;
                    writes.push(Write::Shred(vault::name(self.tenant.id, id), revision));
                    gone.push(id);
                }
            }
        }
        Ok((writes, stored, gone))
    }
}

impl Scope for RequestScope {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn policy(&self) -> Policy {
        self.tenant.orders.borrow().policy()
    }

    fn random(&self, out: &mut [u8]) -> Result<(), ScopeError> {
        self.lane.random(out)
    }

    async fn slowly<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ScopeError> {
        let epoch = self.tenant.epoch();
        let done = self.lane.work.start(&self.lane.tasks, &self.tenant.slow_jobs, job);
        let done = done.map_err(|Busy| ScopeError::Busy)?.await;
        // A tenant that was cut off meanwhile gets nothing of it.
        if self.tenant.epoch() == epoch { Ok(done) } else { Err(ScopeError::Revoked) }
    }

    async fn rest(&self) {
        self.lane.rest().await;
    }

    fn streams(&self) -> &Streams {
        &self.tenant.streams
    }

    fn tickets(&self) -> &Tickets {
        &self.tenant.tickets
    }

    fn pending(&self) -> &Pending {
        &self.tenant.pending
    }

    async fn load(&self, id: ObjectId) -> Result<Rc<Object>, ScopeError> {
        let cached = self.tenant.cache.borrow_mut().get(&id);
        match cached {
            Some(object) if object.service == self.identity.service => Ok(object),
            Some(_) => Err(ScopeError::NotThere),
            None => self.fetch(id).await,
        }
    }

    async fn find(&self, find: &Find) -> Result<Vec<ObjectId>, ScopeError> {
        self.lane.unseal(&self.tenant).await?;
        let service = self.identity.service;
        let all_of = self
            .tenant
            .with_keys(|keys| {
                if find.all_of.is_empty() {
                    return vec![vault::service_tag(&keys.tenant, service)];
                }
                find.all_of
                    .iter()
                    .map(|(field, value)| keys.tenant.index_tag(service, *field, value))
                    .collect()
            })
            .ok_or(ScopeError::Sealed)?;
        let query = Query {
            tenant: self.tenant.id,
            kind: RecordKind::Object,
            all_of,
            older_than: find.older_than.unwrap_or(ObjectId::MAX),
            limit: find.limit.min(u16::try_from(PAGE_ITEMS_MAX).unwrap_or(u16::MAX)),
        };
        self.lane.store.find(query).await.map_err(store_error)
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), ScopeError> {
        let (writes, stored, gone) = self.seal(changes).await?;
        let epoch = self.tenant.epoch();
        let outcome = self.lane.store.commit(writes).await.map_err(store_error);
        if self.tenant.epoch() != epoch {
            return Err(ScopeError::Revoked);
        }
        let mut cache = self.tenant.cache.borrow_mut();
        if let Err(error) = outcome {
            // The state that we built upon may have been replaced, and after no answer nobody knows. One that somebody
            // else has stored and cached meanwhile stays.
            stored.iter().for_each(|object| cache.remove_before(&object.id, object.revision));
            gone.iter().for_each(|id| cache.remove(id));
            return Err(error);
        }
        gone.iter().for_each(|id| cache.remove(id));
        stored.into_iter().for_each(|object| cache.put(Rc::new(object)));
        Ok(())
    }

    async fn record(&self, event: Event, durable: bool) -> Result<(), ScopeError> {
        self.tenant.metrics.borrow_mut().count(event.action, event.outcome, self.began.elapsed());
        self.lane.record_as(&self.identity, &event, durable).await
    }
}
