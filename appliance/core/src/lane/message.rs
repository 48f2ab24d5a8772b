//! What lanes tell each other: orders go out from lane 0, answers come back to it.

use crate::tenant::orders::TenantOrders;
use holdfast_model::TenantId;
use holdfast_model::status::{HsmStatus, TenantStatus};
use holdfast_model::trust::TrustRule;
use holdfast_ports::control::Wire;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// Matches an answer to what was asked of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// A message to a lane.
pub enum Message {
    /// A neighbour was started anew.
    Rewire(Wire, OwnedFd),
    /// The trust rules are these now.
    Trust(Arc<Vec<TrustRule>>),
    /// Obey; answered by [`Answer::Obeyed`] once a tenant that is cut off has been wiped.
    Obey(Ticket, TenantOrders),
    /// Prove the tenant's L1 and unseal; answered by [`Answer::Linked`].
    Link(Ticket, TenantId),
    /// Say how it stands; answered by [`Answer::Status`].
    Status(Ticket),
    /// To lane 0: an answer.
    Answer(Ticket, Answer),
}

/// An answer to lane 0.
pub enum Answer {
    /// Done.
    Obeyed,
    /// Empty when linked; otherwise the fixed word for why not yet.
    Linked(&'static str),
    /// How the lane stands.
    Status(LaneStatus),
}

/// How a lane stands.
pub struct LaneStatus {
    /// Its tenants.
    pub tenants: Vec<TenantStatus>,
    /// The HSMs as it last saw them.
    pub hsms: Vec<HsmStatus>,
    /// Does its audit log take records?
    pub audit_ready: bool,
}

/// Where a lane takes messages.
pub struct Mailbox {
    send: Sender<Message>,
    wake: UnixStream,
}

impl Mailbox {
    /// A way to a lane: its queue, and the socket that wakes it.
    #[must_use]
    pub const fn new(send: Sender<Message>, wake: UnixStream) -> Self {
        Self { send, wake }
    }

    /// Leaves a message and wakes the lane. A lane that is gone takes the whole process with it, so nobody asks.
    pub fn put(&self, message: Message) {
        let _gone = self.send.send(message);
        // A wake socket that is full wakes the lane just as well.
        let _full = (&self.wake).write(&[1]);
    }
}
