//! Descriptors that a process was given by number.
//!
//! Separate because owning a number is a claim that the compiler cannot check.
//! Trusts: warden, which put the descriptors in their places.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::Mutex;

/// Numbers that were handed out already.
static TAKEN: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

/// Takes ownership of a descriptor that the parent process left open at `number`, and closes it on `execve`.
///
/// Each number is given out once in the life of the process. Call it before anything else opens descriptors.
///
/// # Errors
/// When nothing is open at `number`, or it was taken before.
pub fn inherit(number: RawFd) -> io::Result<OwnedFd> {
    let mut taken =
        TAKEN.lock().map_err(|_| io::Error::other("a thread failed while it took a descriptor"))?;
    if number < 3 || taken.contains(&number) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this descriptor has an owner"));
    }
    // SAFETY: F_SETFD takes integers and touches no memory; it fails where nothing is open.
    if unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    taken.push(number);
    // SAFETY: the descriptor is open (F_SETFD succeeded) and it came from the parent process, so no owner exists
    // in this one but the one made here: `TAKEN` holds every number given out.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Moves a descriptor to `number`, where the sandbox expects it.
///
/// Whatever was at `number` must have been closed by its owner before.
///
/// # Errors
/// When the kernel refuses; the descriptor is closed then.
pub fn place(fd: OwnedFd, number: RawFd) -> io::Result<OwnedFd> {
    use std::os::fd::AsRawFd;
    if fd.as_raw_fd() == number {
        return Ok(fd);
    }
    // SAFETY: integers only; `fd` is open because it is borrowed from its owner.
    if unsafe { libc::dup3(fd.as_raw_fd(), number, libc::O_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: dup3 has just opened `number`, and the caller has closed what was there: nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}
