//! The early, irreversible steps of a process: limits, dumps, user, capabilities.
//!
//! Separate from `sandbox` because these depend on how a process was started, not on what its role may do.
//! Each step is checked by reading back what the kernel holds; none has an undo.
//! Rules: prctl(2), capabilities(7), credentials(7), getrlimit(2).

use std::io;

use caps::CapSet;
use rustix::process::{Pid, Resource, Rlimit, Signal};

/// Why a step of hardening the process itself failed. The process must not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The kernel refused a step.
    #[error("the kernel refused {step}")]
    Kernel {
        /// The system call or option.
        step: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A step was answered with success, but reading back shows otherwise.
    #[error("{step} did not take effect")]
    NotInEffect {
        /// The system call or option.
        step: &'static str,
    },
    /// More locked memory is needed than the process may have, and it may not raise the limit.
    #[error(
        "{wanted_bytes} bytes of locked memory are needed, {allowed_bytes} are allowed: set LimitMEMLOCK={wanted_bytes} or start as root"
    )]
    MemlockTooLow {
        /// What is needed.
        wanted_bytes: u64,
        /// The hard limit.
        allowed_bytes: u64,
    },
    /// The process was to become an unprivileged user, but the user or group named is root.
    #[error("the user to become must not be root (uid {uid}, gid {gid})")]
    WouldStayRoot {
        /// The user asked for.
        uid: u32,
        /// The group asked for.
        gid: u32,
    },
    /// The parent is gone already; nobody would notice if we went on.
    #[error("the parent process ended before this one began")]
    Orphaned,
}

fn kernel(step: &'static str) -> impl Fn(rustix::io::Errno) -> ProcessError {
    move |errno| ProcessError::Kernel { step, source: errno.into() }
}

fn last_error(step: &'static str) -> ProcessError {
    ProcessError::Kernel { step, source: io::Error::last_os_error() }
}

/// The first thing every process of the house does, before it reads or opens anything.
///
/// No new privileges, no dumps (dumpable 0, core size 0), no memory that becomes executable (MDWE), new files for
/// the owner only (umask 077). All of it is inherited by children, except that dumpable is reset by `execve`.
///
/// # Errors
/// [`ProcessError::Kernel`], [`ProcessError::NotInEffect`]: do not go on. MDWE needs Linux 6.3.
pub fn enter() -> Result<(), ProcessError> {
    rustix::thread::set_no_new_privs(true).map_err(kernel("PR_SET_NO_NEW_PRIVS"))?;
    forbid_dumps()?;
    refuse_new_code()?;
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    match rustix::thread::no_new_privs() {
        Ok(true) => Ok(()),
        _ => Err(ProcessError::NotInEffect { step: "PR_SET_NO_NEW_PRIVS" }),
    }
}

/// No core file, not attachable by the same user, /proc/self owned by root.
///
/// Changing the user id does this as well, but `execve` undoes it: call it in every process.
///
/// # Errors
/// [`ProcessError::Kernel`], [`ProcessError::NotInEffect`]: do not go on.
pub fn forbid_dumps() -> Result<(), ProcessError> {
    use rustix::process::DumpableBehavior;
    limit(Resource::Core, 0)?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(kernel("PR_SET_DUMPABLE"))?;
    match rustix::process::dumpable_behavior() {
        Ok(DumpableBehavior::NotDumpable) => Ok(()),
        _ => Err(ProcessError::NotInEffect { step: "PR_SET_DUMPABLE" }),
    }
}

/// Memory that was writable never becomes executable (PR_SET_MDWE, Linux 6.3).
///
/// # Errors
/// [`ProcessError::Kernel`], [`ProcessError::NotInEffect`]: do not go on.
pub fn refuse_new_code() -> Result<(), ProcessError> {
    let gain = libc::c_ulong::from(libc::PR_MDWE_REFUSE_EXEC_GAIN);
    // SAFETY: PR_SET_MDWE takes an integer and zeros; it touches no memory of ours.
    if unsafe { libc::prctl(libc::PR_SET_MDWE, gain, 0_u64, 0_u64, 0_u64) } != 0 {
        return Err(last_error("PR_SET_MDWE (Linux 6.3 or newer)"));
    }
    // SAFETY: PR_GET_MDWE takes zeros; it touches no memory of ours.
    match unsafe { libc::prctl(libc::PR_GET_MDWE, 0_u64, 0_u64, 0_u64, 0_u64) } {
        held if held & 1 == 1 => Ok(()),
        _ => Err(ProcessError::NotInEffect { step: "PR_SET_MDWE" }),
    }
}

/// Lowers a resource limit for good: soft and hard.
///
/// Beware: `Resource::Fsize` 0 kills a process whose standard error is a file as soon as it logs.
///
/// # Errors
/// [`ProcessError::Kernel`]: the limit was lower already, or is not known.
pub fn limit(resource: Resource, most: u64) -> Result<(), ProcessError> {
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    rustix::process::setrlimit(resource, limit).map_err(kernel("setrlimit"))
}

