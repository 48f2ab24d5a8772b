//! Locks a process into what its role may do, for good, and gives out the proof.
//!
//! Separate from the roles so that no role can leave a step out: only this module makes a [`Lockdown`].
//! Trusts: the kernel's answers. There is no switch that turns any of it off.
//! Rules: seccomp(2), landlock(7), capabilities(7).

mod files;
mod filter;
mod names;
mod profile;
mod rules;

use std::path::PathBuf;

pub use profile::{Condition, FileAccess, FileRule, PortAccess, PortRule, Profile, Rule, Test, Width};
pub use rules::{LOCKING_DOWN, REWIRING, RUNTIME, STARTING};

use crate::memory_right;
use crate::process::{self, ProcessError};

/// Why a process could not be locked down. It must end; it must not go on with less.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// A rule names a call that does not exist. A mistake in a profile.
    #[error("no system call is named {name}")]
    UnknownSyscall {
        /// The name in the rule.
        name: &'static str,
    },
    /// More than one thread runs; capabilities and Landlock would bind only this one.
    #[error("other threads run already; lock down before the first is made")]
    NotSingleThreaded,
    /// A thread could not be brought under the filter.
    #[error("thread {thread} could not be brought under the filter")]
    ThreadOutside {
        /// Its id.
        thread: i64,
    },
    /// A path of the profile is not there or not readable.
    #[error("path {} of the profile cannot be opened", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The kernel has no Landlock that can enforce all of the profile.
    #[error(
        "Landlock cannot enforce the profile in full (Linux 6.12 or newer, with Landlock enabled, is needed)"
    )]
    Landlock {
        /// What the kernel said.
        #[source]
        source: landlock::RulesetError,
    },
    /// The filter could not be made or installed.
    #[error("the system call filter could not be installed")]
    Seccomp {
        /// What the kernel or the compiler said.
        #[source]
        source: seccompiler::Error,
    },
    /// A step was answered with success, but reading back shows otherwise.
    #[error("the {what} did not take effect")]
    NotInEffect {
        /// Which part.
        what: &'static str,
    },
    /// A step on the process itself failed.
    #[error("the process could not be hardened")]
    Process(#[from] ProcessError),
}

/// Proof that this process is locked into its role: privileges, files, ports and system calls.
///
/// Only this module makes one:
/// ```compile_fail,E0423
/// let forged = hardening::sandbox::Lockdown(());
/// ```
#[derive(Debug)]
pub struct Lockdown(());

/// A process that has given up privileges, files and ports, and may still make threads and system calls.
#[must_use = "the system calls are not restricted until `seal`"]
pub struct Stage1 {
    program: seccompiler::BpfProgram,
    keeps_memory_right: bool,
}

impl Lockdown {
    /// The first stage, while this is the only thread: no new privileges, no dumps, no new code, no capabilities,
    /// Landlock. Threads made afterwards are bound as well; [`Stage1::seal`] then binds all their system calls.
    ///
    /// The profile is checked and its paths are opened before anything is given up. Paths must exist.
    ///
    /// # Errors
    /// Any [`SandboxError`]: the process must end.
    pub fn begin(profile: &Profile) -> Result<Stage1, SandboxError> {
        if !process::is_single_threaded()? {
            return Err(SandboxError::NotSingleThreaded);
        }
        let program = filter::compile(&profile.syscalls)?;
        let ruleset = files::prepare(&profile.files, &profile.ports)?;
        process::enter()?;
        if !profile.keeps_memory_right {
            process::drop_capabilities()?;
        }
        files::enforce(ruleset)?;
        Ok(Stage1 { program, keeps_memory_right: profile.keeps_memory_right })
    }

    /// Both stages at once, for a role without threads.
    ///
    /// # Errors
    /// Any [`SandboxError`]: the process must end.
    pub fn enter(profile: &Profile) -> Result<Self, SandboxError> {
        Self::begin(profile)?.seal()
    }
}

impl Stage1 {
    /// The second stage: the system call filter, on all threads at once. From here on, a call that the profile does
    /// not list kills the process with SIGSYS.
    ///
    /// Threads must have begun to run by then (let them meet at a barrier): a thread that begins makes calls, such as
    /// `rseq` and `set_robust_list`, that a narrow profile does not list.
    ///
    /// # Errors
    /// Any [`SandboxError`]: the process must end.
    pub fn seal(self) -> Result<Lockdown, SandboxError> {
        if self.keeps_memory_right {
            memory_right::nothing_else()?;
        } else {
            process::has_no_privileges()?;
        }
        filter::install(self.program)?;
        Ok(Lockdown(()))
    }
}
