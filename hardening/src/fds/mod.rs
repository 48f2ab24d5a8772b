//! Descriptors: passed over Unix sockets, put at fixed numbers, and handed to children by an exact table.
//!
//! Separate from `process` because a descriptor is a capability: who gets which is decided here and nowhere else.
//! Rules: unix(7) (SCM_RIGHTS), dup(2), close_range(2), execveat(2), pidfd_open(2).

mod pass;
mod spawn;

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

pub use pass::{FDS_PER_MESSAGE_MAX, Received, receive, send};
pub use spawn::{Child, Ended, Program, Start, spawn};

/// Slots are the numbers below this one: a core with the most lanes, frontend workers and HSMs has nearly 600.
pub const SLOT_MAX: RawFd = 1024;
/// Words of a bit map over the slots.
const SLOT_WORDS: usize = SLOT_MAX as usize / 64;

/// Why descriptors could not be passed, placed or handed on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FdsError {
    /// The kernel refused a step.
    #[error("the kernel refused {step}")]
    Kernel {
        /// The system call.
        step: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The other side sent more descriptors than fit; those that arrived are closed again.
    #[error("more than {FDS_PER_MESSAGE_MAX} descriptors in one message")]
    TooMany,
    /// The other side is gone.
    #[error("the other side closed the socket")]
    Closed,
    /// Nothing is open at this number.
    #[error("descriptor {slot} is not open")]
    NotOpen {
        /// The number.
        slot: RawFd,
    },
    /// The number is in use, was adopted before, stands twice in a table, or is out of range.
    #[error("descriptor number {slot} is taken or out of range")]
    Taken {
        /// The number.
        slot: RawFd,
    },
    /// A child needs 0, 1 and 2: its runtime would open others in their place.
    #[error("the table lacks descriptor {slot}; give the child /dev/null rather than nothing")]
    StandardMissing {
        /// The number.
        slot: RawFd,
    },
    /// A program, argument or variable holds a zero byte.
    #[error("a program, argument or environment variable holds a zero byte")]
    ZeroByte,
}

impl From<FdsError> for io::Error {
    fn from(error: FdsError) -> Self {
        match error {
            FdsError::Kernel { source, .. } => source,
            other => Self::other(other),
        }
    }
}

pub(crate) fn last_error(step: &'static str) -> FdsError {
    FdsError::Kernel { step, source: io::Error::last_os_error() }
}

/// Moves a descriptor to the number `slot`, which must be free. It is closed on `execve` like every other.
///
/// Asks with fcntl(F_GETFD) and moves with dup3, whose target a sandbox can pin. No other thread may open descriptors
/// meanwhile: the kernel would give it the lowest free number, which may be this one.
///
/// # Errors
/// - [`FdsError::Taken`]: something is open there already; `descriptor` is closed.
/// - [`FdsError::Kernel`]: the limit on descriptors, usually.
pub fn place(descriptor: OwnedFd, slot: RawFd) -> Result<OwnedFd, FdsError> {
    if !(0..SLOT_MAX).contains(&slot) {
        return Err(FdsError::Taken { slot });
    }
    if descriptor.as_raw_fd() == slot {
        return Ok(descriptor);
    }
    // SAFETY: F_GETFD only asks.
    if unsafe { libc::fcntl(slot, libc::F_GETFD) } >= 0 {
        return Err(FdsError::Taken { slot });
    }
    // SAFETY: nothing was open at `slot` just now, so no owner in this process loses its descriptor; that no other
    // thread opens descriptors meanwhile is the caller's part.
    if unsafe { libc::dup3(descriptor.as_raw_fd(), slot, libc::O_CLOEXEC) } < 0 {
        return Err(last_error("dup3"));
    }
    // SAFETY: the kernel just made this descriptor for us, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(slot) })
}

/// Takes ownership of a descriptor that this process was started with at number `slot`, and marks it to be closed on
/// `execve`. Each slot is given out once in the life of the process; 0, 1 and 2 belong to std.
///
/// Call it before anything else opens descriptors.
///
/// # Errors
/// - [`FdsError::NotOpen`]: whoever started us did not give it.
/// - [`FdsError::Taken`]: given out before, or out of range.
pub fn inherit(slot: RawFd) -> Result<OwnedFd, FdsError> {
    static GIVEN: [AtomicU64; SLOT_WORDS] = [const { AtomicU64::new(0) }; SLOT_WORDS];
    if !(3..SLOT_MAX).contains(&slot) {
        return Err(FdsError::Taken { slot });
    }
    // SAFETY: F_SETFD changes one flag of the descriptor, or fails with EBADF.
    if unsafe { libc::fcntl(slot, libc::F_SETFD, libc::FD_CLOEXEC) } < 0 {
        return Err(FdsError::NotOpen { slot });
    }
    let at = usize::try_from(slot).map_err(|_| FdsError::Taken { slot })?;
    let (word, bit) = (GIVEN.get(at / 64).ok_or(FdsError::Taken { slot })?, 1_u64 << (at % 64));
    if word.fetch_or(bit, Ordering::SeqCst) & bit != 0 {
        return Err(FdsError::Taken { slot });
    }
    // SAFETY: the number is open, and `GIVEN` makes one owner of it. That no other part of this process opened it is
    // the contract of starting with a table of fixed numbers: it is called before anything is opened.
    Ok(unsafe { OwnedFd::from_raw_fd(slot) })
}
