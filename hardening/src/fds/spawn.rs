//! Starts a child with exactly a given table of descriptors, and watches it.
//!
//! The child has the descriptors of the table at their numbers and no others, the environment that is given and no
//! other, no blocked signals, and dies when its parent dies.
//! Between fork and exec only async-signal-safe calls happen, on memory that was prepared before.

use std::ffi::{CString, c_char};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;

use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};

use super::{FdsError, SLOT_MAX, last_error};

/// What to execute.
#[derive(Clone, Copy, Debug)]
pub enum Program<'a> {
    /// This very program, even if its file was replaced meanwhile.
    Myself,
    /// The file at a path.
    At(&'a Path),
}

/// How a child starts.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// What to execute.
    pub program: Program<'a>,
    /// Its arguments, the name it sees for itself first.
    pub arguments: &'a [&'a str],
    /// Its whole environment.
    pub environment: &'a [(&'a str, &'a str)],
    /// Its whole table of descriptors: what, and at which number (below [`SLOT_MAX`]). Must hold 0, 1 and 2.
    pub table: &'a [(BorrowedFd<'a>, RawFd)],
}

/// A child that was started.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    pidfd: OwnedFd,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It ended by itself with this code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
}

/// Starts a child.
///
/// # Errors
/// - [`FdsError::Taken`], [`FdsError::StandardMissing`]: the table is mistaken; nothing was started.
/// - [`FdsError::ZeroByte`]: so are the arguments.
/// - [`FdsError::Kernel`]: a step failed, in the parent or in the child before its program began; no child is left.
pub fn spawn(start: &Start<'_>) -> Result<Child, FdsError> {
    check(start.table)?;
    let prepared = Prepared::new(start)?;
    let (report, tell) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|errno| FdsError::Kernel { step: "pipe2", source: errno.into() })?;
    // SAFETY: the child calls only async-signal-safe functions on memory prepared above, until it execs or exits.
    let forked = unsafe { libc::fork() };
    if forked == 0 {
        prepared.become_program(tell.as_raw_fd());
    }
    drop(tell);
    let pid = Pid::from_raw(forked).filter(|_| forked > 0).ok_or_else(|| last_error("fork"))?;
    // Our own child, not yet waited for: its id cannot have been given to another process.
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty())
        .map_err(|errno| FdsError::Kernel { step: "pidfd_open", source: errno.into() });
    let mut failure = [0_u8; 8];
    let told = loop {
        match rustix::io::read(&report, &mut failure) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other,
        }
    };
    match (told, pidfd) {
        (Ok(0), Ok(pidfd)) => Ok(Child { pid, pidfd }),
        (Ok(0) | Err(_), pidfd) => {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            reap(pid);
            Err(pidfd.err().unwrap_or(FdsError::Closed))
        }
        (Ok(_), _) => {
            reap(pid);
            let [step, _, _, _, errno @ ..] = failure;
            let source = io::Error::from_raw_os_error(i32::from_ne_bytes(errno));
            Err(FdsError::Kernel { step: STEPS.get(usize::from(step)).copied().unwrap_or("a step"), source })
        }
    }
}

impl Child {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Becomes readable when the child has ended.
    #[must_use]
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Sends a signal; to a child that ended already, nothing happens.
    ///
    /// # Errors
    /// [`FdsError::Kernel`]: the sandbox forbids it.
    pub fn signal(&self, signal: Signal) -> Result<(), FdsError> {
        match rustix::process::pidfd_send_signal(&self.pidfd, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(errno) => Err(FdsError::Kernel { step: "pidfd_send_signal", source: errno.into() }),
        }
    }

    /// Waits until the child has ended, and removes it from the process table.
    ///
    /// # Errors
    /// [`FdsError::Kernel`]: it was waited for already.
    pub fn wait(&self) -> Result<Ended, FdsError> {
        loop {
            if let Some(ended) = self.ended(WaitIdOptions::EXITED)? {
                return Ok(ended);
            }
        }
    }

    /// As [`Child::wait`] but does not wait; `None`: it still runs.
    ///
    /// # Errors
    /// As [`Child::wait`].
    pub fn try_wait(&self) -> Result<Option<Ended>, FdsError> {
        self.ended(WaitIdOptions::EXITED | WaitIdOptions::NOHANG)
    }

    fn ended(&self, options: WaitIdOptions) -> Result<Option<Ended>, FdsError> {
        match rustix::process::waitid(WaitId::PidFd(self.pidfd.as_fd()), options) {
            Ok(status) => Ok(status.and_then(|s| {
                s.exit_status().map(Ended::Code).or_else(|| s.terminating_signal().map(Ended::Signal))
            })),
            Err(rustix::io::Errno::INTR) => Ok(None),
            Err(errno) => Err(FdsError::Kernel { step: "waitid", source: errno.into() }),
        }
    }
}

