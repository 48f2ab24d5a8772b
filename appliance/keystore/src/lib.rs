//! Where sealed records rest: backends, conformance suite, agent.
//!
//! Separate from `core` because a database is somebody else's code and does I/O: this process sees ciphertext only.
//! Trusts: nothing that a record says, and the medium only as far as the engine's checks go; `core` authenticates
//! every record for itself.

mod agent;
mod embedded;
mod intersect;
mod memory;
mod refuse;
mod registry;
mod sandbox;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

pub use agent::{Orders, run, serve};
pub use embedded::{Embedded, FILE_NAME, OpenError};
pub use memory::Memory;
pub use registry::{BACKENDS, Backend, Opened, Purge, Row, open};
pub use sandbox::profile;
