//! What the frontend asks beside the hot path: trust rules, status, TLS signatures, and what it reports.

use super::{Governor, box_event};
use crate::lane::message::{Answer, LaneStatus, Message};
use holdfast_model::Sequence;
use holdfast_model::audit::{Action, Outcome, Reason};
use holdfast_model::status::CoreStatus;
use holdfast_ports::edge::{self, Rejection};
use holdfast_ports::envelope::Correlation;
use std::collections::BTreeMap;
use std::rc::Rc;

impl Governor {
    pub(super) fn sign(&self, what: edge::Request) -> edge::Reply {
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

    pub(super) fn serve_edge(self: &Rc<Self>, number: Correlation, what: edge::Request) {
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
