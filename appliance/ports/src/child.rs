//! A child's side of warden's control socket: who am I, which descriptors do I have, what has changed.
//!
//! Separate from `control` (the words) because this owns descriptors. Used by every process but warden.
//! Trusts: warden. A child whose warden is gone ends ([`Event::Stop`]).

use crate::control::{CONTROL_FD, PACKET_BYTES_MAX, Socket, ToChild, ToWarden, Wire};
use crate::link::Link;
use crate::settings::Logs;
use holdfast_model::Generation;
use holdfast_model::role::Instance;
use holdfast_model::status::ProcessStatus;
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

/// Longest text of [`Control::failed`] in bytes.
pub const FAILED_TEXT_BYTES_MAX: usize = 1024;

/// Held while a descriptor has arrived and is not yet out of the way, and while one is put in its place: a number
/// that a dead link has left free must not be given to two.
static MOVING: Mutex<()> = Mutex::new(());

/// Why a child cannot go on with its warden. All of them end the child.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChildError {
    /// Not started by warden: there is no control socket, or nothing was said on it.
    #[error("this process was not started by warden")]
    NotStarted,
    /// A packet that is no message, or not one that belongs here.
    #[error("warden sent what is no message")]
    NotAMessage,
    /// A message that should carry a descriptor came without, or one that should not with.
    #[error("a descriptor is missing or too many")]
    Descriptors,
    /// The settings are not those of this role: warden and child are of different builds.
    #[error("the settings are not of this role")]
    Settings,
    /// The socket failed.
    #[error("the control socket failed")]
    Io(#[from] io::Error),
}

/// What warden tells a running child.
#[derive(Debug)]
pub enum Event {
    /// The process at the other end was started anew.
    ///
    /// Drop the old link, then put the new end in its place: [`relink`] does both. A process whose sandbox does not
    /// tell descriptors by number may use `fd` where it is.
    Rewire {
        /// What it is for, its number, and the generation of the new peer.
        wire: Wire,
        /// Our new end.
        fd: OwnedFd,
    },
    /// The process table has changed (frontend only).
    Processes(Vec<ProcessStatus>),
    /// Finish: wipe, flush, exit with 0. Also when warden is gone.
    Stop,
}

/// What a child was started with.
pub struct Child {
    instance: Instance,
    generation: Generation,
    logs: Logs,
    settings: Vec<u8>,
    wires: Vec<Wire>,
    held: BTreeMap<Socket, OwnedFd>,
    /// The socket to warden.
    pub control: Control,
}

impl Child {
    /// Takes over the control socket and every descriptor that warden has put in its place. Once per process, first
    /// thing, while it has one thread.
    ///
    /// Blocks until the first packet is there; warden writes it before it starts the child.
    ///
    /// # Errors
    /// [`ChildError`]; the process must end.
    pub fn begin() -> Result<Self, ChildError> {
        let socket = hardening::fds::inherit(CONTROL_FD).map_err(|_| ChildError::NotStarted)?;
        let mut control = Control { socket, buffer: vec![0; PACKET_BYTES_MAX], highest_fd: CONTROL_FD };
        let (message, fd) = control.packet(RecvFlags::empty())?.ok_or(ChildError::NotStarted)?;
        let (ToChild::Start { instance, generation, logs, wires, settings }, None) = (message, fd) else {
            return Err(ChildError::NotAMessage);
        };
        let mut held = BTreeMap::new();
        for wire in &wires {
            held.insert(wire.socket, hardening::fds::inherit(wire.fd).map_err(io::Error::from)?);
            control.highest_fd = control.highest_fd.max(wire.fd);
        }
        Ok(Self { instance, generation, logs, settings, wires, held, control })
    }

    /// Who this process is.
    #[must_use]
    pub const fn instance(&self) -> Instance {
        self.instance
    }

    /// Which start of it this is.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// How to log.
    #[must_use]
    pub const fn logs(&self) -> Logs {
        self.logs
    }

    /// This role's part of the configuration (`crate::settings`).
    ///
    /// # Errors
    /// [`ChildError::Settings`].
    pub fn settings<S: DeserializeOwned>(&self) -> Result<S, ChildError> {
        postcard::from_bytes(&self.settings).map_err(|_| ChildError::Settings)
    }

    /// One of the descriptors, at its own number; each can be taken once.
    pub fn take(&mut self, socket: Socket) -> Option<OwnedFd> {
        self.held.remove(&socket)
    }

    /// Every descriptor that the process was started with, taken or not.
    #[must_use]
    pub fn wires(&self) -> &[Wire] {
        &self.wires
    }

    /// The highest number among them: for the close of all others, and for seccomp.
    #[must_use]
    pub const fn highest_fd(&self) -> i32 {
        self.control.highest_fd
    }
}

