//! The PKCS#11 driver of the root-of-trust port.
//!
//! | file | job |
//! |---|---|
//! | `connection` | module, token, sessions, login, healing |
//! | `root_key` | finds and judges an L1 |
//! | `tenant_key` | an L2 inside the token |
//! | `transport`, `plain` | the two ways of L2 out of the token |
//! | `temporary` | session objects that are always destroyed |
//! | `quirks` | one row per make |
//! | `errors` | CK_RV to decisions |
//!
//! Trusts: the token, to keep L1. Does not trust: that the module answers, keeps its sessions, or says clearly why it
//! refuses.

mod connection;
mod errors;
mod plain;
mod quirks;
mod root_key;
mod temporary;
mod tenant_key;
mod transport;

pub use connection::NotAModule;

use crate::pin::Pin;
use connection::{Connection, Seat};
use errors::Failure;
use holdfast_model::HsmName;
use holdfast_model::l1::{L1Ref, WrappedL2};
use holdfast_ports::root::{Linked, Made, Released, RootError, RootOfTrust, TransportKey};
use holdfast_ports::settings;
use root_key::{Path, RootKey};
use std::sync::Arc;

/// One worker's hand on the token. Clones share the module, the login and the back-off; each uses a session of its
/// own at a time.
#[derive(Clone)]
pub struct Driver {
    connection: Arc<Connection>,
    hsm: HsmName,
    plain_path: bool,
}

impl Driver {
    /// Loads the vendor's module and looks for the token. A token that is away is no error: it is looked for again
    /// with each request.
    ///
    /// Once per process; the module stays loaded until it ends.
    ///
    /// # Errors
    /// [`NotAModule`].
    pub fn load(settings: &settings::Root, pin: Pin) -> Result<Self, NotAModule> {
        let connection = Connection::load(&settings.module, settings.token_label.clone(), pin)?;
        Ok(Self { connection: Arc::new(connection), hsm: settings.hsm, plain_path: settings.plain_path })
    }

    /// Does once what will be needed often, so that the module opens its files, loads its parts and starts its
    /// threads before the sandbox closes. Needs no L1. A token that is away or refuses is found out later, by requests.
    ///
    /// # Errors
    /// [`RootError`], for the log.
    pub fn warm_up(&self) -> Result<(), RootError> {
        self.connection.with_seat(|seat| match transport::warm_up(seat) {
            Ok(()) | Err(Failure::Answer(RootError::Unsupported)) => Ok(()),
            Err(failure) => Err(failure),
        })
    }

    fn with_key<R>(
        &self,
        l1: &L1Ref,
        act: impl Fn(&Seat<'_>, &RootKey, Path) -> Result<R, Failure>,
    ) -> Result<R, RootError> {
        if l1.hsm != self.hsm {
            return Err(RootError::NotFound);
        }
        self.connection.with_seat(|seat| {
            let key = RootKey::find(seat, l1)?;
            let path = key.path(seat, self.plain_path)?;
            match act(seat, &key, path) {
                // The token has the calls but not the mechanism.
                Err(Failure::Answer(RootError::Unsupported))
                    if path == Path::Transport && key.may_go_plain(self.plain_path) =>
                {
                    act(seat, &key, Path::Plain)
                }
                settled => settled,
            }
        })
    }
}

impl RootOfTrust for Driver {
    fn link(&mut self, l1: &L1Ref) -> Result<Linked, RootError> {
        self.with_key(l1, |seat, key, path| {
            match path {
                Path::Transport => transport::prove(seat, key)?,
                Path::Plain => plain::prove(seat, key)?,
            }
            Ok(Linked { token: seat.description.to_owned(), transport: path == Path::Transport })
        })
    }

    fn make(&mut self, l1: &L1Ref, transport: &TransportKey) -> Result<Made, RootError> {
        self.with_key(l1, |seat, key, path| match path {
            Path::Transport => transport::make(seat, key, transport),
            Path::Plain => plain::make(seat, key),
        })
    }

    fn release(
        &mut self,
        l1: &L1Ref,
        wrapped: &WrappedL2,
        transport: &TransportKey,
    ) -> Result<Released, RootError> {
        self.with_key(l1, |seat, key, path| match path {
            Path::Transport => transport::release(seat, key, wrapped, transport),
            Path::Plain => plain::release(seat, key, wrapped),
        })
    }

    fn check(&mut self, l1: &L1Ref) -> Result<(), RootError> {
        self.with_key(l1, |_, _, _| Ok(()))
    }
}
