//! What an operator can see of the box: states and counts, never values.

use crate::role::Instance;
use crate::{Generation, HsmName, Sequence, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// Whether a tenant's keys are in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TenantState {
    /// Defined, no L1 linked yet.
    Unlinked,
    /// Linked; L2 is not in memory.
    Sealed,
    /// L2 is in memory.
    Unsealed,
    /// Cut off by an order; only a new link brings it back.
    Revoked,
}

/// One tenant as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantStatus {
    /// Which tenant.
    pub tenant: TenantId,
    /// Whether its keys are in memory.
    pub state: TenantState,
    /// Its HSM, if linked.
    pub hsm: Option<HsmName>,
    /// Services defined.
    pub services: u32,
    /// Counters by operation.
    pub operations: Vec<OperationCount>,
}

/// How often one operation ran for one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationCount {
    /// KMIP operation name.
    pub operation: String,
    /// Succeeded.
    pub succeeded: u64,
    /// Refused or failed.
    pub failed: u64,
    /// How many took at most [`LATENCY_BOUNDS_US`]`[i]` microseconds, each counted once, in its own bucket; the
    /// last bucket holds the rest.
    pub latency_buckets: [u64; LATENCY_BOUNDS_US.len() + 1],
    /// Sum of all, for the mean.
    pub latency_sum_us: u64,
}

/// Upper bounds of the latency histogram's buckets in microseconds.
pub const LATENCY_BOUNDS_US: [u64; 12] =
    [5, 10, 25, 50, 100, 250, 1_000, 5_000, 25_000, 100_000, 1_000_000, 10_000_000];

/// Whether an HSM answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HsmState {
    /// Not asked yet.
    Unknown,
    /// The last call was answered.
    Healthy,
    /// The last call failed.
    Failing,
}

/// One HSM as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HsmStatus {
    /// Which.
    pub hsm: HsmName,
    /// Whether it answers.
    pub state: HsmState,
    /// When that was last found out.
    pub since: Timestamp,
}

/// What `core` tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreStatus {
    /// Every tenant.
    pub tenants: Vec<TenantStatus>,
    /// Every HSM.
    pub hsms: Vec<HsmStatus>,
    /// Highest bundle sequence applied.
    pub bundle_sequence: Sequence,
    /// Where secret memory is: `memfd-secret` or `locked-pages`.
    pub secret_memory: String,
    /// Is the audit log taking records?
    pub audit_ready: bool,
}

/// One process as warden sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessStatus {
    /// Which.
    pub instance: Instance,
    /// Process id, if it runs.
    pub pid: Option<u32>,
    /// How many times it was started.
    pub generation: Generation,
    /// When it was started last.
    pub started: Timestamp,
    /// Has it said that it serves?
    pub ready: bool,
}

/// The whole answer of `holdfast status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxStatus {
    /// When this was written.
    pub at: Timestamp,
    /// When warden started.
    pub started: Timestamp,
    /// Every process.
    pub processes: Vec<ProcessStatus>,
    /// None while core is away.
    pub core: Option<CoreStatus>,
}
