//! Signals as a descriptor, for a process that waits with poll.
//!
//! Separate from [`crate::ending`], which is for processes that hold secrets and must end at once.
//! Rules: signalfd(2), pthread_sigmask(3). Children that [`crate::fds::spawn`] starts have no blocked signals.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

/// SIGTERM and SIGINT, which no longer end the process but make this readable.
#[derive(Debug)]
pub struct Asked {
    descriptor: OwnedFd,
}

impl Asked {
    /// From here on, being asked to stop is something to read. While single-threaded: threads inherit it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn to_stop() -> io::Result<Self> {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: a set of ours, which the call fills.
        unsafe { libc::sigemptyset(set.as_mut_ptr()) };
        for signal in [libc::SIGTERM, libc::SIGINT] {
            // SAFETY: the set was filled above; the signals exist.
            unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
        }
        // SAFETY: the set was filled above; the old one is not asked for.
        let refused = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()) };
        if refused != 0 {
            return Err(io::Error::from_raw_os_error(refused));
        }
        // SAFETY: the set was filled above; -1 makes a new descriptor.
        let made = unsafe { libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if made < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just made this descriptor for us, and nobody else owns it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(made) };
        Ok(Self { descriptor })
    }

    /// Takes what has come. `true`: asked at least once since the last call. Never blocks.
    ///
    /// # Errors
    /// When reading fails for another reason than that nothing is there.
    pub fn take(&self) -> io::Result<bool> {
        let mut one = [0_u8; size_of::<libc::signalfd_siginfo>()];
        let mut asked = false;
        loop {
            match rustix::io::read(&self.descriptor, &mut one) {
                Ok(_) => asked = true,
                Err(rustix::io::Errno::AGAIN) => return Ok(asked),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Asked {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