/// The socket to warden. Readable (`AsFd`) when [`Control::receive`] has something.
pub struct Control {
    socket: OwnedFd,
    buffer: Vec<u8>,
    highest_fd: i32,
}

impl Control {
    /// What warden has to say, if anything. Never blocks.
    ///
    /// A descriptor that comes along is moved above all fixed numbers at once.
    ///
    /// # Errors
    /// [`ChildError`]: end the process.
    pub fn receive(&mut self) -> Result<Option<Event>, ChildError> {
        match self.packet(RecvFlags::DONTWAIT) {
            Ok(None) => Ok(Some(Event::Stop)),
            Err(ChildError::Io(e)) if e.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(ChildError::Io(e)) if e.kind() == io::ErrorKind::ConnectionReset => Ok(Some(Event::Stop)),
            Err(error) => Err(error),
            Ok(Some((ToChild::Rewire(wire), Some(fd)))) => Ok(Some(Event::Rewire { wire, fd })),
            Ok(Some((ToChild::Processes(table), None))) => Ok(Some(Event::Processes(table))),
            Ok(Some((ToChild::Stop, None))) => Ok(Some(Event::Stop)),
            Ok(Some((ToChild::Start { .. }, _))) => Err(ChildError::NotAMessage),
            Ok(Some(_)) => Err(ChildError::Descriptors),
        }
    }

    /// Tells warden that this process is in its full sandbox and serves.
    ///
    /// # Errors
    /// When warden is gone.
    pub fn ready(&self) -> Result<(), ChildError> {
        self.tell(&ToWarden::Ready)
    }

    /// Tells warden why this process cannot serve; end it after this. The text is our own words: nothing from
    /// outside, no secret. What is beyond [`FAILED_TEXT_BYTES_MAX`] is cut off.
    ///
    /// # Errors
    /// When warden is gone.
    pub fn failed(&self, text: &str) -> Result<(), ChildError> {
        let end = text.floor_char_boundary(FAILED_TEXT_BYTES_MAX);
        self.tell(&ToWarden::Failed(text.get(..end).unwrap_or_default().to_owned()))
    }

    fn tell(&self, message: &ToWarden) -> Result<(), ChildError> {
        let packet = postcard::to_allocvec(message).map_err(|_| ChildError::NotAMessage)?;
        rustix::io::retry_on_intr(|| rustix::net::send(&self.socket, &packet, SendFlags::NOSIGNAL))
            .map_err(io::Error::from)?;
        Ok(())
    }

    /// One packet and the descriptor beside it. `None` when warden has closed its end.
    fn packet(&mut self, flags: RecvFlags) -> Result<Option<(ToChild, Option<OwnedFd>)>, ChildError> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = RecvAncillaryBuffer::new(&mut space);
        let moving = MOVING.lock().unwrap_or_else(PoisonError::into_inner);
        let received = loop {
            let mut parts = [io::IoSliceMut::new(&mut self.buffer)];
            let flags = flags | RecvFlags::CMSG_CLOEXEC;
            match rustix::net::recvmsg(&self.socket, &mut parts, &mut beside, flags) {
                Err(Errno::INTR) => {}
                Err(error) => return Err(ChildError::Io(error.into())),
                Ok(received) => break received,
            }
        };
        let mut fds = Vec::new();
        for message in beside.drain() {
            if let RecvAncillaryMessage::ScmRights(arrived) = message {
                for fd in arrived {
                    fds.push(self.out_of_the_way(fd)?);
                }
            }
        }
        drop(moving);
        if received.bytes == 0 {
            return Ok(None);
        }
        if received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) || fds.len() > 1 {
            return Err(ChildError::Descriptors);
        }
        let packet = self.buffer.get(..received.bytes).unwrap_or_default();
        let message = postcard::from_bytes(packet).map_err(|_| ChildError::NotAMessage)?;
        Ok(Some((message, fds.pop())))
    }

    /// The kernel hands out the lowest free number, which may be the place of a dead link.
    fn out_of_the_way(&self, fd: OwnedFd) -> Result<OwnedFd, ChildError> {
        if fd.as_raw_fd() > self.highest_fd {
            return Ok(fd);
        }
        Ok(rustix::io::fcntl_dupfd_cloexec(&fd, self.highest_fd + 1).map_err(io::Error::from)?)
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Closes the old link, puts the new end at the number that it always has, and makes a link of it.
///
/// # Errors
/// When the kernel refuses; end the process.
pub fn relink(old: Option<Link>, wire: Wire, fd: OwnedFd) -> io::Result<Link> {
    let _moving = MOVING.lock().unwrap_or_else(PoisonError::into_inner);
    drop(old);
    Link::new(hardening::fds::place(fd, wire.fd)?)
}
