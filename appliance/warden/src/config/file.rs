//! The configuration file as it is written: sections, keys, defaults.
//!
//! Separate from what is made of it (`mod.rs`), so that this reads as the list of everything that can be set.
//! Unknown keys are refused. The commented example is `holdfast.example.toml`.

use holdfast_ports::settings::{LogFormat, LogLevel};
use serde::Deserialize;
use std::path::PathBuf;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(rename = "box")]
    pub(super) this_box: ThisBox,
    #[serde(default)]
    pub(super) logs: Logs,
    #[serde(default)]
    pub(super) listen: Listen,
    pub(super) tls: Tls,
    pub(super) keystore: Spanned<Keystore>,
    pub(super) audit: Audit,
    #[serde(default)]
    pub(super) hsm: Vec<Spanned<Hsm>>,
    pub(super) bundles: Bundles,
    #[serde(default)]
    pub(super) core: Core,
    #[serde(default)]
    pub(super) limits: Limits,
}

/// Which box this is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThisBox {
    pub(super) cluster: Spanned<String>,
    pub(super) appliance: Spanned<String>,
    /// Whom all processes run as; needed when started as root.
    pub(super) user: Option<Spanned<String>>,
}

/// How logs are written to standard error.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Logs {
    pub(super) format: LogFormat,
    pub(super) level: LogLevel,
}

/// Listening addresses.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Listen {
    pub(super) kmip: Option<Spanned<String>>,
    pub(super) https: Option<Spanned<String>>,
    pub(super) local: Option<Spanned<PathBuf>>,
    pub(super) ops: Option<Spanned<String>>,
    pub(super) workers: Option<Spanned<u64>>,
}

/// The box's own certificate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) chain: Spanned<PathBuf>,
    pub(super) key: Spanned<PathBuf>,
}

/// Where records are kept: exactly one of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keystore {
    pub(super) embedded: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(super) memory: bool,
}

/// Where the audit log is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Audit {
    pub(super) directory: Spanned<PathBuf>,
    pub(super) segment_mib: Option<Spanned<u64>>,
}

/// One HSM, reached through its vendor's PKCS#11 module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hsm {
    pub(super) name: Spanned<String>,
    pub(super) module: Spanned<PathBuf>,
    pub(super) token: Spanned<String>,
    pub(super) pin_file: Spanned<PathBuf>,
    #[serde(default)]
    pub(super) plain_path: bool,
    #[serde(default)]
    pub(super) env: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) readable: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    pub(super) writable: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    pub(super) connect_ports: Vec<u16>,
    pub(super) sessions: Option<Spanned<u64>>,
}

/// The way in for orders.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bundles {
    pub(super) spool: Spanned<PathBuf>,
    pub(super) outbox: Spanned<PathBuf>,
    pub(super) signers_needed: Spanned<u64>,
    pub(super) signer: Spanned<Vec<Spanned<Signer>>>,
}

/// A pinned bundle signer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signer {
    pub(super) kid: Spanned<String>,
    /// P-256: PEM (SubjectPublicKeyInfo), or the SEC1 point in hexadecimal.
    pub(super) public_key: Spanned<String>,
}

/// The process that holds the keys.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Core {
    pub(super) lanes: Option<Spanned<u64>>,
    pub(super) arena_mib: Option<Spanned<u64>>,
    pub(super) heap_mib: Option<Spanned<u64>>,
    pub(super) l1_check_seconds: Option<Spanned<u64>>,
    pub(super) l1_grace_seconds: Option<Spanned<u64>>,
}

/// What clients may ask for at most.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) message_bytes: Option<Spanned<u64>>,
    pub(super) connections: Option<Spanned<u64>>,
    pub(super) tenant_requests_per_second: Option<Spanned<u64>>,
}