/// What allows a process to lock memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockedBy {
    /// RLIMIT_MEMLOCK is high enough.
    Limit,
    /// CAP_IPC_LOCK, as long as it is held (see [`crate::memory_right`]).
    Capability,
}

/// Makes sure that `bytes` of memory can be locked, raising RLIMIT_MEMLOCK where we may.
///
/// Secret memory counts as locked. Call it before privileges are dropped, with the sum of arena, heap and stacks.
/// A process with CAP_IPC_LOCK is not bound by the limit, so it is content even where it may not raise it; map
/// everything (arena, heap, stacks) before the capability is dropped.
/// The answer says what allows it: a raised limit outlives the change of user, a capability does not.
///
/// # Errors
/// - [`ProcessError::MemlockTooLow`]: says what the operator has to set.
/// - [`ProcessError::Kernel`]: anything else.
pub fn raise_memlock(bytes: u64) -> Result<LockedBy, ProcessError> {
    let held = rustix::process::getrlimit(Resource::Memlock);
    let enough = |limit: Option<u64>| limit.is_none_or(|most| most >= bytes);
    if enough(held.current) {
        return Ok(LockedBy::Limit);
    }
    let maximum = if enough(held.maximum) { held.maximum } else { Some(bytes) };
    let wanted = Rlimit { current: Some(bytes), maximum };
    match rustix::process::setrlimit(Resource::Memlock, wanted) {
        Ok(()) => Ok(LockedBy::Limit),
        Err(rustix::io::Errno::PERM) if is_exempt_from_memlock() => Ok(LockedBy::Capability),
        Err(rustix::io::Errno::PERM) => Err(ProcessError::MemlockTooLow {
            wanted_bytes: bytes,
            allowed_bytes: held.maximum.unwrap_or(u64::MAX),
        }),
        Err(errno) => Err(kernel("setrlimit of RLIMIT_MEMLOCK")(errno)),
    }
}

fn is_exempt_from_memlock() -> bool {
    caps::has_cap(None, CapSet::Effective, caps::Capability::CAP_IPC_LOCK).unwrap_or(false)
}

/// Keeps all memory of the process, present and future, out of swap. Pages are locked when first touched.
///
/// From then on RLIMIT_MEMLOCK bounds the whole process: with a low limit, memory that it asks for after dropping its
/// capabilities is refused. Call [`raise_memlock`] before, with all that the process will ever map.
///
/// # Errors
/// [`ProcessError::Kernel`]: usually RLIMIT_MEMLOCK; see [`raise_memlock`].
pub fn lock_all_memory() -> Result<(), ProcessError> {
    use rustix::mm::MlockAllFlags;
    rustix::mm::mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .map_err(kernel("mlockall (RLIMIT_MEMLOCK, LimitMEMLOCK)"))
}

/// Keeps what is mapped now out of swap, each page once it is touched, and leaves the future alone: for a process whose
/// heap and stacks are in secret memory, and which will hold nothing of value elsewhere.
///
/// # Errors
/// [`ProcessError::Kernel`]: usually RLIMIT_MEMLOCK; see [`raise_memlock`].
pub fn lock_present_memory() -> Result<(), ProcessError> {
    use rustix::mm::MlockAllFlags;
    rustix::mm::mlockall(MlockAllFlags::CURRENT | MlockAllFlags::ONFAULT)
        .map_err(kernel("mlockall (RLIMIT_MEMLOCK, LimitMEMLOCK)"))
}

/// Ends this process with SIGKILL when `parent` ends. `parent` is the process that started us.
///
/// Survives [`drop_to_user`], which would otherwise clear it in silence.
///
/// # Errors
/// [`ProcessError::Orphaned`]: the parent was gone before this took effect; end now.
pub fn die_with_parent(parent: Pid) -> Result<(), ProcessError> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(kernel("PR_SET_PDEATHSIG"))?;
    match rustix::process::getppid() {
        Some(now) if now == parent => Ok(()),
        _ => Err(ProcessError::Orphaned),
    }
}

/// Becomes an unprivileged user for good: no supplementary groups, real, effective and saved ids alike.
///
/// While single-threaded only: the kernel changes ids per thread. Capabilities go with the root id, and
/// [`drop_capabilities`] makes sure.
///
/// # Errors
/// - [`ProcessError::WouldStayRoot`]: nothing changed.
/// - [`ProcessError::Kernel`], [`ProcessError::NotInEffect`]: do not go on.
pub fn drop_to_user(uid: u32, gid: u32) -> Result<(), ProcessError> {
    if uid == 0 || gid == 0 {
        return Err(ProcessError::WouldStayRoot { uid, gid });
    }
    // Afterwards we could not any more.
    drop_bounding_where_allowed()?;
    let death_signal = rustix::process::parent_process_death_signal().map_err(kernel("PR_GET_PDEATHSIG"))?;
    // SAFETY: zero groups, and the pointer is then not read.
    if unsafe { libc::setgroups(0, std::ptr::null()) } != 0 {
        return Err(last_error("setgroups"));
    }
    // SAFETY: three integers.
    if unsafe { libc::setresgid(gid, gid, gid) } != 0 {
        return Err(last_error("setresgid"));
    }
    // SAFETY: three integers.
    if unsafe { libc::setresuid(uid, uid, uid) } != 0 {
        return Err(last_error("setresuid"));
    }
    // Changing ids cleared the death signal.
    rustix::process::set_parent_process_death_signal(death_signal).map_err(kernel("PR_SET_PDEATHSIG"))?;
    if ids_are(uid, gid)? && root_is_out_of_reach() {
        return Ok(());
    }
    Err(ProcessError::NotInEffect { step: "setresuid" })
}

