//! Bundles: replayed at start, judged when they come, made true.
//!
//! A bundle is judged whole. A tenant that it cuts off is wiped first; then the bundle is made durable, then audited,
//! then the rest is done. A crash in between leaves the bundle in the spool, and it is applied again.

use super::{Governor, box_event};
use crate::apply::action_of;
use crate::lane::Who;
use crate::lane::message::{Answer, Message};
use crate::lane::task::{Promise, Resolver};
use crate::tenant::orders::TenantOrders;
use core::cell::RefCell;
use core::time::Duration;
use holdfast_model::audit::{Action, Outcome, Reason};
use holdfast_model::{Sequence, TenantId};
use holdfast_orbital::{Bundle, Order, Policy, Received, Refusal, Verified, verify, verify_stored};
use holdfast_ports::edge;
use holdfast_ports::envelope::Correlation;
use holdfast_ports::import::{self, DirectiveOutcome};
use holdfast_ports::keystore::KeystoreError;
use std::rc::Rc;
use std::sync::Arc;

/// How long a bundle's receipt waits for the HSM to prove a link before it says that this is still going on.
const LINK_PATIENCE: Duration = Duration::from_secs(2);

impl Governor {
    /// Begins: replays the bundle log, compares it with what the audit log knows, then serves.
    pub fn begin(self: &Rc<Self>) {
        let this = Rc::clone(self);
        self.lane.tasks.start(async move {
            if let Err(why) = this.replay().await {
                *this.failure.borrow_mut() = Some(why);
            }
        });
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

    /// Gives tenants their orders; returns when every lane has obeyed.
    async fn distribute(&self, orders: Vec<TenantOrders>) {
        for one in orders {
            let lane = self.lane_index(&one.tenant);
            self.ask(lane, |ticket| Message::Obey(ticket, one)).await;
        }
    }

    pub(super) fn publish_trust(&self) {
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
    pub(super) fn next_bundle(self: &Rc<Self>) {
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

    /// Records what the importer has refused by itself. Its word is believed for that alone, and only if it is one of
    /// ours: no text from outside reaches the log.
    pub(super) fn record_refused(self: &Rc<Self>, correlation: Correlation, reason: &str) {
        let word = Refusal::known_word(reason).unwrap_or("unknown-reason");
        let this = Rc::clone(self);
        self.lane.tasks.start(async move {
            let event = box_event(Action::Bundle, Outcome::Refused, Reason::word(word));
            let reply = match this.lane.record_for(None, &event, true).await {
                Ok(()) => import::Reply::Recorded,
                Err(_) => import::Reply::Retry,
            };
            this.import.answer(correlation, &reply);
        });
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
}

fn deliver(to: &RefCell<Option<Resolver<&'static str>>>, why: &'static str) {
    let resolver = to.borrow_mut().take();
    if let Some(resolver) = resolver {
        resolver.resolve(why);
    }
}
