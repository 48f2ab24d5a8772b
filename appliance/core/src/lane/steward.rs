//! What a lane does without being asked by a client: it takes orders, checks L1 now and then, keeps time.

use super::Lane;
use super::message::{Answer, LaneStatus, Message, Ticket};
use super::unseal::grace_is_over;
use crate::audited::Event;
use crate::custody::tenant_record;
use crate::tenant::Tenant;
use crate::tenant::orders::TenantOrders;
use holdfast_model::audit::{Action, Outcome, Reason};
use holdfast_model::{KeyVersion, TenantId};
use holdfast_ports::keystore::Write;
use holdfast_ports::root::{Reply, Request};
use std::io::{self, Read};
use std::rc::Rc;

/// How long to wait before the keystore is asked again to shred.
const SHRED_PAUSE: core::time::Duration = core::time::Duration::from_secs(1);

impl Lane {
    /// Empties the wake socket and lets go on who waited for it.
    pub(super) fn take_wake(&self) {
        let mut bytes = [0; 256];
        while matches!((&self.wake).read(&mut bytes), Ok(read) if read == bytes.len()) {}
        self.work.collect();
        for resolver in core::mem::take(&mut *self.until_woken.borrow_mut()) {
            resolver.resolve(());
        }
    }

    /// Takes the messages of other lanes; answers to the governor are handed to `answer`.
    ///
    /// # Errors
    /// When a new link cannot be put in its place; the process must end.
    pub(super) fn take_messages(self: &Rc<Self>, mut answer: impl FnMut(Ticket, Answer)) -> io::Result<()> {
        while let Ok(message) = self.messages.try_recv() {
            match message {
                Message::Rewire(wire, fd) => self.rewire(wire, fd)?,
                Message::Trust(rules) => {
                    let mut trust = self.trust.borrow_mut();
                    *trust = (trust.0 + 1, rules);
                }
                Message::Obey(ticket, orders) => {
                    self.obey(orders);
                    self.governor.put(Message::Answer(ticket, Answer::Obeyed));
                }
                Message::Link(ticket, tenant) => self.link(ticket, tenant),
                Message::Status(ticket) => {
                    self.governor.put(Message::Answer(ticket, Answer::Status(self.status())));
                }
                Message::Answer(ticket, what) => answer(ticket, what),
            }
        }
        Ok(())
    }

    fn obey(self: &Rc<Self>, TenantOrders { tenant, orders }: TenantOrders) {
        if orders.is_destroyed() {
            let lane = Rc::clone(self);
            self.tasks.start(async move { lane.shred_tenant_key(tenant).await });
        }
        let known = self.tenants.borrow().get(&tenant).cloned();
        match known {
            Some(known) => {
                let cut = orders.l1().is_none() && known.is_unsealed();
                known.obey(orders);
                if cut {
                    self.drop_requests_of(&known);
                }
            }
            None => {
                self.tenants.borrow_mut().insert(tenant, Rc::new(Tenant::new(tenant, orders)));
            }
        }
    }

    /// Shreds the wrapped L2 of a tenant that was destroyed, however long the keystore takes to answer. At every start it is
    /// looked for again.
    async fn shred_tenant_key(self: Rc<Self>, tenant: TenantId) {
        let name = tenant_record::name(tenant);
        loop {
            let shredded = match self.store.get(name).await {
                Ok(None) => true,
                Ok(Some(record)) => {
                    self.store.commit(vec![Write::Shred(name, record.revision)]).await.is_ok()
                }
                Err(_) => false,
            };
            if shredded {
                return;
            }
            self.pause(SHRED_PAUSE).await;
        }
    }

    fn link(self: &Rc<Self>, ticket: Ticket, tenant: TenantId) {
        let lane = Rc::clone(self);
        self.tasks.start(async move {
            let why = lane.prove_link(tenant).await;
            lane.governor.put(Message::Answer(ticket, Answer::Linked(why)));
        });
    }

    async fn prove_link(self: &Rc<Self>, id: TenantId) -> &'static str {
        let tenant = self.tenants.borrow().get(&id).cloned();
        let Some(tenant) = tenant else { return "unknown-tenant" };
        let l1 = tenant.orders.borrow().l1().cloned();
        let Some(l1) = l1 else { return "revoked" };
        match self.ask_root(&l1, &Request::Link(l1.clone())).await {
            Ok(Reply::Linked(_)) => {}
            Ok(_) => return "hsm-unavailable",
            Err(failure) => return failure.word(),
        }
        match self.unseal(&tenant).await {
            Ok(()) => "",
            Err(_) => "sealed",
        }
    }

    fn status(&self) -> LaneStatus {
        LaneStatus {
            tenants: self.tenants.borrow().values().map(|tenant| tenant.status()).collect(),
            hsms: self.roots.values().map(super::root::Root::status).collect(),
            audit_ready: self.audit.is_ready(),
        }
    }

    /// What is due by the clock: timers, requests that waited too long, checks of L1.
    pub(super) fn tick(self: &Rc<Self>) {
        let now = self.now();
        self.store.agent.expire(now);
        self.audit.agent.expire(now);
        self.roots.values().for_each(|root| root.agent.expire(now));
        let due: Vec<_> = {
            let mut timers = self.timers.borrow_mut();
            let (due, later) = core::mem::take(&mut *timers).into_iter().partition(|(at, _)| *at <= now);
            *timers = later;
            due
        };
        due.into_iter().for_each(|(_, resolver)| resolver.resolve(()));
        let tenants: Vec<_> = self.tenants.borrow().values().cloned().collect();
        for tenant in tenants {
            let due = tenant.is_unsealed()
                && now.since(tenant.root.borrow().checked) >= self.settings.l1_check_interval;
            if due {
                tenant.root.borrow_mut().checked = now;
                let lane = Rc::clone(self);
                self.tasks.start(async move { lane.check_l1(&tenant).await });
            }
        }
    }

    /// Asks whether the tenant's L1 is still usable; when that has failed for longer than the grace, seals it.
    async fn check_l1(self: &Rc<Self>, tenant: &Rc<Tenant>) {
        let l1 = tenant.orders.borrow().l1().cloned();
        let Some(l1) = l1 else { return };
        let usable = matches!(self.ask_root(&l1, &Request::Check(l1.clone())).await, Ok(Reply::Usable));
        let now = self.now();
        let over = {
            let mut root = tenant.root.borrow_mut();
            root.failing_since = if usable { None } else { root.failing_since.or(Some(now)) };
            root.failing_since.is_some_and(|since| grace_is_over(since, now, self.settings.l1_grace))
        };
        if over && tenant.is_unsealed() {
            tenant.wipe();
            self.drop_requests_of(tenant);
            let event = Event {
                action: Action::Seal,
                outcome: Outcome::Done,
                reason: Reason::word("l1-check-failed"),
                object: None,
                key_version: KeyVersion(0),
            };
            // The keys are gone whether or not the log takes it; the next durable record will be refused if not.
            let _unaudited = self.record_for(Some(tenant.id), &event, true).await;
        }
    }
}
