//! The one privilege that a parent may keep for its children: to lock memory beyond RLIMIT_MEMLOCK.
//!
//! Separate from `process` because everything there only gives up. Where the limit cannot be raised (a container
//! without CAP_SYS_RESOURCE), core could otherwise not have its secret memory after the change of user. A process
//! that holds keys or reads bytes from outside keeps nothing: [`crate::sandbox::Lockdown`] takes this away again.
//! Rules: capabilities(7), "Ambient" and "Effect of user ID changes on capabilities".

use std::io;

use caps::{CapSet, Capability, CapsHashSet};

use crate::process::{self, ProcessError};

fn refused(step: &'static str) -> impl Fn(caps::errors::CapsError) -> ProcessError {
    move |error| ProcessError::Kernel { step, source: io::Error::other(error) }
}

fn it() -> CapsHashSet {
    CapsHashSet::from([Capability::CAP_IPC_LOCK])
}

/// As [`process::drop_to_user`], but keeps CAP_IPC_LOCK, and passes it on to children. All others are gone.
///
/// # Errors
/// As [`process::drop_to_user`]: do not go on.
pub fn drop_to_user_with_it(uid: u32, gid: u32) -> Result<(), ProcessError> {
    let keep = |yes| {
        rustix::thread::set_keep_capabilities(yes)
            .map_err(|errno| ProcessError::Kernel { step: "PR_SET_KEEPCAPS", source: errno.into() })
    };
    // Once the bounding set is empty, nothing can be added to the inheritable one.
    caps::set(None, CapSet::Inheritable, &it()).map_err(refused("capset"))?;
    keep(true)?;
    process::drop_to_user(uid, gid)?;
    keep(false)?;
    caps::set(None, CapSet::Permitted, &it()).map_err(refused("capset"))?;
    caps::raise(None, CapSet::Ambient, Capability::CAP_IPC_LOCK).map_err(refused("PR_CAP_AMBIENT"))?;
    nothing_else()
}

/// Reads back that no other capability is held, and none is in effect.
///
/// # Errors
/// [`ProcessError::NotInEffect`]: do not go on.
pub fn nothing_else() -> Result<(), ProcessError> {
    for set in [CapSet::Inheritable, CapSet::Permitted, CapSet::Ambient] {
        if !caps::read(None, set).is_ok_and(|held| held == it()) {
            return Err(ProcessError::NotInEffect { step: "capset" });
        }
    }
    if !caps::read(None, CapSet::Effective).is_ok_and(|held| held.is_empty()) {
        return Err(ProcessError::NotInEffect { step: "capset" });
    }
    Ok(())
}
