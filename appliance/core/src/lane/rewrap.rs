//! The sweep after a rotation: what an older version of a service key wraps is wrapped anew, a little at a time, while others
//! are served.
//!
//! How far it has come is nowhere but in the records themselves: each is indexed by the version that wraps it. So a sweep that a
//! restart cut short goes on when the service's keys are next in memory, and one that is done finds nothing.
//! Rules: DESIGN, section 2 (rotation); SP 800-57 Part 1 Rev. 5, section 8.2.3.

use super::Lane;
use super::store::put;
use super::unseal::store_error;
use crate::audited::Event;
use crate::custody::CustodyError;
use crate::custody::service_record::ServiceKeys;
use crate::custody::vault::{self, Checked};
use crate::scope::ScopeError;
use crate::tenant::Tenant;
use holdfast_model::audit::{Action, Outcome, Reason};
use holdfast_model::record::RecordKind;
use holdfast_model::{KeyVersion, ObjectId, ServiceId};
use holdfast_ports::keystore::Query;
use std::rc::Rc;

/// Records looked up at once.
const PAGE: u16 = 64;

impl Lane {
    /// Begins a sweep, if the service has older versions and none was begun for its newest one yet.
    pub(super) fn begin_sweep(
        self: &Rc<Self>,
        tenant: &Rc<Tenant>,
        service: ServiceId,
        keys: &Rc<ServiceKeys>,
    ) {
        let newest = keys.newest();
        if newest < 2 || tenant.swept.borrow().get(&service).is_some_and(|swept| *swept >= newest) {
            return;
        }
        tenant.swept.borrow_mut().insert(service, newest);
        let (lane, tenant, keys) = (Rc::clone(self), Rc::clone(tenant), Rc::clone(keys));
        self.tasks.start(async move {
            if let Err(_unfinished) = lane.sweep(&tenant, service, &keys).await {
                // Begun again when the keys are fetched again.
                tenant.swept.borrow_mut().remove(&service);
            }
        });
    }

    async fn sweep(
        self: &Rc<Self>,
        tenant: &Rc<Tenant>,
        service: ServiceId,
        keys: &Rc<ServiceKeys>,
    ) -> Result<(), ScopeError> {
        let epoch = tenant.epoch();
        let mut rewrapped = false;
        for older in 1..keys.newest() {
            let mut below = ObjectId::MAX;
            loop {
                let tag = tenant
                    .with_keys(|held| vault::version_tag(&held.tenant, service, KeyVersion(older)))
                    .ok_or(ScopeError::Sealed)?;
                let query = Query {
                    tenant: tenant.id,
                    kind: RecordKind::Object,
                    all_of: vec![tag],
                    older_than: below,
                    limit: PAGE,
                };
                let ids = self.store.find(query).await.map_err(store_error)?;
                for id in &ids {
                    self.rewrap(tenant, epoch, *id, keys).await?;
                    rewrapped = true;
                    self.rest().await;
                }
                match ids.last() {
                    Some(last) if ids.len() == usize::from(PAGE) => below = *last,
                    _ => break,
                }
            }
        }
        if rewrapped {
            let event = Event {
                action: Action::KeyRotate,
                outcome: Outcome::Done,
                reason: Reason::word("rewrapped"),
                object: None,
                key_version: KeyVersion(keys.newest()),
            };
            self.record_for(Some(tenant.id), &event, true).await?;
        }
        Ok(())
    }

    /// Wraps one object anew. Who changes it meanwhile is faster: its new state is wrapped by the newest version anyway.
    async fn rewrap(
        self: &Rc<Self>,
        tenant: &Rc<Tenant>,
        epoch: u64,
        id: ObjectId,
        keys: &Rc<ServiceKeys>,
    ) -> Result<(), ScopeError> {
        let Some(record) = self.store.get(vault::name(tenant.id, id)).await.map_err(store_error)? else {
            return Ok(());
        };
        if tenant.epoch() != epoch {
            return Err(ScopeError::Sealed);
        }
        let (version, newest) = keys.active().ok_or(ScopeError::NotAuthentic)?;
        let sealed = tenant
            .with_keys(|held| {
                let checked = Checked::new(&held.tenant, id, &record)?;
                if checked.version() == version {
                    return Ok(None);
                }
                let wraps = keys.version(checked.version()).ok_or(CustodyError::NotAuthentic)?;
                let object = checked.open(&held.tenant, wraps)?;
                vault::seal_object(&held.tenant, (version, newest), &object).map(Some)
            })
            .ok_or(ScopeError::Sealed)?;
        // One that does not authenticate is for whoever asks for it to find; it does not hold up the others.
        let Ok(Some(sealed)) = sealed else { return Ok(()) };
        let revision = sealed.revision;
        match self.store.commit(vec![put(sealed)]).await.map_err(store_error) {
            Ok(()) => tenant.cache.borrow_mut().remove_before(&id, revision),
            Err(ScopeError::Conflict) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
