//! The processes of the appliance, by name.

use crate::HsmName;
use core::fmt;
use serde::{Deserialize, Serialize};

/// What a process is there for. One binary, one role each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Starts, wires and watches the others. Sees no keys.
    Warden,
    /// TLS, framing, rate limits.
    Frontend,
    /// Holds L2 and L3; no socket, file or exec.
    Core,
    /// Keeps sealed records.
    KeystoreAgent,
    /// Talks to one HSM through its vendor's module.
    RootAgent,
    /// Appends to the audit log.
    AuditAgent,
    /// Reads bundles from the spool.
    Importer,
}

impl Role {
    /// The word on the command line, in logs and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warden => "warden",
            Self::Frontend => "frontend",
            Self::Core => "core",
            Self::KeystoreAgent => "keystore-agent",
            Self::RootAgent => "root-agent",
            Self::AuditAgent => "audit-agent",
            Self::Importer => "importer",
        }
    }

    /// Every role that warden starts.
    pub const CHILDREN: [Self; 6] =
        [Self::AuditAgent, Self::KeystoreAgent, Self::RootAgent, Self::Core, Self::Importer, Self::Frontend];

    /// The role with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::CHILDREN.into_iter().chain([Self::Warden]).find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One process: its role, and for a root-agent which HSM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Instance {
    /// What it does.
    pub role: Role,
    /// For a root-agent, its HSM.
    pub hsm: Option<HsmName>,
}

impl Instance {
    /// The only process of a role.
    #[must_use]
    pub const fn of(role: Role) -> Self {
        Self { role, hsm: None }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hsm {
            Some(hsm) => write!(f, "{}:{hsm}", self.role),
            None => write!(f, "{}", self.role),
        }
    }
}
