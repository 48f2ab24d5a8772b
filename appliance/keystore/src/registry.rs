//! The backends, one row each, and what the agent asks of a backend beyond the port.

use crate::{Embedded, Memory, OpenError};
use holdfast_model::TenantId;
use holdfast_ports::keystore::{Keystore, KeystoreError};
use holdfast_ports::settings::KeystoreBackend;

/// Whether a purge has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purge {
    /// Nothing of the tenant is left.
    Finished,
    /// More is left: call again, others may be served in between.
    Unfinished,
}

/// A keystore that can purge in steps, so that a large tenant's end does not hold up the others.
pub trait Backend: Keystore {
    /// Shreds a bounded part of what the tenant has.
    ///
    /// # Errors
    /// [`KeystoreError`]; call again.
    fn purge_step(&mut self, tenant: TenantId) -> Result<Purge, KeystoreError>;
}

/// A backend just opened, or why it could not be.
pub type Opened = Result<Box<dyn Backend>, OpenError>;

/// One backend of the registry.
pub struct Row {
    /// The word in configuration and health reports.
    pub name: &'static str,
    /// Does what it acknowledges outlive the process?
    pub durable: bool,
    /// Opens it if the settings choose it.
    pub open: fn(&KeystoreBackend) -> Option<Opened>,
}

/// Every backend there is. A new one is a module, a row here, and a line in the tests of the conformance suite.
pub const BACKENDS: &[Row] = &[
    Row {
        name: Embedded::NAME,
        durable: true,
        open: |settings| match settings {
            KeystoreBackend::Embedded(directory) => {
                Some(Embedded::open(directory).map(|store| Box::new(store) as Box<dyn Backend>))
            }
            KeystoreBackend::Memory => None,
        },
    },
    Row {
        name: Memory::NAME,
        durable: false,
        open: |settings| match settings {
            KeystoreBackend::Memory => Some(Ok(Box::new(Memory::default()))),
            KeystoreBackend::Embedded(_) => None,
        },
    },
];

/// Opens the backend that the settings choose.
///
/// # Errors
/// [`OpenError`] when its place cannot be used at all.
pub fn open(settings: &KeystoreBackend) -> Opened {
    BACKENDS.iter().find_map(|row| (row.open)(settings)).unwrap_or(Err(OpenError::NoSuchBackend))
}