fn ids_are(uid: u32, gid: u32) -> Result<bool, ProcessError> {
    let (mut real, mut effective, mut saved) = (0, 0, 0);
    // SAFETY: three pointers to variables of ours.
    if unsafe { libc::getresuid(&raw mut real, &raw mut effective, &raw mut saved) } != 0 {
        return Err(last_error("getresuid"));
    }
    let users = [real, effective, saved] == [uid; 3];
    // SAFETY: three pointers to variables of ours.
    if unsafe { libc::getresgid(&raw mut real, &raw mut effective, &raw mut saved) } != 0 {
        return Err(last_error("getresgid"));
    }
    let groups = [real, effective, saved] == [gid; 3];
    let supplementary = rustix::process::getgroups().map_err(kernel("getgroups"))?;
    Ok(users && groups && supplementary.is_empty())
}

fn root_is_out_of_reach() -> bool {
    // SAFETY: one integer; the call is expected to be refused.
    unsafe { libc::setuid(0) != 0 }
}

/// Gives up every capability: bounding (where we may), ambient, inheritable, permitted, effective; then reads back.
///
/// While single-threaded only: capabilities belong to threads.
///
/// # Errors
/// [`ProcessError::Kernel`], [`ProcessError::NotInEffect`]: do not go on.
pub fn drop_capabilities() -> Result<(), ProcessError> {
    drop_bounding_where_allowed()?;
    caps::clear(None, CapSet::Ambient).map_err(refused("PR_CAP_AMBIENT"))?;
    for set in [CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set).map_err(refused("capset"))?;
    }
    has_no_capabilities()
}

fn refused(step: &'static str) -> impl Fn(caps::errors::CapsError) -> ProcessError {
    move |error| ProcessError::Kernel { step, source: io::Error::other(error) }
}

/// With CAP_SETPCAP: nothing that is executed from here on can bring a capability back.
fn drop_bounding_where_allowed() -> Result<(), ProcessError> {
    let may_bound = caps::has_cap(None, CapSet::Effective, caps::Capability::CAP_SETPCAP);
    if may_bound.map_err(refused("capget"))? { drop_bounding() } else { Ok(()) }
}

/// Every number the kernel knows, also those newer than the capability library.
fn drop_bounding() -> Result<(), ProcessError> {
    for capability in 0..64_u64 {
        // SAFETY: integers only. -1 with EINVAL: the kernel has no such capability.
        match unsafe { libc::prctl(libc::PR_CAPBSET_READ, capability, 0_u64, 0_u64, 0_u64) } {
            1 => {}
            _ => continue,
        }
        // SAFETY: integers only.
        if unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0_u64, 0_u64, 0_u64) } != 0 {
            return Err(last_error("PR_CAPBSET_DROP"));
        }
    }
    Ok(())
}

/// Whether the calling thread is the only one. Asks the kernel without /proc: unsharing a thread group of one is
/// allowed and does nothing, of more than one it is refused.
///
/// # Errors
/// [`ProcessError::Kernel`]: anything but yes or no.
pub fn is_single_threaded() -> Result<bool, ProcessError> {
    // SAFETY: CLONE_THREAD alone never changes anything (unshare(2)).
    if unsafe { libc::unshare(libc::CLONE_THREAD) } == 0 {
        return Ok(true);
    }
    match last_error("unshare(CLONE_THREAD)") {
        ProcessError::Kernel { source, .. } if source.raw_os_error() == Some(libc::EINVAL) => Ok(false),
        other => Err(other),
    }
}

/// Reads back that nothing is left to lose: no new privileges, no capabilities.
///
/// # Errors
/// [`ProcessError::NotInEffect`]: something is left; do not go on.
pub fn has_no_privileges() -> Result<(), ProcessError> {
    if rustix::thread::no_new_privs() != Ok(true) {
        return Err(ProcessError::NotInEffect { step: "PR_SET_NO_NEW_PRIVS" });
    }
    has_no_capabilities()
}

fn has_no_capabilities() -> Result<(), ProcessError> {
    for set in [CapSet::Inheritable, CapSet::Effective, CapSet::Permitted, CapSet::Ambient] {
        if !caps::read(None, set).is_ok_and(|held| held.is_empty()) {
            return Err(ProcessError::NotInEffect { step: "capset" });
        }
    }
    Ok(())
}
