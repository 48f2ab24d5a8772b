//! What a role may do, as data: system calls with a reason each, files, ports.
//!
//! Separate from what enforces it, so that a profile can be read, printed, joined and tested without a kernel.

use std::borrow::Cow;
use std::path::PathBuf;

/// Everything that one role may do. What is not listed is not allowed.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The name of the role, for errors.
    pub role: &'static str,
    /// The system calls; any other one kills the process.
    pub syscalls: Cow<'static, [Rule]>,
    /// The files and directories; any other one is refused with EACCES.
    pub files: Vec<FileRule>,
    /// The TCP ports; any other one is refused with EACCES.
    pub ports: Vec<PortRule>,
    /// Whether CAP_IPC_LOCK is kept for children; see [`crate::memory_right`]. No role's own profile says so.
    pub keeps_memory_right: bool,
}

impl Profile {
    /// A role with these system calls, and neither files nor ports.
    #[must_use]
    pub const fn new(role: &'static str, syscalls: &'static [Rule]) -> Self {
        Self {
            role,
            syscalls: Cow::Borrowed(syscalls),
            files: Vec::new(),
            ports: Vec::new(),
            keeps_memory_right: false,
        }
    }

    /// The same profile with more system calls.
    #[must_use]
    pub fn and_syscalls(mut self, more: &[Rule]) -> Self {
        self.syscalls.to_mut().extend_from_slice(more);
        self
    }

    /// The same profile with one more path.
    #[must_use]
    pub fn and_file(mut self, path: impl Into<PathBuf>, access: FileAccess, reason: &'static str) -> Self {
        self.files.push(FileRule { path: path.into(), access, reason });
        self
    }

    /// The same profile with one more TCP port.
    #[must_use]
    pub fn and_port(mut self, port: u16, access: PortAccess, reason: &'static str) -> Self {
        self.ports.push(PortRule { port, access, reason });
        self
    }

    /// The same profile for a parent that keeps CAP_IPC_LOCK for its children.
    #[must_use]
    pub const fn keeping_memory_right(mut self) -> Self {
        self.keeps_memory_right = true;
        self
    }

    /// Whatever any of `parts` may do. A process's filter binds its children as well, so the filter of one that
    /// starts others must be the union of its own profile and theirs.
    #[must_use]
    pub fn union(role: &'static str, parts: &[&Self]) -> Self {
        Self {
            role,
            syscalls: parts.iter().flat_map(|part| part.syscalls.iter().copied()).collect(),
            files: parts.iter().flat_map(|part| part.files.iter().cloned()).collect(),
            ports: parts.iter().flat_map(|part| part.ports.iter().copied()).collect(),
            keeps_memory_right: parts.iter().any(|part| part.keeps_memory_right),
        }
    }
}

/// One system call that is allowed, and why. Several rules for one call: any of them suffices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name as in syscalls(2).
    pub syscall: &'static str,
    /// Why the role needs it. Shown to auditors; a rule whose reason is gone goes too.
    pub reason: &'static str,
    /// What its arguments must be, all of it; empty: anything.
    pub when: &'static [Condition],
}

impl Rule {
    /// A call with any arguments.
    #[must_use]
    pub const fn any(syscall: &'static str, reason: &'static str) -> Self {
        Self { syscall, reason, when: &[] }
    }

    /// A call whose arguments meet every condition.
    #[must_use]
    pub const fn when(syscall: &'static str, when: &'static [Condition], reason: &'static str) -> Self {
        Self { syscall, reason, when }
    }
}

/// What one argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Which argument, counted from 0.
    pub argument: u8,
    /// How much of it the kernel reads.
    pub width: Width,
    /// What it must be.
    pub test: Test,
}

impl Condition {
    /// On an argument that the kernel takes as `int` or `unsigned int`: descriptors, most flags, prctl options.
    #[must_use]
    pub const fn int(argument: u8, test: Test) -> Self {
        Self { argument, width: Width::Int, test }
    }

    /// On an argument that the kernel takes as `long` or `size_t`: mmap's protection, clone's flags, sizes.
    #[must_use]
    pub const fn long(argument: u8, test: Test) -> Self {
        Self { argument, width: Width::Long, test }
    }
}

/// How much of an argument the kernel reads. Comparing more would let a caller hide behind ignored bits; comparing
/// less would let it smuggle bits past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// The low 32 bits.
    Int,
    /// All 64 bits.
    Long,
}

/// A test on one argument, unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Exactly this.
    Equals(u64),
    /// Anything but this.
    Differs(u64),
    /// From the first to the second, both included.
    Between(u64, u64),
    /// At most this.
    AtMost(u64),
    /// The bits under the mask are exactly these.
    Masked {
        /// Which bits are looked at.
        mask: u64,
        /// What they must be.
        equals: u64,
    },
}

/// Access to a file, or to everything beneath a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRule {
    /// The path; it must exist when the sandbox is entered.
    pub path: PathBuf,
    /// What may be done there.
    pub access: FileAccess,
    /// Why the role needs it.
    pub reason: &'static str,
}

/// What may be done with a file or beneath a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAccess {
    /// Read files, list directories.
    Read,
    /// As `Read`, and write, truncate, create, rename and remove files and directories.
    ReadWrite,
    /// As `Read`, and execute. (Loading a library is reading.)
    ReadExecute,
    /// Read, write and control a device.
    Device,
    /// Create and remove Unix sockets.
    Listen,
}

/// Access to one TCP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRule {
    /// The port.
    pub port: u16,
    /// What may be done with it.
    pub access: PortAccess,
    /// Why the role needs it.
    pub reason: &'static str,
}

/// What may be done with a TCP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortAccess {
    /// Listen on it.
    Bind,
    /// Connect to it.
    Connect,
}
