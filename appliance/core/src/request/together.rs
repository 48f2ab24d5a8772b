//! A scope in which nothing is stored before everything is: what a batch that may be undone works on.
//!
//! Separate from `request` so that no operation knows whether it is part of such a batch.
//! Rules: KMIP 1.4, section 6.13 (Batch Error Continuation Option: Undo); KMIP 2.1, section 9.5.

use crate::audited::Event;
use crate::object::Object;
use crate::ops::{Pending, Streams, Tickets};
use crate::scope::{Change, Find, Scope, ScopeError};
use core::cell::RefCell;
use holdfast_model::audit::{Outcome, Reason};
use holdfast_model::limits::PAGE_ITEMS_MAX;
use holdfast_model::policy::Policy;
use holdfast_model::trust::Identity;
use holdfast_model::{ObjectId, Timestamp};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The changes and events of one batch, held back.
pub(super) struct Together<'s, S: Scope> {
    scope: &'s S,
    changed: RefCell<BTreeMap<ObjectId, Rc<Object>>>,
    events: RefCell<Vec<Event>>,
}

impl<'s, S: Scope> Together<'s, S> {
    /// Nothing changed yet.
    pub(super) fn over(scope: &'s S) -> Self {
        Self { scope, changed: RefCell::default(), events: RefCell::default() }
    }

    /// Stores everything at once, and then records it.
    ///
    /// # Errors
    /// Nothing was stored; or it was and the audit log does not take the records, and nobody may be told.
    pub(super) async fn keep(&self) -> Result<(), ScopeError> {
        let changed = self.changed.take();
        let mut changes = Vec::with_capacity(changed.len());
        for object in changed.values() {
            let kept = object.successor(object.managed.clone(), object.material.is_some());
            changes.push(Change::Put(kept.map_err(|_| ScopeError::NoMemory)?));
        }
        if !changes.is_empty() {
            self.scope.commit(changes).await?;
        }
        self.record_all(|event| event).await
    }

    /// Stores nothing, and records what was undone.
    ///
    /// # Errors
    /// [`ScopeError::Unaudited`].
    pub(super) async fn undo(&self) -> Result<(), ScopeError> {
        self.changed.take();
        let undone = |event: Event| match event.outcome {
            Outcome::Done => Event { outcome: Outcome::Refused, reason: Reason::word("undone"), ..event },
            Outcome::Refused => event,
        };
        self.record_all(undone).await
    }

    async fn record_all(&self, as_it_ended: impl Fn(Event) -> Event) -> Result<(), ScopeError> {
        for event in self.events.take() {
            self.scope.record(as_it_ended(event), true).await?;
        }
        Ok(())
    }
}

impl<S: Scope> Scope for Together<'_, S> {
    fn identity(&self) -> &Identity {
        self.scope.identity()
    }

    fn now(&self) -> Timestamp {
        self.scope.now()
    }

    fn policy(&self) -> Policy {
        self.scope.policy()
    }

    fn random(&self, out: &mut [u8]) -> Result<(), ScopeError> {
        self.scope.random(out)
    }

    fn slowly<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, ScopeError>> {
        self.scope.slowly(job)
    }

    fn rest(&self) -> impl Future<Output = ()> {
        self.scope.rest()
    }

    fn streams(&self) -> &Streams {
        self.scope.streams()
    }

    fn tickets(&self) -> &Tickets {
        self.scope.tickets()
    }

    fn pending(&self) -> &Pending {
        self.scope.pending()
    }

    async fn load(&self, id: ObjectId) -> Result<Rc<Object>, ScopeError> {
        let here = self.changed.borrow().get(&id).cloned();
        match here {
            Some(object) => Ok(object),
            None => self.scope.load(id).await,
        }
    }

    async fn find(&self, find: &Find) -> Result<Vec<ObjectId>, ScopeError> {
        let below = find.older_than.unwrap_or(ObjectId::MAX);
        let limit = usize::from(find.limit);
        let room = (limit + self.changed.borrow().len()).min(PAGE_ITEMS_MAX);
        let wider = Find { limit: u16::try_from(room).unwrap_or(u16::MAX), ..find.clone() };
        let mut found = self.scope.find(&wider).await?;
        let changed = self.changed.borrow();
        found.retain(|id| !changed.contains_key(id));
        found.extend(changed.iter().filter(|(id, _)| **id < below).filter_map(|(id, object)| {
            let mut missing = find.all_of.clone();
            object.managed.index(&mut |field, value| {
                missing.retain(|(wanted, bytes)| !(*wanted == field && bytes == value));
            });
            missing.is_empty().then_some(*id)
        }));
        found.sort_by(|one, other| other.cmp(one));
        found.truncate(limit);
        Ok(found)
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), ScopeError> {
        let mut changed = self.changed.borrow_mut();
        for change in changes {
            match change {
                // Its revision is the stored one that it replaces, however often it changes here.
                Change::Put(object) => drop(changed.insert(object.id, Rc::new(object))),
                Change::Shred(_) => return Err(ScopeError::Conflict),
            }
        }
        Ok(())
    }

    async fn record(&self, event: Event, _durable: bool) -> Result<(), ScopeError> {
        self.events.borrow_mut().push(event);
        Ok(())
    }
}
