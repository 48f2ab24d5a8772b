//! What warden opens once and keeps over every restart: listeners, rings, secret files, the standard descriptors.
//!
//! Kept here so that a restart of frontend refuses no connection, and a restart of core or audit-agent loses no
//! record that the other has. Secret files are opened and handed on, never read.

use crate::error::StartError;
use crate::plan::Planned;
use holdfast_model::limits::AUDIT_RING_BYTES;
use holdfast_model::role::{Instance, Role};
use holdfast_ports::control::Socket;
use rustix::fs::{Mode, OFlags, SeekFrom};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// Descriptors that outlive the processes which use them.
pub(crate) struct Resources {
    /// Those of one process alone.
    given: BTreeMap<(Instance, Socket), OwnedFd>,
    /// Those that several processes share.
    shared: BTreeMap<Socket, OwnedFd>,
    /// Standard input and output of every child.
    null: OwnedFd,
}

impl Resources {
    /// Makes the rings of a plan. Listeners and files come with [`Resources::listen`] and [`Resources::give`].
    pub(crate) fn new(plan: &[Planned]) -> Result<Self, StartError> {
        let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
        let mut shared = BTreeMap::new();
        for socket in plan.iter().flat_map(|planned| &planned.places).map(|place| place.socket) {
            if matches!(socket, Socket::Ring { .. }) && !shared.contains_key(&socket) {
                let (_, memory) = hardening::ring::RingProducer::create(AUDIT_RING_BYTES)?;
                shared.insert(socket, memory);
            }
        }
        let null = null.map_err(|errno| StartError::Kernel { step: "/dev/null", source: errno.into() })?;
        Ok(Self { given: BTreeMap::new(), shared, null })
    }

    /// Binds a listening socket of frontend.
    pub(crate) fn listen(&mut self, socket: Socket, address: SocketAddr) -> Result<(), StartError> {
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        tracing::info!(socket = ?socket, address = %bound, "listening");
        self.give(Instance::of(Role::Frontend), socket, listener.into());
        Ok(())
    }

    /// Binds the listening socket of frontend on this host. What is left there of an earlier start is taken away; anything that is
    /// no socket stays, and is an error. Whoever reaches the path may connect: the certificate says who is let in.
    pub(crate) fn listen_local(&mut self, path: &Path) -> Result<(), StartError> {
        let failed = |source| StartError::ListenLocal { path: path.to_owned(), source };
        if std::fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket()) {
            std::fs::remove_file(path).map_err(failed)?;
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o666)).map_err(failed)?;
        tracing::info!(socket = ?Socket::ListenLocal, path = %path.display(), "listening");
        self.give(Instance::of(Role::Frontend), Socket::ListenLocal, listener.into());
        Ok(())
    }

    /// Keeps a descriptor for one process.
    pub(crate) fn give(&mut self, instance: Instance, socket: Socket, descriptor: OwnedFd) {
        self.given.insert((instance, socket), descriptor);
    }

    /// What a process is to get for a socket without peer. Files begin at their beginning again.
    pub(crate) fn find(&self, instance: Instance, socket: Socket) -> io::Result<BorrowedFd<'_>> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "the table and the configuration disagree");
        let found = self.given.get(&(instance, socket)).or_else(|| self.shared.get(&socket));
        let found = found.ok_or_else(missing)?;
        if matches!(socket, Socket::Pin | Socket::TlsKey) {
            rustix::fs::seek(found, SeekFrom::Start(0))?;
        }
        Ok(found.as_fd())
    }

    /// /dev/null.
    pub(crate) fn null(&self) -> BorrowedFd<'_> {
        self.null.as_fd()
    }
}
