//! Between warden and each of its children, over a sequenced-packet socket pair at descriptor [`CONTROL_FD`].
//!
//! Descriptors travel beside the message (SCM_RIGHTS). A message is one packet of postcard.

use crate::settings::Logs;
use holdfast_model::role::Instance;
use holdfast_model::status::ProcessStatus;
use holdfast_model::{Generation, HsmName, LaneIndex};
use serde::{Deserialize, Serialize};

/// Where a child finds its control socket.
pub const CONTROL_FD: i32 = 3;
/// Where a child's other descriptors begin; each [`Socket`] has a place of its own after it, which it keeps when it
/// is wired anew, so that seccomp can tell descriptors by number.
pub const FIRST_FD: i32 = 4;
/// Largest control packet; process tables and configurations fit.
pub const PACKET_BYTES_MAX: usize = 192 << 10;

/// What a descriptor is for. Both ends of a pair bear the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Socket {
    /// Hot path: frontend worker to lane.
    Front {
        /// Frontend worker.
        worker: u16,
        /// Lane.
        lane: LaneIndex,
    },
    /// Frontend to lane 0: trust, status (`edge`).
    Edge,
    /// Frontend worker to lane 0: TLS signatures (`edge`), used blocking by the frontend.
    Sign {
        /// Frontend worker.
        worker: u16,
    },
    /// Lane to keystore-agent.
    Keystore {
        /// Lane.
        lane: LaneIndex,
    },
    /// Lane to a root-agent.
    Root {
        /// Which HSM.
        hsm: HsmName,
        /// Lane.
        lane: LaneIndex,
    },
    /// Lane to audit-agent.
    Audit {
        /// Lane.
        lane: LaneIndex,
    },
    /// Shared ring of a lane, for both ends (a memfd, not a socket; the same one after a restart of either).
    Ring {
        /// Lane.
        lane: LaneIndex,
    },
    /// Importer to lane 0.
    Import,
    /// Listening TCP socket for KMIP over TLS (frontend).
    ListenKmip,
    /// Listening TCP socket for KMIP over HTTPS, if configured (frontend).
    ListenHttps,
    /// Listening Unix socket for KMIP over TLS on this host, if configured (frontend).
    ListenLocal,
    /// Listening socket for metrics and status (frontend).
    ListenOps,
    /// The file that holds the token's PIN, opened by warden (root-agent).
    Pin,
    /// The file that holds the box's TLS private key, opened by warden (core).
    TlsKey,
}

/// One descriptor and the place where the child keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// What it is for.
    pub socket: Socket,
    /// Its number in the child, for ever.
    pub fd: i32,
    /// Generation of the process at the other end.
    pub peer: Generation,
}

/// Warden to child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToChild {
    /// First message. The descriptors are already in their places.
    Start {
        /// Who you are.
        instance: Instance,
        /// Which start of you this is.
        generation: Generation,
        /// How to log.
        logs: Logs,
        /// What your descriptors are.
        wires: Vec<Wire>,
        /// Your own part of the configuration: postcard of the role's `Settings` type (`crate::settings`).
        settings: Vec<u8>,
    },
    /// The process at the other end was started anew: the descriptor beside this replaces the one at `wire.fd`.
    Rewire(Wire),
    /// The process table, when it changes (to frontend).
    Processes(Vec<ProcessStatus>),
    /// Finish: wipe, flush, exit with 0.
    Stop,
}

/// Child to warden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWarden {
    /// In its full sandbox and serving.
    Ready,
    /// Cannot serve; the text is our own and holds nothing from outside. The child exits after this.
    Failed(String),
}
