//! One root-agent as a lane sees it, and whether it answered lately.

use super::agent::Agent;
use super::task::Tasks;
use core::cell::Cell;
use holdfast_model::status::{HsmState, HsmStatus};
use holdfast_model::{HsmName, Timestamp};
use holdfast_ports::root::{Reply, Request};
use std::rc::Rc;

/// One HSM.
pub struct Root {
    /// The link to its agent.
    pub agent: Agent<Request, Reply>,
    hsm: HsmName,
    state: Cell<(HsmState, Timestamp)>,
}

impl Root {
    /// Not wired, not asked yet.
    #[must_use]
    pub fn new(hsm: HsmName, tasks: Rc<Tasks>) -> Self {
        Self { agent: Agent::new(tasks), hsm, state: Cell::new((HsmState::Unknown, Timestamp::default())) }
    }

    /// Notes whether the last call was answered.
    pub fn note(&self, now: Timestamp, answered: bool) {
        self.state.set((if answered { HsmState::Healthy } else { HsmState::Failing }, now));
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> HsmStatus {
        let (state, since) = self.state.get();
        HsmStatus { hsm: self.hsm, state, since }
    }
}