fn check(table: &[(BorrowedFd<'_>, RawFd)]) -> Result<(), FdsError> {
    let mut seen = std::collections::BTreeSet::new();
    for (_, slot) in table {
        if !(0..SLOT_MAX).contains(slot) || !seen.insert(*slot) {
            return Err(FdsError::Taken { slot: *slot });
        }
    }
    match (0..3).find(|slot| !seen.contains(slot)) {
        Some(slot) => Err(FdsError::StandardMissing { slot }),
        None => Ok(()),
    }
}

fn reap(pid: Pid) {
    while rustix::process::waitid(WaitId::Pid(pid), WaitIdOptions::EXITED).err()
        == Some(rustix::io::Errno::INTR)
    {}
}

/// The steps of the child, by the number it reports when one fails.
const STEPS: [&str; 6] =
    ["PR_SET_PDEATHSIG", "F_DUPFD_CLOEXEC", "dup2", "close_range", "sigprocmask", "execve"];

/// Everything the child needs, laid out before the fork.
struct Prepared {
    parent: i32,
    program: CString,
    argv: Vec<*const c_char>,
    envp: Vec<*const c_char>,
    /// Source, intermediate copy, target.
    moves: Vec<(RawFd, RawFd, RawFd)>,
    /// The first number above the table.
    above: RawFd,
    /// Ranges of numbers within the table that the child closes.
    gaps: Vec<(u32, u32)>,
    /// What argv and envp point to.
    _strings: Vec<CString>,
}

impl Prepared {
    fn new(start: &Start<'_>) -> Result<Self, FdsError> {
        use std::os::unix::ffi::OsStrExt;
        let c_string = |bytes: &[u8]| CString::new(bytes).map_err(|_| FdsError::ZeroByte);
        let program = match start.program {
            Program::Myself => c_string(b"/proc/self/exe")?,
            Program::At(path) => c_string(path.as_os_str().as_bytes())?,
        };
        let arguments =
            start.arguments.iter().map(|a| c_string(a.as_bytes())).collect::<Result<Vec<_>, _>>()?;
        let variables =
            start.environment.iter().map(|(name, value)| c_string(format!("{name}={value}").as_bytes()));
        let variables = variables.collect::<Result<Vec<_>, _>>()?;
        let pointers = |strings: &[CString]| {
            strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect::<Vec<_>>()
        };
        let (argv, envp) = (pointers(&arguments), pointers(&variables));
        let mut targets: Vec<RawFd> = start.table.iter().map(|(_, slot)| *slot).collect();
        targets.sort_unstable();
        let mut gaps = Vec::new();
        let mut next = 0_u32;
        for target in targets.iter().filter_map(|t| u32::try_from(*t).ok()) {
            if let Some(before) = target.checked_sub(1).filter(|before| *before >= next) {
                gaps.push((next, before));
            }
            next = target + 1;
        }
        Ok(Self {
            parent: rustix::process::getpid().as_raw_nonzero().get(),
            program,
            argv,
            envp,
            moves: start.table.iter().map(|(fd, slot)| (fd.as_raw_fd(), -1, *slot)).collect(),
            above: targets.last().map_or(0, |highest| highest + 1),
            gaps,
            _strings: arguments.into_iter().chain(variables).collect(),
        })
    }

    /// In the child. Never returns: either the program runs, or the failed step is told and the child exits.
    fn become_program(mut self, mut tell: RawFd) -> ! {
        let failed = self.try_become_program(&mut tell);
        let errno = io::Error::last_os_error().raw_os_error().unwrap_or(0);
        let [a, b, c, d] = errno.to_ne_bytes();
        let told = [failed, 0, 0, 0, a, b, c, d];
        // SAFETY: eight bytes of ours; if it fails there is nobody to tell.
        unsafe { libc::write(tell, told.as_ptr().cast(), told.len()) };
        // SAFETY: _exit runs no destructor and no handler of the parent's.
        unsafe { libc::_exit(127) }
    }

    /// Returns the number of the step that failed.
    fn try_become_program(&mut self, tell: &mut RawFd) -> u8 {
        // Everything that must survive goes above the table first, so that no target overwrites a source.
        // SAFETY: makes a new descriptor above the table; replaces none.
        let moved = unsafe { libc::fcntl(*tell, libc::F_DUPFD_CLOEXEC, self.above) };
        if moved < 0 {
            return 1;
        }
        *tell = moved;
        for (source, copy, _) in &mut self.moves {
            // SAFETY: makes a new descriptor above the table; replaces none.
            *copy = unsafe { libc::fcntl(*source, libc::F_DUPFD_CLOEXEC, self.above) };
            if *copy < 0 {
                return 1;
            }
        }
        for (_, copy, target) in &self.moves {
            // SAFETY: in the child, whose only use of descriptors is this table; dup2 leaves the target open on exec.
            if unsafe { libc::dup2(*copy, *target) } < 0 {
                return 2;
            }
        }
        for (first, last) in &self.gaps {
            if close_between(*first, *last) != 0 {
                return 3;
            }
        }
        if close_on_exec_from(self.above) != 0 {
            return 3;
        }
        // SAFETY: prctl with integers.
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
            return 0;
        }
        // SAFETY: no arguments.
        if unsafe { libc::getppid() } != self.parent {
            return 0;
        }
        let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: a set of ours, which the call fills.
        unsafe { libc::sigemptyset(none.as_mut_ptr()) };
        // SAFETY: the set was filled just above.
        if unsafe { libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut()) } != 0 {
            return 4;
        }
        // SAFETY: program, argv and envp are null-terminated and live in the copy of the parent's memory.
        unsafe { libc::execve(self.program.as_ptr(), self.argv.as_ptr(), self.envp.as_ptr()) };
        5
    }
}

/// Closes all descriptors from `first` to `last`.
fn close_between(first: u32, last: u32) -> i64 {
    // SAFETY: in the child, whose descriptors nobody else uses any more.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, 0_u32) }
}

/// Marks all descriptors from `first` on to be closed by exec, so that the report pipe lives until then.
fn close_on_exec_from(first: RawFd) -> i64 {
    // SAFETY: only sets a flag on descriptors.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) }
}
