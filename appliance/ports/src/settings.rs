//! What warden hands each child of the configuration: its own part, checked, and nothing else.
//!
//! Files and addresses that warden opens itself (listeners, PIN, TLS key) are not here: they come as descriptors.

use core::time::Duration;
use holdfast_model::{ApplianceId, ClusterId, HsmName};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How every process writes its log to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Logs {
    /// In what form.
    pub format: LogFormat,
    /// From which level on.
    pub level: LogLevel,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    #[default]
    Json,
    /// One line of words, for people.
    Text,
}

/// What is worth a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// A person must act.
    Error,
    /// We coped.
    Warn,
    /// A state changed.
    #[default]
    Info,
    /// For us.
    Debug,
}

/// Frontend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frontend {
    /// Threads that serve TLS.
    pub workers: u16,
    /// Fast lanes of core.
    pub lanes: u16,
    /// Largest KMIP message taken.
    pub message_bytes_max: u32,
    /// Connections at once.
    pub connections_max: u32,
    /// Requests per second of one tenant; more are made to wait.
    pub tenant_requests_per_second: u32,
}

/// Core.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Core {
    /// Whose keystore this is; part of every wrap context and of every bundle's audience.
    pub cluster: ClusterId,
    /// This box; part of a bundle's audience.
    pub appliance: ApplianceId,
    /// Fast lanes.
    pub lanes: u16,
    /// Frontend workers.
    pub workers: u16,
    /// HSMs, one root-agent each.
    pub hsms: Vec<HsmName>,
    /// Who may sign bundles.
    pub signers: Vec<Signer>,
    /// How many of them must have.
    pub signers_needed: u16,
    /// Server certificate chain in DER, leaf first (public).
    pub tls_chain: Vec<Vec<u8>>,
    /// Secret arena: L2, L3, key schedules.
    pub arena_bytes: u64,
    /// Heap in secret memory: everything else that core allocates.
    pub heap_bytes: u64,
    /// How often each linked L1 is checked.
    pub l1_check_interval: Duration,
    /// How long those checks may fail before the tenant seals itself.
    pub l1_grace: Duration,
}

/// A pinned bundle signer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    /// Names the key in a signature (COSE `kid`) and in receipts.
    pub kid: String,
    /// P-256 public key, uncompressed SEC1 point.
    pub public_key: Vec<u8>,
}

/// Keystore-agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keystore {
    /// Which backend.
    pub backend: KeystoreBackend,
    /// Fast lanes of core.
    pub lanes: u16,
}

/// Keystore backends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeystoreBackend {
    /// One file in this directory.
    Embedded(PathBuf),
    /// Nothing outlives the process: for trials.
    Memory,
}

/// Root-agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Which HSM this is.
    pub hsm: HsmName,
    /// The vendor's PKCS#11 module.
    pub module: PathBuf,
    /// CKA_LABEL of the token.
    pub token_label: String,
    /// May L2 leave the token in plain, where the token cannot wrap it for core? Audited at each use.
    pub plain_path: bool,
    /// Directories that the module reads and writes.
    pub writable: Vec<PathBuf>,
    /// Files and directories that the module reads.
    pub readable: Vec<PathBuf>,
    /// TCP ports that the module may connect to (network HSMs).
    pub connect_ports: Vec<u16>,
    /// Sessions kept open at most.
    pub sessions_max: u16,
    /// Fast lanes of core.
    pub lanes: u16,
}

/// Audit-agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// Directory of the log's segments.
    pub directory: PathBuf,
    /// A segment is closed at this size.
    pub segment_bytes_max: u64,
    /// Fast lanes of core.
    pub lanes: u16,
}

/// Importer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Importer {
    /// Bundles appear here; nothing in it is ever changed.
    pub spool: PathBuf,
    /// Receipts are written here.
    pub outbox: PathBuf,
    /// Who may sign bundles: the importer checks before core does.
    pub signers: Vec<Signer>,
    /// How many of them must have.
    pub signers_needed: u16,
    /// Whose bundles.
    pub cluster: ClusterId,
    /// For which box.
    pub appliance: ApplianceId,
}
