//! Why warden did not start, or stopped by itself.

use hardening::process::ProcessError;
use hardening::ring::RingError;
use hardening::sandbox::SandboxError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the box is not running. Every child is gone as well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address} ({source}); is another process there, or is the port below 1024?")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The socket on this host cannot be listened on.
    #[error("cannot listen on {} ({source}); is its directory there, and may it be written?", path.display())]
    ListenLocal {
        /// The configured path.
        path: PathBuf,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// Too few descriptors are allowed for the configured connections.
    #[error(
        "{wanted} open descriptors are needed, {allowed} are allowed: set LimitNOFILE={wanted}, or lower `connections`"
    )]
    TooFewDescriptors {
        /// What is needed.
        wanted: u64,
        /// The hard limit.
        allowed: u64,
    },
    /// The process could not be hardened.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The sandbox could not be entered in full.
    #[error("{}{}", .0, cause(.0))]
    Sandbox(#[from] SandboxError),
    /// No memory for the audit rings.
    #[error("the audit rings could not be made")]
    Ring(#[from] RingError),
    /// A process's settings do not fit into a control packet.
    #[error("the settings of {process} are too large")]
    Settings {
        /// Which process.
        process: String,
    },
    /// The kernel refused something that must work.
    #[error("the kernel refused {step} ({source})")]
    Kernel {
        /// What.
        step: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

fn cause(error: &SandboxError) -> String {
    std::error::Error::source(error).map_or_else(String::new, |source| format!(" ({source})"))
}
